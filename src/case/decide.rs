//! What follows from an event: facts and effects, as values.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::deadline::deadline;
use super::event::{
    ArrivedMail, Context, Decision, Effect, Event, Fact, LetterOutcome, Opening, Policy, Proof, Purpose,
    Refused,
};
use super::evolve::evolve;
use super::letter::DpoAlertReason;
use super::state::{Basis, Closure, IdentityState, Means, Progress, Status};
use super::{Case, CaseLine, Letter, LetterKind, PersonLetter, Reference, Threading};
use crate::classify::{Answer, Right};
use crate::config::ConfirmPolicy;
use crate::identity::{Code, Token};

/// Decides what follows from `event`. Knows everything and touches nothing.
///
/// # Errors
/// [`Refused`] when the event cannot happen to a case that stands as this one does.
pub fn decide(case: Option<&Case>, event: &Event, context: &Context<'_>) -> Result<Decision, Refused> {
    let mut deciding = Deciding::new(case, context);
    match (case, event) {
        (None, Event::MailArrived(mail)) => deciding.open(mail),
        (Some(_), Event::MailArrived(mail)) => deciding.join(mail),
        (Some(case), Event::PageAnswered { yes }) => {
            // Answered before, or never asked: the effect happens once (T18).
            if !answerable(case) {
                return Err(Refused { status: case.identity.name(), event: "an answer on the page" });
            }
            if *yes { deciding.confirmed(Means::Page, true) } else { deciding.denied(true) }
        }
        (Some(_), Event::LetterSettled { kind, outcome }) => deciding.settled(kind, *outcome),
        (Some(_), Event::TimePassed) => deciding.time_passed(),
        (None, _) => return Err(Refused { status: "unknown", event: "an event without a case" }),
    }
    Ok(deciding.done)
}

/// Whether a mail that answers a letter of `case` belongs to it. A new request after the case was closed has
/// its own clock (law.md §2.6 A9), and a question after it needs a person, who does not look into closed cases.
#[must_use]
pub fn belongs(case: &Case, mail: &ArrivedMail) -> bool {
    let new = mail.certain && mail.rights.iter().any(|right| !case.rights.contains_key(right));
    // The one word that takes an opt-out back, and the "no" that says it was not them, are what the letter offers.
    let taking_back = case.advertising_stopped_on.is_some()
        && (mail.undo || mail.answer == Answer::No)
        && matches!(mail.answers, Some(Purpose::Undo | Purpose::Confirm));
    let question = mail.rights.is_empty() && mail.says_more && !taking_back;
    !(case.status.is_closed() && (new || question))
}

/// When the clock must look at `case` again; `None` when it never must.
#[must_use]
pub fn next_wake(case: &Case, policy: &Policy) -> Option<Timestamp> {
    if case.status.is_closed() {
        return None;
    }
    let question = match case.identity {
        IdentityState::Asked { at, reminded: false } => Some(after_days(at, policy.reminder_days)),
        IdentityState::Asked { at, reminded: true } => Some(after_days(at, policy.opt_out_days)),
        _ => None,
    };
    let due = is_dpos(case).then(|| {
        let next = next_reminder(case, &policy.remind_days_before)?;
        let day = if next == 0 {
            case.due_on.saturating_add(jiff::Span::new().days(1))
        } else {
            before(case.due_on, next)
        };
        policy.zone.to_timestamp(day.at(0, 0, 0, 0)).ok()
    });
    [question, due.flatten()].into_iter().flatten().min()
}

/// Whether the DPO must see to it that the case is not forgotten: all but an opt-out whose question is out.
fn is_dpos(case: &Case) -> bool {
    !(case.is_opt_out_only() && matches!(case.identity, IdentityState::Asked { .. }))
}

/// The reminder that comes next: the most days before first, 0 for "overdue" last.
fn next_reminder(case: &Case, days_before: &[u16]) -> Option<u16> {
    let least = case.reminded_days.iter().min();
    let open = |days: &u16| least.is_none_or(|least| days < least);
    days_before.iter().copied().filter(|days| *days > 0 && open(days)).max().or_else(|| open(&0).then_some(0))
}

fn before(day: Date, days: u16) -> Date {
    day.saturating_sub(jiff::Span::new().days(i64::from(days)))
}

fn after_days(at: Timestamp, days: u16) -> Timestamp {
    at.saturating_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX)
}

/// A decision in the making: each fact is applied as it is recorded, so that what follows sees it.
struct Deciding<'a> {
    context: &'a Context<'a>,
    done: Decision,
    /// What a letter written now answers.
    threading: Threading,
    letters: u8,
}

impl<'a> Deciding<'a> {
    fn new(case: Option<&Case>, context: &'a Context<'a>) -> Self {
        let done = Decision { case: case.cloned(), ..Decision::default() };
        Self { context, done, threading: Threading::default(), letters: 0 }
    }

    fn record(&mut self, fact: Fact) {
        self.done.case = evolve(self.done.case.take(), &fact, self.context.now);
        self.done.facts.push(fact);
    }

    fn today(&self) -> Date {
        self.context.now.to_zoned(self.context.policy.zone.clone()).date()
    }

    fn open(&mut self, mail: &ArrivedMail) {
        let policy = self.context.policy;
        self.threading = mail.threading.clone();
        let clock = deadline(mail.received_at, &policy.zone, policy.holidays);
        self.record(Fact::Opened(Box::new(Opening {
            reference: Reference::from_random(&policy.reference_prefix, bytes(&self.context.random, 0)),
            mail: mail.mail,
            mailbox: mail.mailbox.clone(),
            person: mail.person,
            language: mail.language,
            received_at: mail.received_at,
            received_on: clock.received_on,
            due_on: clock.due_on,
            extended_due_on: clock.extended_due_on,
            rights: mail.rights.clone(),
            certain: mail.certain,
        })));
        if mail.authority {
            self.alert(DpoAlertReason::Authority);
            return;
        }
        if mail.person.is_none() {
            return;
        }
        if !mail.certain || mail.rights.is_empty() {
            self.ask_what_is_meant(mail);
            return;
        }
        self.begin(mail);
    }

    /// A mail that was not surely understood: nothing automatic follows. Where an opt-out is near, asking
    /// "is that what you want?" is the person's own decision to make, and harms nobody.
    fn ask_what_is_meant(&mut self, mail: &ArrivedMail) {
        let near_opt_out = mail.rights == [Right::OptOut];
        match (mail.may_answer, near_opt_out) {
            (false, _) => self.withhold("not-understood", "no-answer-allowed"),
            (true, true) => self.ask(),
            (true, false) => self.write(LetterKind::NotUnderstood),
        }
    }

    /// A request that was surely understood, from one plain address.
    fn begin(&mut self, mail: &ArrivedMail) {
        let policy = self.context.policy;
        let proven = mail.proven.is_some();
        let opt_out = mail.rights.contains(&Right::OptOut);
        let rights = mail.rights.iter().any(|right| *right != Right::OptOut);
        let opt_out_basis = match policy.confirm_opt_out {
            _ if !mail.may_answer => Some(Basis::Unanswerable),
            _ if mail.proven == Some(Proof::Token) => Some(Basis::Confirmed),
            ConfirmPolicy::Never => Some(Basis::Policy),
            ConfirmPolicy::WhenUnauthenticated if proven => Some(Basis::Authenticated),
            ConfirmPolicy::WhenUnauthenticated | ConfirmPolicy::Always => None,
        };
        if let (true, Some(basis)) = (opt_out, opt_out_basis) {
            self.apply_opt_out(basis);
        }
        let rights_free = match policy.confirm_rights {
            _ if mail.proven == Some(Proof::Token) => true,
            ConfirmPolicy::Never => true,
            ConfirmPolicy::WhenUnauthenticated => proven,
            ConfirmPolicy::Always => false,
        };
        if rights && rights_free {
            match mail.proven {
                Some(Proof::Token) => self.record(Fact::IdentityConfirmed { means: Means::Reply }),
                Some(Proof::Aligned) => self.record(Fact::IdentityConfirmed { means: Means::Authentication }),
                None => {}
            }
        }
        let question = (opt_out && opt_out_basis.is_none()) || (rights && !rights_free);
        // An erasure request of a proven sender stops the advertising at once (law.md §1.3).
        if proven {
            self.protect();
        }
        if !mail.may_answer {
            self.withhold(
                if question { "confirmation-request" } else { "acknowledgement" },
                "no-answer-allowed",
            );
            self.close_if_only_opt_out();
        } else if question {
            self.ask();
        } else {
            self.acknowledge();
        }
    }

    fn join(&mut self, mail: &ArrivedMail) {
        self.threading = mail.threading.clone();
        let Some(case) = self.done.case.clone() else { return };
        let added: Vec<Right> = if mail.certain && !case.status.is_closed() {
            mail.rights.iter().copied().filter(|right| !case.rights.contains_key(right)).collect()
        } else {
            Vec::new()
        };
        let new = !added.is_empty();
        self.record(Fact::MailJoined { mail: mail.mail, added });
        let same = mail.certain && mail.rights.iter().any(|right| case.rights.contains_key(right));
        match (mail.answers, mail.answer) {
            (Some(Purpose::Undo), answer) if !new && (mail.undo || answer == Answer::No) => {
                self.undo(mail.may_answer)
            }
            (Some(Purpose::Confirm), answer) if answerable(&case) => match answer {
                Answer::Yes => self.confirmed(Means::Reply, mail.may_answer),
                Answer::Empty if case.is_opt_out_only() => self.confirmed(Means::Reply, mail.may_answer),
                Answer::No => self.denied(mail.may_answer),
                // Who repeats the request over the letter's own token has shown to be its owner.
                _ if same || new => self.confirmed(Means::Reply, mail.may_answer),
                _ => self.record(Fact::AnswerUnclear),
            },
            // The question was settled without an answer, and the answer comes now: "no" takes it back.
            (Some(Purpose::Confirm), Answer::No) if case.advertising_stopped_on.is_some() => {
                self.undo(mail.may_answer)
            }
            _ if new => self.added(mail.may_answer),
            _ => {}
        }
    }

    /// New rights in an open case, by a mail that carries a token of the case and so comes from its person.
    fn added(&mut self, may_answer: bool) {
        self.confirmed(Means::Reply, may_answer);
    }

    fn confirmed(&mut self, means: Means, may_answer: bool) {
        if self.done.case.as_ref().is_some_and(|case| case.status.is_closed()) {
            return;
        }
        self.record(Fact::IdentityConfirmed { means });
        if self.done.case.as_ref().is_some_and(Case::awaits_opt_out) {
            self.apply_opt_out(Basis::Confirmed);
        }
        self.protect();
        if may_answer {
            self.acknowledge();
        } else {
            self.withhold("acknowledgement", "no-answer-allowed");
            self.close_if_only_opt_out();
        }
    }

    fn denied(&mut self, may_answer: bool) {
        let Some(case) = self.done.case.clone() else { return };
        if case.status.is_closed() {
            return;
        }
        self.record(Fact::IdentityDenied);
        if may_answer {
            self.write(LetterKind::ConfirmationDenied);
        }
        if case.open_rights().is_empty() && case.status != Status::ToSort {
            self.record(Fact::Closed { reason: Closure::NotTheirs });
        } else {
            self.alert(DpoAlertReason::Denied);
        }
    }

    fn undo(&mut self, may_answer: bool) {
        let Some(case) = self.done.case.as_ref() else { return };
        let (Some(person), Some(_)) = (case.person, case.advertising_stopped_on) else { return };
        self.record(Fact::OptOutUndone);
        self.done.effects.push(Effect::UndoOptOut { person });
        if may_answer {
            self.write(LetterKind::OptOutUndone);
        }
    }

    fn settled(&mut self, kind: &'static str, outcome: LetterOutcome) {
        self.record(Fact::LetterSettled { kind, outcome });
        let failed =
            matches!(outcome, LetterOutcome::Refused | LetterOutcome::Bounced | LetterOutcome::Unknown);
        // A notice that cannot reach the DPO is no matter for another notice: the digest and metrics say it.
        if failed && !kind.starts_with("dpo-") {
            self.alert(DpoAlertReason::LetterUndeliverable);
        }
    }

    fn time_passed(&mut self) {
        let Some(case) = self.done.case.clone() else { return };
        if case.status.is_closed() {
            return;
        }
        let policy = self.context.policy;
        if let IdentityState::Asked { at, reminded } = case.identity {
            if self.context.now >= after_days(at, policy.opt_out_days) {
                self.unanswered(&case);
            } else if !reminded && self.context.now >= after_days(at, policy.reminder_days) {
                self.record(Fact::IdentityReminded);
                self.write(LetterKind::ConfirmationReminder);
            }
        }
        if self.done.case.as_ref().is_some_and(|case| !case.status.is_closed() && is_dpos(case)) {
            self.remind_dpo();
        }
    }

    fn unanswered(&mut self, case: &Case) {
        self.record(Fact::IdentityUnanswered);
        // Only a surely understood opt-out may be applied on silence; a guess stays with the DPO.
        if case.certain && case.awaits_opt_out() {
            self.apply_opt_out(Basis::Unconfirmed);
            self.write(LetterKind::OptOutAppliedUnconfirmed);
            self.close_if_only_opt_out();
        }
        if self.done.case.as_ref().is_some_and(|case| !case.status.is_closed()) {
            self.alert(DpoAlertReason::Unconfirmed);
        }
    }

    fn remind_dpo(&mut self) {
        let today = self.today();
        let Some(case) = self.done.case.clone() else { return };
        let mut told = None;
        // After an outage several are due at once: all are marked, the most urgent one is written.
        let mut seen = case.clone();
        while let Some(days) = next_reminder(&seen, &self.context.policy.remind_days_before) {
            let due = if days == 0 { today > case.due_on } else { today >= before(case.due_on, days) };
            if !due {
                break;
            }
            self.record(Fact::DpoReminded { days });
            seen.reminded_days.push(days);
            told = Some(days);
        }
        let line = case_line(&case);
        match told {
            None => {}
            Some(0) => self.write_to_dpo(LetterKind::DpoOverdue(line)),
            Some(_) => {
                let left = today.until(case.due_on).map_or(0, |span| span.get_days());
                self.write_to_dpo(LetterKind::DpoDueSoon {
                    case: line,
                    days: u16::try_from(left).unwrap_or(0),
                });
            }
        }
    }

    fn ask(&mut self) {
        self.record(Fact::IdentityAsked);
        self.write(LetterKind::ConfirmationRequest);
    }

    /// Says what was done, or by when it will be; closes what is done.
    fn acknowledge(&mut self) {
        let Some(case) = self.done.case.as_ref() else { return };
        if case.open_rights().is_empty() {
            if case.advertising_stopped_on.is_some() {
                self.write(LetterKind::OptOutApplied);
            }
            self.close_if_only_opt_out();
        } else {
            self.write(LetterKind::RightsAcknowledged);
        }
    }

    fn close_if_only_opt_out(&mut self) {
        let done = self.done.case.as_ref().is_some_and(|case| {
            !case.status.is_closed()
                && case.is_opt_out_only()
                && case.rights.values().all(|progress| matches!(progress, Progress::Applied { .. }))
        });
        if done {
            self.record(Fact::Closed { reason: Closure::OptOutApplied });
        }
    }

    fn protect(&mut self) {
        let erasure = self.done.case.as_ref().is_some_and(|case| {
            case.advertising_stopped_on.is_none() && case.certain && case.rights.contains_key(&Right::Erasure)
        });
        if erasure {
            self.apply_opt_out(Basis::Protective);
        }
    }

    fn apply_opt_out(&mut self, basis: Basis) {
        let Some(person) = self.done.case.as_ref().and_then(|case| case.person) else { return };
        let on = self.today();
        self.record(Fact::OptOutApplied { basis, on });
        self.done.effects.push(Effect::ApplyOptOut { person, basis });
    }

    fn withhold(&mut self, kind: &'static str, reason: &'static str) {
        self.record(Fact::LetterWithheld { kind, reason });
    }

    /// Writes a letter to the person, within the caps (T27).
    fn write(&mut self, kind: fn(PersonLetter) -> LetterKind) {
        let Some(case) = self.done.case.as_ref() else { return };
        let Some(to) = self.context.person.cloned() else { return };
        let policy = self.context.policy;
        let letter = kind(self.person_letter(case));
        let name = letter.name();
        let sent: u32 = self.context.sent_today.values().sum::<u32>() + u32::from(self.letters);
        let same = self.context.sent_today.get(name).copied().unwrap_or(0);
        if sent >= policy.letters_per_address_day {
            return self.withhold(name, "cap-per-address");
        }
        if same >= policy.letters_per_address_kind_day {
            return self.withhold(name, "cap-per-kind");
        }
        let letter = Letter {
            to,
            mailbox: case.mailbox.clone(),
            kind: letter,
            language: case.language,
            threading: self.threading.clone(),
        };
        self.letters += 1;
        self.record(Fact::LetterWritten { kind: name });
        self.done.effects.push(Effect::SendLetter(Box::new(letter)));
    }

    fn person_letter(&self, case: &Case) -> PersonLetter {
        let policy = self.context.policy;
        let random = &self.context.random;
        // Two letters of one decision never share a token.
        let token = Token::from_random(bytes(random, if self.letters == 0 { 4 } else { 24 }));
        let asked_at = match case.identity {
            IdentityState::Asked { at, .. } => Some(at),
            _ => None,
        };
        let day_after =
            |days: u16| asked_at.map(|at| after_days(at, days).to_zoned(policy.zone.clone()).date());
        let awaits_opt_out = case.certain && case.awaits_opt_out();
        PersonLetter {
            reference: case.reference.clone(),
            received_on: case.received_on,
            due_on: (!case.is_opt_out_only()).then_some(case.due_on),
            rights: case.named_rights(),
            opt_out_applied_on: case.advertising_stopped_on,
            answer_by: day_after(policy.token_days),
            opt_out_applies_on: if awaits_opt_out { day_after(policy.opt_out_days) } else { None },
            token,
            code: (policy.page && !case.is_opt_out_only()).then(|| Code::from_random(bytes(random, 44))),
        }
    }

    fn alert(&mut self, reason: DpoAlertReason) {
        let case = self.done.case.as_ref().map(case_line);
        self.write_to_dpo(LetterKind::DpoAlert { reason, case });
    }

    fn write_to_dpo(&mut self, kind: LetterKind) {
        let letter = dpo_letter(self.context.policy, kind);
        self.record(Fact::LetterWritten { kind: letter.kind.name() });
        self.done.effects.push(Effect::SendLetter(Box::new(letter)));
    }
}

/// A letter to the DPO.
#[must_use]
pub fn dpo_letter(policy: &super::event::Policy, kind: LetterKind) -> Letter {
    Letter {
        to: policy.dpo.clone(),
        mailbox: policy.dpo_mailbox.clone(),
        kind,
        language: policy.dpo_language,
        threading: Threading::default(),
    }
}

/// A case as the DPO's letters name it.
#[must_use]
pub fn case_line(case: &Case) -> CaseLine {
    CaseLine {
        reference: case.reference.clone(),
        rights: case.named_rights(),
        received_on: case.received_on,
        due_on: case.due_on,
        identity: case.identity.name(),
    }
}

/// Whether an answer to the confirmation letter still decides something.
fn answerable(case: &Case) -> bool {
    !case.status.is_closed()
        && matches!(case.identity, IdentityState::Asked { .. } | IdentityState::Unconfirmed { .. })
}

/// `N` of the random bytes, from `at`.
fn bytes<const N: usize>(random: &[u8; 64], at: usize) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(random.iter().skip(at)) {
        *to = *from;
    }
    out
}
