//! What we owe, and by when: one person's matter from the first mail to its closure.
//!
//! A **case** has one clock and one or more rights, each with its own state. [`decide`] knows everything and
//! touches nothing: it turns an event into facts (past, for the journal) and effects (rows for the doors).
//! [`evolve`] is the only way a case ever changes. No I/O, no clock, no randomness: they are arguments.

pub mod deadline;
pub mod letter;
mod reference;

pub use letter::{CaseLine, Letter, LetterKind, PersonLetter, Threading};
pub use reference::Reference;
