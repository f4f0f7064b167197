//! The only way a case ever changes: one fact at a time, from the journal or fresh.

use jiff::Timestamp;

use super::Case;
use super::event::Fact;
use super::state::{IdentityState, Progress, Status};
use crate::classify::Right;

/// Applies one fact that became true at `at`. `None` before the first, and for facts without an opening.
#[must_use]
pub fn evolve(case: Option<Case>, fact: &Fact, at: Timestamp) -> Option<Case> {
    if let Fact::Opened(opening) = fact {
        let understood = opening.certain && !opening.rights.is_empty() && opening.person.is_some();
        return Some(Case {
            reference: opening.reference.clone(),
            mailbox: opening.mailbox.clone(),
            person: opening.person,
            language: opening.language,
            received_at: opening.received_at,
            received_on: opening.received_on,
            due_on: opening.due_on,
            extended_due_on: opening.extended_due_on,
            rights: opening.rights.iter().map(|right| (*right, Progress::Asked)).collect(),
            certain: opening.certain,
            status: if understood { Status::WithDpo } else { Status::ToSort },
            identity: IdentityState::NotAsked,
            advertising_stopped_on: None,
            reminded_days: Vec::new(),
            mails: 1,
        });
    }
    let mut case = case?;
    match fact {
        Fact::Opened(_)
        | Fact::LetterWritten { .. }
        | Fact::LetterWithheld { .. }
        | Fact::LetterSettled { .. } => {}
        Fact::MailJoined { added, .. } => {
            case.mails += 1;
            for right in added {
                case.rights.entry(*right).or_insert(Progress::Asked);
            }
            // A sure request in a case that nobody could sort is what it was about.
            if !added.is_empty() && case.status == Status::ToSort && case.person.is_some() {
                case.certain = true;
                case.status = Status::WithDpo;
            }
        }
        Fact::AnswerUnclear => {
            if case.status == Status::AwaitingIdentity {
                case.status = Status::WithDpo;
            }
        }
        Fact::IdentityAsked => {
            case.identity = IdentityState::Asked { at, reminded: false };
            if case.status == Status::WithDpo {
                case.status = Status::AwaitingIdentity;
            }
        }
        Fact::IdentityReminded => {
            if let IdentityState::Asked { reminded, .. } = &mut case.identity {
                *reminded = true;
            }
        }
        Fact::IdentityConfirmed { means } => {
            case.identity = IdentityState::Confirmed { at, means: *means };
            // The letter named what we guessed, and its reader said yes to it.
            if !case.certain && !case.rights.is_empty() {
                case.certain = true;
                case.status = Status::WithDpo;
            }
            with_dpo(&mut case);
        }
        Fact::IdentityDenied => {
            case.identity = IdentityState::Denied { at };
            with_dpo(&mut case);
        }
        Fact::IdentityUnanswered => {
            case.identity = IdentityState::Unconfirmed { at };
            with_dpo(&mut case);
        }
        Fact::OptOutApplied { basis, on } => {
            case.advertising_stopped_on = Some(*on);
            if let Some(progress) = case.rights.get_mut(&Right::OptOut) {
                *progress = Progress::Applied { on: *on, basis: *basis };
            }
        }
        Fact::OptOutUndone => {
            case.advertising_stopped_on = None;
            if let Some(progress) = case.rights.get_mut(&Right::OptOut) {
                *progress = Progress::TakenBack;
            }
        }
        Fact::DpoReminded { days } => case.reminded_days.push(*days),
        Fact::Closed { reason } => case.status = Status::Closed { at, reason: *reason },
    }
    Some(case)
}

/// Identity is settled, one way or another: what is left waits for the DPO. A case to be sorted stays one.
fn with_dpo(case: &mut Case) {
    if case.status == Status::AwaitingIdentity {
        case.status = Status::WithDpo;
    }
}
