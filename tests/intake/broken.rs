//! Servers that break the rules, by mistake or on purpose: a clear error, nothing lost, no secret told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rightsd::config::{Imap, Security};
use rightsd::intake::Source;
use tokio_util::sync::CancellationToken;

use crate::servers::{Dovecot, PASSWORD, Scripted, Talk, sample};
use crate::{House, kind, mailbox, wait_for};

/// An account on a scripted server, over a plain line to this machine.
fn account(server: &Scripted, folder: &tempfile::TempDir) -> Imap {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.path().join("password");
    std::fs::write(&file, PASSWORD).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let text = format!(
        "host = \"127.0.0.1\"\nport = {}\nsecurity = \"plaintext\"\nusername = \"dpo\"\npassword_file = \"{}\"\n",
        server.port,
        file.display()
    );
    toml::from_str(&text).unwrap()
}

fn source(house: &House, imap: Imap) -> Source {
    let mut source = house.source(mailbox(Some(imap), None));
    (source.deadlines.silence, source.deadlines.step) =
        (Duration::from_millis(300), Duration::from_millis(600));
    source
}

/// What one look at a server that plays `script` ends with.
async fn ends(script: impl Fn(&mut Talk) + Send + Sync + 'static) -> (&'static str, Scripted, House) {
    let server = Scripted::start(move |_, talk| script(talk));
    let (house, folder) = (House::new().await, tempfile::tempdir().unwrap());
    let end = kind(source(&house, account(&server, &folder)).fetch_once().await);
    (end, server, house)
}

#[track_caller]
fn check(name: &str, found: &str, expected: &str) {
    assert_eq!(found, expected, "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn greetings_that_are_none() {
    for (greeting, expected) in [
        ("* BYE too many connections\r\n", "closed"),
        ("", "closed"),
        ("* PREAUTH welcome back\r\n", "nonsense"),
        ("220 smtp.example.org ESMTP\r\n", "nonsense"),
        ("* OK \u{0}\r\n", "nonsense"),
        ("* OK ready\n", "nonsense"),
    ] {
        let (end, server, _) = ends(move |talk| talk.say(greeting)).await;
        check(greeting, end, expected);
        assert!(!server.heard().iter().any(|line| line.contains("LOGIN") || line.contains("AUTHENTICATE")));
    }
    let (end, ..) = ends(|talk| drop(talk.line())).await;
    check("silence", end, "deadline");
}

#[tokio::test(flavor = "multi_thread")]
async fn t35_no_secret_leaves_before_tls() {
    // STARTTLS refused, answered with nonsense, stripped, or followed by words that TLS did not protect.
    for (name, answer, expected) in [
        ("refused", "BAD no such thing", "no-starttls"),
        ("no", "NO not today", "no-starttls"),
        ("not TLS", "OK begin", "not-tls"),
    ] {
        let server = Scripted::start(move |_, talk| {
            if talk.until("STARTTLS").is_some() {
                talk.end(answer);
                // A client that went on in the clear would get its answers here.
                talk.say("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nA0002 OK done\r\n+ \r\nA0003 OK in\r\n");
                while talk.line().is_some() {}
            }
        });
        let (house, folder) = (House::new().await, tempfile::tempdir().unwrap());
        let mut imap = account(&server, &folder);
        imap.security = Security::Starttls;
        check(name, kind(source(&house, imap).fetch_once().await), expected);
        let heard = server.heard().join("\n");
        assert!(!heard.contains("AUTH") && !heard.contains("LOGIN"), "{name}: {heard}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t35_words_injected_before_tls_are_not_believed() {
    // A thief in the middle adds answers to the one that begins TLS; the server behind him is honest.
    let dovecot = Dovecot::start();
    let honest = dovecot.imap;
    let server = Scripted::start(move |_, talk| {
        use std::io::{Read, Write};
        let mut behind = std::net::TcpStream::connect(("127.0.0.1", honest)).unwrap();
        let mut greeting = [0; 4096];
        let _ = behind.read(&mut greeting).unwrap();
        talk.say("* OK ready\r\n");
        talk.command();
        behind.write_all(format!("{} STARTTLS\r\n", talk.tag()).as_bytes()).unwrap();
        let _ = behind.read(&mut greeting).unwrap();
        let tag = talk.tag().to_owned();
        talk.say(format!("{tag} OK begin\r\n* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nA0001 OK done\r\n"));
        talk.pipe(behind);
    });
    let house = House::new().await;
    dovecot.save("dpo", "INBOX", &sample(1, 300));
    let mut imap = crate::account(&dovecot, "keep");
    (imap.security, imap.port) = (Security::Starttls, Some(server.port));
    let source = house.source(mailbox(Some(imap), None));
    // Either the line breaks in the handshake, or the words are gone; never are they believed.
    let end = kind(source.fetch_once().await);
    assert!(matches!(end, "fetched" | "closed" | "not-tls"), "{end}");
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_that_fail() {
    for (answer, expected) in [
        ("NO [AUTHENTICATIONFAILED] wrong", "login-refused"),
        ("NO wrong", "login-refused"),
        ("NO [UNAVAILABLE] try later", "login-unavailable"),
        ("BAD what", "login-refused"),
    ] {
        let (end, ..) = ends(move |talk| {
            talk.until("AUTHENTICATE");
            talk.end(answer);
            talk.line();
        })
        .await;
        check(answer, end, expected);
    }
    let (end, server, _) =
        ends(|talk| drop(talk.until_with("LOGIN", "IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2"))).await;
    check("LOGINDISABLED", end, "no-password-login");
    assert!(!server.heard().iter().any(|line| line.contains(PASSWORD)));
    let (end, ..) = ends(|talk| {
        talk.until("AUTHENTICATE");
        // Asks again and again instead of judging.
        for _ in 0..3 {
            talk.say("+ \r\n");
            talk.line();
        }
        talk.end("NO enough");
    })
    .await;
    check("asks again", end, "login-refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_never_looks_like_an_empty_mailbox() {
    for command in ["CAPABILITY", "EXAMINE", "UID FETCH 1:* (UID)", "UID FETCH 1:3 (UID INTERNALDATE"] {
        for (answer, expected) in
            [(Some("NO [SERVERBUG] sorry"), "refused"), (Some("BAD what"), "refused"), (None, "closed")]
        {
            let (end, _, house) = ends(move |talk| {
                if command.ends_with("INTERNALDATE") && talk.until("UID FETCH 1:* (UID)").is_some() {
                    talk.say("* 1 FETCH (UID 1)\r\n* 2 FETCH (UID 2)\r\n* 3 FETCH (UID 3)\r\n");
                    talk.end("OK done");
                }
                if talk.until(command).is_some()
                    && let Some(answer) = answer
                {
                    talk.end(answer);
                    // LIST after a refused EXAMINE shows that the folder is there.
                    if talk.until("LIST").is_some() {
                        talk.say("* LIST () \"/\" INBOX\r\n");
                        talk.end("OK done");
                        talk.until("nothing");
                    }
                }
            })
            .await;
            // NO to a fetch is about single mails: the next list says that they are gone.
            let bulk_no =
                command.ends_with("INTERNALDATE") && answer.is_some_and(|answer| answer.starts_with("NO"));
            check(&format!("{command}: {answer:?}"), end, if bulk_no { "fetched" } else { expected });
            assert_eq!(house.count().await, 0);
        }
    }
}

/// Greets, logs in, selects, and lists three mails; the fetch is the script's.
fn until_fetch(talk: &mut Talk) -> Option<String> {
    talk.until("UID FETCH 1:* (UID)")?;
    talk.say("* 1 FETCH (UID 1)\r\n* 2 FETCH (UID 2)\r\n* 3 FETCH (UID 3)\r\n");
    talk.end("OK done");
    talk.until("UID FETCH 1:3 ")
}

fn mail(number: usize) -> String {
    let raw = String::from_utf8(sample(number, 300)).unwrap();
    format!(
        "* {number} FETCH (UID {number} INTERNALDATE \"02-Nov-2026 10:00:00 +0100\" BODY[]<0> {{{}}}\r\n{raw})\r\n",
        raw.len()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn t35_hostile_answers_end_the_connection_and_cost_nothing() {
    let deep = format!("* 1 FETCH (UID 1 BODYSTRUCTURE {}{})\r\n", "(".repeat(50_000), ")".repeat(50_000));
    let shallow = format!("* 1 FETCH (UID 1 BODYSTRUCTURE {}{})\r\n", "(".repeat(700), ")".repeat(700));
    for (name, answer) in [
        ("a huge literal", "* 1 FETCH (UID 1 BODY[] {4000000000}\r\n".to_owned()),
        ("a literal beyond all numbers", "* 1 FETCH (UID 1 BODY[] {99999999999999999999}\r\n".to_owned()),
        ("a literal in a text", "* OK {400000000}\r\n".to_owned()),
        ("an endless line", format!("* OK {}", "x".repeat(1 << 20))),
        ("deep nesting", deep),
        ("nesting that fits a line", shallow),
        ("garbage", "\u{1}\u{2}\u{3}garbage\r\n".to_owned()),
        ("half a number", "* 99999999999999999999 FETCH (UID 1)\r\n".to_owned()),
        ("another's tag", "ZZZ OK done\r\n".to_owned()),
        ("ESEARCH", "* ESEARCH (TAG \"A1\") UID ALL 1:3\r\n".to_owned()),
        ("bare line ends", "* 1 FETCH (UID 1)\n".to_owned()),
    ] {
        let (end, _, house) = ends(move |talk| {
            if until_fetch(talk).is_some() {
                talk.say(&answer);
                talk.end("OK done");
                while talk.command().is_some() {}
            }
        })
        .await;
        check(name, end, "nonsense");
        assert_eq!(house.count().await, 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_answers_that_nobody_asked_for_are_not_taken() {
    let (end, _, house) = ends(|talk| {
        if until_fetch(talk).is_some() {
            // Another mail's, one without number, one twice, flags, one that was never listed.
            talk.say(mail(2));
            talk.say(mail(2));
            talk.say(mail(77));
            talk.say("* 3 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (BODY[]<0> {2}\r\nab)\r\n* 12 EXISTS\r\n");
            talk.say(mail(3));
            talk.say(mail(1));
            talk.end("OK done");
            talk.until("nothing");
        }
    })
    .await;
    check("foreign data", end, "fetched");
    assert_eq!(house.settle_all().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn r14_a_mail_that_the_server_lists_and_never_gives_is_recorded_after_three_attempts() {
    // Exchange answers OK without data for what it cannot convert.
    let server = Scripted::start(|_, talk| {
        while let Some(command) = talk.until("UID FETCH") {
            if command.starts_with("UID FETCH 1:* (UID)") {
                talk.say("* 1 FETCH (UID 1)\r\n* 2 FETCH (UID 2)\r\n* 3 FETCH (UID 3)\r\n");
            } else if command.contains("RFC822.SIZE") {
                talk.say("* 2 FETCH (UID 2 INTERNALDATE \"02-Nov-2026 10:00:00 +0100\" RFC822.SIZE 300)\r\n");
            } else if command.starts_with("UID FETCH 1:3 ") {
                talk.say(mail(1));
                talk.say("* 2 FETCH (UID 2 INTERNALDATE \"02-Nov-2026 10:00:00 +0100\" BODY[]<0> NIL)\r\n");
                talk.say(mail(3));
            }
            talk.end("OK done");
        }
    });
    let (house, folder) = (House::new().await, tempfile::tempdir().unwrap());
    let source = source(&house, account(&server, &folder));
    for look in 0..5 {
        let done = source.fetch_once().await.unwrap();
        assert_eq!(
            (done.new, done.unreadable),
            (if look == 0 { 2 } else { 0 }, usize::from(look == 3)),
            "{look}"
        );
    }
    let shown = house.store.quarantine(10).await.unwrap();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].received_at.to_string(), "2026-11-02T09:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn r14_a_mail_that_breaks_every_line_does_not_keep_the_others_out() {
    let server = Scripted::start(|_, talk| {
        while let Some(command) = talk.until("UID FETCH") {
            if command.starts_with("UID FETCH 1:* (UID)") {
                talk.say("* 1 FETCH (UID 1)\r\n* 2 FETCH (UID 2)\r\n* 3 FETCH (UID 3)\r\n");
            } else if !command.contains("RFC822.SIZE") {
                for (number, set) in [(1, "1"), (2, "2"), (3, "3")] {
                    let words = command.strip_prefix("UID FETCH ").unwrap().split(' ').next().unwrap();
                    if words.split([',', ':']).any(|word| word == set) || words == "1:3" {
                        if number == 2 {
                            return talk.say("* 2 FETCH (UID 2 BODY[] {4000000000}\r\n");
                        }
                        talk.say(mail(number));
                    }
                }
            }
            talk.end("OK done");
        }
    });
    let (house, folder) = (House::new().await, tempfile::tempdir().unwrap());
    let stop = CancellationToken::new();
    let running = tokio::spawn(source(&house, account(&server, &folder)).watch(stop.clone()));
    wait_for(&house, 3).await;
    assert_eq!(house.ends().await.get("new"), Some(&2), "{:?}", house.ends().await);
    assert_eq!(house.store.quarantine(10).await.unwrap().len(), 1);
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn r14_a_mail_that_is_removed_before_it_is_read_is_recorded_as_gone() {
    let looks = AtomicUsize::new(0);
    let server = Scripted::start(move |_, talk| {
        while let Some(command) = talk.until("UID FETCH") {
            let list = command.starts_with("UID FETCH 1:* (UID)");
            if list {
                talk.say("* 1 FETCH (UID 1)\r\n* 2 FETCH (UID 2)\r\n");
                if looks.fetch_add(1, Ordering::SeqCst) == 0 {
                    talk.say("* 3 FETCH (UID 3)\r\n");
                }
            } else {
                talk.say(mail(1));
                talk.say(mail(2));
            }
            talk.end(if list { "OK done" } else { "NO [EXPUNGEISSUED] some are gone" });
        }
    });
    let (house, folder) = (House::new().await, tempfile::tempdir().unwrap());
    let done = source(&house, account(&server, &folder)).fetch_once().await.unwrap();
    assert_eq!((done.new, done.gone, done.unreadable), (2, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ignores_what_part_was_asked_is_understood() {
    let whole = sample(1, 400_000);
    let server = Scripted::start(move |_, talk| {
        while let Some(command) = talk.until("UID FETCH") {
            talk.say("* 1 FETCH (UID 1");
            if !command.starts_with("UID FETCH 1:* (UID)") {
                talk.say(format!(" BODY[] {{{}}}\r\n", whole.len()));
                talk.say(&whole);
            }
            talk.say(")\r\n");
            talk.end("OK done");
        }
    });
    let (house, folder) = (House::new().await, tempfile::tempdir().unwrap());
    source(&house, account(&server, &folder)).fetch_once().await.unwrap();
    let stored = house.settle_all().await;
    assert!(stored.len() == 1 && stored[0].raw == sample(1, 400_000) && !stored[0].partial);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_that_is_refused_lies_or_ends_is_survived() {
    for (name, answer) in
        [("refused", "NO not here"), ("bad", "BAD what is that"), ("ended at once", "OK finished already")]
    {
        let server = Scripted::start(move |_, talk| {
            talk.until("UID FETCH 1:* (UID)");
            talk.say("* 1 FETCH (UID 1)\r\n");
            talk.end("OK done");
            talk.until("UID FETCH");
            talk.say(mail(1));
            talk.end("OK done");
            if talk.until("IDLE").is_some() {
                talk.end(answer);
                talk.until("nothing");
            }
        });
        let (house, folder) = (House::new().await, tempfile::tempdir().unwrap());
        let mut imap = account(&server, &folder);
        imap.poll_seconds = 1;
        let stop = CancellationToken::new();
        let mut source = source(&house, imap);
        source.deadlines.idle = Duration::from_millis(100);
        let running = tokio::spawn(source.watch(stop.clone()));
        wait_for(&house, 1).await;
        // It goes on asking, by NOOP on this line or on a new one.
        for _ in 0..1000 {
            if server.heard().iter().any(|line| line.ends_with("NOOP")) || server.connections() > 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(
            server.heard().iter().any(|line| line.ends_with("NOOP")) || server.connections() > 1,
            "{name}"
        );
        stop.cancel();
        running.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r9_a_refused_password_is_not_tried_like_a_broken_line() {
    let server = Scripted::start(|_, talk| {
        talk.until("AUTHENTICATE");
        talk.end("NO [AUTHENTICATIONFAILED] wrong");
    });
    let (house, folder) = (House::new().await, tempfile::tempdir().unwrap());
    let mut source = source(&house, account(&server, &folder));
    source.deadlines.wait_max = Duration::from_secs(300);
    let stop = CancellationToken::new();
    let running = tokio::spawn(source.watch(stop.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(server.connections(), 1);
    stop.cancel();
    running.await.unwrap();
}
