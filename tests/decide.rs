//! What follows from what: the rules of policy and law, by calling the one function that decides.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rightsd::case::{
    ArrivedMail, Basis, Case, Closure, Context, Decision, DpoAlertReason, Effect, Event, Fact, Fingerprint,
    IdentityState, LetterKind, LetterOutcome, MailId, Means, Policy, Proof, Purpose, Status, Threading,
    belongs, decide, evolve, next_wake,
};
use rightsd::classify::{Answer, Right};
use rightsd::config::{ConfirmPolicy, Holidays, LetterLanguage};
use rightsd::mail::Address;

const ALICE: Fingerprint = Fingerprint([1; 32]);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn policy() -> Policy {
    Policy {
        zone: jiff::tz::TimeZone::get("Europe/Paris").unwrap(),
        holidays: Holidays::France,
        reference_prefix: "2J".to_owned(),
        confirm_rights: ConfirmPolicy::Always,
        confirm_opt_out: ConfirmPolicy::WhenUnauthenticated,
        reminder_days: 3,
        opt_out_days: 7,
        token_days: 14,
        letters_per_address_day: 3,
        letters_per_address_kind_day: 1,
        page: false,
        dpo: Address::parse("dora@example.com").unwrap(),
        dpo_language: LetterLanguage::Fr,
        dpo_mailbox: "dpo".to_owned(),
        remind_days_before: vec![10, 3],
    }
}

fn mail(rights: &[Right]) -> ArrivedMail {
    ArrivedMail {
        mail: MailId(1),
        mailbox: "dpo".to_owned(),
        received_at: at("2026-11-25T09:00:00Z"),
        person: Some(ALICE),
        proven: None,
        may_answer: true,
        rights: rights.to_vec(),
        certain: true,
        answer: Answer::Unclear,
        undo: false,
        says_more: false,
        language: LetterLanguage::Fr,
        threading: Threading::default(),
        answers: None,
        authority: false,
    }
}

/// A case in a world of its own, whose clock is moved by hand.
struct World {
    policy: Policy,
    now: Timestamp,
    case: Option<Case>,
    sent: BTreeMap<String, u32>,
    journal: Vec<(Fact, Timestamp)>,
    last: Decision,
}

impl World {
    fn new() -> Self {
        Self {
            policy: policy(),
            now: at("2026-11-25T09:05:00Z"),
            case: None,
            sent: BTreeMap::new(),
            journal: Vec::new(),
            last: Decision::default(),
        }
    }

    fn context<'a>(&'a self, alice: &'a Address) -> Context<'a> {
        Context {
            now: self.now,
            policy: &self.policy,
            person: Some(alice),
            sent_today: &self.sent,
            random: [7; 64],
        }
    }

    fn event(&mut self, event: &Event) -> &Decision {
        let alice = Address::parse("alice@example.org").unwrap();
        let decision = decide(self.case.as_ref(), event, &self.context(&alice)).unwrap();
        for fact in &decision.facts {
            self.journal.push((fact.clone(), self.now));
        }
        self.case = decision.case.clone();
        self.last = decision;
        &self.last
    }

    fn mail(&mut self, mail: ArrivedMail) -> &mut Self {
        self.event(&Event::MailArrived(mail));
        self
    }

    fn days(&mut self, days: i64) -> &mut Self {
        self.now = self.now.checked_add(SignedDuration::from_hours(24 * days)).unwrap();
        self.event(&Event::TimePassed);
        self
    }

    fn answer(&mut self, answer: Answer) -> &mut Self {
        let reply = ArrivedMail {
            answer,
            answers: Some(Purpose::Confirm),
            proven: Some(Proof::Token),
            rights: Vec::new(),
            certain: false,
            ..mail(&[])
        };
        self.mail(reply)
    }

    fn case(&self) -> &Case {
        self.case.as_ref().unwrap()
    }

    /// Names of the letters of the last decision.
    fn letters(&self) -> Vec<&'static str> {
        let name = |effect: &Effect| match effect {
            Effect::SendLetter(letter) => Some(letter.kind.name()),
            _ => None,
        };
        self.last.effects.iter().filter_map(name).collect()
    }

    fn opt_outs(&self) -> Vec<Basis> {
        let basis = |effect: &Effect| match effect {
            Effect::ApplyOptOut { basis, .. } => Some(*basis),
            _ => None,
        };
        self.last.effects.iter().filter_map(basis).collect()
    }

    #[track_caller]
    fn check(&self, status: &str, identity: &str, letters: &[&str], opt_outs: &[Basis]) {
        let case = self.case();
        assert_eq!(
            (case.status.name(), case.identity.name(), self.letters().as_slice(), self.opt_outs().as_slice()),
            (status, identity, letters, opt_outs)
        );
    }
}

#[test]
fn an_opt_out_of_a_proven_sender_is_applied_at_once_and_told() {
    let mut world = World::new();
    world.mail(ArrivedMail { proven: Some(Proof::Aligned), ..mail(&[Right::OptOut]) });
    world.check("closed", "not-asked", &["opt-out-applied"], &[Basis::Authenticated]);
}

#[test]
fn an_opt_out_of_anybody_is_asked_about_then_applied_by_one_word() {
    let mut world = World::new();
    world.mail(mail(&[Right::OptOut]));
    world.check("awaiting-identity", "asked", &["confirmation-request"], &[]);
    world.answer(Answer::Yes);
    world.check("closed", "confirmed", &["opt-out-applied"], &[Basis::Confirmed]);
    assert!(matches!(world.case().status, Status::Closed { reason: Closure::OptOutApplied, .. }));
}

#[test]
fn an_empty_reply_confirms_an_opt_out_and_nothing_else() {
    let mut world = World::new();
    world.mail(mail(&[Right::OptOut])).answer(Answer::Empty);
    world.check("closed", "confirmed", &["opt-out-applied"], &[Basis::Confirmed]);
    let mut world = World::new();
    world.mail(mail(&[Right::Erasure])).answer(Answer::Empty);
    world.check("with-dpo", "asked", &[], &[]);
}

#[test]
fn a_silent_opt_out_is_recalled_once_and_applied_after_seven_days() {
    let mut world = World::new();
    world.mail(mail(&[Right::OptOut])).days(2);
    world.check("awaiting-identity", "asked", &[], &[]);
    world.days(1);
    world.check("awaiting-identity", "asked", &["confirmation-reminder"], &[]);
    world.days(1);
    world.check("awaiting-identity", "asked", &[], &[]);
    world.days(3);
    world.check("closed", "unconfirmed", &["opt-out-applied-unconfirmed"], &[Basis::Unconfirmed]);
}

#[test]
fn a_silent_rights_case_keeps_its_clock_and_goes_to_the_dpo() {
    let mut world = World::new();
    world.mail(mail(&[Right::Access])).days(3).days(4);
    world.check("with-dpo", "unconfirmed", &["dpo-alert"], &[]);
    assert_eq!(world.case().due_on.to_string(), "2026-12-28");
    // An answer that comes late is still an answer.
    world.answer(Answer::Yes);
    world.check("with-dpo", "confirmed", &["rights-acknowledged"], &[]);
}

#[test]
fn erasure_and_access_in_one_mail_are_asked_about_once_and_the_ads_stop_with_the_yes() {
    let mut world = World::new();
    world.mail(mail(&[Right::Access, Right::Erasure]));
    world.check("awaiting-identity", "asked", &["confirmation-request"], &[]);
    world.answer(Answer::Yes);
    world.check("with-dpo", "confirmed", &["rights-acknowledged"], &[Basis::Protective]);
    assert!(world.case().advertising_stopped_on.is_some());
}

#[test]
fn an_opt_out_inside_a_rights_mail_does_not_wait_for_the_rights() {
    let mut world = World::new();
    world.mail(ArrivedMail { proven: Some(Proof::Aligned), ..mail(&[Right::OptOut, Right::Access]) });
    world.check("awaiting-identity", "asked", &["confirmation-request"], &[Basis::Authenticated]);
}

#[test]
fn a_no_does_nothing_to_anybody() {
    let mut world = World::new();
    world.mail(mail(&[Right::OptOut])).answer(Answer::No);
    world.check("closed", "denied", &["confirmation-denied"], &[]);
    let mut world = World::new();
    world.mail(mail(&[Right::Erasure])).answer(Answer::No);
    world.check("with-dpo", "denied", &["confirmation-denied", "dpo-alert"], &[]);
}

#[test]
fn a_no_after_the_silence_takes_the_opt_out_back() {
    let mut world = World::new();
    world.mail(mail(&[Right::OptOut])).days(3).days(4).answer(Answer::No);
    assert_eq!(world.letters(), ["opt-out-undone"]);
    assert!(world.last.effects.contains(&Effect::UndoOptOut { person: ALICE }));
}

#[test]
fn t11_only_the_persons_own_word_over_the_letters_token_undoes() {
    let mut world = World::new();
    world.mail(ArrivedMail { proven: Some(Proof::Aligned), ..mail(&[Right::OptOut]) });
    let case = world.case().clone();
    // The same word without the token opens no way back: it would be a new mail with nothing to answer.
    let word = ArrivedMail { undo: true, rights: Vec::new(), certain: false, ..mail(&[]) };
    world.mail(ArrivedMail { answers: Some(Purpose::Thread), ..word.clone() });
    assert_eq!(world.last.effects, []);
    world.case = Some(case);
    world.mail(ArrivedMail { answers: Some(Purpose::Undo), ..word.clone() });
    assert_eq!(world.letters(), ["opt-out-undone"]);
    // Once is enough: a repeated word finds nothing to undo.
    world.mail(ArrivedMail { answers: Some(Purpose::Undo), ..word });
    assert_eq!(world.last.effects, []);
}

#[test]
fn what_is_not_understood_is_sorted_by_a_person_and_says_so() {
    let mut world = World::new();
    world.mail(ArrivedMail { certain: false, ..mail(&[]) });
    world.check("to-sort", "not-asked", &["not-understood"], &[]);
    let mut world = World::new();
    world.mail(ArrivedMail { certain: false, ..mail(&[Right::Erasure]) });
    world.check("to-sort", "not-asked", &["not-understood"], &[]);
}

#[test]
fn a_guessed_opt_out_is_asked_about_and_never_applied_on_silence() {
    let mut world = World::new();
    world.mail(ArrivedMail { certain: false, ..mail(&[Right::OptOut]) });
    world.check("to-sort", "asked", &["confirmation-request"], &[]);
    world.days(3).days(4);
    world.check("to-sort", "unconfirmed", &["dpo-alert"], &[]);
    let mut world = World::new();
    world.mail(ArrivedMail { certain: false, ..mail(&[Right::OptOut]) }).answer(Answer::Yes);
    world.check("closed", "confirmed", &["opt-out-applied"], &[Basis::Confirmed]);
}

#[test]
fn t6_an_ambiguous_sender_gets_no_letter_and_no_effect() {
    let mut world = World::new();
    world.mail(ArrivedMail { person: None, ..mail(&[Right::OptOut]) });
    world.check("to-sort", "not-asked", &[], &[]);
}

#[test]
fn t25_where_no_answer_is_allowed_an_opt_out_is_applied_in_silence() {
    let mut world = World::new();
    world.mail(ArrivedMail { may_answer: false, ..mail(&[Right::OptOut]) });
    world.check("closed", "not-asked", &[], &[Basis::Unanswerable]);
    let mut world = World::new();
    world.mail(ArrivedMail { may_answer: false, ..mail(&[Right::Erasure]) });
    world.check("with-dpo", "not-asked", &[], &[]);
}

#[test]
fn an_authority_is_never_answered_by_itself() {
    let mut world = World::new();
    world.mail(ArrivedMail { authority: true, may_answer: false, ..mail(&[Right::Access]) });
    assert_eq!(world.letters(), ["dpo-alert"]);
    let Some(Effect::SendLetter(letter)) = world.last.effects.first() else { panic!("no alert") };
    assert!(matches!(letter.kind, LetterKind::DpoAlert { reason: DpoAlertReason::Authority, .. }));
}

#[test]
fn t27_caps_hold_and_are_on_record() {
    let mut world = World::new();
    world.sent = BTreeMap::from([("opt-out-applied".to_owned(), 1)]);
    world.mail(ArrivedMail { proven: Some(Proof::Aligned), ..mail(&[Right::OptOut]) });
    world.check("closed", "not-asked", &[], &[Basis::Authenticated]);
    assert!(
        world.last.facts.contains(&Fact::LetterWithheld { kind: "opt-out-applied", reason: "cap-per-kind" })
    );
    let mut world = World::new();
    world.sent = BTreeMap::from([("not-understood".to_owned(), 3)]);
    world.mail(mail(&[Right::OptOut]));
    assert!(
        world
            .last
            .facts
            .contains(&Fact::LetterWithheld { kind: "confirmation-request", reason: "cap-per-address" })
    );
}

#[test]
fn policies_as_configured() {
    let check = |rights: ConfirmPolicy,
                 opt_out: ConfirmPolicy,
                 proven: Option<Proof>,
                 asked: &[Right],
                 expected: &str| {
        let mut world = World::new();
        world.policy.confirm_rights = rights;
        world.policy.confirm_opt_out = opt_out;
        world.mail(ArrivedMail { proven, ..mail(asked) });
        let got = format!("{} {}", world.case().status.name(), world.case().identity.name());
        assert_eq!(got, expected, "{rights:?} {opt_out:?} {proven:?} {asked:?}");
    };
    use ConfirmPolicy::{Always, Never, WhenUnauthenticated as When};
    let aligned = Some(Proof::Aligned);
    check(Always, When, aligned, &[Right::Access], "awaiting-identity asked");
    check(When, When, aligned, &[Right::Access], "with-dpo confirmed");
    check(When, When, None, &[Right::Access], "awaiting-identity asked");
    check(Never, When, None, &[Right::Access], "with-dpo not-asked");
    check(Always, Always, aligned, &[Right::OptOut], "awaiting-identity asked");
    check(Always, Never, None, &[Right::OptOut], "closed not-asked");
}

#[test]
fn the_dpo_is_reminded_ten_and_three_days_before_and_after() {
    let mut world = World::new();
    world.policy.confirm_rights = ConfirmPolicy::Never;
    world.mail(mail(&[Right::Access]));
    let mut told = Vec::new();
    for _ in 0..40 {
        world.days(1);
        for letter in world.letters() {
            told.push((letter, world.now.to_zoned(world.policy.zone.clone()).date().to_string()));
        }
    }
    let expected =
        [("dpo-due-soon", "2026-12-18"), ("dpo-due-soon", "2026-12-25"), ("dpo-overdue", "2026-12-29")];
    assert_eq!(told, expected.map(|(letter, day)| (letter, day.to_owned())));
}

#[test]
fn after_an_outage_only_the_most_urgent_reminder_is_written() {
    let mut world = World::new();
    world.policy.confirm_rights = ConfirmPolicy::Never;
    world.mail(mail(&[Right::Access])).days(60);
    assert_eq!(world.letters(), ["dpo-overdue"]);
    world.days(1);
    assert_eq!(world.letters(), [] as [&str; 0]);
}

#[test]
fn an_unclear_answer_brings_a_person_in_and_leaves_the_question_open() {
    let mut world = World::new();
    world.mail(mail(&[Right::Access])).answer(Answer::Unclear);
    world.check("with-dpo", "asked", &[], &[]);
    world.answer(Answer::Yes);
    world.check("with-dpo", "confirmed", &["rights-acknowledged"], &[]);
}

#[test]
fn repeating_the_request_over_the_letters_token_confirms_it() {
    let mut world = World::new();
    world.mail(mail(&[Right::Erasure]));
    world.mail(ArrivedMail {
        answers: Some(Purpose::Confirm),
        proven: Some(Proof::Token),
        ..mail(&[Right::Erasure, Right::Access])
    });
    world.check("with-dpo", "confirmed", &["rights-acknowledged"], &[Basis::Protective]);
    assert!(world.case().rights.contains_key(&Right::Access));
}

#[test]
fn a_new_request_after_the_end_has_its_own_case() {
    let mut world = World::new();
    world.mail(ArrivedMail { proven: Some(Proof::Aligned), ..mail(&[Right::OptOut]) });
    assert!(belongs(world.case(), &mail(&[Right::OptOut])));
    assert!(!belongs(world.case(), &mail(&[Right::Erasure])));
    // A thank-you joins the closed case; a question must not vanish in it.
    assert!(belongs(world.case(), &mail(&[])));
    assert!(!belongs(world.case(), &ArrivedMail { says_more: true, ..mail(&[]) }));
    let word = ArrivedMail { says_more: true, undo: true, answers: Some(Purpose::Undo), ..mail(&[]) };
    assert!(belongs(world.case(), &word));
}

#[test]
fn a_letter_that_came_back_is_the_dpos_matter() {
    let mut world = World::new();
    world.mail(mail(&[Right::Access]));
    world.event(&Event::LetterSettled { kind: "confirmation-request", outcome: LetterOutcome::Bounced });
    assert_eq!(world.letters(), ["dpo-alert"]);
    world.event(&Event::LetterSettled { kind: "dpo-alert", outcome: LetterOutcome::Refused });
    assert_eq!(world.letters(), [] as [&str; 0]);
}

fn any_event() -> impl Strategy<Value = Event> {
    let rights = proptest::sample::subsequence(Right::ALL.to_vec(), 0..4);
    let answer = prop_oneof![Just(Answer::Yes), Just(Answer::No), Just(Answer::Empty), Just(Answer::Unclear)];
    let purpose =
        proptest::option::of(prop_oneof![Just(Purpose::Confirm), Just(Purpose::Undo), Just(Purpose::Thread)]);
    let proof = proptest::option::of(prop_oneof![Just(Proof::Aligned), Just(Proof::Token)]);
    let arrived = (rights, answer, purpose, proof, any::<(bool, bool, bool)>()).prop_map(
        |(rights, answer, answers, proven, (certain, may_answer, undo))| {
            Event::MailArrived(ArrivedMail {
                answer,
                answers,
                proven,
                certain,
                may_answer,
                undo,
                ..mail(&rights)
            })
        },
    );
    let outcome = prop_oneof![
        Just(LetterOutcome::Accepted),
        Just(LetterOutcome::Refused),
        Just(LetterOutcome::Bounced)
    ];
    prop_oneof![
        4 => arrived,
        3 => Just(Event::TimePassed),
        1 => any::<bool>().prop_map(|yes| Event::PageAnswered { yes }),
        1 => outcome.prop_map(|outcome| Event::LetterSettled { kind: "confirmation-request", outcome }),
    ]
}

proptest! {
    /// Over any story: replaying the journal gives the case; the clock, person and number never change (T3);
    /// nothing is confirmed without a fact that says how (T10); every letter has its fact; an open case has a
    /// wake time; a closed one is never written to the suppression list again but by a fact.
    #[test]
    fn any_story_keeps_the_promises(events in proptest::collection::vec((any_event(), 0_i64..9), 1..14)) {
        let alice = Address::parse("alice@example.org").unwrap();
        let mut world = World::new();
        for (event, days) in events {
            world.now = world.now.checked_add(SignedDuration::from_hours(24 * days)).unwrap();
            let before = world.case.clone();
            let Ok(decision) = decide(before.as_ref(), &event, &world.context(&alice)) else { continue };
            let letters = decision.effects.iter().filter(|effect| matches!(effect, Effect::SendLetter(_))).count();
            let written = decision.facts.iter().filter(|fact| matches!(fact, Fact::LetterWritten { .. })).count();
            prop_assert_eq!(letters, written);
            let applied = decision.effects.iter().filter(|effect| matches!(effect, Effect::ApplyOptOut { .. })).count();
            let facts = decision.facts.iter().filter(|fact| matches!(fact, Fact::OptOutApplied { .. })).count();
            prop_assert_eq!(applied, facts);
            if let (Some(before), Some(after)) = (&before, &decision.case) {
                prop_assert_eq!(&before.reference, &after.reference);
                prop_assert_eq!(before.person, after.person);
                prop_assert_eq!((before.due_on, before.received_at), (after.due_on, after.received_at));
            }
            for fact in decision.facts {
                world.journal.push((fact, world.now));
            }
            world.case = decision.case;
            let replayed = world.journal.iter().fold(None, |case, (fact, at)| evolve(case, fact, *at));
            prop_assert_eq!(&replayed, &world.case);
            if let Some(case) = &world.case {
                let confirmed = world.journal.iter().any(|(fact, _)| matches!(fact, Fact::IdentityConfirmed { .. }));
                prop_assert_eq!(matches!(case.identity, IdentityState::Confirmed { .. }) && !confirmed, false);
                if matches!(case.identity, IdentityState::Confirmed { means: Means::Page, .. }) {
                    let by_page = Fact::IdentityConfirmed { means: Means::Page };
                    prop_assert!(world.journal.iter().any(|(fact, _)| *fact == by_page));
                }
                let told_all = case.reminded_days.contains(&0);
                if !case.status.is_closed() && !told_all {
                    prop_assert!(next_wake(case, world.context(&alice).policy).is_some(), "{:?}", case.status);
                }
            }
        }
    }
}
