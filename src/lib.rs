//! rightsd reads the mailboxes a company gives to people for their data rights, understands each mail,
//! finds out who is really asking, stops the advertising, opens a case with its legal deadline, answers,
//! and puts before the data-protection officer what only a person may decide.

pub mod clock;
pub mod config;
pub mod failpoint;
pub mod pulse;

// The pure rooms, in the order in which a mail passes through them: values in, values out.
pub mod mail;

pub mod classify;

pub mod identity;

pub mod case;

pub mod reply;

// The doors: I/O, each thin.
pub mod intake;
pub mod outbox;
pub mod public;
pub mod store;

// What wires them, and what a person types.
pub mod daemon;

pub mod cli;
