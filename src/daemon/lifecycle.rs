//! From start to stop: `serve` until a signal, or `serve --once` until nothing is left to do.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::office::Office;
use crate::clock::Clock;
use crate::config::Config;
use crate::intake;
use crate::outbox::Postman;
use crate::pulse::{Pulse, Pulses};
use crate::reply::Templates;
use crate::store::{InstanceLock, Store, StoreError};

/// How long a stop may take before what is left is cut off; every step is safe to cut (R31).
const STOP_SECONDS: u64 = 25;
/// Between two looks of a loop that nobody wakes.
const LOOK: Duration = Duration::from_secs(20);
/// Between two looks for mails that another process stored (`rightsd ingest`).
const INGEST_LOOK: Duration = Duration::from_secs(2);
/// Between two looks of `--once` at what is being fetched.
const ONCE_LOOK: Duration = Duration::from_millis(50);
/// After a failed step.
const PAUSE: Duration = Duration::from_secs(5);
/// A loop without a sign of life for so long is stuck, and the watchdog is no longer fed (R30).
const STUCK: Duration = Duration::from_secs(120);

/// What one `serve --once` did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnceSummary {
    /// Mails fetched that were new.
    pub fetched: usize,
    /// Mails understood and committed.
    pub processed: usize,
    /// Letters tried.
    pub letters: usize,
    /// Mailboxes that could not be read.
    pub failed_mailboxes: usize,
}

/// Opens the store and builds what the loops share.
///
/// # Errors
/// One sentence that names what is wrong.
pub async fn open_office(config: Config, clock: Clock) -> anyhow::Result<Arc<Office>> {
    let templates = load_templates(&config)?;
    let store = Store::open(&config.store).await?.with_quota(config.limits.mib_per_address_day);
    Ok(Arc::new(Office::new(config, store, templates, clock)?))
}

/// The letters' templates: the embedded ones, and an operator's own where the configuration names a folder.
///
/// # Errors
/// One sentence that names the file and the line.
pub fn load_templates(config: &Config) -> anyhow::Result<Templates> {
    match &config.templates {
        None => Ok(Templates::embedded()),
        Some(folder) => {
            let files = super::templates::read_folder(folder)?;
            Ok(Templates::with_overrides(&files)?)
        }
    }
}

/// Fetches, understands and sends all there is, then returns. Letters that must wait are left for the next run.
///
/// # Errors
/// When the store fails, or nothing at all could be read or sent for a wrong setting.
pub async fn run_once(office: &Arc<Office>) -> anyhow::Result<OnceSummary> {
    let mut summary = OnceSummary::default();
    office.store.blame_crashed().await?;
    office.store.release_claims().await?;
    let postman = Postman::new(&office.config.smtp)?;
    let fetched = CancellationToken::new();
    let processed = CancellationToken::new();
    // Side by side: while a batch is written to the disk, the next is fetched, another understood, a third sent.
    let fetching = async {
        let done = fetch_all(office).await;
        fetched.cancel();
        anyhow::Ok(done)
    };
    let processing = async {
        let mut count = 0;
        loop {
            let last = fetched.is_cancelled();
            count += office.process_all().await?;
            if last {
                break;
            }
            tokio::select! {
                () = office.mail_came.notified() => {}
                () = fetched.cancelled() => {}
                () = tokio::time::sleep(ONCE_LOOK) => {}
            }
        }
        office.tick().await?;
        processed.cancel();
        anyhow::Ok(count)
    };
    let sending = async {
        let mut count = 0;
        loop {
            let last = processed.is_cancelled();
            let sent = office.dispatch_batch(&postman).await?;
            count += sent;
            if sent > 0 {
                continue;
            }
            if last {
                break;
            }
            tokio::select! {
                () = office.letter_due.notified() => {}
                () = processed.cancelled() => {}
            }
        }
        anyhow::Ok(count)
    };
    let (fetched_mails, processed_mails, letters) = tokio::try_join!(fetching, processing, sending)?;
    (summary.fetched, summary.failed_mailboxes) = fetched_mails;
    summary.processed = processed_mails;
    summary.letters = letters;
    // The server's copies of what is settled now are marked or moved by a second look.
    if office.config.mailboxes.iter().any(|mailbox| after(mailbox) != "keep") {
        summary.failed_mailboxes = summary.failed_mailboxes.max(fetch_all(office).await.1);
    }
    // What the letters' ends brought.
    while office.tick().await? {
        summary.letters += office.dispatch_batch(&postman).await?;
    }
    postman.close().await;
    Ok(summary)
}

fn after(mailbox: &crate::config::Mailbox) -> &str {
    let imap = mailbox.imap.as_ref().map(|imap| imap.after.as_str());
    imap.or(mailbox.maildir.as_ref().map(|maildir| maildir.after.as_str())).unwrap_or("keep")
}

/// Fetches every mailbox once; returns how many mails were new, and how many mailboxes failed.
async fn fetch_all(office: &Arc<Office>) -> (usize, usize) {
    let verifier = intake::verify::Verifier::new(&office.config.identity).map(Arc::new);
    let mut fetches = JoinSet::new();
    for mailbox in office.config.mailboxes.clone() {
        let (office, verifier) = (Arc::clone(office), verifier.clone());
        fetches.spawn(async move {
            let source = intake::Source {
                verifier,
                arrived: Arc::clone(&office.mail_came),
                ..intake::Source::new(
                    mailbox.clone(),
                    office.config.limits.clone(),
                    office.store.clone(),
                    Pulse::new(&mailbox.name),
                )
            };
            (mailbox.name, source.fetch_once().await)
        });
    }
    let (mut new, mut failed) = (0, 0);
    while let Some(done) = fetches.join_next().await {
        match done {
            Ok((_, Ok(fetched))) => new += fetched.new,
            Ok((name, Err(error))) => {
                failed += 1;
                tracing::error!(mailbox = name, %error, "a mailbox could not be read");
            }
            Err(_) => failed += 1,
        }
    }
    (new, failed)
}

/// Runs until SIGTERM or SIGINT; a second signal stops at once.
///
/// # Errors
/// What stops the start, or a store that can no longer be written.
pub async fn run(config: Config, clock: Clock) -> anyhow::Result<()> {
    let _lock = InstanceLock::take(&config.store.path)?;
    let office = open_office(config, clock).await?;
    let stop = CancellationToken::new();
    watch_signals(stop.clone())?;
    serve(office, stop).await
}

/// The loops, until `stop`. The caller holds the instance lock.
///
/// # Errors
/// What stops the start, or a store that can no longer be written.
pub async fn serve(office: Arc<Office>, stop: CancellationToken) -> anyhow::Result<()> {
    let pulses = Pulses::default();
    let blamed = office.store.blame_crashed().await?;
    if blamed > 0 {
        tracing::warn!(
            mails = blamed,
            "a former run ended while it read these mails; each has an attempt less"
        );
    }
    let given_back = office.store.release_claims().await?;
    if given_back > 0 {
        tracing::info!(letters = given_back, "letters that a former run was sending will be sent again");
    }
    let postman = Postman::new(&office.config.smtp).context("smtp")?;
    let mut loops: JoinSet<anyhow::Result<()>> = JoinSet::new();
    if let Some(public) = office.config.public.clone() {
        super::page::spawn(&mut loops, &office, &public, pulses.add("page"), stop.clone()).await?;
    }
    let verifier = intake::verify::Verifier::new(&office.config.identity).map(Arc::new);
    for mailbox in office.config.mailboxes.clone() {
        let (office, stop, verifier) = (Arc::clone(&office), stop.clone(), verifier.clone());
        let pulse = pulses.add(&format!("intake {}", mailbox.name));
        loops.spawn(async move {
            let limits = office.config.limits.clone();
            intake::watch(
                mailbox,
                limits,
                office.store.clone(),
                verifier,
                Arc::clone(&office.mail_came),
                pulse,
                stop,
            )
            .await;
            Ok(())
        });
    }
    loops.spawn(processing(Arc::clone(&office), pulses.add("process"), stop.clone()));
    loops.spawn(dispatching(Arc::clone(&office), postman, pulses.add("dispatch"), stop.clone()));
    loops.spawn(ticking(Arc::clone(&office), pulses.add("clock"), stop.clone()));
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    tracing::info!(mailboxes = office.config.mailboxes.len(), "serving");
    let watchdog = tokio::spawn(feed_watchdog(pulses, stop.clone()));
    let ended = tokio::select! {
        () = stop.cancelled() => Ok(()),
        // A loop that ends by itself before the stop is a failure of the whole: systemd starts it again.
        ended = loops.join_next() => match ended {
            _ if stop.is_cancelled() => Ok(()),
            Some(Ok(Err(error))) => Err(error),
            Some(Err(_)) => Err(anyhow::anyhow!("a loop ended by a panic")),
            _ => Err(anyhow::anyhow!("a loop ended")),
        },
    };
    stop.cancel();
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    tracing::info!("stopping");
    let drained = tokio::time::timeout(Duration::from_secs(STOP_SECONDS), async {
        while loops.join_next().await.is_some() {}
    });
    if drained.await.is_err() {
        tracing::warn!("some loops did not stop in time and were cut off");
        loops.abort_all();
    }
    watchdog.abort();
    match Arc::try_unwrap(office) {
        Ok(office) => office.store.close().await?,
        Err(_) => tracing::debug!("the store is closed by the end of the process"),
    }
    ended
}

async fn processing(office: Arc<Office>, pulse: Pulse, stop: CancellationToken) -> anyhow::Result<()> {
    while !stop.is_cancelled() {
        pulse.beat();
        match office.process_all().await {
            Ok(_) => wait(&stop, &office.mail_came, INGEST_LOOK).await,
            Err(StoreError::Gone) => return Err(StoreError::Gone.into()),
            Err(error) => {
                tracing::error!(%error, "mails could not be committed");
                wait(&stop, &office.mail_came, PAUSE).await;
            }
        }
    }
    Ok(())
}

async fn dispatching(
    office: Arc<Office>,
    postman: Postman,
    pulse: Pulse,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    while !stop.is_cancelled() {
        pulse.beat();
        match office.dispatch_batch(&postman).await {
            Ok(1..) => {}
            Ok(0) => {
                let next = office.store.next_letter_at().await?;
                let until = next.map_or(LOOK, |at| {
                    Duration::try_from(at.duration_since(office.clock.now())).unwrap_or_default()
                });
                // A cap per hour may hold back letters that are due: no use in asking again at once.
                wait(&stop, &office.letter_due, until.clamp(Duration::from_secs(1), LOOK)).await;
            }
            Err(StoreError::Gone) => return Err(StoreError::Gone.into()),
            Err(error) => {
                tracing::error!(%error, "letters could not be claimed or settled");
                wait(&stop, &office.letter_due, PAUSE).await;
            }
        }
    }
    Ok(())
}

async fn ticking(office: Arc<Office>, pulse: Pulse, stop: CancellationToken) -> anyhow::Result<()> {
    while !stop.is_cancelled() {
        pulse.beat();
        match office.tick().await {
            Ok(_) => {}
            Err(StoreError::Gone) => return Err(StoreError::Gone.into()),
            Err(error) => tracing::error!(%error, "the clock's work could not be committed"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    Ok(())
}

async fn wait(stop: &CancellationToken, bell: &tokio::sync::Notify, most: Duration) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = bell.notified() => {}
        () = tokio::time::sleep(most) => {}
    }
}

/// Feeds systemd's watchdog only while every loop shows progress.
async fn feed_watchdog(pulses: Pulses, stop: CancellationToken) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let period = limit / 3;
    while !stop.is_cancelled() {
        match pulses.stale(STUCK) {
            None => {
                let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
            }
            Some(name) => tracing::error!(name, "a loop shows no progress; the watchdog is not fed"),
        }
        tokio::time::sleep(period).await;
    }
}

fn watch_signals(stop: CancellationToken) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        for second in [false, true] {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            if second {
                std::process::exit(1);
            }
            stop.cancel();
        }
    });
    Ok(())
}
