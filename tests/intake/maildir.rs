//! A Maildir as local MTAs and people use it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rightsd::config::Maildir;
use rightsd::intake::{self, FetchSummary, Source};
use tokio_util::sync::CancellationToken;

use crate::servers::sample;
use crate::{House, kind, mailbox, wait_for};

struct Box {
    dir: tempfile::TempDir,
}

impl Box {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for part in ["new", "cur", "tmp"] {
            fs::create_dir(dir.path().join(part)).unwrap();
        }
        Self { dir }
    }

    fn put(&self, part: &str, name: &str, raw: &[u8], at: u64) -> PathBuf {
        let path = self.dir.path().join(part).join(name);
        fs::write(&path, raw).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(at)).unwrap();
        path
    }

    fn source(&self, house: &House, after: &str) -> Source {
        let (path, after) = (self.dir.path().to_owned(), after.to_owned());
        house.source(mailbox(None, Some(Maildir { path, after, poll_seconds: 1 })))
    }

    fn names(&self, part: &str) -> Vec<String> {
        names(&self.dir.path().join(part))
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn new_and_cur_are_read_and_each_mail_is_taken_once_wherever_it_moves() {
    let (house, maildir) = (House::new().await, Box::new());
    maildir.put("new", "1780000000.M1P1.host", &sample(1, 300), 1_780_000_100);
    maildir.put("cur", "1780000001.M1P1.host:2,S", &sample(2, 300), 1_780_000_000);
    maildir.put("cur", "by-hand.eml", &sample(3, 300), 1_780_000_002);
    maildir.put("new", ".hidden", b"x", 1_780_000_003);
    maildir.put("tmp", "1780000004.M1P1.host", &sample(4, 300), 1_780_000_004);
    fs::create_dir(maildir.dir.path().join("new/folder")).unwrap();
    let source = maildir.source(&house, "keep");
    assert_eq!(source.fetch_once().await.unwrap(), FetchSummary { new: 3, ..FetchSummary::default() });
    let mut times: Vec<_> =
        house.settle_all().await.iter().map(|mail| mail.received_at.as_second()).collect();
    times.sort_unstable();
    // The earlier of the name's time and the file's.
    assert_eq!(times, [1_780_000_000, 1_780_000_000, 1_780_000_002]);

    // A mail program moves one and flags another.
    let path = |part: &str| maildir.dir.path().join(part);
    fs::rename(path("new/1780000000.M1P1.host"), path("cur/1780000000.M1P1.host:2,RS")).unwrap();
    fs::rename(path("cur/1780000001.M1P1.host:2,S"), path("cur/1780000001.M1P1.host:2,FS")).unwrap();
    assert_eq!(source.fetch_once().await.unwrap(), FetchSummary::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_somebody_still_writes_is_waited_for() {
    let (house, maildir) = (House::new().await, Box::new());
    let path = maildir.dir.path().join("new/letter.eml");
    fs::write(&path, &sample(1, 300)[..100]).unwrap();
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        fs::write(&path, sample(1, 300)).unwrap();
    });
    let source = maildir.source(&house, "keep");
    assert_eq!(source.fetch_once().await.unwrap().new, 0, "it was written to a moment ago");
    writer.join().unwrap();
    assert_eq!(source.fetch_once().await.unwrap().new, 1);
    assert_eq!(house.settle_all().await[0].raw, sample(1, 300));
}

#[tokio::test(flavor = "multi_thread")]
async fn settled_mail_is_flagged_or_moved() {
    for (after, part) in
        [("seen", "cur"), ("Handled", ".Handled/cur"), ("../../Trait\u{e9}es", ".Trait&AOk-es/cur")]
    {
        let (house, maildir) = (House::new().await, Box::new());
        maildir.put("new", "1780000000.M1P1.host", &sample(1, 300), 1_780_000_000);
        maildir.put("cur", "1780000001.M1P1.host:2,RT", &sample(2, 300), 1_780_000_000);
        let source = maildir.source(&house, after);
        assert_eq!(source.fetch_once().await.unwrap().filed, 0);
        house.settle_all().await;
        assert_eq!(source.fetch_once().await.unwrap().filed, 2, "{after}");
        assert_eq!(
            names(&maildir.dir.path().join(part)),
            ["1780000000.M1P1.host:2,S", "1780000001.M1P1.host:2,RST"]
        );
        assert!(maildir.names("new").is_empty());
        assert_eq!(source.fetch_once().await.unwrap(), FetchSummary::default());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_too_large_mail_is_kept_with_its_first_part() {
    let (house, maildir) = (House::new().await, Box::new());
    let large = sample(1, 500_000);
    maildir.put("new", "1780000000.M1P1.host", &large, 1_780_000_000);
    let mut source = maildir.source(&house, "keep");
    source.limits.message_bytes = 400_000;
    assert_eq!(source.fetch_once().await.unwrap().too_large, 1);
    let mail = &house.settle_all().await[0];
    assert!(mail.partial && mail.raw == large[..256 << 10]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_maildir_is_told() {
    let (house, maildir) = (House::new().await, Box::new());
    maildir.put("new", "a.eml", b"x", 1);
    let source = maildir.source(&house, "keep");
    assert_eq!(intake::probe(&source.mailbox).await.unwrap(), "Maildir 1 mails");
    fs::remove_dir(maildir.dir.path().join("cur")).unwrap();
    let error = intake::probe(&source.mailbox).await.unwrap_err().to_string();
    assert!(error.contains("cur") && error.contains("not found"), "{error}");
    assert_eq!(kind(source.fetch_once().await), "files");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loop_takes_what_is_dropped_and_comes_back_after_trouble() {
    let (house, maildir) = (House::new().await, Box::new());
    let source = maildir.source(&house, "keep");
    let arrived = Arc::clone(&source.arrived);
    let stop = CancellationToken::new();
    let running = tokio::spawn(source.watch(stop.clone()));
    maildir.put("new", "1780000000.M1P1.host", &sample(1, 300), 1_780_000_000);
    arrived.notified().await;
    fs::rename(maildir.dir.path().join("new"), maildir.dir.path().join("away")).unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    fs::rename(maildir.dir.path().join("away"), maildir.dir.path().join("new")).unwrap();
    maildir.put("new", "1780000001.M1P1.host", &sample(2, 300), 1_780_000_000);
    wait_for(&house, 2).await;
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_a_mail_program_that_moves_everything_while_we_look_loses_nothing() {
    let (house, maildir) = (House::new().await, Box::new());
    for number in 0..300 {
        maildir.put(
            "new",
            &format!("{}.M1P1.host", 1_780_000_000 + number),
            &sample(number, 300),
            1_780_000_000,
        );
    }
    let root = maildir.dir.path().to_owned();
    let mover = std::thread::spawn(move || {
        for name in names(&root.join("new")) {
            let _ = fs::rename(root.join("new").join(&name), root.join("cur").join(format!("{name}:2,S")));
        }
    });
    let source = maildir.source(&house, "keep");
    source.fetch_once().await.unwrap();
    mover.join().unwrap();
    source.fetch_once().await.unwrap();
    assert_eq!(house.count().await, 300);
}
