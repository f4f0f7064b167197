//! Mail in: each new message's raw bytes, durable before anything is thought.
//!
//! One independent loop per mailbox ([`watch()`]): a sick one delays no other (R13). What a server lists and the table
//! does not know is fetched, in any order, whatever `\Seen` or a last number say (R10–R12); receipt is the server's
//! INTERNALDATE (law: when the company's server took it). Only after a mail was settled is the server's copy marked
//! or moved, and doing that twice harms nobody (R3).
//!
//! Never here: a thought about what a mail says; BODYSTRUCTURE, ENVELOPE or ESEARCH, whose answers a hostile server
//! can nest (T35); a password on an open line; a server's words in a log.
//!
//! RFC 3501 with IDLE (2177), UIDPLUS (4315), MOVE (6851), ID (2971), TLS as in 8314. Maildir as in qmail's maildir(5).

mod batch;
mod connect;
mod error;
mod fetch;
mod file;
mod guard;
mod idle;
mod maildir;
mod session;
mod utf7;
pub mod verify;
mod watch;
mod wire;

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub(crate) use batch::store_verified;
pub use connect::Deadlines;
pub use error::IntakeError;
pub use verify::Verifier;

use crate::config::{Limits, Mailbox};
use crate::pulse::Pulse;
use crate::store::{Receipt, Store};

/// What is asked of every mail at first, which is nearly always all of it; and all that is kept of one that is larger
/// than `limits.message_bytes`.
pub(crate) const FIRST_BYTES: usize = 256 << 10;

/// Reads one mailbox until `stop`; never ends by itself. Trouble is logged once for each change and tried again.
///
/// `arrived` is rung after each batch of mail that was stored.
pub async fn watch(
    mailbox: Mailbox,
    limits: Limits,
    store: Store,
    verifier: Option<Arc<Verifier>>,
    arrived: Arc<Notify>,
    pulse: Pulse,
    stop: CancellationToken,
) {
    let source = Source { verifier, arrived, ..Source::new(mailbox, limits, store, pulse) };
    source.watch(stop).await;
}

/// Looks into every folder once: stores what is new and files what was settled. Called again after mails were
/// settled, it files them.
///
/// # Errors
/// The first trouble; what was fetched until then is stored. A folder that is absent is one, told after the others
/// were looked into.
pub async fn fetch_once(
    mailbox: &Mailbox,
    limits: &Limits,
    store: &Store,
    verifier: Option<&Arc<Verifier>>,
) -> Result<FetchSummary, IntakeError> {
    let pulse = Pulse::new(&mailbox.name);
    let source = Source::new(mailbox.clone(), limits.clone(), store.clone(), pulse);
    Source { verifier: verifier.cloned(), ..source }.fetch_once().await
}

/// What works, in one line for a person, such as `INBOX 12 mails, Junk 3 mails; IDLE, MOVE`.
///
/// # Errors
/// What does not; a folder that is absent with the names of those that exist.
pub async fn probe(mailbox: &Mailbox) -> Result<String, IntakeError> {
    match &mailbox.imap {
        Some(imap) => watch::probe(imap).await,
        None => maildir::probe(mailbox).await,
    }
}

/// One mailbox with all it needs to be read.
#[derive(Clone)]
pub struct Source {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// Bounds; of them `message_bytes` and `attempts` matter here.
    pub limits: Limits,
    /// Where mail goes.
    pub store: Store,
    /// Our own look at signatures; `None` when DNS is not asked.
    pub verifier: Option<Arc<Verifier>>,
    /// Rung after each batch of mail that was stored. May be shared by all mailboxes.
    pub arrived: Arc<Notify>,
    /// The loop's sign of life.
    pub pulse: Pulse,
    /// How long each step may take.
    pub deadlines: Deadlines,
}

impl Source {
    /// A source with default deadlines and bells of its own.
    #[must_use]
    pub fn new(mailbox: Mailbox, limits: Limits, store: Store, pulse: Pulse) -> Self {
        Self {
            mailbox,
            limits,
            store,
            verifier: None,
            arrived: Arc::default(),
            pulse,
            deadlines: Deadlines::default(),
        }
    }

    /// As [`watch()`].
    pub async fn watch(self, stop: CancellationToken) {
        watch::watch(self, stop).await;
    }

    /// As [`fetch_once`].
    ///
    /// # Errors
    /// As [`fetch_once`].
    pub async fn fetch_once(&self) -> Result<FetchSummary, IntakeError> {
        match &self.mailbox.imap {
            Some(imap) => watch::fetch_once(imap, self).await,
            None => maildir::look(self, &mut maildir::Memory::default(), true).await,
        }
    }

    /// What happens to settled mail: "keep", "seen" or a folder.
    fn after(&self) -> Option<&str> {
        let imap = self.mailbox.imap.as_ref().map(|imap| imap.after.as_str());
        imap.or_else(|| self.mailbox.maildir.as_ref().map(|maildir| maildir.after.as_str()))
    }

    fn files_mail(&self) -> bool {
        self.after().is_some_and(|after| after != "keep")
    }
}

/// What one look at a mailbox brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchSummary {
    /// Mails stored.
    pub new: usize,
    /// Places that were known already.
    pub known: usize,
    /// Mails that lie elsewhere too: one mail, seen twice.
    pub twins: usize,
    /// Of those stored, how many were too large and kept with their first part only.
    pub too_large: usize,
    /// Mails that were removed by somebody else before they could be read.
    pub gone: usize,
    /// Mails that the server lists and does not give.
    pub unreadable: usize,
    /// Copies on the server that were marked or moved.
    pub filed: usize,
}

impl FetchSummary {
    fn count(&mut self, receipt: Receipt) {
        match receipt {
            Receipt::New => self.new += 1,
            Receipt::Known => self.known += 1,
            Receipt::Twin => self.twins += 1,
        }
    }
}

impl std::ops::AddAssign for FetchSummary {
    fn add_assign(&mut self, other: Self) {
        self.new += other.new;
        self.known += other.known;
        self.twins += other.twins;
        self.too_large += other.too_large;
        self.gone += other.gone;
        self.unreadable += other.unreadable;
        self.filed += other.filed;
    }
}
