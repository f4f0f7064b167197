//! Whole stories through the real binary, a real Dovecot and a real SMTP server: Alice asks, Bob objects, Mallory
//! forges, Dora is the DPO.

mod servers;

use servers::{Browser, Dovecot, Proxy, Settings, World, answer, mail};

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
    let case = world.case_of("alice@example.com");
    assert_eq!((case["status"].as_str(), case["identity"].as_str()), (Some("closed"), Some("confirmed")));
}

#[test]
fn t13_who_writes_like_a_robot_is_read_by_a_person_and_a_robot_without_fields_confirms_nothing() {
    let world = World::new();
    let words = "Typed by a cross human being, whatever the line above says. No more brochures from you, ever: three a \
                 week is past a joke.";
    world.write("optout", &mail("gail@example.com", "", "Automatic reply", words));
    world.write(
        "optout",
        &mail("rob@example.com", "", "Automatic reply", "I am out of the office until 30 August."),
    );
    world.round();
    let cases = world.cases();
    assert_eq!(cases.len(), 1, "{cases:?}");
    let case = world.case_of("gail@example.com");
    assert_eq!(case["kinds"], serde_json::json!(["unsubscribe"]));
    assert!(world.letters("gail@example.com").is_empty(), "what may be a robot is not answered");
    assert!(!world.opted_out("gail@example.com") && world.letters("rob@example.com").is_empty());
    // Where the rules of the lexicon met the robot, too: asked all the same, and not answered.
    let words = "Je suis absent de vos clients depuis 2020 et ne compte pas revenir. En mon absence, merci de supprimer ma \
                 fiche. Aucun remplaçant.\nL. Marceau";
    world.write("dpo", &mail("luc@example.com", "", "Réponse automatique, mais de ma main", words));
    world.round();
    assert_eq!(world.case_of("luc@example.com")["kinds"], serde_json::json!(["erasure"]));
    assert!(world.letters("luc@example.com").is_empty(), "what may be a robot is not answered");
    // Alice's mailbox answers for her, by words alone, with a yes among them.
    world.write("dpo", &mail("alice@example.com", "", "données", "Merci de supprimer toutes mes données."));
    world.round();
    let letter = world.letters("alice@example.com").remove(0);
    let robot = "Bonjour, oui je suis absente du bureau jusqu'au 30 août. Ceci est une réponse automatique.";
    world.write(
        "dpo",
        &answer(&letter, "alice@example.com", robot).replacen(
            "Subject: ",
            "Subject: Réponse automatique : ",
            1,
        ),
    );
    world.round();
    assert_eq!(world.case_of("alice@example.com")["identity"], "asked");
    world.write("dpo", &answer(&letter, "alice@example.com", "oui"));
    world.round();
    assert_eq!(world.case_of("alice@example.com")["identity"], "confirmed");
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
    let case = world.case_of("alice@example.com");
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
    let sql = rusqlite::Connection::open(world.database()).unwrap();
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
    let done = world.command(&["serve", "--once"]).env("RUST_LOG", "trace").output().unwrap();
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
    let _lock = rightsd::store::InstanceLock::take(&world.database()).unwrap();
    let done = world.run(&["serve", "--once"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&done.stderr).contains("another rightsd is running"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_confirms_on_the_page_of_the_running_daemon() {
    let Some(browser) = Browser::open(false).await else { return };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let base = format!("http://127.0.0.1:{port}");
    let tables = format!("[public]\nlisten = \"127.0.0.1:{port}\"\nbase_url = \"{base}\"");
    let world =
        World::with(Dovecot::start(), "starttls", &Settings { tables: &tables, ..Settings::default() });
    world.write("dpo", &mail("alice@example.com", "", "RGPD", "Merci de supprimer toutes mes données."));
    let _daemon = world.serve_on();
    let letter = world.wait_for_letters("alice@example.com", 1).remove(0).words();
    let link = letter.split_whitespace().find(|word| word.starts_with(&base)).expect("a link");
    let code = letter.split(|c: char| !c.is_ascii_digit() && c != '\u{a0}' && c != '\u{202f}' && c != ' ');
    let digits = |part: &str| part.chars().filter(char::is_ascii_digit).collect::<String>();
    let code = code.map(digits).find(|part| part.len() == 6).expect("six digits");

    // A look changes nothing.
    browser.goto(link).await;
    browser.heading("Est-ce bien vous").await;
    assert_eq!(world.case_of("alice@example.com")["identity"], "asked");
    browser.type_code(&code).await;
    browser.click("button.yes").await;
    browser.heading("Merci").await;
    browser.close().await;
    assert_eq!(world.case_of("alice@example.com")["identity"], "confirmed");
    let acknowledged = world.wait_for_letters("alice@example.com", 2).remove(1).words();
    assert!(acknowledged.contains(world.case_of("alice@example.com")["reference"].as_str().unwrap()));
}

#[test]
fn t25_two_robots_do_not_write_to_each_other_for_ever() {
    let world = World::with(Dovecot::start(), "starttls", &Settings { limits: "", ..Settings::default() });
    world.write("optout", &mail("robot@example.com", "", "STOP", "Unsubscribe me from your list."));
    // A machine without a single honest field, which answers every letter with words that ask again, and one that
    // answers with a receipt.
    world.write("dpo", &mail("desk@example.com", "", "hello", "Please delete all my data."));
    let mut answered = 0;
    for round in 0..8 {
        world.round();
        let letters = [world.letters("robot@example.com"), world.letters("desk@example.com")].concat();
        for (number, letter) in letters.iter().enumerate().skip(answered) {
            let (from, words) = match letter.rcpt_tos[0].as_str() {
                "robot@example.com" => ("robot@example.com", "You are wrong. Unsubscribe me from your list!"),
                _ => ("desk@example.com", "Your request has been received and a ticket has been opened."),
            };
            world.write("dpo", &answer(letter, from, &format!("{words} {round}.{number}")));
            world.write("optout", &mail(from, "", &format!("again {round}.{number}"), words));
        }
        answered = letters.len();
    }
    // The caps of the configuration's defaults: three letters a day to one address.
    for robot in ["robot@example.com", "desk@example.com"] {
        let letters = world.letters(robot);
        assert!((1..=3).contains(&letters.len()), "{} letters", letters.len());
    }
}

#[test]
fn t1_whoever_is_impersonated_says_no_and_nothing_has_happened() {
    let world = World::new();
    // Mallory writes in Alice's name; the company's own server saw no proof.
    let forged = "Authentication-Results: mx.example.org; dmarc=fail header.from=example.com\n";
    world
        .write("dpo", &mail("alice@example.com", forged, "my data", "Please delete my account and my data."));
    world.round();
    let letter = world.letters("alice@example.com").remove(0);
    world.write("dpo", &answer(&letter, "alice@example.com", "No, that was not me. I never asked for this!"));
    world.round();
    let case = world.case_of("alice@example.com");
    // What to do about it is the DPO's; Alice is told that nothing was done.
    assert_eq!((case["status"].as_str(), case["identity"].as_str()), (Some("with-dpo"), Some("denied")));
    assert_eq!(world.letters("alice@example.com").len(), 2);
    assert!(!world.opted_out("alice@example.com"));
}

#[test]
fn r9_r10_a_line_cut_while_mail_is_fetched_and_a_mailbox_that_was_rebuilt_lose_and_double_nothing() {
    let dovecot = Dovecot::start();
    let proxy = Proxy::start(dovecot.imap);
    let settings =
        Settings { imap: Some(proxy.port), limits: "letters_per_domain_hour = 1000", ..Settings::default() };
    let world = World::with(dovecot, "plain", &settings);
    for number in 0..40 {
        let words = format!("Please send me a copy of my data. {}", "My number is 12. ".repeat(40));
        world.write("dpo", &mail(&format!("person{number}@example.com"), "", "copy", &words));
    }
    proxy.cut_after(20_000);
    let _ = world.run(&["serve", "--once"]);
    proxy.heal();
    world.round();
    assert_eq!(world.cases().len(), 40);
    world.dovecot.change_uidvalidity("dpo", "INBOX", 4711);
    world.round();
    assert_eq!(world.cases().len(), 40);
    for number in 0..40 {
        assert_eq!(world.letters(&format!("person{number}@example.com")).len(), 1);
    }
}
