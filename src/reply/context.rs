//! A letter's values under the names that templates use. `templates/mail/README.md` lists them for operators.
//!
//! Every name of [`PERSON`] or [`DPO`] always exists; what a letter does not have is `none`, which `{% if %}`
//! may ask for and `{{ }}` refuses to print.

use jiff::civil::Date;
use minijinja::Value;

use super::sender::{SenderIdentity, page_link};
use super::words;
use crate::case::{CaseLine, Letter, LetterKind, PersonLetter};
use crate::classify::Right;
use crate::config::LetterLanguage;

/// Names that every letter has.
pub(super) const SENDER: &[&str] =
    &["company", "group", "entities", "address", "particulars", "dpo_email", "privacy_notice_url", "mailbox"];

/// Names that letters to a person have besides.
pub(super) const PERSON: &[&str] = &[
    "recipient",
    "reference",
    "received_on",
    "due_on",
    "rights",
    "right_count",
    "opt_out",
    "opt_out_only",
    "opt_out_applied_on",
    "opt_out_applies_on",
    "answer_by",
    "page",
    "code",
];

/// Names that letters to the DPO have besides.
pub(super) const DPO: &[&str] =
    &["cases", "case_count", "case", "days", "open_count", "quarantined", "undelivered", "reason"];

/// The values of `letter`.
pub(super) fn values(letter: &Letter, sender: &SenderIdentity) -> Value {
    let language = letter.language;
    let mut values: Vec<(&'static str, Value)> = sender.values(language).to_vec();
    match letter.kind.person() {
        Some(person) => person_values(&mut values, letter, person, sender),
        None => dpo_values(&mut values, &letter.kind, language),
    }
    Value::from_pairs(values)
}

fn person_values(
    values: &mut Vec<(&'static str, Value)>,
    letter: &Letter,
    person: &PersonLetter,
    sender: &SenderIdentity,
) {
    let language = letter.language;
    let date =
        |date: Option<Date>| date.map_or_else(none, |date| words::date_in_words(date, language).into());
    let rights: Vec<Value> = person
        .rights
        .iter()
        .filter(|right| **right != Right::OptOut)
        .map(|right| words::right_with_article(*right, language).into())
        .collect();
    let opt_out = person.rights.contains(&Right::OptOut);
    let question =
        matches!(letter.kind, LetterKind::ConfirmationRequest(_) | LetterKind::ConfirmationReminder(_));
    let page = sender.base_url().filter(|_| question).map(|base_url| page_link(base_url, &person.token));
    let code = person.code.as_ref().filter(|_| page.is_some()).map(|code| grouped(code.as_str()));
    values.extend([
        ("recipient", letter.to.as_str().into()),
        ("reference", person.reference.as_str().into()),
        ("received_on", date(Some(person.received_on))),
        ("due_on", date(person.due_on)),
        ("opt_out_only", (opt_out && rights.is_empty()).into()),
        ("right_count", rights.len().into()),
        ("rights", Value::from_iter(rights)),
        ("opt_out", opt_out.into()),
        ("opt_out_applied_on", date(person.opt_out_applied_on)),
        ("opt_out_applies_on", date(person.opt_out_applies_on)),
        ("answer_by", date(person.answer_by)),
        ("page", page.map_or_else(none, Value::from)),
        ("code", code.map_or_else(none, Value::from)),
    ]);
}

fn dpo_values(values: &mut Vec<(&'static str, Value)>, kind: &LetterKind, language: LetterLanguage) {
    let mut cases: &[CaseLine] = &[];
    let mut case: Option<&CaseLine> = None;
    let (mut days, mut open_count, mut quarantined, mut undelivered) = (none(), none(), none(), none());
    let mut reason = none();
    match kind {
        LetterKind::DpoNewCases(new) => cases = new,
        LetterKind::DpoDueSoon { case: line, days: left } => {
            case = Some(line);
            days = (*left).into();
        }
        LetterKind::DpoOverdue(line) => case = Some(line),
        LetterKind::DpoDigest { open, open_count: count, quarantined: aside, undelivered: stuck } => {
            cases = open;
            (open_count, quarantined, undelivered) = ((*count).into(), (*aside).into(), (*stuck).into());
        }
        LetterKind::DpoAlert { reason: why, case: line } => {
            reason = words::alert_name(*why).into();
            case = line.as_ref();
        }
        // Letters to a person do not come here.
        _ => {}
    }
    values.extend([
        ("case_count", cases.len().into()),
        ("cases", Value::from_iter(cases.iter().map(|case| case_values(case, language)))),
        ("case", case.map_or_else(none, |case| case_values(case, language))),
        ("days", days),
        ("open_count", open_count),
        ("quarantined", quarantined),
        ("undelivered", undelivered),
        ("reason", reason),
    ]);
}

fn case_values(case: &CaseLine, language: LetterLanguage) -> Value {
    let kinds: Vec<&str> = case.rights.iter().map(|right| words::right_name(*right, language)).collect();
    let kinds = words::list_in_words(&kinds, language);
    Value::from_pairs([
        ("reference", Value::from(case.reference.as_str())),
        ("kinds", if kinds.is_empty() { none() } else { kinds.into() }),
        ("received_on", words::date_in_words(case.received_on, language).into()),
        ("due_on", words::date_in_words(case.due_on, language).into()),
        ("identity", words::identity_in_words(case.identity, language).into()),
    ])
}

fn none() -> Value {
    Value::from(())
}

/// `123 456`, in one piece.
fn grouped(code: &str) -> String {
    match code.split_at_checked(3) {
        Some((first, last)) => format!("{first}\u{a0}{last}"),
        None => code.to_owned(),
    }
}
