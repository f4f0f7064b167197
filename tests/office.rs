//! The daemon's office with a real store and loaded dice: what chance alone would show once in years.

use std::sync::Arc;

use rightsd::clock::Clock;
use rightsd::config::Config;
use rightsd::daemon::Office;
use rightsd::dice::Dice;
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
