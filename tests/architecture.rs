//! The rooms keep to themselves: pure rooms name no I/O, clock or randomness and look left only; doors do not
//! know each other; no file grows a second thought; nothing of a machine or a person slips into the tree.

use std::path::{Path, PathBuf};

/// Pure rooms, each with the rooms it may look at.
const PURE: &[(&str, &[&str])] = &[
    ("mail", &[]),
    ("classify", &["mail"]),
    ("identity", &["mail", "classify", "config"]),
    ("case", &["mail", "classify", "identity", "config"]),
    ("reply", &["mail", "classify", "identity", "case", "config"]),
];

/// What a pure room may not name, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    ("std::fs", "files"),
    ("std::net", "the network"),
    ("std::env", "the environment"),
    ("std::process", "processes"),
    ("std::thread", "threads"),
    ("std::time::SystemTime", "the clock"),
    ("std::time::Instant", "the clock"),
    ("Timestamp::now", "the clock"),
    ("Zoned::now", "the clock"),
    ("tokio", "async I/O"),
    ("async fn", "async"),
    (".await", "async"),
    ("rusqlite", "the database"),
    ("getrandom", "randomness"),
    ("rand::", "randomness"),
    ("tracing::", "logs"),
    ("println!", "output"),
    ("eprintln!", "output"),
    ("Serialize", "a stored format"),
];

/// Doors, which know pure rooms, `store`, `config` and `pulse`, never another door.
const DOORS: &[&str] = &["intake", "store", "outbox", "public", "daemon", "cli"];

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.unwrap();
        if entry.path().extension().is_some_and(|ending| ending == "rs") {
            found.push((entry.path().to_owned(), std::fs::read_to_string(entry.path()).unwrap()));
        }
    }
    assert!(!found.is_empty() || !folder.exists(), "{} holds no source", folder.display());
    found
}

/// The code of a file: no comments, no tests at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn pure_rooms_name_no_door_and_no_clock() {
    let mut wrong = Vec::new();
    for (room, _) in PURE {
        for (file, text) in sources(Path::new("src").join(room).as_path()) {
            let code = code(&text);
            for (word, what) in FORBIDDEN {
                // ".await" is a keyword, ".awaits" a method's name.
                let named = |at: &str| !at.starts_with(|c: char| c.is_alphanumeric() || c == '_');
                if code.split(word).skip(1).any(|rest| !word.ends_with(char::is_alphabetic) || named(rest)) {
                    wrong.push(format!("{} names {word}: {what} is an argument here", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn pure_rooms_look_left_only() {
    let mut wrong = Vec::new();
    for (room, may) in PURE {
        let rooms =
            PURE.iter().map(|(name, _)| *name).chain(DOORS.iter().copied()).chain(["config", "clock"]);
        for other in rooms.filter(|other| other != room && !may.contains(other)) {
            for (file, text) in sources(Path::new("src").join(room).as_path()) {
                if code(&text).contains(&format!("crate::{other}")) {
                    wrong.push(format!("{} looks at {other}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn doors_do_not_know_each_other() {
    let mut wrong = Vec::new();
    for door in ["intake", "outbox", "public", "store"] {
        for other in DOORS.iter().filter(|other| **other != door && **other != "store") {
            for (file, text) in sources(Path::new("src").join(door).as_path()) {
                if code(&text).contains(&format!("crate::{other}")) {
                    wrong.push(format!("{} knows {other}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_clock_asks_the_time() {
    for (file, text) in sources(Path::new("src")) {
        if !file.ends_with("clock.rs") {
            assert!(!code(&text).contains("Timestamp::now"), "{} asks what time it is", file.display());
        }
    }
}

#[test]
fn every_room_opens_with_what_it_does() {
    for (file, text) in sources(Path::new("src")) {
        assert!(text.starts_with("//! "), "{} does not say what it is for", file.display());
    }
}

#[test]
fn a_file_is_one_thought() {
    let mut long: Vec<String> = Vec::new();
    for (file, text) in sources(Path::new("src")) {
        let lines = text.lines().count();
        if lines > 600 {
            long.push(format!("{}: {lines} lines; which second room hides in it?", file.display()));
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn t48_sql_is_never_built_from_values() {
    for (file, text) in sources(Path::new("src/store")) {
        let code = code(&text);
        for word in ["SELECT", "INSERT", "UPDATE", "DELETE"] {
            let built =
                code.contains(&format!("format!(\"{word}")) || code.contains(&format!("format!(\n\"{word}"));
            assert!(!built, "{} builds SQL", file.display());
        }
    }
}
