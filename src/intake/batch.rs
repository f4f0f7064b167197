//! Between a source and the store: mails are handed over many at a time, and while one batch is made durable the
//! next one is read. At most two batches are in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use tokio::task::JoinHandle;

use super::error::IntakeError;
use super::verify::{Verifier, mentions_signature};
use super::{FetchSummary, Source};
use crate::mail::{Headers, Sender, address};
use crate::store::{Arrival, Receipt, Store};

/// A batch is handed over when it holds this many bytes…
const BATCH_BYTES: usize = 2 << 20;
/// …or this many mails…
const BATCH_MAILS: usize = 500;
/// …or when its first mail has waited this long.
const BATCH_WAIT: Duration = Duration::from_millis(500);
/// Signatures of one batch are looked up side by side…
const LOOKUPS: usize = 32;
/// …and whoever has no answer by then is asked for a confirmation instead.
const LOOKUP_DEADLINE: Duration = Duration::from_secs(10);

type Storing = JoinHandle<Result<Vec<Receipt>, IntakeError>>;

/// Collects the arrivals of one source. `K` is how the source calls a mail's place.
pub(super) struct Batch<'s, K> {
    source: &'s Source,
    waiting: Vec<Arrival>,
    keys: Vec<K>,
    bytes: usize,
    since: Option<Instant>,
    storing: Option<(Vec<K>, Storing)>,
    /// Places whose mail is durable.
    pub(super) stored: Vec<K>,
    /// What came in so far.
    pub(super) summary: FetchSummary,
}

impl<'s, K> Batch<'s, K> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self {
            source,
            waiting: Vec::new(),
            keys: Vec::new(),
            bytes: 0,
            since: None,
            storing: None,
            stored: Vec::new(),
            summary: FetchSummary::default(),
        }
    }

    /// Takes a mail; hands over when there is enough.
    ///
    /// # Errors
    /// [`IntakeError::DiskFull`], and the store's for this batch or the one before.
    pub(super) async fn add(&mut self, key: K, arrival: Arrival) -> Result<(), IntakeError> {
        self.bytes += arrival.raw.len();
        self.waiting.push(arrival);
        self.keys.push(key);
        let since = *self.since.get_or_insert_with(Instant::now);
        if self.bytes >= BATCH_BYTES || self.waiting.len() >= BATCH_MAILS || since.elapsed() >= BATCH_WAIT {
            self.hand_over().await?;
        }
        Ok(())
    }

    /// Hands over what is left and waits until all of it is durable.
    pub(super) async fn finish(&mut self) -> Result<(), IntakeError> {
        let handed = self.hand_over().await;
        self.settle().await.and(handed)
    }

    async fn hand_over(&mut self) -> Result<(), IntakeError> {
        self.settle().await?;
        if self.waiting.is_empty() {
            return Ok(());
        }
        if !self.source.store.free_space_ok() {
            return Err(IntakeError::DiskFull);
        }
        let batch = std::mem::take(&mut self.waiting);
        let keys = std::mem::take(&mut self.keys);
        (self.bytes, self.since) = (0, None);
        let (store, verifier) = (self.source.store.clone(), self.source.verifier.clone());
        self.storing = Some((keys, tokio::spawn(store_batch(store, verifier, batch))));
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), IntakeError> {
        let Some((keys, storing)) = self.storing.take() else { return Ok(()) };
        let receipts =
            storing.await.map_err(|_| IntakeError::System("a task that stores mail was lost"))??;
        self.source.pulse.beat();
        self.stored.extend(keys);
        for receipt in receipts {
            self.summary.count(receipt);
        }
        self.source.arrived.notify_one();
        Ok(())
    }
}

async fn store_batch(
    store: Store,
    verifier: Option<Arc<Verifier>>,
    batch: Vec<Arrival>,
) -> Result<Vec<Receipt>, IntakeError> {
    store_verified(&store, verifier.as_deref(), batch).await
}

/// Looks up the signatures of a batch and stores it; durable when it returns.
pub(crate) async fn store_verified(
    store: &Store,
    verifier: Option<&Verifier>,
    mut batch: Vec<Arrival>,
) -> Result<Vec<Receipt>, IntakeError> {
    if let Some(verifier) = verifier {
        let signed = batch.iter_mut().filter(|arrival| mentions_signature(&arrival.raw));
        let lookups = futures::stream::iter(signed).for_each_concurrent(LOOKUPS, |arrival| async move {
            let (headers, _) = Headers::read(&arrival.raw);
            if let Sender::One(from) = address::sender(&headers) {
                arrival.verified = verifier.verify(&arrival.raw, from.domain()).await;
            }
        });
        let _ = tokio::time::timeout(LOOKUP_DEADLINE, lookups).await;
    }
    Ok(store.receive(batch).await?)
}
