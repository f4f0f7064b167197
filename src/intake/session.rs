//! One folder brought up to date: what the server lists and the table does not know is fetched, in any order.
//!
//! There is no "last UID" and no look at `\Seen` (R11, R12). UIDNEXT and the count of mails only tell when nothing
//! can be new; when they do not add up, the whole list is compared. A UIDVALIDITY that changed makes every place a
//! new one, and the store recognises the mails by their content (R10).

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use async_imap::imap_proto::{AttributeValue, MailboxDatum, Response, ResponseCode};

use super::Source;
use super::batch::Batch;
use super::error::IntakeError;
use super::fetch;
use super::utf7;
use super::wire::{End, Wire};

/// The whole list is compared at least this often, whatever the hints say.
const FULL_LOOK: Duration = Duration::from_secs(3600);
/// Folders named in an error.
const FOLDERS_SHOWN: usize = 50;

/// One folder of an account, and what is known of it as long as the process lives.
pub(super) struct Folder {
    /// As configured.
    pub(super) name: String,
    /// What SELECT said last; 0 before the first time.
    pub(super) uid_validity: u32,
    uid_next: Option<u32>,
    exists: u32,
    /// UIDs that have an outcome in the table, for `uid_validity`; `None`: to be read from it.
    known: Option<HashSet<u32>>,
    full_look_at: Option<Instant>,
    /// UIDs during which a connection broke, or that the server lists and does not give: fetched alone and last, and
    /// not before this instant.
    pub(super) doubtful: BTreeMap<u32, Instant>,
    /// Whether it was said that the folder is absent.
    pub(super) absent: bool,
}

/// What SELECT or EXAMINE said.
#[derive(Clone, Copy, Default)]
struct Selected {
    uid_validity: Option<u32>,
    uid_next: Option<u32>,
    exists: Option<u32>,
}

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            uid_validity: 0,
            uid_next: None,
            exists: 0,
            known: None,
            full_look_at: None,
            doubtful: BTreeMap::new(),
            absent: false,
        }
    }

    /// The place of a mail, as the table has it.
    pub(super) fn place(&self, uid: u32) -> String {
        format!("{}/{uid}", self.uid_validity)
    }

    /// A new connection: hints of the old one count for nothing.
    pub(super) fn distrust(&mut self) {
        self.full_look_at = None;
    }

    /// The count of mails that the server announced since means news.
    pub(super) fn has_news(&self, announced: Option<u32>) -> bool {
        announced.is_some_and(|count| count != self.exists)
    }

    /// `count` mails left the folder by our own hand.
    pub(super) fn shrank(&mut self, count: usize) {
        self.exists = self.exists.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX));
    }
}

/// Selects the folder and stores every mail in it that has no outcome yet.
///
/// # Errors
/// [`IntakeError::NoFolder`]; and whatever ends the connection. What was fetched until then is stored all the same.
pub(super) async fn bring_up_to_date(
    wire: &mut Wire,
    folder: &mut Folder,
    source: &Source,
    batch: &mut Batch<'_, u32>,
) -> Result<(), IntakeError> {
    if !source.store.free_space_ok() {
        return Err(IntakeError::DiskFull);
    }
    let selected = select(wire, &folder.name, source.files_mail()).await?;
    let uid_validity = selected.uid_validity.ok_or(IntakeError::Nonsense("a folder without UIDVALIDITY"))?;
    let exists = selected.exists.ok_or(IntakeError::Nonsense("a folder without a count"))?;
    if uid_validity != folder.uid_validity {
        (folder.uid_validity, folder.known, folder.full_look_at) = (uid_validity, None, None);
        folder.doubtful.clear();
    }
    let listed = look(wire, folder, selected.uid_next, exists).await?;
    (folder.uid_next, folder.exists) = (selected.uid_next, exists);
    // Until this look has ended well, the next one must be a whole one.
    let full_look_at = folder.full_look_at.take();

    let known = match folder.known.take() {
        Some(known) => known,
        None => known_uids(folder, source).await?,
    };
    let mut missing = listed;
    missing.retain(|uid| !known.contains(uid));
    missing.sort_unstable();
    missing.dedup();
    folder.known = Some(known);

    if !missing.is_empty() {
        let fetched = fetch::fetch(wire, folder, source, batch, &missing).await;
        let finished = batch.finish().await;
        if let Some(known) = &mut folder.known {
            known.extend(batch.stored.drain(..));
        }
        finished.and(fetched)?;
    }
    folder.full_look_at = full_look_at;
    Ok(())
}

/// Opens a folder, read-only when nothing will be marked.
async fn select(wire: &mut Wire, name: &str, writable: bool) -> Result<Selected, IntakeError> {
    let mut selected = Selected::default();
    let command = if writable { "SELECT" } else { "EXAMINE" };
    let words = format!("{command} {}", utf7::quoted(name));
    let end = wire
        .exchange(command, &words, |answer| match answer {
            Response::MailboxData(MailboxDatum::Exists(count)) => selected.exists = Some(*count),
            Response::Data { outcome, .. } => match &outcome.code {
                Some(ResponseCode::UidValidity(value)) => selected.uid_validity = Some(*value),
                Some(ResponseCode::UidNext(value)) => selected.uid_next = Some(*value),
                _ => {}
            },
            _ => {}
        })
        .await?;
    match end {
        End::Ok => Ok(selected),
        End::Bad => Err(IntakeError::Refused(command)),
        End::No { .. } => {
            let existing = list(wire).await?;
            if existing.iter().any(|folder| folder == name) {
                return Err(IntakeError::Refused(command));
            }
            Err(IntakeError::NoFolder { folder: name.to_owned(), existing })
        }
    }
}

/// The number of mails in a folder that exists.
pub(super) async fn count(wire: &mut Wire, name: &str) -> Result<u32, IntakeError> {
    Ok(select(wire, name, false).await?.exists.unwrap_or_default())
}

/// Names of the folders that exist, at most fifty.
pub(super) async fn list(wire: &mut Wire) -> Result<Vec<String>, IntakeError> {
    let mut names = Vec::new();
    wire.command("LIST", "LIST \"\" \"*\"", |answer| {
        if let Response::MailboxData(MailboxDatum::List(folder)) = answer
            && names.len() < FOLDERS_SHOWN
        {
            names.push(utf7::decode(&folder.name));
        }
    })
    .await?;
    Ok(names)
}

/// The UIDs that may be new: all of them, those after the last look, or none, whatever the hints allow.
async fn look(
    wire: &mut Wire,
    folder: &mut Folder,
    uid_next: Option<u32>,
    exists: u32,
) -> Result<Vec<u32>, IntakeError> {
    let fresh = folder.full_look_at.is_some_and(|at| at.elapsed() < FULL_LOOK);
    if fresh && let (Some(before), Some(now)) = (folder.uid_next, uid_next) {
        let mut new = Vec::new();
        if now > before {
            new = uids(wire, before).await?;
        }
        // One that was removed, or one that came with a low number, and the count is another.
        let grown = new.iter().filter(|uid| **uid < now).count();
        if now >= before
            && u32::try_from(grown).is_ok_and(|grown| folder.exists.checked_add(grown) == Some(exists))
        {
            new.extend(folder.doubtful.keys());
            return Ok(new);
        }
    }
    let listed = if exists == 0 { Vec::new() } else { uids(wire, 1).await? };
    folder.full_look_at = Some(Instant::now());
    Ok(listed)
}

/// Every UID from `first` on that the server has.
pub(super) async fn uids(wire: &mut Wire, first: u32) -> Result<Vec<u32>, IntakeError> {
    let mut listed = Vec::new();
    // Not SEARCH: its answer is one line as long as the folder is full.
    wire.command("UID FETCH", &format!("UID FETCH {first}:* (UID)"), |answer| {
        if let Response::Fetch(_, attributes) = answer {
            listed.extend(attributes.iter().filter_map(|attribute| match attribute {
                // `n:*` names the last mail also when n is above it.
                AttributeValue::Uid(uid) if *uid >= first => Some(*uid),
                _ => None,
            }));
        }
    })
    .await?;
    Ok(listed)
}

/// The UIDs that have an outcome in the table.
async fn known_uids(folder: &Folder, source: &Source) -> Result<HashSet<u32>, IntakeError> {
    let places = source.store.known_places(&source.mailbox.name, &folder.name).await?;
    let of_now = |place: String| {
        let (validity, uid) = place.split_once('/')?;
        (validity.parse() == Ok(folder.uid_validity)).then(|| uid.parse().ok())?
    };
    Ok(places.into_iter().filter_map(of_now).collect())
}
