//! Letters out, against servers that are real, strict, slow, dead or hostile.
//!
//! Needs python3-aiosmtpd, postfix (smtp-sink) and openssl; see `servers`.

mod servers;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rightsd::case::Letter;
use rightsd::config::{Config, Smtp};
use rightsd::mail::Address;
use rightsd::outbox::{Cause, Class, Deadlines, Outcome, Postman, Status, Step};
use rightsd::reply::{self, MarkKey, Seeds, SenderIdentity, Templates};
use servers::{Scripted, SmtpServer, SmtpSink, Talk};

const FROM: Option<&str> = Some("dpo+b.token@example.org");
const TO: &str = "camille.durand@example.net";

fn smtp(table: &str) -> Smtp {
    toml::from_str(table).expect("an [smtp] table")
}

/// Deadlines in which a test may wait for silence.
fn short() -> Deadlines {
    Deadlines {
        connect: Duration::from_secs(2),
        tls: Duration::from_secs(2),
        command: Duration::from_millis(400),
        body: Duration::from_millis(400),
        dot: Duration::from_millis(400),
    }
}

fn to_scripted(server: &Scripted) -> Postman {
    let table =
        format!("host = \"127.0.0.1\"\nport = {}\nsecurity = \"plaintext\"\nconnections = 1", server.port);
    Postman::with_deadlines(&smtp(&table), short()).expect("a postman")
}

/// A letter to `to`, as the program writes it.
fn letter(to: &str) -> Vec<u8> {
    let config: Config = toml::from_str(
        "[controller]\nname = \"Exemple\"\npostal_address = [\"13100 Aix-en-Provence\"]\ndpo_email = \"dpo@example.org\"\n\
         [[mailbox]]\nname = \"dpo\"\npurpose = \"rights\"\naddress = \"dpo@example.org\"\n[smtp]\nfolder = \"x\"\n\
         [store]\npath = \"x\"",
    )
    .expect("a configuration");
    let sender =
        SenderIdentity::new(&config, &config.mailboxes[0], MarkKey::new(&[0; 32])).expect("a sender");
    let sample = reply::samples().into_iter().find(|sample| sample.name == "opt-out-applied").expect("there");
    let letter = Letter { to: Address::parse(to).expect("an address"), ..sample.letter };
    let seeds = Seeds { at: jiff::Timestamp::UNIX_EPOCH, random: [0; 20] };
    reply::render(&letter, &Templates::embedded(), &sender, &seeds).expect("a letter").bytes
}

const fn transient(step: Step, cause: Cause) -> Outcome {
    Outcome::Transient { class: Class { step, cause } }
}

const fn permanent(step: Step, cause: Cause) -> Outcome {
    Outcome::Permanent { class: Class { step, cause } }
}

/// Says nothing and does not hang up either.
const SILENCE: &str = "silence";

/// A sensible server that is asked at each command whether it does something else: `Some("")` hangs up, other
/// texts are sent instead. "dot" stands for the end of the letter.
fn play(talk: &mut Talk, odd: impl Fn(&str) -> Option<&'static str>) {
    let say = |talk: &mut Talk, verb: &str, answer: &'static str| match odd(verb) {
        Some("") => false,
        Some(SILENCE) => {
            while talk.line().is_some() {}
            false
        }
        Some(other) => {
            talk.say(other);
            true
        }
        None => {
            talk.say(answer);
            true
        }
    };
    if !say(talk, "greeting", "220 test\r\n") {
        return;
    }
    while let Some(line) = talk.line() {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-test\r\n250 SIZE 99999999\r\n",
            "DATA" => "354 go\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        if !say(talk, &verb, answer) {
            return;
        }
        if verb == "DATA" && odd("DATA").is_none() {
            if odd("body").is_some() {
                talk.line();
                return;
            }
            while talk.line().is_some_and(|line| line != ".") {}
            if !say(talk, "dot", "250 kept\r\n") {
                return;
            }
        }
    }
}

async fn outcome_with(at: &'static str, says: &'static str) -> (Outcome, usize) {
    let server = Scripted::start(move |_, talk| {
        play(talk, |verb| (verb == at).then_some(says));
    });
    let outcome = to_scripted(&server).send(FROM, TO, &letter(TO)).await;
    (outcome, server.connections())
}

#[tokio::test]
async fn r5_a_server_that_dies_is_told_apart_by_the_step() {
    for (at, step) in [
        ("greeting", Step::Greeting),
        ("EHLO", Step::Ehlo),
        ("MAIL", Step::Mail),
        ("RCPT", Step::Rcpt),
        ("DATA", Step::Data),
    ] {
        let (outcome, connections) = outcome_with(at, "").await;
        assert_eq!(outcome, transient(step, Cause::Closed), "{at}");
        assert_eq!(connections, 1, "{at}");
    }
    assert_eq!(outcome_with("dot", "").await.0, Outcome::Unknown);
    // Silence is as good as death, half an answer too.
    for (at, step) in [("MAIL", Step::Mail), ("RCPT", Step::Rcpt), ("DATA", Step::Data)] {
        let (outcome, _) = outcome_with(at, SILENCE).await;
        assert_eq!(outcome, transient(step, Cause::Timeout), "{at}");
    }
    assert_eq!(outcome_with("dot", SILENCE).await.0, Outcome::Unknown);
    assert_eq!(outcome_with("dot", "250-half an").await.0, Outcome::Unknown);
    // It answers, but nobody can tell what: the letter may have been taken.
    assert_eq!(outcome_with("dot", "what?\r\n").await.0, Outcome::Unknown);
}

#[tokio::test]
async fn r5_a_server_that_dies_in_the_letter_got_no_dot_or_may_have() {
    // After some lines of the letter the server hangs up: either we saw it before the dot, or nobody knows.
    let (outcome, _) = outcome_with("body", "").await;
    let before = matches!(outcome, Outcome::Transient { class } if class.step == Step::Body);
    assert!(before || outcome == Outcome::Unknown, "{outcome:?}");
}

#[tokio::test]
async fn r5_a_letter_that_is_given_up_before_its_end_has_surely_not_gone_out() {
    // More than the system keeps for a server that does not read.
    let lines = format!("\r\n\r\n{}", format!("{}\r\n", "x".repeat(900)).repeat(30_000));
    let long = String::from_utf8(letter(TO)).expect("ASCII").replacen("\r\n\r\n", &lines, 1);
    for (says, body, expected) in [
        ("452 4.3.1 full\r\n", 20, transient(Step::Body, Cause::Code(452, Some(Status(4, 3, 1))))),
        ("552 5.3.4 too big\r\n", 20, permanent(Step::Body, Cause::Code(552, Some(Status(5, 3, 4))))),
        ("250 kept\r\n", 20, transient(Step::Body, Cause::Gibberish)),
        ("", 20, transient(Step::Body, Cause::Closed)),
        (SILENCE, 1, transient(Step::Body, Cause::Timeout)),
    ] {
        let (done, is_done) = std::sync::mpsc::channel::<()>();
        let is_done = std::sync::Mutex::new(is_done);
        let server = Scripted::start(move |_, talk| {
            talk.say("220 test\r\n");
            for answer in ["250 test\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"] {
                talk.line();
                talk.say(answer);
            }
            talk.line();
            match says {
                "" => return,
                SILENCE => {}
                _ => talk.say(says),
            }
            let _ = is_done.lock().unwrap().recv();
        });
        let table = format!("host = \"127.0.0.1\"\nport = {}\nsecurity = \"plaintext\"", server.port);
        let deadlines = Deadlines { body: Duration::from_secs(body), ..short() };
        let postman = Postman::with_deadlines(&smtp(&table), deadlines).expect("a postman");
        assert_eq!(postman.send(FROM, TO, long.as_bytes()).await, expected, "{says:?}");
        drop(done);
    }
}

#[tokio::test]
async fn t35_what_a_server_says_ahead_is_no_answer() {
    for (at, says, expected) in [
        ("MAIL", "250 ok\r\n250 ok\r\n", transient(Step::Rcpt, Cause::Gibberish)),
        // Taken for the answer to the dot, this would lose the letter.
        ("DATA", "354 go\r\n250 kept\r\n", transient(Step::Body, Cause::Gibberish)),
        ("RCPT", "250 ok\r\n421 4.3.2 cl", transient(Step::Data, Cause::Timeout)),
        (
            "RCPT",
            "250 ok\r\n421 4.3.2 closing\r\n",
            transient(Step::Data, Cause::Code(421, Some(Status(4, 3, 2)))),
        ),
        ("dot", "250 ok\r\n421 4.3.2 closing\r\n", Outcome::Accepted { code: 250 }),
        ("RCPT", "550 no\r\n421 closing\r\n", permanent(Step::Rcpt, Cause::Code(550, None))),
        ("dot", "554 no\r\n421 closing\r\n", permanent(Step::Dot, Cause::Code(554, None))),
        ("dot", "what?\r\n250 kept\r\n", Outcome::Unknown),
    ] {
        let (outcome, _) = outcome_with(at, says).await;
        assert_eq!(outcome, expected, "{at} {says:?}");
    }
    // After each letter the server says that it goes: the next one goes to another connection.
    let server = Scripted::start(|_, talk| {
        play(talk, |verb| (verb == "dot").then_some("250 kept\r\n421 4.3.2 closing\r\n"));
    });
    let postman = to_scripted(&server);
    for _ in 0..3 {
        assert_eq!(postman.send(FROM, TO, &letter(TO)).await, Outcome::Accepted { code: 250 });
    }
    assert_eq!(server.connections(), 3);
}

/// A server that takes sender, recipient and DATA at once and answers each as it is told; empty: it hangs up.
async fn outcome_of_a_group(answers: [&'static str; 3], dot: &'static str) -> (Outcome, Vec<String>) {
    let server = Scripted::start(move |_, talk| {
        talk.say("220 test\r\n");
        talk.line();
        talk.say("250-test\r\n250-pipelining\r\n250 SIZE 99999999\r\n");
        // Nothing is answered before all three are there.
        let group = [talk.line(), talk.line(), talk.line()];
        if group.iter().any(Option::is_none) {
            return;
        }
        for answer in answers {
            if answer.is_empty() {
                return;
            }
            talk.say(answer);
        }
        if answers[2].starts_with("354") {
            while talk.line().is_some_and(|line| line != ".") {}
            talk.say(dot);
        }
        while talk.line().is_some() {
            talk.say("250 ok\r\n");
        }
    });
    let outcome = to_scripted(&server).send(FROM, TO, &letter(TO)).await;
    (outcome, server.heard())
}

#[tokio::test]
async fn r5_r16_what_is_said_at_once_is_answered_one_by_one() {
    let (ok, go) = ("250 ok\r\n", "354 go\r\n");
    let code = |code| Cause::Code(code, None);
    for (answers, expected) in [
        ([ok, ok, go], Outcome::Accepted { code: 250 }),
        (["550 no\r\n", "503 no\r\n", "503 no\r\n"], permanent(Step::Mail, code(550))),
        ([ok, "450 later\r\n", "554 nobody\r\n"], transient(Step::Rcpt, code(450))),
        ([ok, "550-no\r\n550 no\r\n", "554 nobody\r\n"], permanent(Step::Rcpt, code(550))),
        ([ok, ok, "452 full\r\n"], transient(Step::Data, code(452))),
        ([ok, "421 closing\r\n", ""], transient(Step::Rcpt, code(421))),
        ([ok, "550 no\r\n", ""], permanent(Step::Rcpt, code(550))),
        (["", ok, go], transient(Step::Mail, Cause::Closed)),
        ([ok, ok, ""], transient(Step::Data, Cause::Closed)),
        // One answer too many is no answer to the letter.
        ([ok, ok, "354 go\r\n250 kept\r\n"], transient(Step::Body, Cause::Gibberish)),
        (["250 ok\r\n250 ok\r\n", ok, go], transient(Step::Data, code(250))),
    ] {
        let (outcome, _) = outcome_of_a_group(answers, "250 kept\r\n").await;
        assert_eq!(outcome, expected, "{answers:?}");
    }
}

#[tokio::test]
async fn r5_a_server_that_wants_a_letter_without_its_recipient_gets_none() {
    let (outcome, heard) =
        outcome_of_a_group(["250 ok\r\n", "550 no\r\n", "354 go\r\n"], "250 kept\r\n").await;
    assert_eq!(outcome, permanent(Step::Rcpt, Cause::Code(550, None)));
    // Not even a RSET, which would be a line of a letter.
    assert_eq!(heard.last().map(String::as_str), Some("DATA"));
}

#[tokio::test]
async fn an_answer_in_another_charset_is_an_answer() {
    let server = Scripted::start(|_, talk| {
        talk.say(b"220 \xe0 vous\r\n");
        for answer in [&b"250 test\r\n"[..], b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"] {
            talk.line();
            talk.say(answer);
        }
        while talk.line().is_some_and(|line| line != ".") {}
        talk.say(b"250 gard\xe9\r\n");
    });
    assert_eq!(to_scripted(&server).send(FROM, TO, &letter(TO)).await, Outcome::Accepted { code: 250 });
}

#[tokio::test]
async fn r16_codes_say_whether_to_come_again() {
    for (at, says, expected) in [
        (
            "greeting",
            "554 5.7.1 not you\r\n",
            transient(Step::Greeting, Cause::Code(554, Some(Status(5, 7, 1)))),
        ),
        ("EHLO", "502 no\r\n", transient(Step::Ehlo, Cause::Code(502, None))),
        ("MAIL", "451 4.3.0 later\r\n", transient(Step::Mail, Cause::Code(451, Some(Status(4, 3, 0))))),
        ("MAIL", "550 5.7.1 no\r\n", permanent(Step::Mail, Cause::Code(550, Some(Status(5, 7, 1))))),
        ("MAIL", "530 5.7.0 sign in\r\n", transient(Step::Mail, Cause::Code(530, Some(Status(5, 7, 0))))),
        ("RCPT", "450 4.2.0 greylisted\r\n", transient(Step::Rcpt, Cause::Code(450, Some(Status(4, 2, 0))))),
        (
            "RCPT",
            "550-5.1.1 nobody\r\n550 5.1.1 here\r\n",
            permanent(Step::Rcpt, Cause::Code(550, Some(Status(5, 1, 1)))),
        ),
        ("DATA", "421 4.3.2 closing\r\n", transient(Step::Data, Cause::Code(421, Some(Status(4, 3, 2))))),
        ("DATA", "554 no\r\n", permanent(Step::Data, Cause::Code(554, None))),
        ("dot", "451 later\r\n", transient(Step::Dot, Cause::Code(451, None))),
        ("dot", "554 5.6.0 no\r\n", permanent(Step::Dot, Cause::Code(554, Some(Status(5, 6, 0))))),
        ("dot", "250 ok\r\n", Outcome::Accepted { code: 250 }),
        ("dot", "251 ok\r\n", Outcome::Accepted { code: 251 }),
    ] {
        let (outcome, _) = outcome_with(at, says).await;
        assert_eq!(outcome, expected, "{at} {says:?}");
    }
}

#[tokio::test]
async fn t28_the_letter_reaches_one_recipient_as_it_was_rendered() {
    for security in ["plain", "starttls", "tls"] {
        let server = SmtpServer::start(security);
        let postman = Postman::new(&smtp(&server.smtp_table())).expect("a postman");
        let bytes = letter(TO);
        assert_eq!(postman.send(FROM, TO, &bytes).await, Outcome::Accepted { code: 250 }, "{security}");
        assert_eq!(postman.send(None, TO, &bytes).await, Outcome::Accepted { code: 250 }, "{security}");
        let class = |outcome| match outcome {
            Outcome::Transient { class } => format!("later: {class}"),
            Outcome::Permanent { class } => format!("never: {class}"),
            other => format!("{other:?}"),
        };
        for (to, expected) in [
            ("later@example.net", "later: rcpt 451 4.2.1"),
            ("gone@example.net", "never: rcpt 550 5.1.1"),
            ("cutrcpt@example.net", "later: rcpt closed"),
            ("cutdot@example.net", "Unknown"),
            ("slow@example.net", "Accepted { code: 250 }"),
        ] {
            assert_eq!(class(postman.send(FROM, to, &letter(to)).await), expected, "{security}");
        }
        let received = server.received();
        assert_eq!(received.len(), 4, "{security}");
        let [first, second, ..] = &received[..] else { panic!("at least two") };
        assert_eq!(
            (first.mail_from.as_str(), first.rcpt_tos.as_slice()),
            (FROM.unwrap(), &[TO.to_owned()][..])
        );
        assert_eq!(second.mail_from, "");
        assert_eq!(first.raw, bytes, "{security}: the bytes are the letter's");
        assert_eq!((first.tls, first.login), (security != "plain", security != "plain"), "{security}");
        assert_eq!(server.violations(), "");
        let line = postman.probe().await.expect("it answers");
        assert!(
            line.contains(if security == "plain" { "plain text" } else { "verified TLS, signed in" }),
            "{line}"
        );
        postman.close().await;
    }
}

#[tokio::test]
async fn a_connection_that_died_at_rest_costs_nothing() {
    // Each connection takes one letter and hangs up when the next one is offered.
    let server = Scripted::start(|_, talk| {
        let first = AtomicBool::new(true);
        play(talk, |verb| {
            (verb == "MAIL" && !first.swap(false, Ordering::SeqCst)).then_some("421 4.7.0 enough\r\n")
        });
    });
    let postman = to_scripted(&server);
    for _ in 0..3 {
        assert_eq!(postman.send(FROM, TO, &letter(TO)).await, Outcome::Accepted { code: 250 });
    }
    assert_eq!(server.connections(), 3);
    // And a server that is gone altogether.
    drop(server);
    let outcome = postman.send(FROM, TO, &letter(TO)).await;
    assert!(matches!(outcome, Outcome::Transient { .. }), "{outcome:?}");
}

#[tokio::test]
async fn letters_share_connections_and_never_more_than_configured() {
    let server = SmtpServer::start("plain");
    let table = format!("{}connections = 3", server.smtp_table());
    let postman = Postman::new(&smtp(&table)).expect("a postman");
    let letters: Vec<String> = (0..30).map(|number| format!("slow{number}@example.net")).collect();
    let begun = Instant::now();
    let sends = letters.iter().map(|to| {
        let (postman, bytes) = (postman.clone(), letter(to));
        async move { postman.send(FROM, to, &bytes).await }
    });
    let outcomes = futures::future::join_all(sends).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Accepted { code: 250 }));
    // 30 letters of half a second on three connections take five seconds: neither more at once, nor fewer.
    let seconds = begun.elapsed().as_secs_f64();
    assert!(seconds > 4.9, "{seconds} s: more than three at once");
    assert_eq!(server.received().len(), 30);
}

#[tokio::test]
async fn t29_what_could_become_a_second_command_never_reaches_a_server() {
    let server = Scripted::start(|_, talk| play(talk, |_| None));
    let postman = to_scripted(&server);
    let good = letter(TO);
    let refused =
        |outcome: Outcome| matches!(outcome, Outcome::Permanent { class } if class.step == Step::Check);
    for to in [
        "",
        "a",
        "a@b",
        "a@b.example>\r\nRCPT TO:<c@d.example",
        "a b@c.example",
        "é@c.example",
        "<a@c.example>",
        "A@EXAMPLE.NET",
    ] {
        assert!(refused(postman.send(FROM, to, &good).await), "{to:?}");
    }
    for from in ["a@b.example>\r\nDATA", "a b@c.example", "x"] {
        assert!(refused(postman.send(Some(from), TO, &good).await), "{from:?}");
    }
    let text = String::from_utf8(good.clone()).expect("ASCII");
    for bytes in [
        text.replace("\r\n", "\n"),
        text.replacen("\r\n\r\n", "\r\n\r\nx\n.\r\nMAIL FROM:<a@b.example>\r\n", 1),
        text.replacen("\r\n\r\n", "\r\n\r\nx\r.\r\n", 1),
        text.replacen("To: ", "To: x@y.example, ", 1),
        text.replacen("To: ", "Bcc: x@y.example\r\nTo: ", 1),
        text.replacen("\r\n\r\n", &format!("\r\n\r\n{}\r\n", "x".repeat(999)), 1),
        text.trim_end().to_owned(),
        String::new(),
    ] {
        assert!(refused(postman.send(FROM, TO, bytes.as_bytes()).await));
    }
    assert!(refused(postman.send(FROM, "other@example.net", &good).await), "not the letter's recipient");
    assert_eq!(server.connections(), 0);
    // A line that begins with a dot is a line, not the end.
    let dotted = text.replacen("\r\n\r\n", "\r\n\r\n.\r\n..\r\n.x\r\n", 1);
    assert_eq!(postman.send(FROM, TO, dotted.as_bytes()).await, Outcome::Accepted { code: 250 });
    let heard = server.heard();
    let at = heard.iter().position(String::is_empty).expect("a header's end") + 1;
    assert_eq!(heard[at..at + 3], ["..", "...", "..x"]);
}

#[tokio::test]
async fn t35_no_secret_is_sent_before_verified_tls() {
    let dir = tempfile::tempdir().expect("a folder");
    let secret = dir.path().join("password");
    std::fs::write(&secret, "correct horse").expect("written");
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("mode");
    let table = |port: u16, security: &str, ca: Option<&std::path::Path>| {
        let ca = ca.map_or(String::new(), |ca| format!("ca_file = \"{}\"\n", ca.display()));
        format!(
            "host = \"localhost\"\nport = {port}\nsecurity = \"{security}\"\n{ca}username = \"rightsd\"\npassword_file = \"{}\"\n",
            secret.display()
        )
    };
    let tried = |table: String| async move {
        let postman = Postman::with_deadlines(&smtp(&table), short()).expect("a postman");
        postman.send(FROM, TO, &letter(TO)).await
    };

    // No STARTTLS on offer, a refusal, and words slipped in before TLS begins.
    let bare = Scripted::start(|_, talk| play(talk, |_| None));
    assert_eq!(tried(table(bare.port, "starttls", None)).await, transient(Step::Starttls, Cause::NotOffered));
    let offering = "250-test\r\n250 STARTTLS\r\n";
    let refusing = Scripted::start(move |_, talk| {
        play(talk, |verb| match verb {
            "EHLO" => Some(offering),
            "STARTTLS" => Some("454 4.7.0 not now\r\n"),
            _ => None,
        });
    });
    let outcome = tried(table(refusing.port, "starttls", None)).await;
    assert_eq!(outcome, transient(Step::Starttls, Cause::Code(454, Some(Status(4, 7, 0)))));
    let injecting = Scripted::start(move |_, talk| {
        play(talk, |verb| match verb {
            "EHLO" => Some(offering),
            "STARTTLS" => Some("220 go\r\n250-test\r\n250 AUTH PLAIN\r\n235 welcome\r\n"),
            _ => None,
        });
    });
    assert_eq!(
        tried(table(injecting.port, "starttls", None)).await,
        transient(Step::Starttls, Cause::Gibberish)
    );

    // Nobody vouches for the certificate; or it is another's.
    let server = SmtpServer::start("tls");
    let outcome = tried(table(server.port, "tls", None)).await;
    let distrusted = |class: Class| class.step == Step::Tls && matches!(class.cause, Cause::Certificate(_));
    assert!(matches!(outcome, Outcome::Transient { class } if distrusted(class)), "{outcome:?}");
    let other = another_s_certificate(dir.path());
    let port = tls_listener(&other).await;
    let outcome = tried(table(port, "tls", Some(&other.0))).await;
    assert_eq!(outcome, transient(Step::Tls, Cause::Certificate("wrong name")));

    // The right one, and a wrong password: the letter waits.
    std::fs::write(&secret, "wrong horse").expect("written");
    let outcome = tried(table(server.port, "tls", Some(&server.ca_file()))).await;
    assert!(matches!(outcome, Outcome::Transient { class } if class.step == Step::Auth), "{outcome:?}");

    let all = [bare.heard(), refusing.heard(), injecting.heard()].concat();
    assert!(!all.iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")), "{all:?}");
}

#[tokio::test]
async fn a_server_that_knows_only_login_is_signed_in_to() {
    let dir = tempfile::tempdir().expect("a folder");
    let secret = dir.path().join("password");
    std::fs::write(&secret, "correct horse\n").expect("written");
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("mode");
    for (last, expected) in [
        ("235 2.7.0 welcome\r\n", Outcome::Accepted { code: 250 }),
        ("535 5.7.8 no\r\n", transient(Step::Auth, Cause::Code(535, Some(Status(5, 7, 8))))),
    ] {
        let server = Scripted::start(move |_, talk| {
            talk.say("220 test\r\n");
            talk.line();
            talk.say("250-test\r\n250 AUTH LOGIN XYZ\r\n");
            for answer in ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n", last] {
                talk.line();
                talk.say(answer);
            }
            for answer in ["250 ok\r\n", "250 ok\r\n", "354 go\r\n"] {
                talk.line();
                talk.say(answer);
            }
            while talk.line().is_some_and(|line| line != ".") {}
            talk.say("250 kept\r\n");
        });
        let table = format!(
            "host = \"127.0.0.1\"\nport = {}\nsecurity = \"plaintext\"\nusername = \"rightsd\"\npassword_file = \"{}\"",
            server.port,
            secret.display()
        );
        let postman = Postman::with_deadlines(&smtp(&table), short()).expect("a postman");
        assert_eq!(postman.send(FROM, TO, &letter(TO)).await, expected);
        assert_eq!(server.heard()[1..4], ["AUTH LOGIN", "cmlnaHRzZA==", "Y29ycmVjdCBob3JzZQ=="]);
        assert!(!format!("{postman:?}").contains("horse"));
    }
}

#[tokio::test]
async fn t35_endless_answers_end_the_connection() {
    for (flood, cause) in [
        // Ended where it is too long, not where our patience ends.
        ("x".repeat(100_000), Cause::Gibberish),
        ("\0".repeat(5_000), Cause::Gibberish),
        ("250-more\r\n".repeat(10_000), Cause::Gibberish),
        (format!("{}250 ok\r\n", "250-more\r\n".repeat(200)), Cause::Gibberish),
        ("250-test\r\n250-   \r\n250 ok\r\n".to_owned(), Cause::Gibberish),
        ("220 ok\n".repeat(3), Cause::Timeout),
    ] {
        let flood: &'static str = flood.leak();
        let server = Scripted::start(move |_, talk| play(talk, |verb| (verb == "EHLO").then_some(flood)));
        let outcome = to_scripted(&server).send(FROM, TO, &letter(TO)).await;
        assert_eq!(outcome, transient(Step::Ehlo, cause), "{} bytes", flood.len());
    }
}

#[tokio::test]
async fn t55_nothing_that_a_server_says_is_repeated() {
    let (outcome, _) = outcome_with("RCPT", "550 5.1.1 <canary@example.net> CANARY\r\n").await;
    let Outcome::Permanent { class } = outcome else { panic!("{outcome:?}") };
    assert_eq!(class.to_string(), "rcpt 550 5.1.1");
    assert!(!format!("{outcome:?} {}", class.in_words()).to_lowercase().contains("canary"));
}

#[tokio::test]
async fn t57_a_setting_that_cannot_work_is_said_at_the_start() {
    for (table, says) in [
        (
            "host = \"localhost\"\nca_file = \"/nowhere/ca.pem\"",
            "smtp.ca_file: /nowhere/ca.pem cannot be read",
        ),
        ("host = \"localhost\"\nca_file = \"/etc/hostname\"", "holds no usable PEM certificate"),
        ("host = \"local host\"", "is not a host name"),
        ("host = \"localhost\"\nusername = \"a\"\npassword_file = \"/nowhere/x\"", "/nowhere/x"),
    ] {
        let error = Postman::new(&smtp(table)).expect_err(table).to_string();
        assert!(error.contains(says), "{error}");
    }
    let nobody = servers::free_port();
    let table = format!("host = \"127.0.0.1\"\nport = {nobody}\nsecurity = \"plaintext\"");
    let error = Postman::new(&smtp(&table)).expect("a postman").probe().await.expect_err("nobody there");
    assert_eq!(
        error.to_string(),
        format!("127.0.0.1:{nobody}: connect unreachable; check smtp.host and smtp.port")
    );
}

#[tokio::test]
async fn letters_of_a_rehearsal_are_files_and_one_letter_is_one_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("letters");
    let postman = Postman::new(&smtp(&format!("folder = \"{}\"", folder.display()))).expect("a postman");
    assert!(postman.probe().await.expect("writable").contains("not sent"));
    for to in [TO, TO, "second@example.net"] {
        assert_eq!(postman.send(FROM, to, &letter(to)).await, Outcome::Accepted { code: 250 });
    }
    let again = Postman::new(&smtp(&format!("folder = \"{}\"", folder.display()))).expect("a postman");
    assert_eq!(again.send(FROM, TO, &letter(TO)).await, Outcome::Accepted { code: 250 });
    assert_eq!(
        again.send(FROM, "third@example.net", &letter("third@example.net")).await,
        Outcome::Accepted { code: 250 }
    );
    let mut files: Vec<_> =
        std::fs::read_dir(&folder).expect("a folder").map(|file| file.expect("a file").path()).collect();
    files.sort();
    let names: Vec<String> =
        files.iter().map(|file| file.file_name().unwrap().to_string_lossy()[..5].to_owned()).collect();
    assert_eq!(names, ["0001-", "0002-", "0003-"]);
    assert_eq!(std::fs::read(&files[0]).expect("read"), letter(TO));
    for file in files {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    }
    let nowhere = Postman::new(&smtp("folder = \"/proc/nowhere\"")).expect("a postman");
    assert!(matches!(nowhere.send(FROM, TO, &letter(TO)).await, Outcome::Transient { .. }));
}

/// Postfix's `smtp-sink` takes letters as fast as they come. The figure is printed; the bound is far above it, for
/// machines that do other things.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_letters_leave_over_eight_connections() {
    let server = SmtpSink::start();
    let postman = Postman::new(&smtp(&format!("{}connections = 8", server.smtp_table()))).expect("a postman");
    let bytes: Arc<[u8]> = letter(TO).into();
    let begun = Instant::now();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (postman, bytes) = (postman.clone(), Arc::clone(&bytes));
            tokio::spawn(async move {
                for _ in 0..125 {
                    assert_eq!(postman.send(FROM, TO, &bytes).await, Outcome::Accepted { code: 250 });
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("sent");
    }
    println!("1,000 letters of {} bytes: {:?}", bytes.len(), begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(20));
}

/// A key and a certificate for a name that is not ours.
fn another_s_certificate(folder: &std::path::Path) -> (std::path::PathBuf, std::path::PathBuf) {
    let (cert, key) = (folder.join("other.pem"), folder.join("other.key"));
    let made = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "30",
        ])
        .args(["-subj", "/CN=other.example", "-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-addext", "subjectAltName=DNS:other.example", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output()
        .expect("openssl is not installed");
    assert!(made.status.success());
    (cert, key)
}

async fn tls_listener(files: &(std::path::PathBuf, std::path::PathBuf)) -> u16 {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let certificates = vec![CertificateDer::from_pem_file(&files.0).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_file(&files.1).expect("a key");
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .expect("a server");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    port
}
