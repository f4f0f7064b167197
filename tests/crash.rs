//! R7: killed at any step, again and again, the daemon loses nothing and doubles nothing.
//!
//! The real binary reads a real Dovecot and writes to a real SMTP server, and is killed with SIGKILL: at each named
//! point in turn, and at random moments. `RIGHTSD_CRASH_KILLS` sets how often (default 60).

mod servers;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Child;
use std::time::{Duration, SystemTime};

use rightsd::failpoint::POINTS;
use servers::{Dovecot, Settings, World};

const MAILS: usize = 240;

/// Three kinds of mail in turn: an opt-out of a proven sender (one letter, one entry on the list), a rights request
/// (one letter, no entry) and an out-of-office (nothing at all).
fn mail(number: usize) -> Vec<u8> {
    let (head, words) = match number % 3 {
        0 => (
            "Authentication-Results: mx.example.org; dmarc=pass header.from=example.com\r\n",
            "STOP, plus de publicité svp.",
        ),
        1 => ("", "Je souhaite recevoir une copie de toutes mes données personnelles."),
        _ => ("Auto-Submitted: auto-replied\r\n", "Je suis absent jusqu'au 30 novembre."),
    };
    format!(
        "{head}From: Person {number} <person{number}@example.com>\r\nTo: dpo@example.org\r\nSubject: Number {number}\r\n\
         Message-ID: <{number}@example.com>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
    )
    .into_bytes()
}

const LIMITS: &str = "letters_per_domain_hour = 100000\nletters_per_hour = 100000";

/// More mail arrives.
fn arrive(world: &World, numbers: std::ops::Range<usize>) {
    let mails: Vec<Vec<u8>> = numbers.map(mail).collect();
    world.dovecot.drop_in("dpo", "INBOX", SystemTime::now(), mails.iter().map(Vec::as_slice));
}

/// Waits until the child ends by itself or the time is over, then kills it; returns whether it ended by itself.
fn end(mut child: Child, patience: Duration) -> bool {
    let started = std::time::Instant::now();
    while started.elapsed() < patience {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    false
}

#[test]
fn r7_killed_again_and_again_it_loses_and_doubles_nothing() {
    let kills: usize =
        std::env::var("RIGHTSD_CRASH_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let world = World::with(Dovecot::start(), "plain", &Settings { limits: LIMITS, ..Settings::default() });
    let mut at_points = 0;
    let mut random = 0x9e37_79b9_u64;
    let mut arrived = 0;
    for number in 0..kills {
        let more = MAILS * (number + 1) / kills;
        arrive(&world, arrived..more);
        arrived = more;
        // Two of three at a named point, one of three at any moment.
        if number % 3 < 2 {
            let child = world.serve(Some(&format!("{}:1", POINTS[number % POINTS.len()])));
            at_points += usize::from(end(child, Duration::from_secs(3)));
        } else {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            end(world.serve(None), Duration::from_millis(20 + random % 600));
        }
    }
    // Left alone at last, it finishes.
    for _ in 0..3 {
        world.says(&["serve", "--once"]);
    }
    println!("{kills} kills, {at_points} of them at a named point");
    assert!(at_points > 0, "no named point was ever reached: {}", world.log());

    let cases = world.says(&["cases", "list", "--all", "--json"]);
    let cases: Vec<serde_json::Value> =
        cases.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut senders: BTreeMap<String, usize> = BTreeMap::new();
    for case in &cases {
        *senders.entry(case["sender"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let expected: BTreeMap<String, usize> = (0..MAILS)
        .filter(|number| number % 3 != 2)
        .map(|number| (format!("person{number}@example.com"), 1))
        .collect();
    let wrong: Vec<&String> = expected
        .keys()
        .filter(|sender| senders.get(*sender) != Some(&1))
        .chain(senders.keys().filter(|sender| !expected.contains_key(*sender)))
        .collect();
    // A mail at whose reading the program was killed three times in a row is set aside, dated and shown (R14): from
    // within, that kill cannot be told from the mail's own doing.
    let set_aside = world.says(&["cases", "quarantine"]);
    println!("{set_aside}");
    let set_aside = world.says(&["cases", "quarantine", "--json"]).lines().count();
    assert_eq!(wrong.len(), set_aside, "not exactly one case for {wrong:?}");
    // Each takes three kills. How many meet one mail depends on how busy the machine is: the bound is wide, so that it
    // tells a fault and no load.
    assert!(set_aside * 10 <= kills, "{set_aside} mails set aside are too many");
    let expected: BTreeMap<String, usize> =
        expected.into_iter().filter(|(sender, _)| senders.contains_key(sender)).collect();
    let opt_outs = world.says(&["optouts", "list", "--json"]);
    let proven = expected.keys().filter(|sender| {
        let digits: String = sender.chars().filter(char::is_ascii_digit).collect();
        digits.parse::<usize>().unwrap() % 3 == 0
    });
    assert_eq!(opt_outs.lines().count(), proven.count(), "each opt-out is one entry");
    world.says(&["journal", "verify"]);

    let mut letters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for received in world.smtp.received() {
        assert_eq!(received.rcpt_tos.len(), 1, "T28");
        let to = received.rcpt_tos[0].clone();
        if to != "dora@example.org" {
            letters.entry(to).or_default().push(received.header("Message-ID").unwrap());
        }
    }
    // A letter that was being sent at a kill may come twice, as the same mail (R5); one whose fate two kills left
    // unknown is not sent a third time, and its case says so.
    let mut twice = 0;
    for (to, ids) in &letters {
        let distinct: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(distinct.len(), 1, "{} letters of different ids to {to}", distinct.len());
        assert!(ids.len() <= 2, "the same letter {} times to {to}", ids.len());
        twice += usize::from(ids.len() == 2);
    }
    let unsent: Vec<&String> = expected.keys().filter(|to| !letters.contains_key(*to)).collect();
    let mut shown = 0;
    for case in cases.iter().filter(|case| unsent.iter().any(|to| case["sender"] == **to)) {
        let history = world.says(&["cases", "show", case["reference"].as_str().unwrap()]);
        assert!(history.contains("letter unknown"), "a letter vanished: {history}");
        shown += 1;
    }
    assert_eq!(shown, unsent.len());
    println!("{} letters, {twice} of them twice with the same id, {shown} in doubt and shown", letters.len());
    // Each takes two kills; the bound is as wide.
    assert!(shown * 8 <= kills, "{shown} letters in doubt are too many");
}
