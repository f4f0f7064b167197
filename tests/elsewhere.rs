//! Texts that nobody wrote for this program and that ask nothing of anybody: sayings, verses and dialogues in English,
//! German and Spanish, passages of technical manuals in French, as Debian packages them. A mailbox gets mail on
//! anything under the sun; whoever learnt only from mails about data and advertising takes a proverb for a wish.
//!
//! Before the lessons that ask for nothing (`corpus/told/elsewhere-*`) 19 to 24 of a hundred were taken for requests.
//!
//! `tests/run` installs them (`fortunes`, `fortunes-de`, `fortunes-es`, `manpages-fr`); none is copied
//! into the project or learnt from. What is absent is said and not measured.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use rightsd::classify::{Kind, OwnPhrases, Words, read};
use rightsd::mail::Origin;

/// So many texts of each sort are enough for a share.
const TEXTS: usize = 1_500;

/// Reads each as a person's mail: what share is taken for a request, and what share for one that is acted on unseen.
fn measure(name: &str, mut texts: Vec<String>, invented_most: f64, acted_most: f64) {
    texts.retain(|text| (20..1_500).contains(&text.len()));
    if texts.is_empty() {
        println!("{name}: absent, not measured");
        return;
    }
    let step = texts.len().div_ceil(TEXTS);
    let extra = OwnPhrases::default();
    let (mut read_as, mut count, mut invented, mut acted) = (BTreeMap::<String, usize>::new(), 0.0, 0.0, 0.0);
    for text in texts.iter().step_by(step) {
        let reading = read(&Words { own: text, ..Words::default() }, Origin::Person, &extra);
        let asks = reading.kinds.iter().any(|kind| matches!(kind, Kind::Asks(_)));
        count += 1.0;
        invented += f64::from(u8::from(asks));
        acted += f64::from(u8::from(asks && reading.certain));
        let kinds: Vec<&str> = reading.kinds.iter().map(|kind| kind.name()).collect();
        *read_as.entry(kinds.join("|")).or_default() += 1;
    }
    let (invented, acted) = (invented / count, acted / count);
    println!("{name}: {count} texts; taken for a request {invented:.4}, surely {acted:.4}; {read_as:?}");
    assert!(invented <= invented_most, "{name}: {invented:.4} taken for requests, at most {invented_most}");
    assert!(acted <= acted_most, "{name}: {acted:.4} surely taken for requests, at most {acted_most}");
}

/// The sayings in `folder`, which stand between lines of one percent sign.
fn sayings(folder: &str) -> Vec<String> {
    let mut files: Vec<_> = std::fs::read_dir(Path::new("/usr/share/games/fortunes").join(folder))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && path.extension().is_none_or(|ending| ending == "fortunes"))
        .collect();
    files.sort();
    files
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .flat_map(|text| text.split("\n%\n").map(|saying| saying.trim().to_owned()).collect::<Vec<_>>())
        .collect()
}

#[test]
fn english_sayings_ask_for_nothing() {
    measure("sayings", sayings(""), 0.09, 0.02);
}

#[test]
fn sayings_from_abroad_ask_for_nothing() {
    for folder in ["de", "es"] {
        measure(folder, sayings(folder), 0.07, 0.02);
    }
}

/// The plain text of French manual pages, a paragraph each.
#[test]
fn french_manuals_ask_for_nothing() {
    let pages = "for page in /usr/share/man/fr/man1/*.gz; do zcat \"$page\"; done 2>/dev/null";
    let out = Command::new("sh").args(["-c", pages]).output().expect("a shell");
    let text = String::from_utf8_lossy(&out.stdout);
    let paragraph = |lines: &[&str]| {
        lines.iter().filter(|line| !line.starts_with(['.', '\''])).copied().collect::<Vec<_>>().join("\n")
    };
    let lines: Vec<&str> = text.lines().collect();
    let texts = lines.split(|line| matches!(*line, ".PP" | ".P" | ".LP") || line.starts_with(".TP"));
    let texts =
        texts.map(|lines| paragraph(lines).replace("\\fB", "").replace("\\fI", "").replace("\\fR", ""));
    measure(
        "French manuals",
        texts.map(|text| text.replace('\\', "")).filter(|text| text.len() > 100).collect(),
        0.08,
        0.01,
    );
}
