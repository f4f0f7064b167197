//! The loop of one mailbox: connect, bring every folder up to date, wait for the bell, and after any trouble begin
//! again, more slowly each time (R9).

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::batch::Batch;
use super::connect::connect;
use super::error::IntakeError;
use super::session::{Folder, bring_up_to_date};
use super::wire::Wire;
use super::{Deadlines, FetchSummary, Source, file, idle, maildir, session};
use crate::config::{Imap, Limits};
use crate::pulse::Pulse;

/// A connection that lasted so long was a good one: the next trouble is a new one.
const GOOD_CONNECTION: Duration = Duration::from_secs(60);
/// While the disk is full it is looked at this often (R17: back within a minute).
const DISK_WAIT: Duration = Duration::from_secs(30);
/// Mail that came is settled in a moment, and its copy can be filed.
const FILE_SOON: Duration = Duration::from_secs(2);

/// Reads one mailbox until `stop`.
pub(super) async fn watch(source: Source, stop: CancellationToken) {
    let mut folders = folders(&source);
    let mut state = State { reading: None };
    let mut failures = 0;
    while !stop.is_cancelled() {
        let began = Instant::now();
        let looked = async {
            match &source.mailbox.imap {
                Some(imap) => stay_connected(imap, &source, &mut folders, &mut state).await,
                None => watch_maildir(&source, &mut state).await,
            }
        };
        let error = tokio::select! {
            error = looked => error,
            () = stop.cancelled() => break,
        };
        state.lost(&source.mailbox.name, &error);
        failures = if began.elapsed() >= GOOD_CONNECTION { 1 } else { failures + 1 };
        let wait = pause(&source, &error, failures);
        tokio::select! {
            () = idle::quiet(wait, &source.pulse) => {}
            () = stop.cancelled() => break,
        }
    }
    source.pulse.end();
}

/// Looks into every folder once.
pub(super) async fn fetch_once(imap: &Imap, source: &Source) -> Result<FetchSummary, IntakeError> {
    let mut wire = connect(imap, source.limits.message_bytes, &source.deadlines, &source.pulse).await?;
    let mut sum = FetchSummary::default();
    let mut absent = None;
    for folder in &mut folders(source) {
        match look_into(&mut wire, folder, source).await {
            Ok(summary) => sum += summary,
            Err(error @ IntakeError::NoFolder { .. }) => absent = Some(error),
            Err(error) => return Err(error),
        }
    }
    wire.logout().await;
    absent.map_or(Ok(sum), Err)
}

/// Logs in and counts the mails of every folder.
pub(super) async fn probe(imap: &Imap) -> Result<String, IntakeError> {
    let limit = Limits::default().message_bytes;
    let mut wire = connect(imap, limit, &Deadlines::default(), &Pulse::new("probe")).await?;
    let mut line = String::new();
    for folder in &imap.folders {
        let count = session::count(&mut wire, folder).await?;
        line += &format!("{folder} {count} mails, ");
    }
    let can = wire.can();
    let words = [(can.idle, "IDLE"), (can.mv, "MOVE"), (can.uidplus, "UIDPLUS")];
    let words: Vec<_> = words.iter().filter(|(can, _)| *can).map(|(_, word)| *word).collect();
    wire.logout().await;
    let words = if words.is_empty() { "no extensions, polling".to_owned() } else { words.join(", ") };
    Ok(format!("{}; {words}", line.trim_end_matches(", ")))
}

fn folders(source: &Source) -> Vec<Folder> {
    source.mailbox.imap.iter().flat_map(|imap| &imap.folders).map(|name| Folder::new(name)).collect()
}

/// Reads over one connection until it breaks.
async fn stay_connected(
    imap: &Imap,
    source: &Source,
    folders: &mut [Folder],
    state: &mut State,
) -> IntakeError {
    let result: Result<std::convert::Infallible, IntakeError> = async {
        let mut wire = connect(imap, source.limits.message_bytes, &source.deadlines, &source.pulse).await?;
        folders.iter_mut().for_each(Folder::distrust);
        loop {
            let mut sum = FetchSummary::default();
            let mut next_look = Instant::now() + Duration::from_secs(imap.poll_seconds);
            // The first folder comes last: it stays selected, and the bell rings for it.
            for folder in folders.iter_mut().rev() {
                match look_into(&mut wire, folder, source).await {
                    Ok(summary) => {
                        sum += summary;
                        folder.absent = false;
                    }
                    Err(IntakeError::NoFolder { .. }) => state.absent(source, folder),
                    Err(error) => return Err(error),
                }
                if let Some(due) = folder.doubtful.values().min() {
                    next_look = next_look.min(Instant::from_std(*due));
                }
            }
            state.reading(&source.mailbox.name);
            if source.files_mail() {
                // What came is settled in a moment; what took longer is filed at the next turn.
                let soon = if sum.new + sum.twins > 0 { FILE_SOON } else { source.deadlines.idle };
                next_look = next_look.min(Instant::now() + soon);
            }
            let Some(first) = folders.first() else { return Err(IntakeError::Nonsense("no folder")) };
            let mut news = !first.absent && first.has_news(wire.exists());
            while !news && Instant::now() < next_look {
                let left = next_look.saturating_duration_since(Instant::now()).min(source.deadlines.idle);
                if first.absent {
                    idle::quiet(left, &source.pulse).await;
                    wire.command("NOOP", "NOOP", |_| {}).await?;
                } else {
                    news = idle::wait(&mut wire, left, &source.pulse).await? || first.has_news(wire.exists());
                }
            }
        }
    }
    .await;
    match result {
        Err(error) => error,
        Ok(never) => match never {},
    }
}

async fn look_into(
    wire: &mut Wire,
    folder: &mut Folder,
    source: &Source,
) -> Result<FetchSummary, IntakeError> {
    let mut batch = Batch::new(source);
    bring_up_to_date(wire, folder, source, &mut batch).await?;
    batch.summary.filed = file::file_settled(wire, folder, source).await?;
    Ok(batch.summary)
}

async fn watch_maildir(source: &Source, state: &mut State) -> IntakeError {
    let poll = source.mailbox.maildir.as_ref().map_or(2, |maildir| maildir.poll_seconds);
    let mut memory = maildir::Memory::default();
    loop {
        if let Err(error) = maildir::look(source, &mut memory, false).await {
            return error;
        }
        state.reading(&source.mailbox.name);
        idle::quiet(Duration::from_secs(poll), &source.pulse).await;
    }
}

/// The wait before the next attempt: doubled each time, a quarter more or less, and long at once where only a person
/// can help, so that a wrong password does not lock the account.
fn pause(source: &Source, error: &IntakeError, failures: u32) -> Duration {
    if matches!(error, IntakeError::DiskFull) {
        return DISK_WAIT.min(source.deadlines.wait_max);
    }
    let most = source.deadlines.wait_max;
    let doubled = source.deadlines.wait_min.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(most);
    let wait = if error.is_transient() { doubled } else { doubled.max(most / 5) };
    let mut byte = [128];
    let _ = getrandom::fill(&mut byte);
    let jitter = 0.75 + f64::from(byte[0]) / 512.0;
    wait.mul_f64(jitter).min(most)
}

/// What was said last in the log: one line for each change, not for each attempt.
struct State {
    /// `None` before the first connection; then whether it reads, or why not.
    reading: Option<Result<(), &'static str>>,
}

impl State {
    fn reading(&mut self, mailbox: &str) {
        if self.reading != Some(Ok(())) {
            self.reading = Some(Ok(()));
            tracing::info!(mailbox, "the mailbox is being read");
        }
    }

    fn lost(&mut self, mailbox: &str, error: &IntakeError) {
        let kind = error.kind();
        if self.reading != Some(Err(kind)) {
            self.reading = Some(Err(kind));
            if matches!(error, IntakeError::DiskFull) {
                tracing::error!(mailbox, cause = kind, "the disk is nearly full; mail waits on the server");
            } else {
                tracing::warn!(mailbox, cause = kind, "the mailbox cannot be read; trying again");
            }
        }
    }

    fn absent(&mut self, source: &Source, folder: &mut Folder) {
        if !std::mem::replace(&mut folder.absent, true) {
            tracing::error!(
                mailbox = source.mailbox.name,
                "a folder of imap.folders does not exist on the server; run: rightsd check"
            );
        }
    }
}
