//! `rightsd classify`: what each mail is, or asks, as JSON lines or for a person to read.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::classify::{Finding, Kind, OwnPhrases, Reading, SetAside, classify};
use crate::mail::{Bounds, InboundMail, Ours, parse, screen};

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One JSON object a line.
    Json,
    /// For a person; the marks are colours when the flag is set, «» otherwise.
    Person {
        /// Standard output is a terminal.
        colours: bool,
    },
}

/// Classifies each of `paths` (a file, `-` for standard input, a folder for all `.eml` in it) onto `out`.
/// Returns false when one could not be read; the others are told all the same.
///
/// # Errors
///
/// Only those of writing to `out`.
pub fn run(
    paths: &[PathBuf],
    form: Form,
    ours: &Ours,
    extra: &OwnPhrases,
    out: &mut impl Write,
) -> std::io::Result<bool> {
    let mut all_read = true;
    for path in paths {
        for path in files(path) {
            let shown = path.display().to_string();
            let told = bytes(&path)
                .map_err(|e| e.to_string())
                .and_then(|raw| parse(&raw, &Bounds::default()).map_err(|b| b.name().to_owned()));
            match told {
                Ok(mail) => {
                    let reading = classify(&mail, &screen(&mail, ours), extra);
                    match form {
                        Form::Json => writeln!(out, "{}", json_line(&shown, &reading))?,
                        Form::Person { colours } => person(out, &shown, &mail, &reading, colours)?,
                    }
                }
                Err(error) => {
                    all_read = false;
                    match form {
                        Form::Json => writeln!(out, "{}", json!({"file": shown, "error": error}))?,
                        Form::Person { .. } => writeln!(out, "{shown}: {error}")?,
                    }
                }
            }
        }
    }
    Ok(all_read)
}

fn files(path: &Path) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let Ok(entries) = std::fs::read_dir(path) else { return vec![path.to_owned()] };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("eml")))
        .collect();
    files.sort();
    files
}

fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    if path.as_os_str() == "-" {
        let mut raw = Vec::new();
        std::io::stdin().lock().read_to_end(&mut raw)?;
        return Ok(raw);
    }
    std::fs::read(path)
}

fn json_line(file: &str, reading: &Reading) -> serde_json::Value {
    let told = |finding: &Finding| {
        let confidence = (f64::from(finding.confidence) * 100.0).round() / 100.0;
        json!({"kind": finding.kind.name(), "rule": finding.rule, "text": finding.text, "confidence": confidence})
    };
    let findings: Vec<serde_json::Value> = reading.findings.iter().map(told).collect();
    let fallen = |fallen: &SetAside| {
        let finding = &fallen.finding;
        json!({"kind": finding.kind.name(), "rule": finding.rule, "text": finding.text, "reason": fallen.reason})
    };
    let set_aside: Vec<serde_json::Value> = reading.set_aside.iter().map(fallen).collect();
    let kinds: Vec<&str> = reading.kinds.iter().map(|kind| kind.name()).collect();
    json!({
        "file": file,
        "kinds": kinds,
        "language": reading.language.code(),
        "findings": findings,
        "certain": reading.certain,
        "set_aside": set_aside,
    })
}

fn person(
    out: &mut impl Write,
    file: &str,
    mail: &InboundMail,
    reading: &Reading,
    colours: bool,
) -> std::io::Result<()> {
    let kinds: Vec<&str> = reading.kinds.iter().map(|kind| kind.name()).collect();
    let doubt = if reading.certain { "" } else { "  (not certain: to be sorted by a person)" };
    writeln!(out, "{file}: {} [{}]{doubt}", kinds.join(", "), reading.language.code())?;
    writeln!(out, "  subject: {}", plain(&mail.subject))?;
    for line in marked(&mail.visible.own, reading, colours).lines() {
        writeln!(out, "  | {line}")?;
    }
    for finding in &reading.findings {
        let kind = finding.kind.name();
        writeln!(
            out,
            "  {kind}: \"{}\" ({}, {:.0} %)",
            one_line(&finding.text),
            finding.rule,
            finding.confidence * 100.0
        )?;
    }
    for fallen in &reading.set_aside {
        let kind = fallen.finding.kind.name();
        writeln!(
            out,
            "  not {kind}: \"{}\" ({})",
            one_line(&fallen.finding.text),
            fallen.reason.replace('_', " ")
        )?;
    }
    if reading.kinds.contains(&Kind::Confirmation) {
        writeln!(out, "  answer: {:?}", reading.answer)?;
    }
    writeln!(out)
}

/// The own words with those marked that decided.
fn marked(own: &str, reading: &Reading, colours: bool) -> String {
    let (open, close) = if colours { ("\u{1b}[1;33m", "\u{1b}[0m") } else { ("«", "»") };
    let mut spans: Vec<_> = reading.findings.iter().filter_map(|finding| finding.span.clone()).collect();
    spans.sort_by_key(|span| (span.start, span.end));
    let mut text = String::with_capacity(own.len() + spans.len() * 8);
    let mut at = 0;
    for span in spans {
        if span.start < at {
            continue;
        }
        text.push_str(&plain(own.get(at..span.start).unwrap_or("")));
        text.push_str(open);
        text.push_str(&plain(own.get(span.clone()).unwrap_or("")));
        text.push_str(close);
        at = span.end;
    }
    text.push_str(&plain(own.get(at..).unwrap_or("")));
    text
}

/// The same on one line: words that fired may stand on two.
fn one_line(text: &str) -> String {
    text.split_whitespace().map(plain).collect::<Vec<_>>().join(" ")
}

/// Without what could steer a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}
