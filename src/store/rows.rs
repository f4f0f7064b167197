//! How facts and cases are written down, field by field: a stored format is a promise, so none is derived
//! from the types that decide.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::case::{
    Basis, Case, Closure, Fact, Fingerprint, IdentityState, LetterOutcome, MailId, Means, Opening, Progress,
    Reference, Status,
};
use crate::classify::Right;
use crate::config::LetterLanguage;

/// A fact as the journal holds it.
#[derive(Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case", rename_all_fields = "snake_case")]
pub(super) enum FactRow {
    Opened {
        reference: String,
        mail: i64,
        mailbox: String,
        person: Option<String>,
        language: String,
        received_at: i64,
        received_on: Date,
        due_on: Date,
        extended_due_on: Date,
        rights: Vec<String>,
        certain: bool,
    },
    MailJoined {
        mail: i64,
        added: Vec<String>,
    },
    AnswerUnclear,
    IdentityAsked,
    IdentityReminded,
    IdentityConfirmed {
        means: String,
    },
    IdentityDenied,
    IdentityUnanswered,
    OptOutApplied {
        basis: String,
        on: Date,
    },
    OptOutUndone,
    LetterWritten {
        kind: String,
    },
    LetterWithheld {
        kind: String,
        reason: String,
    },
    LetterSettled {
        kind: String,
        outcome: String,
    },
    DpoReminded {
        days: u16,
    },
    Closed {
        reason: String,
    },
    /// A fact about no case: how a mail ended that opened or joined none.
    MailEnded {
        mail: i64,
        outcome: String,
    },
}

impl FactRow {
    pub(super) fn of(fact: &Fact) -> Self {
        match fact {
            Fact::Opened(opening) => Self::Opened {
                reference: opening.reference.as_str().to_owned(),
                mail: opening.mail.0,
                mailbox: opening.mailbox.clone(),
                person: opening.person.map(|person| fingerprint_text(&person)),
                language: language_name(opening.language).to_owned(),
                received_at: opening.received_at.as_second(),
                received_on: opening.received_on,
                due_on: opening.due_on,
                extended_due_on: opening.extended_due_on,
                rights: right_names(&opening.rights),
                certain: opening.certain,
            },
            Fact::MailJoined { mail, added } => Self::MailJoined { mail: mail.0, added: right_names(added) },
            Fact::AnswerUnclear => Self::AnswerUnclear,
            Fact::IdentityAsked => Self::IdentityAsked,
            Fact::IdentityReminded => Self::IdentityReminded,
            Fact::IdentityConfirmed { means } => {
                Self::IdentityConfirmed { means: means_name(*means).to_owned() }
            }
            Fact::IdentityDenied => Self::IdentityDenied,
            Fact::IdentityUnanswered => Self::IdentityUnanswered,
            Fact::OptOutApplied { basis, on } => {
                Self::OptOutApplied { basis: basis_name(*basis).to_owned(), on: *on }
            }
            Fact::OptOutUndone => Self::OptOutUndone,
            Fact::LetterWritten { kind } => Self::LetterWritten { kind: (*kind).to_owned() },
            Fact::LetterWithheld { kind, reason } => {
                Self::LetterWithheld { kind: (*kind).to_owned(), reason: (*reason).to_owned() }
            }
            Fact::LetterSettled { kind, outcome } => {
                Self::LetterSettled { kind: (*kind).to_owned(), outcome: outcome_name(*outcome).to_owned() }
            }
            Fact::DpoReminded { days } => Self::DpoReminded { days: *days },
            Fact::Closed { reason } => Self::Closed { reason: closure_name(*reason).to_owned() },
        }
    }

    /// The fact, as far as a case depends on it; `None` when a field cannot be read. Names of letters do not
    /// change a case, so replay need not find them again among today's.
    pub(super) fn fact(&self) -> Option<Option<Fact>> {
        Some(Some(match self {
            Self::Opened {
                reference,
                mail,
                mailbox,
                person,
                language,
                received_at,
                received_on,
                due_on,
                extended_due_on,
                rights,
                certain,
            } => Fact::Opened(Box::new(Opening {
                reference: Reference::parse(reference)?,
                mail: MailId(*mail),
                mailbox: mailbox.clone(),
                person: match person {
                    Some(text) => Some(fingerprint_of(text)?),
                    None => None,
                },
                language: language_of(language)?,
                received_at: Timestamp::from_second(*received_at).ok()?,
                received_on: *received_on,
                due_on: *due_on,
                extended_due_on: *extended_due_on,
                rights: rights_of(rights)?,
                certain: *certain,
            })),
            Self::MailJoined { mail, added } => {
                Fact::MailJoined { mail: MailId(*mail), added: rights_of(added)? }
            }
            Self::AnswerUnclear => Fact::AnswerUnclear,
            Self::IdentityAsked => Fact::IdentityAsked,
            Self::IdentityReminded => Fact::IdentityReminded,
            Self::IdentityConfirmed { means } => Fact::IdentityConfirmed { means: means_of(means)? },
            Self::IdentityDenied => Fact::IdentityDenied,
            Self::IdentityUnanswered => Fact::IdentityUnanswered,
            Self::OptOutApplied { basis, on } => Fact::OptOutApplied { basis: basis_of(basis)?, on: *on },
            Self::OptOutUndone => Fact::OptOutUndone,
            Self::DpoReminded { days } => Fact::DpoReminded { days: *days },
            Self::Closed { reason } => Fact::Closed { reason: closure_of(reason)? },
            Self::LetterWritten { .. }
            | Self::LetterWithheld { .. }
            | Self::LetterSettled { .. }
            | Self::MailEnded { .. } => return Some(None),
        }))
    }

    /// The fact's name and what it adds, for a person.
    pub(super) fn shown(&self) -> String {
        let joined = |rights: &[String]| rights.join(", ");
        match self {
            Self::Opened { rights, due_on, mailbox, .. } if rights.is_empty() => {
                format!("opened by a mail to {mailbox}, to be sorted, due {due_on}")
            }
            Self::Opened { rights, due_on, mailbox, .. } => {
                format!("opened by a mail to {mailbox}: {}, due {due_on}", joined(rights))
            }
            Self::MailJoined { added, .. } if added.is_empty() => "a mail joined".to_owned(),
            Self::MailJoined { added, .. } => format!("a mail joined and added {}", joined(added)),
            Self::AnswerUnclear => "the answer says neither yes nor no".to_owned(),
            Self::IdentityAsked => "confirmation asked".to_owned(),
            Self::IdentityReminded => "confirmation asked once more".to_owned(),
            Self::IdentityConfirmed { means } => format!("identity confirmed by {means}"),
            Self::IdentityDenied => "the owner of the address says it was not them".to_owned(),
            Self::IdentityUnanswered => "nobody confirmed in time".to_owned(),
            Self::OptOutApplied { basis, on } => format!("advertising stopped on {on} ({basis})"),
            Self::OptOutUndone => "opt-out taken back by the person".to_owned(),
            Self::LetterWritten { kind } => format!("letter written: {kind}"),
            Self::LetterWithheld { kind, reason } => format!("letter withheld: {kind} ({reason})"),
            Self::LetterSettled { kind, outcome } => format!("letter {outcome}: {kind}"),
            Self::DpoReminded { days: 0 } => "the DPO was told that the due date has passed".to_owned(),
            Self::DpoReminded { days } => format!("the DPO was reminded {days} days before"),
            Self::Closed { reason } => format!("closed: {reason}"),
            Self::MailEnded { outcome, .. } => format!("mail ended as {outcome}"),
        }
    }
}

/// A case as its row holds it.
#[derive(Serialize, Deserialize)]
pub(super) struct CaseRow {
    reference: String,
    mailbox: String,
    person: Option<String>,
    language: String,
    received_at: i64,
    received_on: Date,
    due_on: Date,
    extended_due_on: Date,
    rights: BTreeMap<String, ProgressRow>,
    certain: bool,
    status: String,
    closed_at_ms: Option<i64>,
    closed_reason: Option<String>,
    identity: String,
    identity_at_ms: Option<i64>,
    identity_means: Option<String>,
    identity_reminded: bool,
    advertising_stopped_on: Option<Date>,
    reminded_days: Vec<u16>,
    mails: u32,
}

#[derive(Serialize, Deserialize)]
struct ProgressRow {
    state: String,
    on: Option<Date>,
    basis: Option<String>,
}

impl CaseRow {
    pub(super) fn of(case: &Case) -> Self {
        let (closed_at_ms, closed_reason) = match case.status {
            Status::Closed { at, reason } => {
                (Some(at.as_millisecond()), Some(closure_name(reason).to_owned()))
            }
            _ => (None, None),
        };
        let (identity_at_ms, identity_means, identity_reminded) = match case.identity {
            IdentityState::NotAsked => (None, None, false),
            IdentityState::Asked { at, reminded } => (Some(at.as_millisecond()), None, reminded),
            IdentityState::Confirmed { at, means } => {
                (Some(at.as_millisecond()), Some(means_name(means).to_owned()), false)
            }
            IdentityState::Unconfirmed { at } | IdentityState::Denied { at } => {
                (Some(at.as_millisecond()), None, false)
            }
        };
        let progress = |progress: &Progress| match progress {
            Progress::Asked => ProgressRow { state: "asked".to_owned(), on: None, basis: None },
            Progress::Applied { on, basis } => ProgressRow {
                state: "applied".to_owned(),
                on: Some(*on),
                basis: Some(basis_name(*basis).to_owned()),
            },
            Progress::TakenBack => ProgressRow { state: "taken-back".to_owned(), on: None, basis: None },
        };
        Self {
            reference: case.reference.as_str().to_owned(),
            mailbox: case.mailbox.clone(),
            person: case.person.map(|person| fingerprint_text(&person)),
            language: language_name(case.language).to_owned(),
            received_at: case.received_at.as_second(),
            received_on: case.received_on,
            due_on: case.due_on,
            extended_due_on: case.extended_due_on,
            rights: case
                .rights
                .iter()
                .map(|(right, state)| (right.name().to_owned(), progress(state)))
                .collect(),
            certain: case.certain,
            status: case.status.name().to_owned(),
            closed_at_ms,
            closed_reason,
            identity: case.identity.name().to_owned(),
            identity_at_ms,
            identity_means,
            identity_reminded,
            advertising_stopped_on: case.advertising_stopped_on,
            reminded_days: case.reminded_days.clone(),
            mails: case.mails,
        }
    }

    /// The case; `None` when a field cannot be read.
    pub(super) fn case(&self) -> Option<Case> {
        let at = |ms: Option<i64>| Timestamp::from_millisecond(ms?).ok();
        let status = match self.status.as_str() {
            "awaiting-identity" => Status::AwaitingIdentity,
            "with-dpo" => Status::WithDpo,
            "to-sort" => Status::ToSort,
            "closed" => Status::Closed {
                at: at(self.closed_at_ms)?,
                reason: closure_of(self.closed_reason.as_deref()?)?,
            },
            _ => return None,
        };
        let identity = match self.identity.as_str() {
            "not-asked" => IdentityState::NotAsked,
            "asked" => {
                IdentityState::Asked { at: at(self.identity_at_ms)?, reminded: self.identity_reminded }
            }
            "confirmed" => IdentityState::Confirmed {
                at: at(self.identity_at_ms)?,
                means: means_of(self.identity_means.as_deref()?)?,
            },
            "unconfirmed" => IdentityState::Unconfirmed { at: at(self.identity_at_ms)? },
            "denied" => IdentityState::Denied { at: at(self.identity_at_ms)? },
            _ => return None,
        };
        let progress = |row: &ProgressRow| {
            Some(match row.state.as_str() {
                "asked" => Progress::Asked,
                "applied" => Progress::Applied { on: row.on?, basis: basis_of(row.basis.as_deref()?)? },
                "taken-back" => Progress::TakenBack,
                _ => return None,
            })
        };
        Some(Case {
            reference: Reference::parse(&self.reference)?,
            mailbox: self.mailbox.clone(),
            person: match &self.person {
                Some(text) => Some(fingerprint_of(text)?),
                None => None,
            },
            language: language_of(&self.language)?,
            received_at: Timestamp::from_second(self.received_at).ok()?,
            received_on: self.received_on,
            due_on: self.due_on,
            extended_due_on: self.extended_due_on,
            rights: self
                .rights
                .iter()
                .map(|(name, row)| Some((Right::from_name(name)?, progress(row)?)))
                .collect::<Option<_>>()?,
            certain: self.certain,
            status,
            identity,
            advertising_stopped_on: self.advertising_stopped_on,
            reminded_days: self.reminded_days.clone(),
            mails: self.mails,
        })
    }
}

/// A closed set of names, both ways, with the compiler watching that none is forgotten on the way out.
macro_rules! names {
    ($kind:ty, $name:ident, $of:ident, $($variant:path => $text:literal),+ $(,)?) => {
        pub(crate) const fn $name(value: $kind) -> &'static str {
            match value { $($variant => $text),+ }
        }
        pub(super) fn $of(text: &str) -> Option<$kind> {
            match text { $($text => Some($variant),)+ _ => None }
        }
    };
}

names!(LetterLanguage, language_name, language_of, LetterLanguage::Fr => "fr", LetterLanguage::En => "en");
names!(Means, means_name, means_of,
    Means::Reply => "reply", Means::Page => "page", Means::Authentication => "authentication");
names!(Basis, basis_name, basis_of,
    Basis::Authenticated => "authenticated", Basis::Confirmed => "confirmed", Basis::Unconfirmed => "unconfirmed",
    Basis::Policy => "policy", Basis::Unanswerable => "unanswerable", Basis::Protective => "protective");
names!(Closure, closure_name, closure_of,
    Closure::OptOutApplied => "opt-out-applied", Closure::NotTheirs => "not-theirs");

pub(super) const fn outcome_name(outcome: LetterOutcome) -> &'static str {
    match outcome {
        LetterOutcome::Accepted => "accepted",
        LetterOutcome::Refused => "refused",
        LetterOutcome::Unknown => "unknown",
        LetterOutcome::Bounced => "bounced",
        LetterOutcome::Outdated => "outdated",
    }
}

fn right_names(rights: &[Right]) -> Vec<String> {
    rights.iter().map(|right| right.name().to_owned()).collect()
}

fn rights_of(names: &[String]) -> Option<Vec<Right>> {
    names.iter().map(|name| Right::from_name(name)).collect()
}

fn fingerprint_text(fingerprint: &Fingerprint) -> String {
    data_encoding::HEXLOWER.encode(&fingerprint.0)
}

fn fingerprint_of(text: &str) -> Option<Fingerprint> {
    let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
    Some(Fingerprint(bytes.try_into().ok()?))
}
