//! The daemon's office with a real store and loaded dice: what chance alone would show once in years.

use std::sync::Arc;

use rightsd::clock::Clock;
use rightsd::config::Config;
use rightsd::daemon::Office;
use rightsd::dice::Dice;
use rightsd::outbox::Postman;
use rightsd::reply::Templates;
use rightsd::store::{Arrival, Store};

fn arrival(number: usize, sender: &str) -> Arrival {
    Arrival {
        mailbox: "dpo".to_owned(),
        folder: "INBOX".to_owned(),
        place: format!("1/{number}"),
        received_at: "2026-11-25T09:00:00Z".parse().unwrap(),
        raw: format!(
            "From: {sender}\r\nTo: dpo@example.org\r\nSubject: My data\r\nMessage-ID: <{number}@example.net>\r\n\r\n\
             Please send me a copy of all personal data you hold about me.\r\n"
        )
        .into_bytes(),
        partial: false,
        verified: None,
    }
}

async fn office(folder: &std::path::Path, dice: Dice) -> Arc<Office> {
    let config: Config = toml::from_str(&format!(
        "[controller]\nname = \"Example\"\npostal_address = [\"1 Main Street\"]\ndpo_email = \"dora@example.org\"\n\
         reference_prefix = \"EX\"\n[[mailbox]]\nname = \"dpo\"\npurpose = \"rights\"\naddress = \"dpo@example.org\"\n\
         [smtp]\nfolder = \"{0}/out\"\n[store]\npath = \"{0}/data/rightsd.db\"\nfree_mib_min = 16\n",
        folder.display()
    ))
    .unwrap();
    let store = Store::open(&config.store).await.unwrap();
    let clock = Clock::manual("2026-11-25T10:00:00Z".parse().unwrap());
    Arc::new(Office::new(config, store, Templates::embedded(), clock).unwrap().with_dice(dice))
}

/// Two people write, and chance gives the second case the number of the first, once and again.
#[tokio::test]
async fn two_cases_never_share_a_number() {
    // A mail takes two throws, one for its case and one for its letter; a third for a case that must be drawn anew.
    for same_throws in [0, 4, 5, 6] {
        let folder = tempfile::tempdir().unwrap();
        let office = office(folder.path(), Dice::loaded(vec![7; same_throws])).await;
        let mails = vec![arrival(1, "alice@example.net"), arrival(2, "bob@example.net")];
        office.store.receive(mails).await.unwrap();
        assert_eq!(office.process_all().await.unwrap(), 2);
        let cases = office.store.cases(true).await.unwrap();
        let mut senders: Vec<_> =
            cases.iter().filter_map(|listed| Some(listed.sender.as_ref()?.as_str().to_owned())).collect();
        senders.sort();
        assert_eq!(senders, ["alice@example.net", "bob@example.net"], "{same_throws}");
        for listed in &cases {
            assert_eq!(
                office.store.mails_of(&listed.case.reference).await.unwrap().len(),
                1,
                "{same_throws}"
            );
            assert_eq!(
                office.store.letters_of(&listed.case.reference).await.unwrap().len(),
                1,
                "{same_throws}"
            );
        }
        assert!(office.store.verify_journal().await.unwrap().is_ok(), "{same_throws}");
    }
}

/// What was made ready for a person's first mail of the day is not what the second one deserves (T27).
#[tokio::test]
async fn t27_letters_made_ready_side_by_side_keep_to_the_caps() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(folder.path(), Dice::System).await;
    let mails = (0..12).map(|number| arrival(number, "alice@example.net")).collect();
    office.store.receive(mails).await.unwrap();
    assert_eq!(office.process_all().await.unwrap(), 12);
    assert_eq!(office.store.cases(true).await.unwrap().len(), 12);
    let letters: u64 = office.store.letter_counts().await.unwrap().values().sum();
    assert_eq!(letters, u64::from(office.config.limits.letters_per_address_kind_day));
}

/// The kinds of all letters of all cases, in order, and how each stands.
async fn letters(office: &Office) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for listed in office.store.cases(true).await.unwrap() {
        for letter in office.store.letters_of(&listed.case.reference).await.unwrap() {
            all.push((letter.kind, letter.state));
        }
    }
    all
}

/// When too many letters went out in an hour the others wait, and the DPO is told, once, by a letter that does not.
#[tokio::test]
async fn t27_the_dpo_is_told_when_the_breaker_opens() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(folder.path(), Dice::System).await;
    let cap = office.config.limits.letters_per_hour as usize;
    let mails =
        (0..cap + 5).map(|number| arrival(number, &format!("p{number}@d{number}.example.net"))).collect();
    office.store.receive(mails).await.unwrap();
    office.process_all().await.unwrap();
    let postman = Postman::new(&office.config.smtp).unwrap();
    while office.dispatch_batch(&postman).await.unwrap() > 0 {}
    let sent = |counts: &std::collections::BTreeMap<String, u64>| counts.get("sent").copied().unwrap_or(0);
    assert_eq!(sent(&office.store.letter_counts().await.unwrap()), cap as u64);
    // The alert, the notice of the new cases, and the digest of the day.
    assert!(office.tick().await.unwrap());
    while office.dispatch_batch(&postman).await.unwrap() > 0 {}
    let counts = office.store.letter_counts().await.unwrap();
    assert_eq!((sent(&counts), counts.get("due").copied()), (cap as u64 + 3, Some(5)));
    let told = || {
        let files = std::fs::read_dir(folder.path().join("out")).unwrap().flatten();
        let texts = files.filter_map(|file| std::fs::read_to_string(file.path()).ok());
        texts.filter(|text| text.contains("\nTo: dora@example.org")).count()
    };
    assert_eq!(told(), 3);
    office.tick().await.unwrap();
    while office.dispatch_batch(&postman).await.unwrap() > 0 {}
    assert_eq!(told(), 3, "told once in an hour");
    // An hour later the others go.
    office.clock.set(office.clock.now() + jiff::SignedDuration::from_mins(62));
    while office.dispatch_batch(&postman).await.unwrap() > 0 {}
    assert_eq!(office.store.letter_counts().await.unwrap().get("due"), None);
}

/// Nobody answers: a reminder after three days, the opt-out all the same after seven, and a letter that says so.
#[tokio::test]
async fn an_opt_out_that_nobody_confirms_is_applied_after_a_week() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(folder.path(), Dice::System).await;
    let mut stop = arrival(1, "alice@example.net");
    stop.raw = b"From: alice@example.net\r\nTo: dpo@example.org\r\nSubject: unsubscribe\r\nMessage-ID: <1@example.net>\r\n\r\n\
        Please unsubscribe me from your newsletter.\r\n"
        .to_vec();
    office.store.receive(vec![stop]).await.unwrap();
    office.process_all().await.unwrap();
    let postman = Postman::new(&office.config.smtp).unwrap();
    let days = async |days: i64| {
        office.clock.set(office.clock.now() + jiff::SignedDuration::from_hours(24 * days));
        office.tick().await.unwrap();
        while office.dispatch_batch(&postman).await.unwrap() > 0 {}
        letters(&office).await.into_iter().map(|(kind, _)| kind).collect::<Vec<_>>()
    };
    assert_eq!(days(0).await, ["confirmation-request"]);
    assert_eq!(days(2).await, ["confirmation-request"]);
    assert_eq!(days(2).await, ["confirmation-request", "confirmation-reminder"]);
    let after = days(4).await;
    assert_eq!(after, ["confirmation-request", "confirmation-reminder", "opt-out-applied-unconfirmed"]);
    assert!(office.store.verify_journal().await.unwrap().is_ok());
}
