//! Whole stories through the real binary, a real Dovecot and a real SMTP server: Alice asks, Bob objects, Mallory
//! forges, Dora is the DPO.

mod servers;

use std::process::{Command, Output};

use servers::{Dovecot, Received, SmtpServer};

struct World {
    dovecot: Dovecot,
    smtp: SmtpServer,
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self {
            dovecot: Dovecot::start(),
            smtp: SmtpServer::start("starttls"),
            dir: tempfile::tempdir().unwrap(),
        };
        let config = format!(
            r#"
[controller]
name = "Example"
group = "Example Group"
entities = ["Example Shop"]
postal_address = ["1 Main Street"]
dpo_email = "dora@example.org"
reference_prefix = "EX"
[[mailbox]]
name = "optout"
purpose = "opt-out"
address = "optout@example.org"
imap = {}
[[mailbox]]
name = "dpo"
purpose = "rights"
address = "dpo@example.org"
imap = {}
[smtp]
{}
[store]
path = "{}/data/rightsd.db"
free_mib_min = 16
[identity]
authserv_id = "mx.example.org"
dkim = false
[limits]
letters_per_address_day = 10
letters_per_address_kind_day = 5
"#,
            world.dovecot.imap_table("optout", "keep"),
            world.dovecot.imap_table("dpo", "keep"),
            world.smtp.smtp_table(),
            world.dir.path().display()
        );
        std::fs::write(world.dir.path().join("config.toml"), config).unwrap();
        world
    }

    fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_rightsd"))
            .arg("--config")
            .arg(self.dir.path().join("config.toml"))
            .args(words)
            .output()
            .unwrap()
    }

    /// One round of the daemon: all that waits is fetched, understood and sent.
    fn round(&self) -> String {
        let done = self.run(&["serve", "--once"]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stderr).into_owned()
    }

    fn cases(&self) -> Vec<serde_json::Value> {
        let done = self.run(&["cases", "list", "--all", "--json"]);
        String::from_utf8_lossy(&done.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn opted_out(&self, address: &str) -> bool {
        match self.run(&["optouts", "check", address]).status.code() {
            Some(0) => true,
            Some(1) => false,
            other => panic!("{other:?}"),
        }
    }

    /// The letters to one person, by their subjects.
    fn letters(&self, to: &str) -> Vec<Received> {
        self.smtp.received_by(to)
    }

    fn write(&self, user: &str, mail: &str) {
        self.dovecot.save(user, "INBOX", mail.replace('\n', "\r\n").as_bytes());
    }
}

fn mail(from: &str, fields: &str, subject: &str, words: &str) -> String {
    let id = format!("{:x}", words.len() * 7919 + subject.len() * 31 + from.len());
    format!(
        "{fields}From: {from}\nTo: dpo@example.org\nSubject: {subject}\nMessage-ID: <{id}.{}@mail.example>\n\
         MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{words}\n",
        from.replace('@', ".")
    )
}

/// An answer as mail programs write it: to the letter's Reply-To, naming its id.
fn answer(letter: &Received, from: &str, words: &str) -> String {
    let to = letter.header("Reply-To").unwrap();
    let id = letter.header("Message-ID").unwrap();
    mail(
        from,
        &format!("Delivered-To: {to}\nIn-Reply-To: {id}\nReferences: {id}\n"),
        "Re: votre message",
        words,
    )
}

#[test]
fn an_opt_out_of_a_proven_sender_needs_no_question() {
    let world = World::new();
    let proof = "Authentication-Results: mx.example.org; dmarc=pass header.from=example.com\n";
    world.write("optout", &mail("bob@example.com", proof, "STOP", "Je ne veux plus recevoir vos offres."));
    // The same words under another server's name prove nothing (T6).
    let forged = "Authentication-Results: mx.attacker.example; dmarc=pass header.from=example.com\n";
    world
        .write("optout", &mail("carol@example.com", forged, "STOP", "Je ne veux plus recevoir vos offres !"));
    world.round();
    assert!(world.opted_out("bob@example.com") && world.opted_out("BOB@example.com"));
    assert!(!world.opted_out("carol@example.com"));
    let letters = world.letters("bob@example.com");
    assert_eq!(letters.len(), 1);
    let text = letters[0].text();
    assert!(
        letters[0].header("Auto-Submitted").unwrap().starts_with("auto-replied")
            && text.contains("Content-Language: fr")
    );
    // A word takes it back.
    world.write("dpo", &answer(&letters[0], "bob@example.com", "Annuler"));
    world.round();
    assert!(!world.opted_out("bob@example.com"));
    assert!(world.run(&["journal", "verify"]).status.success());
}

#[test]
fn an_opt_out_of_anybody_is_confirmed_by_replying_and_by_nobody_else() {
    let world = World::new();
    world.write(
        "optout",
        &mail("alice@example.com", "", "désinscription", "Merci de me retirer de votre liste de diffusion."),
    );
    world.round();
    let letter = world.letters("alice@example.com").remove(0);
    assert!(!world.opted_out("alice@example.com"));
    // A robot answers, and Mallory, who knows the token but is not Alice.
    let robot = answer(&letter, "alice@example.com", "Je suis absente, oui, jusqu'au 30.").replacen(
        "From:",
        "Auto-Submitted: auto-replied\nFrom:",
        1,
    );
    world.write("dpo", &robot);
    world.write("dpo", &answer(&letter, "mallory@example.com", "oui"));
    world.round();
    assert!(!world.opted_out("alice@example.com"));
    world.write("dpo", &answer(&letter, "alice@example.com", ""));
    world.round();
    assert!(world.opted_out("alice@example.com"));
    let case = world.cases().into_iter().find(|case| case["sender"] == "alice@example.com").unwrap();
    assert_eq!((case["status"].as_str(), case["identity"].as_str()), (Some("closed"), Some("confirmed")));
}

#[test]
fn erasure_and_access_are_asked_about_acknowledged_and_dated() {
    let world = World::new();
    let words = "Bonjour,\nenvoyez-moi une copie de mes données puis supprimez mon compte.\nAlice";
    world.write("dpo", &mail("alice@example.com", "", "RGPD", words));
    // The same mail in the other box, and one that lies in the junk folder.
    world.write("optout", &mail("alice@example.com", "", "RGPD", words));
    let junk = mail(
        "jo@example.com",
        "",
        "my data",
        "Please send me a copy of all the personal data you hold about me.",
    );
    world.dovecot.save("dpo", "Junk", junk.replace('\n', "\r\n").as_bytes());
    world.round();
    let cases = world.cases();
    assert_eq!(cases.len(), 2, "{cases:?}");
    let case = cases.iter().find(|case| case["sender"] == "alice@example.com").unwrap();
    assert_eq!(case["kinds"], serde_json::json!(["access", "erasure"]));
    assert_eq!(case["identity"], "asked");
    assert_eq!(world.letters("alice@example.com").len(), 1, "one question for one mail in two boxes");
    let letter = world.letters("alice@example.com").remove(0);
    world.write(
        "dpo",
        &answer(
            &letter,
            "alice@example.com",
            "Oui, c'est bien moi.\n\n> Cette demande vient-elle bien de vous ?",
        ),
    );
    world.round();
    let letters = world.letters("alice@example.com");
    assert_eq!(letters.len(), 2);
    let case = world.cases().into_iter().find(|case| case["sender"] == "alice@example.com").unwrap();
    assert_eq!((case["status"].as_str(), case["identity"].as_str()), (Some("with-dpo"), Some("confirmed")));
    let reference = case["reference"].as_str().unwrap();
    assert!(letters[1].text().contains(reference));
    let shown = world.run(&["cases", "show", reference]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("supprimez mon compte"));
    assert!(!world.letters("dora@example.org").is_empty(), "the DPO is told");
    // English for who writes English.
    assert!(world.letters("jo@example.com")[0].text().contains("Content-Language: en"));
}

#[test]
fn t14_a_bounce_with_our_token_reaches_its_case_and_a_forged_one_does_not() {
    let world = World::new();
    world.write(
        "dpo",
        &mail("alice@example.com", "", "données", "Je souhaite recevoir une copie de mes données."),
    );
    world.round();
    let letter = world.letters("alice@example.com").remove(0);
    let report = |to: &str| {
        format!(
            "Return-Path: <>\nDelivered-To: {to}\nFrom: MAILER-DAEMON@mx.example\nTo: {to}\nSubject: Undelivered Mail Returned to Sender\n\
             Auto-Submitted: auto-replied\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
             --b\nContent-Type: text/plain\n\nuser unknown\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n\
             Final-Recipient: rfc822; alice@example.com\nAction: failed\nStatus: 5.1.1\n\n--b--\n"
        )
    };
    let before = world.letters("dora@example.org").len();
    world.write("dpo", &report("dpo+b.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.org"));
    world.round();
    assert_eq!(world.letters("dora@example.org").len(), before);
    world.write("dpo", &report(&letter.mail_from));
    world.round();
    assert_eq!(world.letters("dora@example.org").len(), before + 1, "the DPO is alerted");
    assert!(world.letters("mailer-daemon@mx.example").is_empty());
}

#[test]
fn r16_letters_wait_while_the_mail_server_is_down_and_leave_once() {
    let mut world = World::new();
    world.smtp.stop();
    world.write(
        "dpo",
        &mail("alice@example.com", "", "données", "Je souhaite recevoir une copie de mes données."),
    );
    world.round();
    assert!(world.letters("alice@example.com").is_empty());
    world.smtp.start_again();
    // The next attempt is a minute away; the clock is not ours to move, the row is.
    let sql = rusqlite::Connection::open(world.dir.path().join("data/rightsd.db")).unwrap();
    sql.execute_batch("UPDATE letter SET due_at = due_at - 3600").unwrap();
    drop(sql);
    world.round();
    world.round();
    assert_eq!(world.letters("alice@example.com").len(), 1);
}

#[test]
fn t55_the_log_names_nobody_even_when_asked_to_say_all() {
    let world = World::new();
    let words = "Supprimez mes canarywords, je veux effacer mes données.";
    world.write("dpo", &mail("Canaryname <canary.sender@example.com>", "", "canarysubject", words));
    let done = Command::new(env!("CARGO_BIN_EXE_rightsd"))
        .arg("--config")
        .arg(world.dir.path().join("config.toml"))
        .args(["serve", "--once"])
        .env("RUST_LOG", "trace")
        .output()
        .unwrap();
    assert!(done.status.success());
    assert_eq!(world.letters("canary.sender@example.com").len(), 1);
    let log = String::from_utf8_lossy(&done.stderr).to_lowercase();
    assert!(log.len() > 1000, "trace says something");
    let token = world.letters("canary.sender@example.com")[0].mail_from.clone();
    for canary in ["canary", servers::PASSWORD, &token] {
        assert!(!log.contains(&canary.to_lowercase()), "{canary} is in the log");
    }
}

#[test]
fn r8_two_instances_do_not_run_side_by_side() {
    let world = World::new();
    world.round();
    let _lock = rightsd::store::InstanceLock::take(&world.dir.path().join("data/rightsd.db")).unwrap();
    let done = world.run(&["serve", "--once"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&done.stderr).contains("another rightsd is running"));
}
