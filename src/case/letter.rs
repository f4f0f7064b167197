//! What a letter says, before anybody puts it into words: values of ours only, never a stranger's (T4).

use jiff::civil::Date;

use super::Reference;
use crate::classify::Right;
use crate::config::LetterLanguage;
use crate::identity::{Code, Token};
use crate::mail::Address;

/// A mail we are going to write. `reply` turns it into bytes, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The only recipient (T28).
    pub to: Address,
    /// Name of the mailbox in whose name it is written.
    pub mailbox: String,
    /// What it says.
    pub kind: LetterKind,
    /// Its language.
    pub language: LetterLanguage,
    /// What it answers, for mail programs.
    pub threading: Threading,
}

/// Ids of the mail that a letter answers (RFC 5322 §3.6.4); empty for a letter that answers none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Threading {
    /// Bare Message-ID of the mail answered.
    pub in_reply_to: Option<String>,
    /// Bare ids, oldest first, the answered one last.
    pub references: Vec<String>,
}

/// Every letter there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LetterKind {
    /// "Is this really from you? Answer yes" (law.md §8.2); for opt-outs, rights or both.
    ConfirmationRequest(PersonLetter),
    /// The same, once more, after `reminder_days`.
    ConfirmationReminder(PersonLetter),
    /// The advertising has stopped (law.md §8.1); a one-word answer undoes it (T11).
    OptOutApplied(PersonLetter),
    /// Nobody answered our question, and it has stopped all the same; a one-word answer undoes it.
    OptOutAppliedUnconfirmed(PersonLetter),
    /// The person's own word took the opt-out back.
    OptOutUndone(PersonLetter),
    /// What we understood, when it was received, by when it is answered (law.md §8.4).
    RightsAcknowledged(PersonLetter),
    /// We could not tell what is asked: how to say it, and that the DPO reads it all the same (law.md §8.7).
    NotUnderstood(PersonLetter),
    /// The owner of the address said that the request was not theirs: nothing was done.
    ConfirmationDenied(PersonLetter),
    /// To the DPO: cases that came in since the last notice.
    DpoNewCases(Vec<CaseLine>),
    /// To the DPO: a case whose due date is `days` away.
    DpoDueSoon {
        /// The case.
        case: CaseLine,
        /// Calendar days left.
        days: u16,
    },
    /// To the DPO: a case whose due date has passed unanswered.
    DpoOverdue(CaseLine),
    /// To the DPO, on working days: what is open, what is due next, what needs a look.
    DpoDigest {
        /// Open cases, the nearest due date first, at most 50.
        open: Vec<CaseLine>,
        /// How many are open in all.
        open_count: u32,
        /// Mails set aside unread (quarantine).
        quarantined: u32,
        /// Letters that could not be delivered and need a decision.
        undelivered: u32,
    },
    /// To the DPO: something that cannot wait (a letter that bounced, a CNIL mail, the breaker).
    DpoAlert {
        /// Stable name of what happened, chosen from the reply room's list.
        reason: DpoAlertReason,
        /// The case, when there is one.
        case: Option<CaseLine>,
    },
}

impl LetterKind {
    /// Every name that [`LetterKind::name`] gives.
    pub const NAMES: [&'static str; 13] = [
        "confirmation-request",
        "confirmation-reminder",
        "opt-out-applied",
        "opt-out-applied-unconfirmed",
        "opt-out-undone",
        "rights-acknowledged",
        "not-understood",
        "confirmation-denied",
        "dpo-new-cases",
        "dpo-due-soon",
        "dpo-overdue",
        "dpo-digest",
        "dpo-alert",
    ];

    /// Its stable name: the template's file name, and what caps and journal count by.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ConfirmationRequest(_) => "confirmation-request",
            Self::ConfirmationReminder(_) => "confirmation-reminder",
            Self::OptOutApplied(_) => "opt-out-applied",
            Self::OptOutAppliedUnconfirmed(_) => "opt-out-applied-unconfirmed",
            Self::OptOutUndone(_) => "opt-out-undone",
            Self::RightsAcknowledged(_) => "rights-acknowledged",
            Self::NotUnderstood(_) => "not-understood",
            Self::ConfirmationDenied(_) => "confirmation-denied",
            Self::DpoNewCases(_) => "dpo-new-cases",
            Self::DpoDueSoon { .. } => "dpo-due-soon",
            Self::DpoOverdue(_) => "dpo-overdue",
            Self::DpoDigest { .. } => "dpo-digest",
            Self::DpoAlert { .. } => "dpo-alert",
        }
    }

    /// What a letter to a person says; `None` for the DPO's.
    #[must_use]
    pub const fn person(&self) -> Option<&PersonLetter> {
        match self {
            Self::ConfirmationRequest(letter)
            | Self::ConfirmationReminder(letter)
            | Self::OptOutApplied(letter)
            | Self::OptOutAppliedUnconfirmed(letter)
            | Self::OptOutUndone(letter)
            | Self::RightsAcknowledged(letter)
            | Self::NotUnderstood(letter)
            | Self::ConfirmationDenied(letter) => Some(letter),
            _ => None,
        }
    }
}

/// What cannot wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DpoAlertReason {
    /// A letter of ours came back or was refused for good.
    LetterUndeliverable,
    /// A mail was set aside because it could not be read.
    Quarantined,
    /// The cap on letters in all was reached; letters wait.
    BreakerOpen,
    /// The owner of the address says the rights request was not theirs.
    Denied,
    /// Nobody confirmed a rights request; its deadline runs.
    Unconfirmed,
    /// A supervisory authority wrote (law.md §1.12).
    Authority,
}

/// What a letter to the person who wrote can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonLetter {
    /// The case's number.
    pub reference: Reference,
    /// Civil day of receipt in the controller's zone.
    pub received_on: Date,
    /// Latest day of the answer; `None` where only an opt-out is asked.
    pub due_on: Option<Date>,
    /// What we understood, in the order of [`Right`]; empty when nothing was.
    pub rights: Vec<Right>,
    /// Day on which the opt-out took effect, when it did.
    pub opt_out_applied_on: Option<Date>,
    /// Last day on which an answer to a question is taken; on confirmation letters.
    pub answer_by: Option<Date>,
    /// Day on which an unconfirmed opt-out is applied all the same; on confirmation letters that ask for one.
    pub opt_out_applies_on: Option<Date>,
    /// What binds an answer to this letter: in its reply address, Message-ID and (where it asks something) subject.
    pub token: Token,
    /// To type on the page; only on confirmation letters for more than an opt-out, only if a page exists.
    pub code: Option<Code>,
}

/// A case as the DPO's letters name it. No name, address or word of the person (T4, T55).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseLine {
    /// Its number.
    pub reference: Reference,
    /// What is asked; empty when a person must sort it.
    pub rights: Vec<Right>,
    /// Civil day of receipt.
    pub received_on: Date,
    /// Latest day of the answer.
    pub due_on: Date,
    /// Where identity stands, as a stable word: confirmed, asked, unconfirmed, denied, not-asked.
    pub identity: &'static str,
}
