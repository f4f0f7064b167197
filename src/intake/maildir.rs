//! A Maildir on this machine (qmail's maildir(5)): the same rules as for a server.
//!
//! A mail's place is its unique name, which stays when a mail program moves it from `new` to `cur` or changes its
//! flags. Receipt is the file's time, or the delivery time in its name when that is earlier: copies and restores
//! only ever make files younger.

use std::collections::{HashMap, HashSet};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::batch::Batch;
use super::error::IntakeError;
use super::fetch::EARLIEST_SECOND;
use super::{FIRST_BYTES, FetchSummary, Source};
use crate::config::Mailbox;
use crate::store::Arrival;

/// The folder's name in the table: a Maildir has one.
const FOLDER: &str = "INBOX";
/// A file with a name of no Maildir was put there by hand, and may still be written to.
const SETTLING: Duration = Duration::from_secs(1);
/// Copies filed at once.
const AT_ONCE: u32 = 500;

/// A folder's time tells that nothing changed only when it is older than this: times have a grain.
const GRAIN: Duration = Duration::from_secs(2);

/// What a loop remembers between looks, so that a full Maildir costs nothing while nothing comes.
#[derive(Default)]
pub(super) struct Memory {
    /// Unique names that have an outcome.
    known: Option<HashSet<String>>,
    /// Times of `new` and `cur` at the last look that took everything.
    quiet: Option<[SystemTime; 2]>,
}

/// A file that holds a mail.
struct Found {
    path: PathBuf,
    unique: String,
}

enum Taken {
    Mail(Arrival),
    /// It was moved or removed in the meantime; the next look will know.
    Elsewhere,
    /// Somebody is still writing it.
    Unfinished,
}

/// Stores what is new and files what was settled. With `patiently`, files that were put there a moment ago are
/// waited for; else the next look takes them.
pub(super) async fn look(
    source: &Source,
    memory: &mut Memory,
    patiently: bool,
) -> Result<FetchSummary, IntakeError> {
    if !source.store.free_space_ok() {
        return Err(IntakeError::DiskFull);
    }
    let mut batch = Batch::new(source);
    if take_all(source, memory, &mut batch).await? && patiently {
        tokio::time::sleep(SETTLING + Duration::from_millis(100)).await;
        take_all(source, memory, &mut batch).await?;
    }
    batch.summary.filed = file_settled(source).await?;
    Ok(batch.summary)
}

/// How many mails there are, in one line for a person.
pub(super) async fn probe(mailbox: &Mailbox) -> Result<String, IntakeError> {
    let Some(maildir) = &mailbox.maildir else { return Err(IntakeError::Nonsense("no mailbox")) };
    let path = maildir.path.clone();
    let count = blocking(move || list(&path).map(|found| found.len())).await?;
    Ok(format!("Maildir {count} mails"))
}

/// Takes everything in and makes it durable; returns whether a file was left for later.
async fn take_all(
    source: &Source,
    memory: &mut Memory,
    batch: &mut Batch<'_, String>,
) -> Result<bool, IntakeError> {
    let Some(maildir) = &source.mailbox.maildir else { return Err(IntakeError::Nonsense("no mailbox")) };
    let path = maildir.path.clone();
    let times = blocking(move || times(&path)).await?;
    if memory.quiet == Some(times) {
        return Ok(false);
    }
    memory.quiet = None;
    let known = match memory.known.take() {
        Some(known) => known,
        None => source.store.known_places(&source.mailbox.name, FOLDER).await?,
    };
    let path = maildir.path.clone();
    let mut found = blocking(move || list(&path)).await?;
    found.retain(|file| !known.contains(&file.unique));
    found.sort_unstable_by(|a, b| a.unique.cmp(&b.unique));
    memory.known = Some(known);
    let taken = take_in(source, batch, found).await;
    let finished = batch.finish().await;
    if let Some(known) = &mut memory.known {
        known.extend(batch.stored.drain(..));
    }
    finished?;
    let left = taken?;
    let old = times.iter().all(|time| time.elapsed().is_ok_and(|age| age > GRAIN));
    memory.quiet = (old && !left).then_some(times);
    Ok(left)
}

async fn take_in(
    source: &Source,
    batch: &mut Batch<'_, String>,
    found: Vec<Found>,
) -> Result<bool, IntakeError> {
    let mut left = false;
    for file in found {
        let (mailbox, limit) = (source.mailbox.name.clone(), source.limits.message_bytes);
        source.pulse.beat();
        match blocking(move || take(&file, mailbox, limit)).await? {
            Taken::Mail(arrival) => {
                batch.summary.too_large += usize::from(arrival.partial);
                batch.add(arrival.place.clone(), arrival).await?;
            }
            Taken::Elsewhere | Taken::Unfinished => left = true,
        }
    }
    Ok(left)
}

/// When something was last put into or taken out of `new` and `cur`.
fn times(maildir: &Path) -> Result<[SystemTime; 2], IntakeError> {
    let time = |part: &str| {
        let folder = maildir.join(part);
        fs::metadata(&folder).and_then(|meta| meta.modified()).map_err(|error| trouble(&folder, &error))
    };
    Ok([time("new")?, time("cur")?])
}

/// Every mail in `new` and `cur`.
fn list(maildir: &Path) -> Result<Vec<Found>, IntakeError> {
    let mut found = Vec::new();
    for part in ["new", "cur"] {
        let folder = maildir.join(part);
        for entry in fs::read_dir(&folder).map_err(|error| trouble(&folder, &error))? {
            let entry = entry.map_err(|error| trouble(&folder, &error))?;
            let name = entry.file_name();
            // A name that is no text is taken under the nearest one: it only has to stay the same.
            let unique = unique(&name.to_string_lossy()).to_owned();
            if !unique.starts_with('.') && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                found.push(Found { path: entry.path(), unique });
            }
        }
    }
    Ok(found)
}

/// The name without its flags.
fn unique(name: &str) -> &str {
    name.split_once(":2,").map_or(name, |(unique, _)| unique)
}

fn take(found: &Found, mailbox: String, limit: usize) -> Result<Taken, IntakeError> {
    let elsewhere = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Ok(Taken::Elsewhere),
        _ => Err(trouble(&found.path, &error)),
    };
    let mut file = match File::open(&found.path) {
        Ok(file) => file,
        Err(error) => return elsewhere(error),
    };
    let facts = |file: &File| file.metadata().and_then(|meta| Ok((meta.len(), meta.modified()?)));
    let before = facts(&file).map_err(|error| trouble(&found.path, &error))?;
    let in_name = delivered_at(&found.unique);
    if in_name.is_none() && before.1.elapsed().is_ok_and(|age| age < SETTLING) {
        return Ok(Taken::Unfinished);
    }
    let partial = before.0 > limit as u64;
    let most = if partial { FIRST_BYTES.min(limit) } else { limit };
    let mut raw = Vec::new();
    let read = Read::by_ref(&mut file).take(most as u64).read_to_end(&mut raw);
    read.map_err(|error| trouble(&found.path, &error))?;
    if !facts(&file).is_ok_and(|after| after == before) {
        return Ok(Taken::Unfinished);
    }
    let modified = timestamp(before.1);
    Ok(Taken::Mail(Arrival {
        mailbox,
        folder: FOLDER.to_owned(),
        place: found.unique.clone(),
        received_at: in_name.map_or(modified, |in_name| in_name.min(modified)),
        raw,
        partial,
        verified: None,
    }))
}

/// The delivery time that a Maildir name begins with: `1763890000.M1P2.host`. `None` for a name of another kind.
fn delivered_at(unique: &str) -> Option<Timestamp> {
    let (seconds, _) = unique.split_once('.')?;
    let at = Timestamp::from_second(seconds.parse().ok()?).ok()?;
    (at.as_second() >= EARLIEST_SECOND).then_some(at)
}

fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or_else(|_| crate::clock::Clock::System.now())
}

async fn file_settled(source: &Source) -> Result<usize, IntakeError> {
    let Some(maildir) = source.mailbox.maildir.as_ref().filter(|_| source.files_mail()) else { return Ok(0) };
    let mailbox = source.mailbox.name.as_str();
    let mut filed = 0;
    loop {
        let places = source.store.to_file(mailbox, FOLDER, AT_ONCE).await?;
        if places.is_empty() {
            return Ok(filed);
        }
        let (path, after, wanted) = (maildir.path.clone(), maildir.after.clone(), places.clone());
        blocking(move || file(&path, &after, &wanted)).await?;
        filed += places.len();
        source.store.filed(mailbox, FOLDER, places).await?;
        source.pulse.beat();
    }
}

/// Marks the mails as seen, or moves them to the Maildir++ subfolder; those that are gone need nothing.
fn file(maildir: &Path, after: &str, places: &[String]) -> Result<(), IntakeError> {
    let present: HashMap<String, PathBuf> =
        list(maildir)?.into_iter().map(|found| (found.unique, found.path)).collect();
    let target = if after == "seen" { maildir.to_owned() } else { subfolder(maildir, after)? };
    for place in places {
        let Some(path) = present.get(place) else { continue };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let moved = fs::rename(path, target.join("cur").join(with_seen(&name)));
        match moved {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(trouble(path, &error)),
            _ => {}
        }
    }
    Ok(())
}

/// The name with the flag S; flags stand in the order of the alphabet.
fn with_seen(name: &str) -> String {
    let (unique, flags) = name.split_once(":2,").unwrap_or((name, ""));
    let mut flags: Vec<char> = flags.chars().filter(|flag| *flag != 'S').chain(['S']).collect();
    flags.sort_unstable();
    format!("{unique}:2,{}", flags.into_iter().collect::<String>())
}

/// The Maildir++ subfolder of that name, made when absent.
fn subfolder(maildir: &Path, name: &str) -> Result<PathBuf, IntakeError> {
    // One level below, whatever the name says.
    let coded = super::utf7::encode(name).replace('/', ".");
    let folder = maildir.join(format!(".{}", coded.trim_start_matches('.')));
    for part in ["", "tmp", "new", "cur"] {
        let path = folder.join(part);
        match DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(trouble(&path, &error)),
            _ => {}
        }
    }
    Ok(folder)
}

fn trouble(path: &Path, error: &io::Error) -> IntakeError {
    IntakeError::Files { path: path.display().to_string(), kind: error.kind() }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, IntakeError> + Send + 'static,
) -> Result<T, IntakeError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| IntakeError::System("a task that reads files was lost"))?
}
