//! Against a real Dovecot: security, folders, colleagues at work, numbers that change, filing.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rightsd::config::{Limits, SecretSource, Security};
use rightsd::intake::{self, FetchSummary, IntakeError, Source};
use tokio_util::sync::CancellationToken;

use crate::servers::{Dovecot, Proxy, eventually, sample};
use crate::{House, account, kind, mailbox, wait_for};

fn drop_in(dovecot: &Dovecot, folder: &str, numbers: std::ops::Range<usize>, bytes: usize) {
    let mails: Vec<_> = numbers.map(|number| sample(number, bytes)).collect();
    dovecot.drop_in("dpo", folder, SystemTime::now(), mails.iter().map(Vec::as_slice));
}

fn secret(folder: &Path, text: &str) -> SecretSource {
    let file = folder.join("secret");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    SecretSource { password_file: Some(file), password_credential: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_line_brings_the_mail_byte_for_byte() {
    let dovecot = Dovecot::start();
    let received_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000);
    dovecot.drop_in(
        "dpo",
        "INBOX",
        received_at,
        [sample(1, 500).as_slice(), b"no header\r\n\r\n\x00\xff}\r\n{9}\r\n"],
    );
    for (security, port, ca) in [
        (Security::Tls, dovecot.imaps, true),
        (Security::Starttls, dovecot.imap, true),
        (Security::Plaintext, dovecot.imap, false),
    ] {
        let house = House::new().await;
        let mut imap = account(&dovecot, "keep");
        (imap.security, imap.port) = (security, Some(port));
        imap.ca_file = imap.ca_file.filter(|_| ca);
        let done = house.source(mailbox(Some(imap), None)).fetch_once().await.unwrap();
        assert_eq!(done, FetchSummary { new: 2, ..FetchSummary::default() }, "{security:?}");
        let mails = house.settle_all().await;
        assert_eq!(mails[0].raw, sample(1, 500));
        // IMAP has no NUL, so the server shows another byte in its place.
        assert_eq!(mails[1].raw.len(), b"no header\r\n\r\n\x00\xff}\r\n{9}\r\n".len());
        assert!(mails.iter().all(|mail| mail.received_at.as_second() == 1_780_000_000 && !mail.partial));
    }
    assert_eq!(dovecot.flags("dpo", "INBOX"), ["", ""], "looking leaves no trace");
}

#[tokio::test(flavor = "multi_thread")]
async fn t35_verified_tls_or_no_connection() {
    let dovecot = Dovecot::start();
    let other = Dovecot::start_with("ssl_cert = <{d}/other.pem\nssl_key = <{d}/other-key.pem\n");
    let house = House::new().await;
    let imap = account(&dovecot, "keep");
    let fetch = |imap| {
        let source = house.source(mailbox(Some(imap), None));
        async move { source.fetch_once().await }
    };
    let mut strange = imap.clone();
    strange.ca_file = Some(other.ca_file());
    let error = fetch(strange.clone()).await.unwrap_err();
    assert!(error.to_string().contains("set ca_file"), "{error}");
    strange.security = Security::Starttls;
    strange.port = Some(dovecot.imap);
    assert_eq!(kind(fetch(strange.clone()).await), "certificate");
    strange.ca_file = None;
    assert_eq!(kind(fetch(strange).await), "certificate", "the system's authorities do not know it");

    let mut renamed = account(&other, "keep");
    renamed.ca_file = Some(other.ca_file().with_file_name("other.pem"));
    let error = fetch(renamed).await.unwrap_err();
    assert!(error.to_string().contains("another name"), "{error}");

    let mut plain = imap.clone();
    plain.port = Some(dovecot.imap);
    assert_eq!(kind(fetch(plain).await), "not-tls");
    let mut empty = imap;
    empty.ca_file = Some(dovecot.password_file());
    assert_eq!(kind(fetch(empty).await), "ca-file-unreadable");
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_of_any_letters_work_and_wrong_ones_are_told() {
    let dovecot = Dovecot::start();
    let house = House::new().await;
    let folder = tempfile::tempdir().unwrap();
    let mut imap = account(&dovecot, "keep");
    imap.password = secret(folder.path(), "wrong horse");
    let error = house.source(mailbox(Some(imap.clone()), None)).fetch_once().await.unwrap_err();
    assert!(matches!(error, IntakeError::LoginRefused) && !error.is_transient());
    assert!(!format!("{error:?} {error}").contains("horse"));

    imap.username = "umlaut@example.org".to_owned();
    imap.password = secret(folder.path(), "p\u{e4}ssword \"\\");
    let line = intake::probe(&mailbox(Some(imap.clone()), None)).await.unwrap();
    assert_eq!(line, "INBOX 0 mails, Junk 0 mails; IDLE, MOVE, UIDPLUS");

    imap.folders.push("Gel\u{f6}scht".to_owned());
    let error = intake::probe(&mailbox(Some(imap), None)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no folder \"Gel\u{f6}scht\"; the server has: \"Junk\", \"INBOX\""
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_the_junk_folder_and_mail_that_was_read_already_are_taken() {
    let dovecot = Dovecot::start();
    let house = House::new().await;
    drop_in(&dovecot, "INBOX", 0..3, 400);
    drop_in(&dovecot, "Junk", 3..5, 400);
    dovecot.mark_seen("dpo", "INBOX");
    let source = house.source(mailbox(Some(account(&dovecot, "keep")), None));
    assert_eq!(source.fetch_once().await.unwrap().new, 5);
    drop_in(&dovecot, "Junk", 5..6, 400);
    // The same mail in the other folder too: one mail, seen twice.
    drop_in(&dovecot, "INBOX", 5..6, 400);
    let again = source.fetch_once().await.unwrap();
    assert_eq!((again.new, again.twins, again.known), (1, 1, 0));
    assert_eq!(source.fetch_once().await.unwrap(), FetchSummary::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_folder_does_not_keep_the_others_from_being_read() {
    let dovecot = Dovecot::start();
    let house = House::new().await;
    drop_in(&dovecot, "INBOX", 0..2, 400);
    let mut imap = account(&dovecot, "keep");
    imap.folders = vec!["Spam".to_owned(), "INBOX".to_owned()];
    imap.poll_seconds = 1;
    let source = house.source(mailbox(Some(imap), None));
    assert_eq!(kind(source.fetch_once().await), "no-folder");
    assert_eq!(house.count().await, 2);
    let stop = CancellationToken::new();
    let running = tokio::spawn(source.clone().watch(stop.clone()));
    drop_in(&dovecot, "INBOX", 2..3, 400);
    wait_for(&house, 3).await;
    dovecot.tell(&["mailbox", "create", "-u", "dpo@example.org", "Spam"]);
    dovecot.save("dpo", "Spam", &sample(9, 400));
    wait_for(&house, 4).await;
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_changed_uidvalidity_loses_and_doubles_nothing() {
    let dovecot = Dovecot::start();
    let house = House::new().await;
    drop_in(&dovecot, "INBOX", 0..300, 2000);
    let source = house.source(mailbox(Some(account(&dovecot, "keep")), None));
    assert_eq!(source.fetch_once().await.unwrap().new, 300);
    dovecot.change_uidvalidity("dpo", "INBOX", 4711);
    drop_in(&dovecot, "INBOX", 300..310, 2000);
    let again = source.fetch_once().await.unwrap();
    assert_eq!((again.new, again.twins), (10, 300));
    assert_eq!(house.count().await, 310);
    assert_eq!(source.fetch_once().await.unwrap(), FetchSummary::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_a_colleague_deletes_while_we_read() {
    let dovecot = Dovecot::start();
    let house = House::new().await;
    drop_in(&dovecot, "INBOX", 0..2000, 3000);
    // Slow enough for the colleague to come in between.
    let proxy = Proxy::start(dovecot.imaps);
    let mut imap = account(&dovecot, "keep");
    imap.port = Some(proxy.port);
    let mut source = house.source(mailbox(Some(imap), None));
    source.deadlines.silence = Duration::from_secs(20);
    let fetching = tokio::spawn({
        let source = source.clone();
        async move { source.fetch_once().await }
    });
    eventually("some mails are stored", 20, || proxy.passed() > 1_000_000);
    proxy.stall();
    dovecot.expunge("dpo", "INBOX", &["uid", "1900:1950"]);
    proxy.heal();
    let done = fetching.await.unwrap().unwrap();
    assert_eq!(done.new + done.gone, 2000, "{done:?}");
    assert!(done.new >= 1949 && done.unreadable == 0, "{done:?}");
    assert_eq!(house.count().await as usize, done.new);
    assert_eq!(source.fetch_once().await.unwrap(), FetchSummary::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn large_mails_come_whole_and_too_large_ones_with_their_first_part() {
    let dovecot = Dovecot::start();
    let house = House::new().await;
    let sizes = [300, 262_143, 262_144, 262_145, 700_000, 1_000_000, 1_100_000, 3_000_000];
    let mails: Vec<Vec<u8>> = sizes
        .iter()
        .enumerate()
        .map(|(number, size)| {
            let mut mail = sample(number, *size);
            mail.truncate(*size);
            mail
        })
        .collect();
    dovecot.drop_in("dpo", "INBOX", SystemTime::now(), mails.iter().map(Vec::as_slice));
    let mut source = house.source(mailbox(Some(account(&dovecot, "keep")), None));
    source.limits = Limits { message_bytes: 1_000_000, ..Limits::default() };
    let done = source.fetch_once().await.unwrap();
    assert_eq!((done.new, done.too_large, done.unreadable), (8, 2, 0));
    let mut stored = house.settle_all().await;
    stored.sort_by_key(|mail| String::from_utf8_lossy(&mail.raw[..40]).into_owned());
    for (mail, sent) in stored.iter().zip(&mails) {
        assert_eq!(mail.partial, sent.len() > 1_000_000);
        let kept = if mail.partial { 256 << 10 } else { sent.len() };
        // A maildir file that ends within a line gets its end from nobody.
        assert_eq!(mail.raw.len(), kept);
        assert!(sent.starts_with(&mail.raw));
    }
    assert_eq!(source.fetch_once().await.unwrap(), FetchSummary::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_brings_a_mail_at_once_and_the_loop_survives_everything() {
    let mut dovecot = Dovecot::start();
    let house = House::new().await;
    let mut imap = account(&dovecot, "keep");
    imap.poll_seconds = 3600;
    let mut source = house.source(mailbox(Some(imap), None));
    source.deadlines.idle = Duration::from_secs(3600);
    let stop = CancellationToken::new();
    let running = tokio::spawn(source.watch(stop.clone()));
    for number in 0..5 {
        dovecot.save("dpo", "INBOX", &sample(number, 400));
        wait_for(&house, number as u64 + 1).await;
    }
    dovecot.kick("dpo");
    dovecot.save("dpo", "INBOX", &sample(5, 400));
    wait_for(&house, 6).await;
    dovecot.stop();
    tokio::time::sleep(Duration::from_millis(300)).await;
    dovecot.start_again();
    dovecot.save("dpo", "INBOX", &sample(6, 400));
    wait_for(&house, 7).await;
    stop.cancel();
    running.await.unwrap();
    assert_eq!(house.count().await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_idle_the_poll_is_the_net() {
    let dovecot = Dovecot::start_with("imap_capability = IMAP4rev1\n");
    let house = House::new().await;
    let source = house.source(mailbox(Some(account(&dovecot, "keep")), None));
    let stop = CancellationToken::new();
    let running = tokio::spawn(source.watch(stop.clone()));
    for number in 0..2 {
        dovecot.save("dpo", "INBOX", &sample(number, 400));
        wait_for(&house, number as u64 + 1).await;
    }
    stop.cancel();
    running.await.unwrap();
}

/// Fetches, settles, fetches again: how the folders and their flags stand then.
async fn filed(dovecot: &Dovecot, after: &str) -> (FetchSummary, Vec<String>) {
    let house = House::new().await;
    drop_in(dovecot, "INBOX", 0..250, 400);
    drop_in(dovecot, "Junk", 0..2, 400);
    let source = house.source(mailbox(Some(account(dovecot, after)), None));
    let first = source.fetch_once().await.unwrap();
    assert_eq!((first.new, first.filed), (250, 0), "nothing is filed before it is settled");
    assert_eq!(house.settle_all().await.len(), 250);
    let second = source.fetch_once().await.unwrap();
    let third = source.fetch_once().await.unwrap();
    assert_eq!(third, FetchSummary::default());
    (second, dovecot.flags("dpo", "INBOX"))
}

fn all_numbers(source_folder: &str, dovecot: &Dovecot) -> HashSet<u32> {
    dovecot.uids("dpo", source_folder).into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_settled_mail_is_marked_as_seen() {
    let dovecot = Dovecot::start();
    let (second, flags) = filed(&dovecot, "seen").await;
    assert_eq!((second.new, second.filed), (0, 252));
    assert!(flags.len() == 250 && flags.iter().all(|flags| flags == "\\Seen"), "{flags:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_settled_mail_is_moved_to_a_folder_that_is_made() {
    let dovecot = Dovecot::start();
    let (second, flags) = filed(&dovecot, "Trait\u{e9}es/2026").await;
    assert_eq!((second.filed, flags.len()), (252, 0));
    assert_eq!(all_numbers("Trait\u{e9}es/2026", &dovecot).len(), 252);
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_without_move_mail_is_copied_and_exactly_that_is_removed() {
    let dovecot = Dovecot::start_with("imap_capability = IMAP4rev1 UIDPLUS\n");
    drop_in(&dovecot, "INBOX", 900..901, 400);
    dovecot.tell(&["flags", "add", "-u", "dpo@example.org", "\\Deleted", "mailbox", "INBOX", "all"]);
    let house = House::new().await;
    let source = house.source(mailbox(Some(account(&dovecot, "Handled")), None));
    source.fetch_once().await.unwrap();
    // What a colleague marked stays theirs: it is not settled yet.
    drop_in(&dovecot, "INBOX", 0..3, 400);
    source.fetch_once().await.unwrap();
    let taken = house.store.next_mails(1, 1).await.unwrap();
    house.store.write(move |tx| tx.settle_mail(taken[0].id, "tried", None, b"")).await.unwrap();
    assert_eq!(source.fetch_once().await.unwrap().filed, 1);
    assert_eq!((dovecot.uids("dpo", "INBOX").len(), dovecot.uids("dpo", "Handled").len()), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_without_uidplus_mail_is_copied_and_stays_marked_as_deleted() {
    let dovecot = Dovecot::start_with("imap_capability = IMAP4rev1\n");
    let (second, flags) = filed(&dovecot, "Handled").await;
    assert_eq!((second.filed, flags.len()), (252, 250));
    assert!(flags.iter().all(|flags| flags.contains("\\Deleted")));
    assert_eq!(dovecot.uids("dpo", "Handled").len(), 252);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loop_files_what_was_settled_meanwhile() {
    let dovecot = Dovecot::start();
    let house = House::new().await;
    let source = house.source(mailbox(Some(account(&dovecot, "Handled")), None));
    let arrived = std::sync::Arc::clone(&source.arrived);
    let stop = CancellationToken::new();
    let running = tokio::spawn(source.watch(stop.clone()));
    dovecot.save("dpo", "INBOX", &sample(1, 400));
    arrived.notified().await;
    assert_eq!(house.settle_all().await.len(), 1);
    eventually("the copy is moved", 15, || {
        dovecot.uids("dpo", "INBOX").is_empty() && dovecot.uids("dpo", "Handled").len() == 1
    });
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_below_the_floor_of_free_space_mail_waits_on_the_server() {
    let dovecot = Dovecot::start();
    drop_in(&dovecot, "INBOX", 0..2, 400);
    let dir = tempfile::tempdir().unwrap();
    let settings = rightsd::config::StoreSettings {
        path: dir.path().join("data/rightsd.db"),
        key_file: None,
        free_mib_min: u64::MAX,
    };
    let store = rightsd::store::Store::open(&settings).await.unwrap();
    let house = House { store, _dir: dir };
    let source = house.source(mailbox(Some(account(&dovecot, "seen")), None));
    assert_eq!(kind(source.fetch_once().await), "disk-full");
    assert_eq!(house.count().await, 0);
    assert_eq!(dovecot.flags("dpo", "INBOX"), ["", ""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_file_is_read_at_each_connection() {
    let dovecot = Dovecot::start();
    let house = House::new().await;
    let folder = tempfile::tempdir().unwrap();
    let mut imap = account(&dovecot, "keep");
    imap.password = secret(folder.path(), "old horse");
    let source: Source = house.source(mailbox(Some(imap), None));
    assert_eq!(kind(source.fetch_once().await), "login-refused");
    secret(folder.path(), crate::servers::PASSWORD);
    assert_eq!(kind(source.fetch_once().await), "fetched");
}
