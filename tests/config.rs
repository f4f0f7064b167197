//! The configuration: the example tells the truth, and every error is one clear sentence.

use std::path::Path;

use rightsd::config::{Config, ConfirmPolicy, Purpose};

/// A configuration that needs no file, with `change` made to it.
fn text(change: &[(&str, &str)]) -> String {
    let mut text = r#"
[controller]
name = "Example"
postal_address = ["1 Main Street"]
dpo_email = "dpo@example.com"

[[mailbox]]
name = "dpo"
purpose = "rights"
address = "dpo@example.com"
maildir = { path = "/nowhere" }

[smtp]
folder = "/nowhere"

[store]
path = "/nowhere/rightsd.db"
"#
    .to_owned();
    for (from, to) in change {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    text
}

#[track_caller]
fn check(change: &[(&str, &str)], expected: &str) {
    let error = Config::parse(&text(change), Path::new("config.toml")).expect_err(expected);
    let shown = error.to_string();
    assert!(shown.contains(expected), "expected {expected:?} in:\n{shown}");
    assert!(shown.starts_with("config.toml: "), "{shown}");
}

#[test]
fn a_short_file_is_enough() {
    let config = Config::parse(&text(&[]), Path::new("config.toml")).unwrap();
    assert_eq!(config.identity.rights, ConfirmPolicy::Always);
    assert_eq!(config.identity.opt_out, ConfirmPolicy::WhenUnauthenticated);
    assert_eq!(config.controller.timezone, "Europe/Paris");
}

/// The example with its credentials replaced by files, since a test is no systemd unit, and with the page.
fn example(folder: &Path) -> String {
    use std::os::unix::fs::PermissionsExt;
    let secret = folder.join("secret");
    std::fs::write(&secret, "x\n").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let text = std::fs::read_to_string("config.example.toml").unwrap();
    let mut out = String::new();
    for line in text.lines() {
        if line.starts_with("password_credential") {
            out.push_str(&format!("password_file = {:?}\n", secret.display().to_string()));
        } else if line == "# [public]" || line.starts_with("# listen") || line.starts_with("# base_url") {
            out.push_str(&line[2..]);
            out.push('\n');
        } else {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

#[test]
fn the_example_is_the_company_of_the_mission() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::parse(&example(folder.path()), Path::new("config.example.toml")).unwrap();
    assert_eq!(config.mailboxes.len(), 2);
    assert_eq!(config.mailboxes[0].purpose, Purpose::OptOut);
    assert_eq!(config.mailboxes[0].address, "DatasInfos@2jprocess.com");
    assert_eq!(config.mailboxes[1].address, "2J-DPO@2jprocess.com");
    // A letter names the company once, whether or not the address begins with its name.
    assert_eq!(config.controller.address_lines(), ["La Direction", "13100 Aix-en-Provence", "France"]);
}

/// A commented default that is switched on must be accepted and change nothing.
#[test]
fn every_default_that_the_example_names_is_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let plain = example(folder.path());
    let expected = format!("{:?}", Config::parse(&plain, Path::new("a")).unwrap());
    // Keys that show a value of their own, not a default.
    let own = [
        "templates",
        "ca_file",
        "password_file",
        "port",
        "path",
        "after",
        "poll_seconds",
        "folder",
        "key_file",
        "authserv_id",
        "dns_server",
        "listen",
        "base_url",
        "trusted_proxy",
        "unsubscribe",
    ];
    let mut tried = 0;
    let lines: Vec<&str> = plain.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(default) = line.strip_prefix("# ").filter(|rest| {
            rest.split_once(" = ")
                .is_some_and(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        }) else {
            continue;
        };
        let key = default.split_once(" = ").unwrap().0;
        if own.contains(&key) {
            continue;
        }
        let mut changed = lines.clone();
        changed[at] = default;
        let config = Config::parse(&changed.join("\n"), Path::new("a"))
            .unwrap_or_else(|error| panic!("{default}: {error}"));
        assert_eq!(format!("{config:?}"), expected, "{default} is not the default");
        tried += 1;
    }
    assert!(tried > 25, "{tried}");
}

#[test]
fn t57_each_error_names_the_key_and_the_remedy() {
    check(&[("[smtp]", "[smtp]\nhots = \"x\"")], "hots");
    check(&[("[store]", "[shop]")], "shop");
    check(&[("name = \"Example\"", "name = 3")], "line 3");
    check(&[("name = \"Example\"", "name = \"\"")], "controller.name is empty");
    check(&[("name = \"Example\"", "name = \"a\\nb\"")], "line break");
    check(
        &[("dpo_email = \"dpo@example.com\"", "dpo_email = \"dpo\"")],
        "controller.dpo_email is not a plain mail address",
    );
    check(&[("[\"1 Main Street\"]", "[]")], "postal_address is empty");
    check(&[("[[mailbox]]", "timezone = \"Europe/Pari\"\n[[mailbox]]")], "no time zone");
    check(&[("[[mailbox]]", "reference_prefix = \"toolong\"\n[[mailbox]]")], "reference_prefix");
    check(&[("name = \"dpo\"", "name = \"D PO\"")], "mailbox number 1");
    check(&[("maildir = { path = \"/nowhere\" }", "")], "neither imap nor maildir");
    check(&[("purpose = \"rights\"", "purpose = \"right\"")], "opt-out");
    check(&[("folder = \"/nowhere\"", "host = \"\"")], "smtp.host is empty");
    check(
        &[("folder = \"/nowhere\"", "host = \"mail.example.com\"\nsecurity = \"plaintext\"")],
        "to this machine only",
    );
    check(&[("folder = \"/nowhere\"", "host = \"mail.example.com\"\nusername = \"u\"")], "go together");
    check(
        &[("folder = \"/nowhere\"", "folder = \"/nowhere\"\nconnections = 0")],
        "smtp.connections = 0 is too small",
    );
    check(&[("[store]", "[limits]\nparts = 0\n[store]")], "limits.parts = 0");
    check(&[("[store]", "[identity]\nopt_out_days = 2\n[store]")], "opt_out_days must be greater");
    check(&[("[store]", "[identity]\nauthserv_id = \" \"\n[store]")], "authserv_id is empty");
    check(
        &[("[store]", "[public]\nlisten = \"x\"\nbase_url = \"https://a.example\"\n[store]")],
        "public.listen",
    );
    check(
        &[("[store]", "[public]\nlisten = \"127.0.0.1:1\"\nbase_url = \"http://a.example\"\n[store]")],
        "use https://",
    );
}

#[test]
fn every_error_is_told_at_once() {
    let changes = [("name = \"Example\"", "name = \"\""), ("folder = \"/nowhere\"", "host = \"\"")];
    let error = Config::parse(&text(&changes), Path::new("config.toml")).unwrap_err();
    assert_eq!(error.sentences().len(), 2, "{error}");
}

#[test]
fn t54_a_password_file_open_to_others_stops_the_start() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "hunter2").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
    let imap = format!(
        "imap = {{ host = \"imap.example.com\", username = \"u\", password_file = {:?} }}",
        secret.display().to_string()
    );
    let parsed =
        || Config::parse(&text(&[("maildir = { path = \"/nowhere\" }", &imap)]), Path::new("a")).unwrap();
    let refused = parsed().check_secrets(Path::new("a")).unwrap_err().to_string();
    assert!(refused.contains("chmod 600") && !refused.contains("hunter2"), "{refused}");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let config = parsed();
    config.check_secrets(Path::new("a")).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    let unknown = imap.replace("username", "usrname = \"u\", username");
    check(&[("maildir = { path = \"/nowhere\" }", &unknown)], "usrname");
}
