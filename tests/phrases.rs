//! How people say things, row by row: the kinds that each message must have. A new phrase in a lexicon comes with
//! a row here.

use std::collections::BTreeSet;

use rightsd::classify::{Language, OwnPhrases, Reading, Words, read, read_by_rules};
use rightsd::mail::Origin;

#[track_caller]
fn check(rows: &str) {
    let (wrong, count) = wrong(rows, read_by_rules);
    assert!(wrong.is_empty(), "{} of {count} rows:\n{}", wrong.len(), wrong.join("\n"));
}

fn wrong(rows: &str, read: impl Fn(&Words<'_>, Origin, &OwnPhrases) -> Reading) -> (Vec<String>, usize) {
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
    (wrong, count)
}

/// What weighs more than the rules must leave alone what they know well.
#[test]
fn the_scales_agree() {
    let files = [
        include_str!("phrases/fr.txt"),
        include_str!("phrases/en.txt"),
        include_str!("phrases/voices.txt"),
        include_str!("phrases/strangers.txt"),
        include_str!("phrases/late.txt"),
    ];
    let (mut all, mut of) = (Vec::new(), 0);
    for (wrong, count) in files.map(|rows| wrong(rows, read)) {
        all.extend(wrong);
        of += count;
    }
    println!("{} of {of} rows are outweighed:\n{}", all.len(), all.join("\n"));
    assert!(all.len() * 50 <= of, "{} of {of} rows are outweighed", all.len());
}

#[test]
fn the_plainest_wishes_stand() {
    let (wrong, count) = wrong(include_str!("phrases/plain.txt"), read);
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

/// Its letter is written in the language of the house.
#[test]
fn stop_tells_no_language() {
    let words = Words { subject: "STOP", ..Words::default() };
    let reading = read(&words, Origin::Person, &OwnPhrases::default());
    assert_eq!(reading.language, Language::Unknown);
}
