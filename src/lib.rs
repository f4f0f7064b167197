//! rightsd reads the mailboxes a company gives to people for their data rights, understands each mail,
//! finds out who is really asking, stops the advertising, opens a case with its legal deadline, answers,
//! and puts before the data-protection officer what only a person may decide.
//!
//! # The map
//!
//! Pure rooms take values and give values: no I/O, no clock, no randomness, no log. They look left only:
//! [`mail`] ← [`classify`] ← [`identity`] ← [`case`] ← [`reply`]. Doors do I/O and little else: [`intake`] (mail in),
//! [`store`] (SQLite), [`outbox`] (letters out), [`public`] (the confirmation page). A door knows the pure rooms and
//! the store, never another door. [`daemon`] wires them, [`cli`] is what a person types. `tests/architecture.rs` keeps
//! it so.
//!
//! # The way of one mail
//!
//! 1. [`intake`] stores its raw bytes, once for each place it lies in. Durable first, thinking later.
//! 2. [`mail::parse`] turns any bytes into an [`mail::InboundMail`], after [`mail::bounds`] were kept.
//! 3. [`mail::screen()`] says whether a person wrote it, and whether it may be answered.
//! 4. [`classify::classify`] reads the person's own words into rights, with the rule and the words of each.
//! 5. [`identity`] weighs what proves the sender, and finds what may come from a letter of ours.
//! 6. [`case::decide`] says what follows: facts for the journal, effects for the doors.
//! 7. [`reply::render`] turns each letter into final bytes, once.
//! 8. [`store`] commits journal, case, letters, opt-outs and the mail's end in one transaction. Steps 2–8 meet in
//!    [`daemon`] only.
//! 9. [`outbox`] sends; how a letter ended is an event like any other, and goes through step 6.
//!
//! # What always holds
//!
//! - An effect is a row, never a call: nothing is sent before the commit, and no network is waited for inside one.
//! - Every mail ends as a case, as set aside by rule, or in quarantine; each end is on record (T12).
//! - A case changes only by [`case::evolve`]; replaying its journal gives the stored case.
//! - The clock of a case starts at receipt and never moves by itself (GDPR Art. 12(3)).
//! - No letter contains a word of a stranger; each goes to one address, to which its token is bound (T4, T28).
//! - Absent on purpose: an automatic refusal, extension or answer in substance (law.md §1.10); a release of personal
//!   data without a person; personal data in a log, an error or the journal.
//!
//! # Words
//!
//! **Case**: one person's matter from the first mail to closure, with one clock and one or more rights.
//! **Letter**: a mail we write. **Fact**: what became true, for the journal. **Effect**: what is to be done, a row.
//! **Place**: where a message lies on a server. **Token**: what a letter carries so that its answer can be trusted.
//! **Fingerprint**: a keyed hash that stands for an address. **Quarantine**: mail set aside unread, raw and dated.

// Here and not in Cargo.toml, because a test may unwrap.
#![warn(clippy::unwrap_used)]

pub mod clock;
pub mod config;
pub mod dice;
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
