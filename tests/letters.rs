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

fn templates() -> &'static Templates {
    static TEMPLATES: std::sync::LazyLock<Templates> = std::sync::LazyLock::new(Templates::embedded);
    &TEMPLATES
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
    let (templates, sender) = (templates(), sender_of(CONFIG));
    for sample in reply::samples() {
        let name = format!("{}.{}", language(&sample.letter), sample.name);
        // The HTML part follows from the text; a few show how.
        let with_html =
            ["confirmation-request.both", "opt-out-applied", "dpo-digest"].contains(&&*sample.name);
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, shown(&render(&sample, templates, &sender), with_html));
        });
    }
}

/// What must be, and never be, in a letter to a person (law.md §8.0).
#[test]
fn every_letter_to_a_person_says_who_writes_and_what_for() {
    let (templates, sender) = (templates(), sender_of(CONFIG));
    for sample in reply::samples() {
        let rendered = render(&sample, templates, &sender);
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
    let (templates, sender) = (templates(), sender_of(CONFIG));
    for sample in reply::samples() {
        let rendered = render(&sample, templates, &sender);
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
    let (templates, sender) = (templates(), sender_of(CONFIG));
    for sample in reply::samples() {
        let rendered = render(&sample, templates, &sender);
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

/// A config whose texts are `value` wherever an operator writes free text.
fn config_with(value: &str) -> Option<Config> {
    let mut table: toml::Table = toml::from_str(CONFIG).expect("a table");
    let controller = table.get_mut("controller").and_then(toml::Value::as_table_mut).expect("there");
    for key in ["name", "group", "particulars", "privacy_notice_url"] {
        controller.insert(key.to_owned(), value.into());
    }
    for key in ["entities", "postal_address"] {
        controller.insert(key.to_owned(), toml::Value::Array(vec![value.into(), "x".into()]));
    }
    table.try_into().ok()
}

/// Whatever stands in a text, a letter has the fields, tags and links that it always has.
fn assert_harmless(rendered: &Rendered, value: &str) {
    let mail = MessageParser::default().parse(&rendered.bytes).expect("a mail");
    let names: Vec<&str> = mail.headers().iter().map(mail_parser::Header::name).collect();
    for name in &names {
        let known = [
            "Date",
            "From",
            "To",
            "Reply-To",
            "Subject",
            "Message-ID",
            "In-Reply-To",
            "References",
            "Auto-Submitted",
            "X-Auto-Response-Suppress",
            "X-Rightsd",
            "Content-Language",
            "MIME-Version",
            "Content-Type",
        ];
        assert!(known.contains(name), "{name} with {value:?}");
    }
    assert_eq!(
        mail.from().and_then(|from| from.first()).and_then(|from| from.address()),
        Some("dpo@example.org")
    );
    assert_eq!(mail.text_body_count(), 1, "{value:?}");
    let html = mail.body_html(0).expect("HTML");
    for tag in html.split('<').skip(1) {
        let name: String =
            tag.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '!')).collect();
        let known = [
            "!DOCTYPE", "html", "/html", "head", "/head", "meta", "title", "/title", "body", "/body", "div",
            "/div", "p", "/p", "br", "ul", "/ul", "li", "/li", "strong", "/strong", "a", "/a",
        ];
        assert!(known.contains(&name.as_str()), "<{tag} with {value:?}");
        let inside = tag.split('>').next().unwrap_or_default();
        assert!(!inside.contains(" on") && !inside.contains("src="), "<{inside} with {value:?}");
        if name == "a" {
            let href = tag.strip_prefix("a href=\"").and_then(|rest| rest.split('"').next()).expect("a link");
            assert!(href.starts_with("http"), "{href}");
        }
    }
}

#[test]
fn t31_texts_are_literal_or_refused() {
    let templates = templates();
    for value in [
        "{{ 7 * 7 }}",
        "{% include \"_foot.txt\" %}",
        "{# comment #}",
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onload='x",
        "&lt;b&gt;",
        "javascript:alert(1)",
        "https://example.org/\"onclick=\"x",
        "a * b * c",
        "- a list",
        "--",
        "> quoted",
        "From here",
        ".",
        "Name <other@example.net>, Other <third@example.net>",
        "\"quoted\\\" , name",
        "=?UTF-8?Q?=0D=0ABcc:_x@y.example?=",
        "=_boundary--",
        "é".repeat(900).as_str(),
        "x".repeat(3000).as_str(),
    ] {
        let config = config_with(value).expect("a configuration");
        let sender = SenderIdentity::new(&config, &config.mailboxes[0], MarkKey::new(&[9; 32])).expect(value);
        for sample in reply::samples().iter().step_by(3) {
            let rendered = render(sample, templates, &sender);
            assert_harmless(&rendered, value);
            if sample.letter.kind.person().is_some() {
                let mail = MessageParser::default().parse(&rendered.bytes).expect("a mail");
                let text = mail.body_text(0).expect("text").replace("\r\n", "\n").replace(" \n", " ");
                assert!(text.contains(value.trim()), "{value:?} is not literal in\n{text}");
            }
        }
    }
    for value in [
        "a\r\nBcc: x@y.example",
        "a\nb",
        "a\rb",
        "a\0b",
        "a\u{1b}[2Jb",
        "a\u{2028}b",
        "a\u{202e}b",
        "\u{e000}",
    ] {
        let Some(config) = config_with(value) else { continue };
        let refused = SenderIdentity::new(&config, &config.mailboxes[0], MarkKey::new(&[9; 32]));
        let error = refused.expect_err("refused").to_string();
        assert!(error.contains("controller.name holds a line break") && !error.contains("Bcc"), "{error}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(60))]

    /// T29: any text in any place gives one clean mail or none.
    #[test]
    fn t29_any_text_gives_one_clean_mail_or_none(value in ".{0,200}", ids in proptest::collection::vec(".{0,80}", 0..30)) {
        let Some(config) = config_with(&value) else { return Ok(()) };
        let key = MarkKey::new(&[9; 32]);
        let Ok(sender) = SenderIdentity::new(&config, &config.mailboxes[0], key) else { return Ok(()) };
        let templates = templates();
        for mut sample in reply::samples().into_iter().step_by(17) {
            sample.letter.threading.in_reply_to = ids.first().cloned();
            sample.letter.threading.references.clone_from(&ids);
            assert_harmless(&render(&sample, templates, &sender), &value);
        }
    }

    /// T29: the last look refuses whatever is not made of clean lines, and never panics.
    #[test]
    fn t29_no_bytes_pass_that_hold_a_bare_line_end(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400), at in 0_usize..4000) {
        let (templates, sender) = (templates(), sender_of(CONFIG));
        let sample = reply::samples().remove(0);
        let mut mail = render(&sample, templates, &sender).bytes;
        let at = at.min(mail.len());
        mail.splice(at..at, bytes.iter().copied());
        if reply::wire::check(&mail, &sample.letter.to).is_ok() {
            let text = std::str::from_utf8(&mail).expect("ASCII");
            proptest::prop_assert!(text.split("\r\n").all(|line| !line.contains(['\r', '\n', '\0']) && line.len() <= 998));
            proptest::prop_assert_eq!(text.matches("\r\nTo:").count(), 1);
        }
    }
}

/// The only things of theirs that a letter repeats are the address it goes to and ids in plain form.
#[test]
fn t4_no_word_of_a_stranger_is_in_a_letter() {
    let (templates, sender) = (templates(), sender_of(CONFIG));
    for (id, kept) in [
        ("canary.1@example.net", true),
        ("canary word@example.net", false),
        ("canary@example.net>\r\nX-Canary: yes", false),
        ("<canary@example.net>", false),
        ("canary", false),
        ("\u{1f426}canary@example.net", false),
        ("canary\"quoted\"@example.net", false),
    ] {
        for mut sample in reply::samples() {
            sample.letter.threading.in_reply_to = Some(id.to_owned());
            sample.letter.threading.references =
                vec![id.to_owned(), "plain@example.net".to_owned(), id.to_owned()];
            let rendered = render(&sample, templates, &sender);
            let text = String::from_utf8(rendered.bytes).expect("ASCII").replace("\r\n ", " ");
            let with: Vec<&str> =
                text.lines().filter(|line| line.to_lowercase().contains("canary")).collect();
            assert_eq!(with.len(), if kept { 2 } else { 0 }, "{id:?}: {with:?}");
            assert!(
                with.iter()
                    .all(|line| line.starts_with("In-Reply-To: <") || line.starts_with("References: <"))
            );
        }
    }
}

/// Each letter is its own: side by side and one after the other, no word of one is in another.
#[test]
fn t32_ten_thousand_letters_have_nothing_of_each_other() {
    use rightsd::case::Reference;
    use rightsd::identity::Token;

    let (templates, sender) = (templates(), sender_of(CONFIG));
    let samples: Vec<Sample> =
        reply::samples().into_iter().filter(|sample| sample.letter.kind.person().is_some()).collect();
    let one = |number: u32| {
        let mut sample = samples[number as usize % samples.len()].clone();
        sample.letter.to = Address::parse(&format!("canary{number:05}x@example.net")).expect("an address");
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        let token = Token::from_random(bytes);
        let reference = Reference::from_random("2J", number.to_le_bytes());
        if let Some(person) = person_mut(&mut sample.letter.kind) {
            person.token = token.clone();
            person.reference = reference.clone();
        }
        let rendered = render(&sample, templates, &sender);
        let mail = MessageParser::default().parse(&rendered.bytes).expect("a mail");
        let subject = mail.subject().unwrap_or_default().to_owned();
        let all = format!(
            "{subject}\n{}",
            String::from_utf8(rendered.bytes.clone()).expect("ASCII").replace("=\r\n", "")
        );
        let canaries: Vec<&str> =
            all.match_indices("canary").filter_map(|(at, _)| all.get(at..at + 11)).collect();
        assert!(!canaries.is_empty() && canaries.iter().all(|found| *found == format!("canary{number:05}")));
        assert_eq!(rendered.message_id, format!("r.{}@example.org", token.as_str()));
        let tokens: Vec<&str> =
            all.match_indices("r.aaa").filter_map(|(at, _)| all.get(at + 2..at + 34)).collect();
        assert!(tokens.iter().all(|found| *found == token.as_str()), "{tokens:?}");
        let references: Vec<&str> =
            all.match_indices("2J-").filter_map(|(at, _)| all.get(at..at + 14)).collect();
        assert!(!references.is_empty() && references.iter().all(|found| *found == reference.as_str()));
        rendered.bytes
    };
    let halves: Vec<Vec<Vec<u8>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4_u32)
            .map(|part| scope.spawn(move || (part * 2500..(part + 1) * 2500).map(one).collect()))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    for (number, bytes) in (0_u32..).zip(halves.iter().flatten()).step_by(97) {
        assert_eq!(*bytes, one(number), "the same arguments give the same bytes");
    }
}

fn person_mut(kind: &mut LetterKind) -> Option<&mut rightsd::case::PersonLetter> {
    match kind {
        LetterKind::ConfirmationRequest(letter)
        | LetterKind::ConfirmationReminder(letter)
        | LetterKind::OptOutApplied(letter)
        | LetterKind::OptOutAppliedUnconfirmed(letter)
        | LetterKind::OptOutUndone(letter)
        | LetterKind::RightsAcknowledged(letter)
        | LetterKind::NotUnderstood(letter)
        | LetterKind::ConfirmationDenied(letter) => Some(letter),
        _ => None,
    }
}

/// Where no tagged addresses exist, the subject carries what binds an answer, and nothing else changes hands.
#[test]
fn without_tagged_addresses_the_subject_binds_the_answer() {
    let (templates, sender) =
        (templates(), sender_of(&format!("{CONFIG}\n[identity]\ntag_separator = \"\"\n")));
    for sample in reply::samples() {
        let rendered = render(&sample, templates, &sender);
        let mail = MessageParser::default().parse(&rendered.bytes).expect("a mail");
        assert!(mail.header_raw("Reply-To").is_none());
        assert_eq!(rendered.envelope_from.as_deref(), Some("dpo@example.org"));
        if let Some(person) = sample.letter.kind.person() {
            let tag = format!(" [r.{}]", person.token.as_str());
            let final_word =
                matches!(sample.letter.kind, LetterKind::OptOutUndone(_) | LetterKind::ConfirmationDenied(_));
            assert_eq!(mail.subject().expect("a subject").ends_with(&tag), !final_word, "{}", sample.name);
        }
    }
}

#[test]
fn the_null_sender_and_a_long_address_are_what_was_configured() {
    let templates = templates();
    let null = CONFIG.replace("folder = \"letters\"", "folder = \"letters\"\nreturn_path = \"null\"");
    let rendered = render(&reply::samples()[0], templates, &sender_of(&null));
    assert_eq!(rendered.envelope_from, None);
    let long = CONFIG.replace("address = \"dpo@", "address = \"protection-des-donnees-personnelles@");
    let config: Config = toml::from_str(&long).expect("a configuration");
    let error =
        SenderIdentity::new(&config, &config.mailboxes[0], MarkKey::new(&[9; 32])).expect_err("too long");
    assert!(error.to_string().contains("6 characters too long to carry a tag"), "{error}");
}

/// T2: each thread that a reply may keep leads back to its letter: id, tagged address, subject.
#[test]
fn an_answer_is_bound_to_its_letter_by_whatever_its_program_keeps() {
    use rightsd::identity::{answer_tokens, bounce_tokens};

    for (config, separator) in [
        (CONFIG.to_owned(), '+'),
        (format!("{}\n[identity]\ntag_separator = \"-\"\n", CONFIG.replace("\"dpo@", "\"mes-droits@")), '-'),
    ] {
        let (templates, sender) = (templates(), sender_of(&config));
        for sample in reply::samples() {
            let Some(person) = sample.letter.kind.person() else { continue };
            let rendered = render(&sample, templates, &sender);
            let letter = MessageParser::default().parse(&rendered.bytes).expect("a mail");
            let reply_to =
                letter.reply_to().and_then(|to| to.first()).and_then(|to| to.address()).expect("there");
            let answer = |to: &str, in_reply_to: &str, subject: &str| {
                let raw = format!(
                    "From: camille.durand@example.net\r\nTo: {to}\r\nSubject: {subject}\r\n{in_reply_to}\r\noui\r\n"
                );
                rightsd::mail::parse(raw.as_bytes(), &rightsd::mail::Bounds::default()).expect("a mail")
            };
            let id = format!("In-Reply-To: <{}>\r\n", rendered.message_id);
            let subject = format!("Re: {}", letter.subject().expect("a subject"));
            let mut kept = vec![answer(reply_to, "", "x"), answer("dpo@example.org", &id, "x")];
            if subject.contains("[r.") {
                kept.push(answer("dpo@example.org", "", &subject));
            }
            for mail in kept {
                assert_eq!(
                    answer_tokens(&mail, Some(separator)),
                    std::slice::from_ref(&person.token),
                    "{}",
                    sample.name
                );
            }
            let bounce = answer(rendered.envelope_from.as_deref().expect("tagged"), "", "Undelivered");
            assert_eq!(
                bounce_tokens(&bounce, Some(separator)),
                std::slice::from_ref(&person.token),
                "{}",
                sample.name
            );
        }
    }
}

/// T25: a letter of ours that comes back is known as ours, and even without our mark nobody answers it.
#[test]
fn t25_no_letter_of_ours_is_ever_answered() {
    use rightsd::mail::{Bounds, Origin, Ours, parse, screen};

    let (templates, sender) = (templates(), sender_of(CONFIG));
    let ours = Ours { mark: reply::mark::MARK_FIELD.to_owned(), ..Ours::default() };
    for sample in reply::samples() {
        let rendered = render(&sample, templates, &sender);
        let mail = parse(&rendered.bytes, &Bounds::default()).expect("a mail");
        assert_eq!(screen(&mail, &ours).origin, Origin::OwnLetter, "{}", sample.name);
        let elsewhere = screen(&mail, &Ours { mark: "X-Other".to_owned(), ..Ours::default() });
        assert!(elsewhere.may_answer.is_err(), "{}: another robot would answer it", sample.name);
    }
}
