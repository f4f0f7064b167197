//! Our pass over the parts and mail-parser read the same mails: where they differ, one of them loses words.
//!
//! mail-parser is only asked here about mails within bounds, and its result is forgotten, not dropped: dropping a
//! deep one recurses (T34), which is why the daemon itself does not ask it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use mail_parser::{MessageParser, MimeHeaders, PartType};
use rightsd::mail::{Bounds, parse};

/// Words without regard to line ends and blanks, which format=flowed and clients change.
fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// What the two readers say differently about one mail, by name.
fn differences(raw: &[u8]) -> Vec<&'static str> {
    let Ok(ours) = parse(raw, &Bounds::default()) else { return Vec::new() };
    let Some(theirs) = MessageParser::default().parse(raw) else { return vec!["unreadable"] };
    let mut found = Vec::new();
    if words(&ours.subject) != words(theirs.subject().unwrap_or_default()) {
        found.push("subject");
    }
    if ours.message_id.as_deref() != theirs.message_id() {
        found.push("message-id");
    }
    let plain: Vec<Vec<String>> = theirs
        .parts
        .iter()
        .filter_map(|part| match &part.body {
            PartType::Text(text) => Some(words(text)),
            _ => None,
        })
        .collect();
    if ours
        .texts
        .iter()
        .filter(|text| text.level == 0 && text.media_type == "text/plain")
        .any(|text| !plain.contains(&words(&text.text)))
    {
        found.push("text");
    }
    let names: Vec<&str> = theirs.parts.iter().filter_map(|part| part.attachment_name()).collect();
    if ours.attachments.iter().any(|file| !file.name.is_empty() && !names.contains(&file.name.as_str())) {
        found.push("attachment name");
    }
    std::mem::forget(theirs);
    found
}

fn compare(folder: &Path) -> Option<(usize, BTreeMap<&'static str, Vec<String>>)> {
    let mut read = 0;
    let mut differ: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "eml") {
                read += 1;
                for what in differences(&std::fs::read(&path).unwrap()) {
                    differ.entry(what).or_default().push(path.display().to_string());
                }
            }
        }
    }
    (read > 0).then_some((read, differ))
}

#[test]
fn own_corpus() {
    let (read, differ) = compare(Path::new("tests/corpus")).expect("the corpus is part of the project");
    assert!(differ.is_empty(), "{read} mails, differing: {differ:#?}");
}

/// Mails that others collected because they are broken: there our pass finds words that mail-parser does not
/// (a charset that lies, a multipart without its boundary, lines without a header), so few may differ.
#[test]
fn shared_corpus_when_it_is_there() {
    let Some((read, differ)) = compare(Path::new("../shared/corpus")) else {
        println!("../shared/corpus is absent: not compared");
        return;
    };
    let differing: BTreeSet<&String> = differ.values().flatten().collect();
    println!("{read} mails, {} read differently", differing.len());
    assert!(differing.len() * 20 <= read, "{differ:#?}");
}
