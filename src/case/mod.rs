//! What we owe, and by when: one person's matter from the first mail to its closure.
//!
//! A **case** has one clock and one or more rights, each with its own state. [`decide`] knows everything and
//! touches nothing: it turns an [`Event`] into [`Fact`]s (past, for the journal) and [`Effect`]s (rows for the
//! doors). [`evolve`] is the only way a case ever changes. No I/O, no clock, no randomness: they are arguments.
//!
//! What this room never does: refuse or extend a request, or answer one in substance. That is the DPO's
//! (GDPR Art. 12(3)-(4), law.md §1.10).

pub mod deadline;
mod decide;
mod event;
mod evolve;
mod letter;
mod reference;
mod state;

pub use decide::{belongs, case_line, decide, dpo_letter, next_wake};
pub use event::{
    ArrivedMail, Context, Decision, Effect, Event, Fact, LetterOutcome, MailId, Opening, Policy, Proof,
    Purpose, Refused,
};
pub use evolve::evolve;
pub use letter::{CaseLine, DpoAlertReason, Letter, LetterKind, PersonLetter, Threading};
pub use reference::Reference;
pub use state::{Basis, Case, Closure, Fingerprint, IdentityState, Means, Progress, Status};
