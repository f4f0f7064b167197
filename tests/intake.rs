//! Mail in, against real servers and against broken ones: nothing lost, nothing twice, nobody trusted.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests too.

mod servers;

#[path = "intake/broken.rs"]
mod broken;
#[path = "intake/harness.rs"]
mod harness;
#[path = "intake/ingest.rs"]
mod ingest;
#[path = "intake/lines.rs"]
mod lines;
#[path = "intake/maildir.rs"]
mod maildir;
#[path = "intake/real.rs"]
mod real;

use std::collections::BTreeMap;
use std::time::Duration;

use rightsd::config::{Imap, Limits, Mailbox, Maildir, Purpose, StoreSettings};
use rightsd::intake::{Deadlines, FetchSummary, IntakeError, Source};
use rightsd::pulse::Pulse;
use rightsd::store::{Store, StoredMail};
use servers::Dovecot;

/// A store of its own, and sources that write to it.
struct House {
    store: Store,
    _dir: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let settings =
            StoreSettings { path: dir.path().join("data/rightsd.db"), key_file: None, free_mib_min: 16 };
        Self { store: Store::open(&settings).await.unwrap(), _dir: dir }
    }

    fn source(&self, mailbox: Mailbox) -> Source {
        let name = mailbox.name.clone();
        let source = Source::new(mailbox, Limits::default(), self.store.clone(), Pulse::new(&name));
        Source { deadlines: short(), ..source }
    }

    /// Everything stored, as understanding would take it; it is settled by that.
    async fn settle_all(&self) -> Vec<StoredMail> {
        let mut all = Vec::new();
        loop {
            let mails = self.store.next_mails(1000, 64 << 20).await.unwrap();
            if mails.is_empty() {
                return all;
            }
            let ids: Vec<_> = mails.iter().map(|mail| mail.id).collect();
            let settle = move |tx: &rightsd::store::Tx<'_>| {
                ids.iter().try_for_each(|id| tx.settle_mail(*id, "tried", None, b""))
            };
            self.store.write(settle).await.unwrap();
            all.extend(mails);
        }
    }

    /// How many mails there are for each end they found.
    async fn ends(&self) -> BTreeMap<String, u64> {
        self.store.ends().await.unwrap().into_iter().collect()
    }

    /// All mails that were stored.
    async fn count(&self) -> u64 {
        self.ends().await.values().sum()
    }
}

/// Deadlines that a test can wait for.
fn short() -> Deadlines {
    Deadlines {
        connect: Duration::from_secs(5),
        step: Duration::from_secs(5),
        silence: Duration::from_secs(5),
        idle: Duration::from_secs(2),
        doubt: Duration::from_millis(1),
        wait_min: Duration::from_millis(20),
        wait_max: Duration::from_millis(200),
    }
}

fn mailbox(imap: Option<Imap>, maildir: Option<Maildir>) -> Mailbox {
    let (name, address) = ("rights".to_owned(), "dpo@example.org".to_owned());
    Mailbox { name, purpose: Purpose::Rights, address, imap, maildir }
}

/// The account `dpo` of a Dovecot, INBOX and Junk.
fn account(dovecot: &Dovecot, after: &str) -> Imap {
    let table = format!("imap = {}", dovecot.imap_table("dpo", after));
    let mut table: BTreeMap<String, Imap> = toml::from_str(&table).unwrap();
    table.remove("imap").unwrap()
}

/// Looks until the connection holds to the end; returns the sum and how often it broke.
async fn fetch_stubbornly(source: &Source) -> (FetchSummary, usize) {
    let mut sum = FetchSummary::default();
    for broken in 0..200 {
        match source.fetch_once().await {
            Ok(summary) => {
                sum += summary;
                return (sum, broken);
            }
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
    }
    panic!("the connection never held");
}

#[track_caller]
fn kind(result: Result<FetchSummary, IntakeError>) -> &'static str {
    result.map_or_else(|error| error.kind(), |_| "fetched")
}

/// Waits until so many mails are stored.
async fn wait_for(house: &House, mails: u64) {
    for _ in 0..4000 {
        if house.count().await >= mails {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{} mails instead of {mails}", house.count().await);
}
