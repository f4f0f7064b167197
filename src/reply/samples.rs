//! One of each letter, in each shape it can take: what templates are tried with before the program serves, and
//! what snapshots show. Invented persons and companies only.

use jiff::civil::{Date, date};

use super::mark::MarkKey;
use super::sender::SenderIdentity;
use crate::case::DpoAlertReason;
use crate::case::{CaseLine, Letter, LetterKind, PersonLetter, Reference, Threading};
use crate::classify::Right;
use crate::config::{Config, LetterLanguage};
use crate::identity::{Code, Token};
use crate::mail::Address;

/// A letter with the name of its shape.
#[derive(Clone, Debug)]
pub struct Sample {
    /// `confirmation-request.opt-out`: the letter's name and what is special here.
    pub name: String,
    /// The letter.
    pub letter: Letter,
}

/// Every letter × language × shape.
#[must_use]
pub fn samples() -> Vec<Sample> {
    [LetterLanguage::Fr, LetterLanguage::En].into_iter().flat_map(in_language).collect()
}

fn in_language(language: LetterLanguage) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    let mut add = |shape: &str, kind: LetterKind| {
        let name = if shape.is_empty() { kind.name().to_owned() } else { format!("{}.{shape}", kind.name()) };
        let to = if kind.person().is_some() { "camille.durand@example.net" } else { "dpo@example.org" };
        let threading = match kind.person() {
            Some(_) => Threading {
                in_reply_to: Some("20260302.1@mail.example.net".to_owned()),
                references: vec!["20260302.1@mail.example.net".to_owned()],
            },
            None => Threading::default(),
        };
        let to = Address::parse(to).expect("a plain address");
        samples.push(Sample {
            name,
            letter: Letter { to, mailbox: "dpo".to_owned(), kind, language, threading },
        });
    };
    let opt_out = || person(&[Right::OptOut]);
    let access = || person(&[Right::Access, Right::Erasure]);
    let both = || person(&[Right::OptOut, Right::Access, Right::Erasure]);
    let all = || {
        person(&[
            Right::OptOut,
            Right::Access,
            Right::Rectification,
            Right::Erasure,
            Right::Restriction,
            Right::Portability,
            Right::Objection,
        ])
    };
    let applied = |letter: PersonLetter| PersonLetter { opt_out_applied_on: Some(RECEIVED), ..letter };
    let silent = |letter: PersonLetter| PersonLetter { opt_out_applies_on: Some(APPLIES), ..letter };
    for (shape, letter) in [
        ("opt-out", silent(opt_out())),
        ("opt-out-guessed", opt_out()),
        ("rights", access()),
        ("rights-one", person(&[Right::Portability])),
        ("rights-stopped", applied(person(&[Right::Erasure]))),
        ("both", silent(both())),
        ("both-stopped", applied(both())),
        ("all", all()),
    ] {
        add(shape, LetterKind::ConfirmationRequest(letter.clone()));
        add(shape, LetterKind::ConfirmationReminder(letter));
    }
    add("", LetterKind::OptOutApplied(applied(opt_out())));
    add("", LetterKind::OptOutAppliedUnconfirmed(applied(opt_out())));
    add("both", LetterKind::OptOutAppliedUnconfirmed(applied(both())));
    add("", LetterKind::OptOutUndone(opt_out()));
    add("both", LetterKind::OptOutUndone(both()));
    add("", LetterKind::RightsAcknowledged(access()));
    add("one", LetterKind::RightsAcknowledged(person(&[Right::Rectification])));
    add("stopped", LetterKind::RightsAcknowledged(applied(person(&[Right::Erasure]))));
    add("both", LetterKind::RightsAcknowledged(applied(both())));
    add("all", LetterKind::RightsAcknowledged(applied(all())));
    add("nothing", LetterKind::RightsAcknowledged(person(&[])));
    add("", LetterKind::NotUnderstood(person(&[])));
    add("guess", LetterKind::NotUnderstood(person(&[Right::Access])));
    add("", LetterKind::ConfirmationDenied(access()));
    add("opt-out", LetterKind::ConfirmationDenied(opt_out()));
    add("stopped", LetterKind::ConfirmationDenied(applied(access())));
    let line = |number: u32, rights: &[Right], identity| CaseLine {
        reference: Reference::from_random("2J", number.to_le_bytes()),
        rights: rights.to_vec(),
        received_on: RECEIVED,
        due_on: DUE,
        identity,
    };
    let one = line(48_291_530, &[Right::Access, Right::Erasure], "confirmed");
    let others = [
        line(11_502_771, &[Right::Rectification], "asked"),
        line(93_377_104, &[], "not-asked"),
        line(60_412_899, &[Right::OptOut, Right::Objection], "unconfirmed"),
        line(27_990_013, &[Right::Portability], "denied"),
    ];
    let several: Vec<CaseLine> = std::iter::once(one.clone()).chain(others).collect();
    add("one", LetterKind::DpoNewCases(vec![one.clone()]));
    add("several", LetterKind::DpoNewCases(several.clone()));
    add("tomorrow", LetterKind::DpoDueSoon { case: one.clone(), days: 1 });
    add("today", LetterKind::DpoDueSoon { case: one.clone(), days: 0 });
    add("", LetterKind::DpoDueSoon { case: one.clone(), days: 10 });
    add("", LetterKind::DpoOverdue(one.clone()));
    add("", LetterKind::DpoDigest { open: several.clone(), open_count: 5, quarantined: 1, undelivered: 2 });
    add("quiet", LetterKind::DpoDigest { open: vec![], open_count: 0, quarantined: 0, undelivered: 0 });
    add(
        "one",
        LetterKind::DpoDigest { open: vec![one.clone()], open_count: 1, quarantined: 0, undelivered: 1 },
    );
    let fifty = several.iter().cycle().take(50).cloned().collect();
    add("many", LetterKind::DpoDigest { open: fifty, open_count: 212, quarantined: 3, undelivered: 0 });
    for reason in [
        DpoAlertReason::LetterUndeliverable,
        DpoAlertReason::Quarantined,
        DpoAlertReason::BreakerOpen,
        DpoAlertReason::Denied,
        DpoAlertReason::Unconfirmed,
        DpoAlertReason::Authority,
    ] {
        let name = super::words::alert_name(reason);
        add(name, LetterKind::DpoAlert { reason, case: Some(one.clone()) });
        add(&format!("{name}-no-case"), LetterKind::DpoAlert { reason, case: None });
    }
    samples
}

const RECEIVED: Date = date(2026, 12, 1);
const APPLIES: Date = date(2026, 12, 8);
const ANSWER_BY: Date = date(2026, 12, 15);
const DUE: Date = date(2027, 1, 4);

fn person(rights: &[Right]) -> PersonLetter {
    PersonLetter {
        reference: Reference::from_random("2J", 48_291_530_u32.to_le_bytes()),
        received_on: RECEIVED,
        due_on: (rights != [Right::OptOut]).then_some(DUE),
        rights: rights.to_vec(),
        opt_out_applied_on: None,
        answer_by: Some(ANSWER_BY),
        opt_out_applies_on: None,
        token: Token::from_random([7; 20]),
        code: (rights != [Right::OptOut]).then(|| Code::from_random([64, 226, 1, 0])),
    }
}

/// A sender that says all it can, and one that says the least.
pub(super) fn identities() -> Vec<SenderIdentity> {
    [FULL, SPARE]
        .into_iter()
        .filter_map(|text| {
            let config: Config = toml::from_str(text).ok()?;
            SenderIdentity::new(&config, config.mailboxes.first()?, MarkKey::new(&[0; 32])).ok()
        })
        .collect()
}

const FULL: &str = r#"
[controller]
name = "Exemple & Fils"
group = "Groupe Exemple"
entities = ["Exemple & Fils", "Exemple Conseil", "Exemple Formation"]
postal_address = ["La Direction", "1 rue de l’Exemple", "13100 Aix-en-Provence"]
particulars = "SARL au capital de 8 000 €, RCS Aix-en-Provence 000 000 000"
dpo_email = "dpo@example.org"
privacy_notice_url = "https://www.example.org/confidentialite"
[[mailbox]]
name = "dpo"
purpose = "rights"
address = "dpo@example.org"
[smtp]
folder = "letters"
[store]
path = "rightsd.db"
[public]
listen = "127.0.0.1:8080"
base_url = "https://droits.example.org"
"#;

const SPARE: &str = r#"
[controller]
name = "Exemple"
postal_address = ["13100 Aix-en-Provence"]
dpo_email = "dpo@example.org"
[[mailbox]]
name = "dpo"
purpose = "rights"
address = "dpo@example.org"
[smtp]
folder = "letters"
[store]
path = "rightsd.db"
[identity]
tag_separator = ""
"#;

#[cfg(test)]
mod tests {
    #[test]
    fn both_sample_senders_are_real() {
        assert_eq!(super::identities().len(), 2);
    }
}
