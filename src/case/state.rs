//! Where a case stands.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::Reference;
use crate::classify::Right;
use crate::config::LetterLanguage;

/// One person's matter from the first mail to closure: one clock, one or more rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The number people can say.
    pub reference: Reference,
    /// Name of the mailbox it came to.
    pub mailbox: String,
    /// Whose it is, as a keyed fingerprint; `None` when the sender was ambiguous.
    pub person: Option<Fingerprint>,
    /// The language letters are written in.
    pub language: LetterLanguage,
    /// When the company's server took the first mail.
    pub received_at: Timestamp,
    /// Civil day of that instant.
    pub received_on: Date,
    /// Latest day of the answer.
    pub due_on: Date,
    /// The same, if extended in time and with reasons.
    pub extended_due_on: Date,
    /// What is asked, and how far each is.
    pub rights: BTreeMap<Right, Progress>,
    /// Whether what is asked was understood surely enough to act on.
    pub certain: bool,
    /// Where the case stands.
    pub status: Status,
    /// What we know of who asks.
    pub identity: IdentityState,
    /// Day on which the advertising was stopped, as asked or as a protective measure (law.md §1.3).
    pub advertising_stopped_on: Option<Date>,
    /// Days before the due date for which the DPO has been reminded; 0 stands for "overdue".
    pub reminded_days: Vec<u16>,
    /// Mails that belong to it.
    pub mails: u32,
}

/// A keyed hash that stands for an address without naming it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fingerprint(…)")
    }
}

/// Where a case stands; each carries its own data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The confirmation letter is out.
    AwaitingIdentity,
    /// Waits for the DPO.
    WithDpo,
    /// Waits for the DPO to say what it is.
    ToSort,
    /// Done.
    Closed {
        /// When.
        at: Timestamp,
        /// Why.
        reason: Closure,
    },
}

impl Status {
    /// Its name in lists.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AwaitingIdentity => "awaiting-identity",
            Self::WithDpo => "with-dpo",
            Self::ToSort => "to-sort",
            Self::Closed { .. } => "closed",
        }
    }

    /// Whether nothing more is owed.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }
}

/// Why a case was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closure {
    /// Opt-outs only, all applied.
    OptOutApplied,
    /// The owner of the address said it was not theirs, or took it back.
    NotTheirs,
}

/// What we know of who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityState {
    /// No question was needed, or none could be put.
    NotAsked,
    /// Asked, and no answer yet.
    Asked {
        /// When the letter was written.
        at: Timestamp,
        /// Whether the one reminder was written.
        reminded: bool,
    },
    /// The owner of the address said yes.
    Confirmed {
        /// When.
        at: Timestamp,
        /// How.
        means: Means,
    },
    /// Nobody answered in time; an answer is still taken while the token lives.
    Unconfirmed {
        /// When the wait ended.
        at: Timestamp,
    },
    /// The owner of the address said no.
    Denied {
        /// When.
        at: Timestamp,
    },
}

impl IdentityState {
    /// Its name in lists and letters.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotAsked => "not-asked",
            Self::Asked { .. } => "asked",
            Self::Confirmed { .. } => "confirmed",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::Denied { .. } => "denied",
        }
    }
}

/// How identity was confirmed (T10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// A person's reply with the letter's token, from the bound address.
    Reply,
    /// The page, with the code where one was asked.
    Page,
    /// The mail proved its domain, and the policy takes that.
    Authentication,
}

/// How far one right is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Asked.
    Asked,
    /// An opt-out in effect.
    Applied {
        /// Since when.
        on: Date,
        /// Why it could be applied.
        basis: Basis,
    },
    /// Taken back by the person.
    TakenBack,
}

/// Why an opt-out could be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The mail proved its domain.
    Authenticated,
    /// The person confirmed.
    Confirmed,
    /// Nobody answered for `opt_out_days`; doubt favours the person (law.md §1.0 rule 10).
    Unconfirmed,
    /// The configuration asks for no confirmation.
    Policy,
    /// A mail program's `List-Unsubscribe` mail, or a mail that must not be answered: no question can be put.
    Unanswerable,
    /// Not asked in words: the protective measure of an erasure request (law.md §1.3).
    Protective,
}

impl Case {
    /// Whether only the advertising is meant.
    #[must_use]
    pub fn is_opt_out_only(&self) -> bool {
        self.certain && !self.rights.is_empty() && self.rights.keys().all(|right| *right == Right::OptOut)
    }

    /// The rights other than the opt-out that are still asked.
    #[must_use]
    pub fn open_rights(&self) -> Vec<Right> {
        self.asked(|right| right != Right::OptOut)
    }

    /// Whether an opt-out was asked and is not in effect.
    #[must_use]
    pub fn awaits_opt_out(&self) -> bool {
        self.rights.get(&Right::OptOut) == Some(&Progress::Asked)
    }

    /// Every right that the letters name, in order.
    #[must_use]
    pub fn named_rights(&self) -> Vec<Right> {
        self.rights
            .iter()
            .filter(|(_, progress)| **progress != Progress::TakenBack)
            .map(|(right, _)| *right)
            .collect()
    }

    fn asked(&self, which: impl Fn(Right) -> bool) -> Vec<Right> {
        self.rights
            .iter()
            .filter(|(right, progress)| **progress == Progress::Asked && which(**right))
            .map(|(right, _)| *right)
            .collect()
    }
}
