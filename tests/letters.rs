//! The letters as people read them (snapshots in `tests/snapshots`), and what no letter may ever hold.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mail_parser::MessageParser;
use rightsd::case::{Letter, LetterKind};
use rightsd::config::Config;
use rightsd::mail::Address;
use rightsd::reply::{self, MarkKey, Rendered, Sample, Seeds, SenderIdentity, Templates};

const CONFIG: &str = r#"
[controller]
name = "2J Exemple"
group = "Groupe Exemple Réuni"
entities = ["2J Exemple", "Exemple Conseil", "Exemple Formation"]
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

fn sender_of(config: &str) -> SenderIdentity {
    let config: Config = toml::from_str(config).expect("a configuration");
    SenderIdentity::new(&config, &config.mailboxes[0], MarkKey::new(&[9; 32])).expect("a sender")
}

fn seeds() -> Seeds {
    Seeds { at: Timestamp::from_second(1_796_200_000).expect("a time"), random: [3; 20] }
}

fn render(sample: &Sample, templates: &Templates, sender: &SenderIdentity) -> Rendered {
    match reply::render(&sample.letter, templates, sender, &seeds()) {
        Ok(rendered) => rendered,
        Err(error) => panic!("{}: {error}", sample.name),
    }
}

/// What a person sees: the header as sent, the text, the HTML.
fn shown(rendered: &Rendered, with_html: bool) -> String {
    let raw = std::str::from_utf8(&rendered.bytes).expect("ASCII").replace("\r\n", "\n");
    let (header, _) = raw.split_once("\n\n").expect("a header");
    let mail = MessageParser::default().parse(&rendered.bytes).expect("a mail");
    let html = mail.body_html(0).expect("HTML").replace("\r\n", "\n");
    format!(
        "MAIL FROM:<{}> RCPT TO:<{}>\n{header}\n\n==== {}\n{}{}",
        rendered.envelope_from.as_deref().unwrap_or_default(),
        rendered.envelope_to.as_str(),
        mail.subject().unwrap_or_default(),
        mail.body_text(0).expect("text").replace("\r\n", "\n"),
        if with_html { format!("\n==== HTML\n{html}") } else { String::new() },
    )
}

fn language(letter: &Letter) -> &'static str {
    match letter.language {
        rightsd::config::LetterLanguage::Fr => "fr",
        rightsd::config::LetterLanguage::En => "en",
    }
}

#[test]
fn every_letter_reads_as_it_was_approved() {
    let (templates, sender) = (Templates::embedded(), sender_of(CONFIG));
    for sample in reply::samples() {
        let name = format!("{}.{}", language(&sample.letter), sample.name);
        // The HTML part follows from the text; a few show how.
        let with_html =
            ["confirmation-request.both", "opt-out-applied", "dpo-digest"].contains(&&*sample.name);
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, shown(&render(&sample, &templates, &sender), with_html));
        });
    }
}

/// What must be, and never be, in a letter to a person (law.md §8.0).
#[test]
fn every_letter_to_a_person_says_who_writes_and_what_for() {
    let (templates, sender) = (Templates::embedded(), sender_of(CONFIG));
    for sample in reply::samples() {
        let rendered = render(&sample, &templates, &sender);
        let mail = MessageParser::default().parse(&rendered.bytes).expect("a mail");
        let unflowed = mail.body_text(0).expect("text").replace("\r\n", "\n").replace(" \n", " ");
        let text = unflowed.replace('\u{a0}', " ");
        let name = &sample.name;
        for never in ["30 jours", "30 days", "none", "{{", "{%", "*", "  ", "\n\n\n", " ,", " ."] {
            assert!(!text.contains(never), "{name}: {never:?} in\n{text}");
        }
        let Some(person) = sample.letter.kind.person() else { continue };
        let french = language(&sample.letter) == "fr";
        for always in [
            "2J Exemple",
            "La Direction, 1 rue de l’Exemple, 13100 Aix-en-Provence",
            "dpo@example.org",
            "https://www.cnil.fr/",
            "https://www.example.org/confidentialite",
            if french { "mardi 1er décembre 2026" } else { "Tuesday 1 December 2026" },
        ] {
            assert!(text.contains(always), "{name}: no {always:?} in\n{text}");
        }
        assert!(mail.subject().expect("a subject").contains(person.reference.as_str()), "{name}");
        if !matches!(sample.letter.kind, LetterKind::ConfirmationDenied(_)) && person.due_on.is_some() {
            let due = if french {
                "au plus tard le lundi 4 janvier 2027"
            } else {
                "by Monday 4 January 2027 at the latest"
            };
            assert!(text.contains(due), "{name}: no due date in\n{text}");
        }
        if matches!(
            sample.letter.kind,
            LetterKind::OptOutApplied(_) | LetterKind::OptOutAppliedUnconfirmed(_)
        ) {
            let scope = if french {
                "pour 2J Exemple et pour toutes les entités du groupe Exemple Réuni : Exemple Conseil et Exemple Formation."
            } else {
                "for 2J Exemple and for every company of the Exemple Réuni group: Exemple Conseil and Exemple Formation."
            };
            assert!(text.contains(scope), "{name}: no scope in\n{text}");
        }
    }
}

#[test]
fn t26_every_letter_is_marked_as_ours_and_as_automatic() {
    let (templates, sender) = (Templates::embedded(), sender_of(CONFIG));
    for sample in reply::samples() {
        let rendered = render(&sample, &templates, &sender);
        let mail = MessageParser::default().parse(&rendered.bytes).expect("a mail");
        let header = |name: &str| mail.header_raw(name).unwrap_or_default().trim().to_owned();
        assert!(header("Auto-Submitted").starts_with("auto-"), "{}", sample.name);
        assert_eq!(header("X-Auto-Response-Suppress"), "All");
        assert_eq!(header("Message-ID"), format!("<{}>", rendered.message_id));
        let key = MarkKey::new(&[9; 32]);
        assert!(reply::verify_mark(&rendered.message_id, &header("X-Rightsd"), &key));
        assert!(!reply::verify_mark("r.other@example.org", &header("X-Rightsd"), &key));
        let return_path = rendered.envelope_from.expect("a tagged return path");
        assert!(return_path.starts_with("dpo+b.") && return_path.ends_with("@example.org"), "{return_path}");
        if let Some(person) = sample.letter.kind.person() {
            let token = person.token.as_str();
            assert_eq!(return_path, format!("dpo+b.{token}@example.org"));
            assert_eq!(rendered.message_id, format!("r.{token}@example.org"));
            assert!(header("Reply-To").contains(&format!("<dpo+r.{token}@example.org>")), "{}", sample.name);
            let asks = matches!(
                sample.letter.kind,
                LetterKind::ConfirmationRequest(_) | LetterKind::ConfirmationReminder(_)
            );
            assert_eq!(mail.subject().expect("a subject").ends_with(&format!(" [r.{token}]")), asks);
        }
    }
}

#[test]
fn t28_every_letter_has_one_recipient_and_no_copy() {
    let (templates, sender) = (Templates::embedded(), sender_of(CONFIG));
    for sample in reply::samples() {
        let rendered = render(&sample, &templates, &sender);
        assert_eq!(rendered.envelope_to, sample.letter.to);
        reply::wire::check(&rendered.bytes, &sample.letter.to).expect("a clean mail");
        let other = Address::parse("other@example.net").expect("an address");
        assert!(reply::wire::check(&rendered.bytes, &other).is_err());
    }
}

#[test]
fn t31_a_broken_letter_stops_the_start_with_file_and_line() {
    let own = |name: &str| {
        let path = format!("{}/templates/mail/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).expect("a letter")
    };
    let file = "fr/opt-out-applied.txt";
    let letter = own(file);
    let line_of =
        |text: &str, part: &str| text.lines().position(|line| line.contains(part)).expect("there") + 1;
    let greeting = line_of(&letter, "Bonjour");
    let with = |new: &str| letter.replace("Bonjour,", new);
    for (text, line, says) in [
        (with("Bonjour {{ nom }},"), Some(greeting), "no value named \"nom\""),
        (with("{% if nom %}x{% endif %}"), Some(greeting), "no value named \"nom\""),
        (with("{{ due_on }}"), Some(greeting), "a value is printed that this letter does not have"),
        (with("{{ rights }}"), Some(greeting), "cannot be printed"),
        (with("{{ company | upper }}"), Some(greeting), "no filters"),
        (with("{{ range(9) }}"), Some(greeting), "no value named \"range\""),
        (with("{% include \"../../../etc/passwd\" %}"), Some(greeting), "does not exist"),
        (with("{% include \"/etc/passwd\" %}"), Some(greeting), "does not exist"),
        (with("{{ company "), Some(greeting), ""),
        (with("{% if company %}"), None, ""),
        (with("{% for a in rights %}{% for b in rights %}{% endfor %}"), None, ""),
        (with("*Bonjour,"), None, "asterisk"),
        (with("Bon\u{202e}jour"), Some(greeting), "invisible"),
        (letter.replacen("Subject:", "Sujet :", 1), Some(1), "Subject: …"),
        (letter.replacen("\n\n", "\n", 1), Some(2), "must be empty"),
        ("Subject: x\n".to_owned(), Some(1), "no text"),
        ("Subject:\n\nx".to_owned(), Some(1), "subject is empty"),
        (format!("Subject: {}\n\n{{{{ reference }}}}", "x".repeat(151)), Some(1), "longer than 150"),
        ("Subject: x\n\nx".to_owned(), None, "does not name the case"),
        (String::new(), Some(1), "must begin with"),
    ] {
        let files = BTreeMap::from([(file.to_owned(), text.clone())]);
        let error = Templates::with_overrides(&files).expect_err(&text).to_string();
        assert!(error.starts_with(&format!("letter {file}")), "{error}");
        assert!(error.contains(says), "{error}");
        assert!(!error.contains('\n'), "{error}");
        if let Some(line) = line {
            assert!(error.contains(&format!("line {line}:")), "{error}\n(wanted line {line})");
        }
    }
    let files = BTreeMap::from([("fr/_foot.txt".to_owned(), "a\n{{ reason }}".to_owned())]);
    let error = Templates::with_overrides(&files).expect_err("a piece is checked too").to_string();
    assert!(error.contains("fr/_foot.txt, line 2"), "{error}");
    let files = BTreeMap::from([("fr/opt-out-aplied.txt".to_owned(), letter.clone())]);
    let error = Templates::with_overrides(&files).expect_err("a misspelt name").to_string();
    assert!(error.contains("opt-out-aplied.txt: no letter has this name"), "{error}");
}

#[test]
fn an_operator_s_own_letter_replaces_ours() {
    let own = "Subject: Compris, {{ reference }}\r\n\r\nL'adresse {{ recipient }} : c'est noté le {{ opt_out_applied_on }}.\r\n";
    let files = BTreeMap::from([("fr/opt-out-applied.txt".to_owned(), own.to_owned())]);
    let templates = Templates::with_overrides(&files).expect("a good letter");
    let sample = reply::samples().into_iter().find(|sample| sample.name == "opt-out-applied").expect("there");
    let (subject, text) = reply::preview(&sample.letter, &templates, &sender_of(CONFIG)).expect("rendered");
    let reference = sample.letter.kind.person().expect("to a person").reference.as_str();
    assert_eq!(subject, format!("Compris, {reference}"));
    assert_eq!(
        text.replace('\u{a0}', " ").replace(" \n", " "),
        "L’adresse camille.durand@example.net : c’est noté le mardi 1er décembre 2026.\n"
    );
}
