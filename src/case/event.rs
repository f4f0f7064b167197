//! What can happen to a case, what was decided, and what is to be done: three closed lists.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::state::{Basis, Closure, Fingerprint, Means};
use super::{Case, Letter, Reference, Threading};
use crate::classify::{Answer, Right};
use crate::config::{ConfirmPolicy, Holidays, LetterLanguage};
use crate::mail::Address;

/// Number of a stored mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailId(pub i64);

/// Something that happened outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A person's mail, or a mail program's `List-Unsubscribe`; robots never come this far (T13).
    MailArrived(ArrivedMail),
    /// The page's answer; token and code were checked.
    PageAnswered {
        /// "Yes, it was me", or "no".
        yes: bool,
    },
    /// A letter reached an end, or came back.
    LetterSettled {
        /// Stable name of its kind.
        kind: &'static str,
        /// How it ended.
        outcome: LetterOutcome,
    },
    /// The clock reached the case's wake time.
    TimePassed,
}

/// How a letter ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterOutcome {
    /// The recipient's side took it (250).
    Accepted,
    /// Refused for good (5yz), or given up after `send_days`.
    Refused,
    /// No answer after the final dot, twice: it may have arrived (R5).
    Unknown,
    /// A bounce with the letter's own token came back.
    Bounced,
    /// Too old to be of use before it could be sent.
    Outdated,
}

/// A mail as `decide` needs it: what was understood, never its words.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrivedMail {
    /// Its number.
    pub mail: MailId,
    /// Name of the mailbox.
    pub mailbox: String,
    /// When the company's server took it.
    pub received_at: Timestamp,
    /// The one plain sender; `None` when ambiguous (T6, T7).
    pub person: Option<Fingerprint>,
    /// Whether it proved that it comes from its sender: DMARC-aligned, or with the token of a letter of ours.
    pub proven: Option<Proof>,
    /// Whether an automatic answer is allowed (T25).
    pub may_answer: bool,
    /// What was understood.
    pub rights: Vec<Right>,
    /// Whether surely enough to act on.
    pub certain: bool,
    /// What it says if it answers a letter of ours.
    pub answer: Answer,
    /// Whether its one word takes an opt-out back.
    pub undo: bool,
    /// The language to answer in.
    pub language: LetterLanguage,
    /// Its ids, for the answer's headers.
    pub threading: Threading,
    /// The letter it answers, when it carries that letter's token and comes from the bound address (T2).
    pub answers: Option<Purpose>,
    /// Whether its words are more than a short thank-you: a question, or more than a few of them.
    pub says_more: bool,
    /// A supervisory authority writes: a person at once, never a letter (law.md §1.12).
    pub authority: bool,
}

/// Why a sender is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// DMARC-aligned, by the company's own server or our own check.
    Aligned,
    /// The mail carries the token of a letter that only this address received.
    Token,
}

/// What a letter's token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Confirming or denying, before it expires.
    Confirm,
    /// Taking an opt-out back.
    Undo,
    /// Nothing but finding the case.
    Thread,
}

/// What a decision knows besides the case and the event.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The present instant.
    pub now: Timestamp,
    /// What the configuration says.
    pub policy: &'a Policy,
    /// The address behind the case's or mail's fingerprint.
    pub person: Option<&'a Address>,
    /// Automatic letters to this address in the last 24 hours, by kind (T27).
    pub sent_today: &'a BTreeMap<String, u32>,
    /// Fresh bytes of the system's generator.
    pub random: [u8; 64],
}

/// The configuration, as far as it decides.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The controller's zone.
    pub zone: TimeZone,
    /// Its public holidays.
    pub holidays: Holidays,
    /// Before each reference.
    pub reference_prefix: String,
    /// When rights need a confirmation.
    pub confirm_rights: ConfirmPolicy,
    /// When opt-outs need one.
    pub confirm_opt_out: ConfirmPolicy,
    /// Days until the reminder.
    pub reminder_days: u16,
    /// Days until an unanswered question is settled without an answer.
    pub opt_out_days: u16,
    /// Days for which an answer is taken.
    pub token_days: u16,
    /// Cap on letters to one address in 24 hours.
    pub letters_per_address_day: u32,
    /// Cap on letters of one kind to one address in 24 hours.
    pub letters_per_address_kind_day: u32,
    /// Whether letters may name a page.
    pub page: bool,
    /// Where the DPO reads.
    pub dpo: Address,
    /// The DPO's language.
    pub dpo_language: LetterLanguage,
    /// The mailbox in whose name the DPO is written to.
    pub dpo_mailbox: String,
    /// Days before a due date on which the DPO is reminded.
    pub remind_days_before: Vec<u16>,
}

/// What was decided: evidence, and what is to be done. Both are committed together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// For the journal, in order.
    pub facts: Vec<Fact>,
    /// For the outbox and the suppression list.
    pub effects: Vec<Effect>,
    /// The case as the facts leave it.
    pub case: Option<Case>,
}

/// What became true. Carries no personal data: a person is a fingerprint, a mail a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A case was opened by a mail.
    Opened(Box<Opening>),
    /// A mail joined it.
    MailJoined {
        /// The mail.
        mail: MailId,
        /// Rights it added.
        added: Vec<Right>,
    },
    /// An answer to our question that says neither yes nor no: a person must look.
    AnswerUnclear,
    /// The confirmation letter was written.
    IdentityAsked,
    /// Its reminder was written.
    IdentityReminded,
    /// The owner of the address said yes, or needed not be asked.
    IdentityConfirmed {
        /// How.
        means: Means,
    },
    /// The owner of the address said no.
    IdentityDenied,
    /// Nobody answered.
    IdentityUnanswered,
    /// The advertising stopped.
    OptOutApplied {
        /// Why it could.
        basis: Basis,
        /// The civil day.
        on: Date,
    },
    /// The person took it back.
    OptOutUndone,
    /// A letter was written into the outbox.
    LetterWritten {
        /// Stable name of its kind.
        kind: &'static str,
    },
    /// A letter was not written, because of a cap (T27) or because no answer is allowed (T25).
    LetterWithheld {
        /// Stable name of its kind.
        kind: &'static str,
        /// Stable name of the reason.
        reason: &'static str,
    },
    /// A letter reached an end.
    LetterSettled {
        /// Stable name of its kind.
        kind: &'static str,
        /// Which.
        outcome: LetterOutcome,
    },
    /// The DPO was reminded of the due date; 0 days: it has passed.
    DpoReminded {
        /// Days before.
        days: u16,
    },
    /// Nothing more is owed.
    Closed {
        /// Why.
        reason: Closure,
    },
}

/// How a case begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Its number.
    pub reference: Reference,
    /// The mail that opened it.
    pub mail: MailId,
    /// The mailbox's name.
    pub mailbox: String,
    /// Whose it is.
    pub person: Option<Fingerprint>,
    /// Letters' language.
    pub language: LetterLanguage,
    /// Receipt.
    pub received_at: Timestamp,
    /// Civil day of receipt.
    pub received_on: Date,
    /// Latest day of the answer.
    pub due_on: Date,
    /// The same, extended.
    pub extended_due_on: Date,
    /// What is asked.
    pub rights: Vec<Right>,
    /// Whether surely.
    pub certain: bool,
}

/// What is to be done, each a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Into the outbox.
    SendLetter(Box<Letter>),
    /// Into the suppression list; twice is the same as once.
    ApplyOptOut {
        /// Whose.
        person: Fingerprint,
        /// Why.
        basis: Basis,
    },
    /// Out of it, by the person's own word.
    UndoOptOut {
        /// Whose.
        person: Fingerprint,
    },
}

/// The event cannot happen to a case in this state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event} came to a case that is {status}")]
pub struct Refused {
    /// Where the case stood.
    pub status: &'static str,
    /// What came.
    pub event: &'static str,
}
