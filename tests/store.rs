//! What is kept: sealed, chained, closed to others, and refused when its key is not there.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rightsd::case::{Basis, Fact, Fingerprint, MailId, Opening, Purpose, Reference, evolve};
use rightsd::classify::Right;
use rightsd::config::{LetterLanguage, StoreSettings};
use rightsd::identity::{Code, Token};
use rightsd::mail::Address;
use rightsd::store::{
    Arrival, ClaimedLetter, InstanceLock, NewLetter, NewToken, Receipt, SealedLetter, Settlement, Store,
    StoreError,
};

const CANARY: &str = "canary.person@example.org";

fn settings(folder: &Path) -> StoreSettings {
    StoreSettings { path: folder.join("data/rightsd.db"), key_file: None, free_mib_min: 16 }
}

fn now() -> jiff::Timestamp {
    "2026-11-25T09:00:00Z".parse().unwrap()
}

fn arrival(place: &str, words: &str) -> Arrival {
    Arrival {
        mailbox: "dpo".to_owned(),
        folder: "INBOX".to_owned(),
        place: place.to_owned(),
        received_at: now(),
        raw: format!("From: {CANARY}\r\nSubject: canarysubject\r\n\r\n{words}\r\n").into_bytes(),
        partial: false,
        verified: None,
    }
}

/// Opens a case, writes a letter with a token, applies an opt-out: what one mail brings about.
async fn fill(store: &Store, token: &Token) -> Reference {
    store.receive(vec![arrival("1/1", "canarywords")]).await.unwrap();
    let reference = Reference::from_random("2J", 12_345_678_u32.to_le_bytes());
    let (case, token) = (reference.clone(), token.clone());
    store
        .write(move |tx| {
            let address = Address::parse(CANARY).unwrap();
            let person = tx.keys().person(&address);
            tx.keep_person(&person, &address)?;
            let facts = [
                Fact::Opened(Box::new(Opening {
                    reference: case.clone(),
                    mail: MailId(1),
                    mailbox: "dpo".to_owned(),
                    person: Some(person),
                    language: LetterLanguage::Fr,
                    received_at: now(),
                    received_on: "2026-11-25".parse().unwrap(),
                    due_on: "2026-12-28".parse().unwrap(),
                    extended_due_on: "2027-02-25".parse().unwrap(),
                    rights: vec![Right::OptOut, Right::Access],
                    certain: true,
                })),
                Fact::IdentityAsked,
                Fact::OptOutApplied { basis: Basis::Confirmed, on: "2026-11-25".parse().unwrap() },
            ];
            let state = facts.iter().fold(None, |state, fact| evolve(state, fact, now())).unwrap();
            tx.put_case(&state, now(), None, true)?;
            for fact in &facts {
                tx.append(&case, std::slice::from_ref(fact), now(), "daemon")?;
            }
            tx.apply_opt_out(&tx.keys().suppression(&address), now(), "confirmed", "[\"Example\"]", &case)?;
            let code = Code::parse("424242").unwrap();
            let bytes = format!("To: {CANARY}\r\n\r\n{}\r\n", token.as_str());
            let from = format!("dpo+b.{}@example.com", token.as_str());
            let letter = NewLetter {
                kind: "confirmation-request",
                envelope_from: Some(&from),
                envelope_to: &address,
                bytes: bytes.as_bytes(),
                queued_at: now(),
                token: Some(NewToken { token: &token, code: Some(&code), person, purpose: Purpose::Confirm }),
            };
            tx.queue_letter(Some(&case), &SealedLetter::new(&letter, tx.keys())?)?;
            tx.settle_mail(MailId(1), "case", Some(&case), b"canaryreading")?;
            tx.note_journal_end()
        })
        .await
        .unwrap();
    reference
}

/// These letters were accepted.
async fn settle(store: &Store, claimed: Vec<ClaimedLetter>) {
    assert!(!claimed.is_empty());
    store
        .write(move |tx| {
            let accepted = Settlement::Accepted { token_until: now() };
            let settled: Vec<_> = claimed.iter().map(|letter| (letter, accepted)).collect();
            tx.settle_letters(&settled, now())
        })
        .await
        .unwrap();
}

fn token() -> Token {
    Token::from_random([9; 20])
}

#[tokio::test]
async fn t15_t52_a_copy_of_the_database_names_nobody_and_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&settings(folder.path())).await.unwrap();
    let reference = fill(&store, &token()).await;
    // While the letter waits, and after it was sent.
    for sent in [false, true] {
        if sent {
            let claimed = store.claim_letters(now(), 1, 10, 10).await.unwrap();
            settle(&store, claimed).await;
        }
        let mut looked_at = 0;
        for entry in std::fs::read_dir(folder.path().join("data")).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            looked_at += bytes.len();
            let canaries = [
                CANARY,
                "canary.person",
                "canarysubject",
                "canarywords",
                "canaryreading",
                token().as_str(),
                "424242",
            ]
            .map(str::to_owned);
            for canary in canaries {
                let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
                assert!(!found, "{canary} stands in {}", path.display());
            }
        }
        assert!(looked_at > 50_000, "{looked_at}");
    }
    // With its key everything is there.
    let listed = store.case(&reference).await.unwrap().unwrap();
    assert_eq!(listed.sender, Address::parse(CANARY));
    let mails = store.mails_of(&reference).await.unwrap();
    assert_eq!(mails[0].1, b"canaryreading");
    assert!(String::from_utf8_lossy(&mails[0].0.raw).contains("canarywords"));
    let found = store.read(|tx| tx.find_token(&token())).await.unwrap().unwrap();
    assert_eq!(found.case, reference);
    assert!(store.read(|tx| tx.find_token(&Token::from_random([8; 20]))).await.unwrap().is_none());
}

#[tokio::test]
async fn t51_everything_on_disk_is_closed_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&settings(folder.path())).await.unwrap();
    fill(&store, &token()).await;
    let data = folder.path().join("data");
    assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600,
            "{}",
            path.display()
        );
    }
    store.close().await.unwrap();
    for name in ["rightsd.db", "rightsd.db.key", ""] {
        let path = data.join(name);
        let before = std::fs::metadata(&path).unwrap().permissions();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(before.mode() | 0o040)).unwrap();
        let error = Store::open(&settings(folder.path())).await.err().expect(name).to_string();
        assert!(error.contains("chmod"), "{error}");
        std::fs::set_permissions(&path, before).unwrap();
    }
    Store::open(&settings(folder.path())).await.unwrap();
}

#[tokio::test]
async fn t57_without_its_key_or_with_another_the_store_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let store = Store::open(&settings).await.unwrap();
    let reference = fill(&store, &token()).await;
    store.close().await.unwrap();
    let key = settings.key_path();
    let saved = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let error = Store::open(&settings).await.err().unwrap().to_string();
    assert!(error.contains("restore the key"), "{error}");
    assert!(!key.exists(), "a new key would lose everything for good");
    std::fs::write(&key, "nonsense").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(Store::open(&settings).await.err().unwrap().to_string().contains("64 hexadecimal"));
    std::fs::write(&key, "0".repeat(64)).unwrap();
    let other = Store::open(&settings).await.unwrap();
    assert!(matches!(other.mails_of(&reference).await, Err(StoreError::Corrupt { table: "mail", .. })));
    other.close().await.unwrap();
    std::fs::write(&key, saved).unwrap();
    Store::open(&settings).await.unwrap().mails_of(&reference).await.unwrap();
}

#[tokio::test]
async fn t50_a_changed_removed_or_cut_journal_is_found() {
    let cases: [(&str, &str); 5] = [
        (
            "UPDATE journal SET facts = replace(facts, 'identity-asked', 'identity-denied') WHERE seq = 2",
            "entry 2",
        ),
        ("UPDATE journal SET at = at + 1 WHERE seq = 1", "entry 1"),
        ("DELETE FROM journal WHERE seq = 2", "entry 2 is missing"),
        ("DELETE FROM journal WHERE seq = 3", "ends at entry 2"),
        ("UPDATE matter SET body = replace(body, '2026-12-28', '2026-12-29')", "not what replaying"),
    ];
    for (tampering, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        let store = Store::open(&settings).await.unwrap();
        fill(&store, &token()).await;
        assert_eq!(store.verify_journal().await.unwrap(), Ok(3));
        store.close().await.unwrap();
        let sql = rusqlite::Connection::open(&settings.path).unwrap();
        // The append-only triggers stop an accident; whoever means it drops them, and is found out by the chain.
        assert!(!tampering.contains("journal") || sql.execute_batch(tampering).is_err());
        sql.execute_batch(
            "DROP TRIGGER journal_is_append_only_update; DROP TRIGGER journal_is_append_only_delete;",
        )
        .unwrap();
        sql.execute_batch(tampering).unwrap();
        drop(sql);
        let store = Store::open(&settings).await.unwrap();
        let fault = store.verify_journal().await.unwrap().unwrap_err().to_string();
        assert!(fault.contains(expected), "{tampering}: {fault}");
    }
}

#[tokio::test]
async fn r2_the_same_words_in_two_places_are_one_mail_seen_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&settings(folder.path())).await.unwrap();
    let batch = vec![arrival("1/1", "a"), arrival("1/2", "a"), arrival("1/1", "a"), arrival("1/3", "b")];
    assert_eq!(
        store.receive(batch).await.unwrap(),
        [Receipt::New, Receipt::Twin, Receipt::Known, Receipt::New]
    );
    assert_eq!(store.known_places("dpo", "INBOX").await.unwrap().len(), 3);
    assert_eq!(store.next_mails(10, 1 << 20).await.unwrap().len(), 2);
}

#[tokio::test]
async fn t11_an_opt_out_keeps_its_first_date_and_is_undone_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&settings(folder.path())).await.unwrap();
    let reference = fill(&store, &token()).await;
    let address = Address::parse("Canary.Person@example.org").unwrap();
    let later = "2027-01-01T00:00:00Z".parse().unwrap();
    store
        .write(move |tx| {
            let key: Fingerprint = tx.keys().suppression(&Address::parse(CANARY).unwrap());
            tx.apply_opt_out(&key, later, "policy", "[]", &reference)
        })
        .await
        .unwrap();
    // Whatever the case it is written in, it is opted out since the first day.
    assert_eq!(store.opted_out(&address).await.unwrap().unwrap().since, now());
    store
        .write(|tx| tx.undo_opt_out(&tx.keys().suppression(&Address::parse(CANARY).unwrap())))
        .await
        .unwrap();
    assert!(store.opted_out(&address).await.unwrap().is_none());
}

#[tokio::test]
async fn t40_beyond_its_quota_a_sender_fills_no_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&settings(folder.path())).await.unwrap().with_quota(1);
    for number in 0..4 {
        let words = format!("{number} {}", "x".repeat(900 << 10));
        assert_eq!(
            store.receive(vec![arrival(&format!("1/{number}"), &words)]).await.unwrap(),
            [Receipt::New]
        );
    }
    let mails = store.next_mails(10, 64 << 20).await.unwrap();
    let kept: Vec<(bool, bool)> =
        mails.iter().map(|mail| (mail.partial, mail.raw.len() > 100 << 10)).collect();
    assert_eq!(kept, [(false, true), (false, true), (true, false), (true, false)]);
}

#[test]
fn r8_a_second_instance_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/rightsd.db");
    let first = InstanceLock::take(&path).unwrap();
    assert!(matches!(InstanceLock::take(&path), Err(StoreError::Locked(_))));
    drop(first);
    InstanceLock::take(&path).unwrap();
}

#[tokio::test]
async fn t27_letters_above_the_caps_per_hour_wait() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&settings(folder.path())).await.unwrap();
    for number in 0..6 {
        let to =
            Address::parse(&format!("p{number}@{}.example.org", if number < 4 { "a" } else { "b" })).unwrap();
        let new = move |tx: &rightsd::store::Tx<'_>| {
            let letter = NewLetter {
                kind: "not-understood",
                envelope_from: None,
                envelope_to: &to,
                bytes: b"x",
                queued_at: now(),
                token: None,
            };
            tx.queue_letter(None, &SealedLetter::new(&letter, tx.keys())?)
        };
        store.write(new).await.unwrap();
    }
    // Two to one domain in an hour: two of "a", both of "b".
    let claimed = store.claim_letters(now(), 10, 100, 2).await.unwrap();
    assert_eq!(claimed.len(), 4);
    settle(&store, claimed).await;
    // The rest is held back, and let go when the hour is over.
    assert_eq!(store.claim_letters(now(), 10, 100, 2).await.unwrap().len(), 0);
    let later = now().checked_add(jiff::SignedDuration::from_mins(62)).unwrap();
    assert_eq!(store.claim_letters(later, 10, 1, 2).await.unwrap().len(), 1, "the breaker lets one through");
}
