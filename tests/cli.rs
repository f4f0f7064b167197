//! The command line as a person or a script meets it: words, exit codes, what is printed where.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const COMMANDS: [&str; 10] = [
    "serve",
    "check",
    "demo",
    "ingest",
    "classify",
    "deadline",
    "cases",
    "optouts",
    "journal",
    "completions",
];

fn rightsd(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rightsd"));
    command.args(words).stdin(Stdio::null()).env_remove("RUST_LOG");
    command
}

/// Exit code, standard output, standard error.
fn run(words: &[&str]) -> (i32, String, String) {
    told(&rightsd(words).output().unwrap())
}

fn told(done: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.code().unwrap(), text(&done.stdout), text(&done.stderr))
}

fn json_lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn mail(folder: &Path, name: &str, words: &str) -> PathBuf {
    let file = folder.join(name);
    let text = format!(
        "From: alice@example.com\r\nTo: dpo@example.org\r\nSubject: hello\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
    );
    std::fs::write(&file, text).unwrap();
    file
}

/// The example of the tree with passwords that exist, a store of its own, and the project's letters.
fn configuration(folder: &Path, more: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let password = folder.join("password");
    std::fs::write(&password, "secret\n").unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    let mailbox = format!(
        "imap = {{ host = \"localhost\", port = 1, username = \"dpo\", password_file = \"{}\" }}",
        password.display()
    );
    let text = format!(
        "{more}\n[controller]\nname = \"Example\"\npostal_address = [\"1 Main Street\"]\ndpo_email = \"dora@example.org\"\n\
         [[mailbox]]\nname = \"dpo\"\npurpose = \"rights\"\naddress = \"dpo@example.org\"\n{mailbox}\n\
         [smtp]\nfolder = \"{0}/letters\"\n[store]\npath = \"{0}/data/rightsd.db\"\nfree_mib_min = 16\n",
        folder.display()
    );
    let file = folder.join("config.toml");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn help_names_every_command_and_every_exit_code() {
    let (code, out, _) = run(&["--help"]);
    assert_eq!(code, 0);
    for word in COMMANDS.iter().chain(&["Exit codes", "/etc/rightsd/config.toml", "RUST_LOG"]) {
        assert!(out.contains(word), "{word} is not in --help");
    }
    for command in COMMANDS {
        let (code, out, _) = run(&[command, "--help"]);
        assert!(code == 0 && out.contains("Usage: rightsd"), "{command}");
    }
    assert!(run(&["completions", "bash"]).1.contains("deadline"));
    assert!(run(&["--version"]).1.starts_with("rightsd "));
}

#[test]
fn wrong_usage_and_a_missing_configuration_are_two_and_one_sentence() {
    assert_eq!(run(&["fly"]).0, 2);
    let (code, out, error) = run(&["--config", "/nowhere/config.toml", "cases", "list"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(error.starts_with("rightsd: ") && error.contains("/nowhere/config.toml"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    // A database that is not there is not made by looking at it.
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path(), "");
    let (code, _, error) = run(&["--config", &config, "optouts", "check", "alice@example.com"]);
    assert_eq!(code, 2);
    assert!(error.contains("the daemon has not run yet"), "{error}");
    assert!(!folder.path().join("data").exists());
}

#[test]
fn classify_prints_one_object_a_line_and_says_what_it_could_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let asks = mail(folder.path(), "a.eml", "Please delete my account and send me a copy of my data.");
    let asks = asks.to_str().unwrap();
    let (code, out, _) = run(&["classify", "--json", asks, "/nowhere/b.eml"]);
    assert_eq!(code, 1, "part of the work failed");
    let lines = json_lines(&out);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["file"], asks);
    assert_eq!(lines[0]["kinds"], serde_json::json!(["access", "erasure"]));
    assert_eq!(lines[0]["language"], "en");
    for finding in lines[0]["findings"].as_array().unwrap() {
        assert!(finding["rule"].is_string() && finding["text"].is_string() && finding["kind"].is_string());
        assert!((0.0..=1.0).contains(&finding["confidence"].as_f64().unwrap()));
    }
    assert!(lines[1]["error"].is_string() && lines[1]["kinds"].is_null(), "{}", lines[1]);

    let mut child = rightsd(&["classify", "--json", "-"]);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&std::fs::read(asks).unwrap()).unwrap();
    let (code, out, _) = told(&child.wait_with_output().unwrap());
    assert_eq!((code, &json_lines(&out)[0]["kinds"]), (0, &lines[0]["kinds"]));

    let (_, out, _) = run(&["classify", asks]);
    assert!(out.contains("«delete my account"), "the deciding words are marked:\n{out}");
}

#[test]
fn deadline_shows_every_step_and_refuses_what_is_no_instant() {
    let (code, out, _) = run(&["deadline", "--received", "2026-11-25T10:00:00+01:00", "--json"]);
    assert_eq!(code, 0);
    let told = &json_lines(&out)[0];
    assert_eq!(
        (told["received_on"].as_str(), told["due_on"].as_str()),
        (Some("2026-11-25"), Some("2026-12-28"))
    );
    assert!(told["extended_due_on"].is_string() && told["steps"].as_array().unwrap().len() > 2);
    let (code, out, error) = run(&["deadline", "--received", "yesterday"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(error.contains("yesterday"), "{error}");
}

#[test]
fn check_says_each_fault_once_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, _) = run(&["--config", &configuration(folder.path(), ""), "check", "--offline"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.lines().all(|line| line.starts_with("ok ") || line.starts_with("   ")), "{out}");

    let letters = folder.path().join("letters-of-ours");
    for entry in walkdir::WalkDir::new("templates/mail").into_iter().map(Result::unwrap) {
        let to = letters.join(entry.path().strip_prefix("templates/mail").unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(to).unwrap();
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
    let broken = letters.join("fr/opt-out-applied.txt");
    let text = std::fs::read_to_string(&broken).unwrap();
    std::fs::write(&broken, format!("{text}\n{{{{ no_such_value }}}}\n")).unwrap();
    let config = configuration(folder.path(), &format!("templates = \"{}\"", letters.display()));
    let (code, out, _) = run(&["--config", &config, "check", "--offline"]);
    assert_eq!(code, 1);
    let failed: Vec<&str> = out.lines().filter(|line| line.starts_with("FAILED")).collect();
    assert_eq!(failed.len(), 1, "{out}");
    for word in ["fr/opt-out-applied.txt", "line", "no_such_value"] {
        assert!(failed[0].contains(word), "{}", failed[0]);
    }
    // T31: with such a letter nothing starts.
    let (code, _, error) = run(&["--config", &config, "serve", "--once"]);
    assert_eq!(code, 2);
    assert!(error.contains("no_such_value"), "{error}");
}

#[test]
fn the_demo_goes_the_whole_way_on_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    let (code, out, error) = run(&["demo", "--once", "--dir", dir.to_str().unwrap()]);
    assert_eq!(code, 0, "{error}");
    for word in [
        "understood  unsubscribe",
        "understood  erasure",
        "ended as    auto-reply",
        "→ letter",
        "http://127.0.0.1:",
    ] {
        assert!(out.contains(word), "{word} is not in:\n{out}");
    }
    let letters = walkdir::WalkDir::new(&dir).into_iter().map(Result::unwrap);
    assert!(letters.filter(|entry| entry.path().extension().is_some_and(|end| end == "eml")).count() >= 9);
}
