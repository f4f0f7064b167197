//! How people say things, row by row: the kinds that each message must have. A new phrase in a lexicon comes with
//! a row here.

use std::collections::BTreeSet;

use rightsd::classify::{OwnPhrases, Words, read};
use rightsd::mail::Origin;

#[track_caller]
fn check(rows: &str) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty() && !row.starts_with('#')) {
        let (expected, words) = row.split_once(": ").expect("kinds: words");
        let (subject, own) = match words.strip_prefix('[') {
            Some(rest) => rest.split_once(']').expect("[subject] words"),
            None => ("", words),
        };
        let accepted: Vec<BTreeSet<&str>> =
            expected.split(" or ").map(|set| set.split('+').collect()).collect();
        let own = own.trim().replace("\\n", "\n");
        let reading =
            read(&Words { subject, own: &own, ..Words::default() }, Origin::Person, &OwnPhrases::default());
        let got: BTreeSet<&str> = reading.kinds.iter().map(|kind| kind.name()).collect();
        count += 1;
        if !accepted.contains(&got) {
            let why: Vec<String> = reading
                .findings
                .iter()
                .map(|f| format!("{} by {} in {:?}", f.kind.name(), f.rule, f.text))
                .collect();
            let aside: Vec<String> = reading
                .set_aside
                .iter()
                .map(|s| format!("{} {} {:?}", s.finding.kind.name(), s.reason, s.finding.text))
                .collect();
            wrong.push(format!("{row}\n    got {got:?}: {why:?} aside {aside:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn french_as_people_write_it() {
    check(include_str!("phrases/fr.txt"));
}

#[test]
fn english_as_people_write_it() {
    check(include_str!("phrases/en.txt"));
}

#[test]
fn longer_and_odder_voices() {
    check(include_str!("phrases/voices.txt"));
}

#[test]
fn strangers_to_the_rules() {
    check(include_str!("phrases/strangers.txt"));
}

#[test]
fn written_last() {
    check(include_str!("phrases/late.txt"));
}

#[test]
fn between_the_lines() {
    check(include_str!("phrases/between.txt"));
}

#[test]
fn outsiders_of_every_sort() {
    check(include_str!("phrases/outsiders.txt"));
}
