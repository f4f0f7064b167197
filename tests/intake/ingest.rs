//! `rightsd ingest`, as an MTA and a person use it: success means durable, all else means "keep it".

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use assert_cmd::Command;
use rightsd::config::StoreSettings;
use rightsd::store::Store;

use crate::servers::sample;

fn configuration(dir: &Path, mailboxes: &[&str]) -> std::path::PathBuf {
    let mut text = format!(
        "[controller]\nname = \"Exemple SA\"\npostal_address = [\"1 rue de la Paix\", \"75002 Paris\"]\n\
         dpo_email = \"dpo@example.org\"\n[smtp]\nfolder = \"{0}/out\"\n[store]\npath = \"{0}/data/rightsd.db\"\n\
         free_mib_min = 16\n[identity]\ndkim = false\n",
        dir.display()
    );
    for name in mailboxes {
        text += &format!(
            "[[mailbox]]\nname = \"{name}\"\npurpose = \"rights\"\naddress = \"{name}@example.org\"\nmaildir = {{ path = \"{}/mail\" }}\n",
            dir.display()
        );
    }
    let file = dir.join("config.toml");
    fs::write(&file, text).unwrap();
    file
}

fn ingest(config: &Path, words: &[&str], input: &[u8]) -> (Option<i32>, String) {
    let mut command = Command::cargo_bin("rightsd").unwrap();
    let done =
        command.arg("ingest").arg("--config").arg(config).args(words).write_stdin(input).output().unwrap();
    let told = [done.stdout, done.stderr].concat();
    (done.status.code(), String::from_utf8(told).unwrap())
}

async fn stored(dir: &Path) -> Vec<rightsd::store::StoredMail> {
    let settings = StoreSettings { path: dir.join("data/rightsd.db"), key_file: None, free_mib_min: 16 };
    Store::open(&settings).await.unwrap().next_mails(100, 64 << 20).await.unwrap()
}

#[tokio::test]
async fn a_pipe_is_silent_and_durable_and_may_repeat() {
    let dir = tempfile::tempdir().unwrap();
    let config = configuration(dir.path(), &["dpo"]);
    for _ in 0..2 {
        assert_eq!(ingest(&config, &["-"], &sample(1, 400)), (Some(0), String::new()));
    }
    let mails = stored(dir.path()).await;
    assert!(mails.len() == 1 && mails[0].raw == sample(1, 400) && mails[0].mailbox == "dpo");
    let age = SystemTime::now().duration_since(mails[0].received_at.into()).unwrap();
    assert!(age < Duration::from_secs(60));
}

#[tokio::test]
async fn files_and_folders_keep_their_time() {
    let dir = tempfile::tempdir().unwrap();
    let config = configuration(dir.path(), &["dpo", "optout"]);
    let folder = dir.path().join("folder");
    fs::create_dir(&folder).unwrap();
    for number in 0..3 {
        let path = folder.join(format!("{number}.eml"));
        fs::write(&path, sample(number, 400)).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000 + number as u64);
        fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }
    fs::write(folder.join("notes.txt"), "no mail").unwrap();
    let path = folder.to_str().unwrap();
    let (code, told) = ingest(&config, &[path], b"");
    assert!(code == Some(75) && told.contains("--mailbox NAME: dpo, optout"), "{told}");
    let (code, told) = ingest(&config, &["--mailbox", "optout", path], b"");
    assert_eq!((code, told.as_str()), (Some(0), "stored 3, known already 0, not readable 0\n"));
    let one = folder.join("0.eml");
    let (code, told) = ingest(
        &config,
        &["--mailbox", "optout", "--received", "2026-01-02T03:04:05Z", one.to_str().unwrap(), "/nowhere.eml"],
        b"",
    );
    assert!(code == Some(1) && told.starts_with("stored 0, known already 1, not readable 1\n"), "{told}");
    let times: Vec<_> = stored(dir.path()).await.iter().map(|mail| mail.received_at.as_second()).collect();
    assert_eq!(times, [1_780_000_000, 1_780_000_001, 1_780_000_002]);
}

#[test]
fn an_mta_keeps_the_mail_whatever_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let config = configuration(dir.path(), &["dpo"]);
    let mail = sample(1, 400);
    for (name, words) in [
        ("no such mailbox", &["--mailbox", "other", "-"][..]),
        ("a word too many", &["--no-such-word", "-"]),
        ("nothing named", &[]),
    ] {
        assert_eq!(ingest(&config, words, &mail).0, Some(75), "{name}");
    }
    assert_eq!(ingest(&config, &["-"], b"").0, Some(75), "an empty mail");
    assert_eq!(ingest(&dir.path().join("none.toml"), &["-"], &mail).0, Some(75), "no configuration");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("free_mib_min = 16", "free_mib_min = 99999999999")).unwrap();
    assert_eq!(ingest(&config, &["-"], &mail).0, Some(75), "a full disk");
    fs::write(dir.path().join("data/rightsd.db"), "no database").unwrap();
    assert_eq!(ingest(&config, &["-"], &mail).0, Some(75), "a broken database");
}
