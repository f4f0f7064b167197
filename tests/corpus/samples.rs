//! Labelled samples: folders of whole mails with a `labels.csv`, and files of one JSON object a line.
//!
//! The lines hold what a person wrote, quotes and signature included: `kinds` and `accept` as in a `labels.csv`, `lang`,
//! `subject`, `body`, and where they matter `reply` (it answers another mail) and `attachments` (file names). Each is
//! made into a real mail before it is read, so that the cutting of quotes is learnt from and measured too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, MultiPart, SinglePart};
use serde::Deserialize;

/// A set of kinds by their names.
pub(crate) type Kinds = BTreeSet<String>;

/// One labelled mail.
pub(crate) struct Sample {
    /// Its file, below the folder of its labels; for a line of a file its number.
    pub(crate) file: String,
    /// The mail as it arrived.
    pub(crate) raw: Vec<u8>,
    /// What is right, then what is tolerable; never empty.
    pub(crate) accepted: Vec<Kinds>,
    /// Why, which trap; of an answer to our confirmation letter `confirm:yes`, `confirm:no` or `confirm:unclear`.
    #[allow(dead_code, reason = "not every reader of samples asks")]
    pub(crate) notes: String,
    /// ISO 639-1, `mul` or `und`.
    #[allow(dead_code, reason = "not every reader of samples asks")]
    pub(crate) lang: String,
}

#[derive(Deserialize)]
struct Line {
    kinds: String,
    #[serde(default)]
    accept: String,
    lang: String,
    subject: String,
    body: String,
    #[serde(default)]
    notes: String,
    #[serde(default)]
    reply: bool,
    #[serde(default)]
    attachments: Vec<String>,
}

/// The mails of a folder with its `labels.csv`, or of a file of lines; `None` where there is none.
pub(crate) fn samples(path: &Path) -> Option<Vec<Sample>> {
    if path.extension().is_some_and(|ending| ending == "jsonl") {
        let text = std::fs::read_to_string(path).ok()?;
        return Some((1..).zip(text.lines()).map(|(number, line)| of_line(number, line)).collect());
    }
    let text = std::fs::read_to_string(path.join("labels.csv")).ok()?;
    let of_row = |row: BTreeMap<String, String>| Sample {
        raw: std::fs::read(path.join(&row["file"])).expect("a message"),
        accepted: accepted(&row["kinds"], row.get("accept").map_or("", String::as_str)),
        notes: row.get("notes").cloned().unwrap_or_default(),
        lang: row["lang"].clone(),
        file: row["file"].clone(),
    };
    Some(rows(&text).into_iter().map(of_row).collect())
}

fn of_line(number: usize, line: &str) -> Sample {
    let line: Line = serde_json::from_str(line).unwrap_or_else(|error| panic!("line {number}: {error}"));
    let mut mail = Message::builder()
        .from("Une Personne <personne@example.org>".parse().expect("an address"))
        .to("2J-DPO@2jprocess.com".parse().expect("an address"))
        .subject(line.subject)
        .date(std::time::UNIX_EPOCH);
    if line.reply {
        mail = mail.in_reply_to("<answered@example.org>".to_owned());
    }
    let text = SinglePart::plain(line.body);
    let raw = if line.attachments.is_empty() {
        mail.singlepart(text)
    } else {
        let file = |name: String| {
            Attachment::new(name)
                .body(b"%".to_vec(), ContentType::parse("application/octet-stream").expect("a type"))
        };
        let parts = MultiPart::mixed().singlepart(text);
        mail.multipart(line.attachments.into_iter().map(file).fold(parts, MultiPart::singlepart))
    };
    Sample {
        file: number.to_string(),
        raw: raw.expect("a mail").formatted(),
        accepted: accepted(&line.kinds, &line.accept),
        notes: line.notes,
        lang: line.lang,
    }
}

fn accepted(kinds: &str, accept: &str) -> Vec<Kinds> {
    let set = |text: &str| text.split('|').map(|kind| kind.trim().to_owned()).collect::<Kinds>();
    let tolerable = accept.split(';').map(str::trim).filter(|text| !text.is_empty());
    std::iter::once(kinds).chain(tolerable).map(set).collect()
}

/// The lines of a CSV file with quoted fields (RFC 4180), by column name.
fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines: Vec<Vec<String>> = vec![vec![String::new()]];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let line = lines.last_mut().expect("one line at least");
        let field = line.last_mut().expect("one field at least");
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => line.push(String::new()),
            '\n' if !quoted => lines.push(vec![String::new()]),
            '\r' if !quoted => {}
            c => field.push(c),
        }
    }
    let mut lines = lines.into_iter().filter(|line| line.len() > 1);
    let head = lines.next().expect("a head");
    lines.map(|line| head.iter().cloned().zip(line).collect()).collect()
}
