//! Fetching many mails: commands ahead of answers, answers straight into batches, every mail with one outcome.
//!
//! Each mail is first asked for up to [`FIRST_BYTES`], which is nearly always all of it, so that an answer is small
//! whatever somebody sent. Larger ones follow alone; those beyond the limit stay with their first part.

use std::collections::{HashSet, VecDeque};
use std::time::Instant;

use async_imap::imap_proto::{AttributeValue, RequestId, Response};
use jiff::Timestamp;

use super::batch::Batch;
use super::error::IntakeError;
use super::session::{Folder, uids};
use super::wire::{End, Wire, end_of};
use super::{FIRST_BYTES, Source};
use crate::clock::Clock;
use crate::store::Arrival;

/// UIDs in one command.
const UIDS_PER_COMMAND: usize = 200;
/// Bytes of a set of UIDs; some servers take a thousand in a line.
const SET_BYTES: usize = 800;
/// Commands under way: the server reads mails while we store.
const AHEAD: usize = 3;
/// The year 2000: an older date is a server's that lost its clock.
pub(super) const EARLIEST_SECOND: i64 = 946_684_800;

/// One mail's part of an answer.
struct Given {
    uid: u32,
    received_at: Timestamp,
    /// Empty when the answer had no bytes.
    raw: Vec<u8>,
    /// The server answered with the part that was asked for, not with the whole mail.
    in_part: bool,
    size: Option<u32>,
}

/// Fetches `missing` (sorted), which the server listed a moment ago, into `batch`.
///
/// # Errors
/// Whatever ends the connection, the store's, and [`IntakeError::DiskFull`].
pub(super) async fn fetch(
    wire: &mut Wire,
    folder: &mut Folder,
    source: &Source,
    batch: &mut Batch<'_, u32>,
    missing: &[u32],
) -> Result<(), IntakeError> {
    let (doubtful, together): (Vec<u32>, Vec<u32>) =
        missing.iter().partition(|uid| folder.doubtful.contains_key(uid));
    let mut silent = in_bulk(wire, folder, source, batch, &together).await?;
    let due = |uid: &u32| folder.doubtful.get(uid).is_some_and(|at| *at <= Instant::now());
    silent.extend(doubtful.into_iter().filter(due));
    if silent.is_empty() { Ok(()) } else { in_doubt(wire, folder, source, batch, silent).await }
}

/// Returns those that the server did not give.
async fn in_bulk(
    wire: &mut Wire,
    folder: &mut Folder,
    source: &Source,
    batch: &mut Batch<'_, u32>,
    wanted: &[u32],
) -> Result<Vec<u32>, IntakeError> {
    let first_bytes = FIRST_BYTES.min(source.limits.message_bytes);
    let mut sets = sets(wanted).into_iter();
    let mut open: HashSet<u32> = wanted.iter().copied().collect();
    let mut under_way: VecDeque<(RequestId, Vec<u32>)> = VecDeque::new();
    let mut large = Vec::new();
    loop {
        while under_way.len() < AHEAD
            && let Some((set, uids)) = sets.next()
        {
            let command = format!("UID FETCH {set} (UID INTERNALDATE BODY.PEEK[]<0.{first_bytes}>)");
            under_way.push_back((wire.send("UID FETCH", &command).await?, uids));
        }
        let Some((_, oldest)) = under_way.front() else { break };
        let answer = match wire.next().await {
            Ok(answer) => answer,
            Err(error) => {
                // Servers answer in order: the first mail without an answer may be what broke the line.
                if let Some(uid) = oldest.iter().find(|uid| open.contains(uid)) {
                    folder.doubtful.insert(*uid, Instant::now());
                }
                return Err(error);
            }
        };
        if let Some((tag, end)) = end_of(&answer) {
            let ended = under_way.iter().position(|(command, _)| command == tag);
            let ended = ended.ok_or(IntakeError::Nonsense("the end of a command that was never sent"))?;
            // NO is for one mail among many: which ones were not given is known without it.
            if end == End::Bad {
                return Err(IntakeError::Refused("UID FETCH"));
            }
            drop(under_way.remove(ended));
        } else if let Some(given) = given(answer.parsed())
            && !given.raw.is_empty()
            && open.remove(&given.uid)
        {
            if given.in_part && given.raw.len() >= first_bytes {
                large.push(given.uid);
            } else {
                keep(folder, source, batch, given).await?;
            }
        }
    }
    let mut silent: Vec<u32> = open.into_iter().collect();
    for uid in large {
        if !by_itself(wire, folder, source, batch, uid).await? {
            silent.push(uid);
        }
    }
    silent.sort_unstable();
    Ok(silent)
}

/// Fetches one mail, however large up to the limit; false when the server gives nothing.
async fn by_itself(
    wire: &mut Wire,
    folder: &Folder,
    source: &Source,
    batch: &mut Batch<'_, u32>,
    uid: u32,
) -> Result<bool, IntakeError> {
    let limit = source.limits.message_bytes;
    let size = one(wire, uid, "RFC822.SIZE").await?.and_then(|given| given.size);
    let too_large = size.is_some_and(|size| usize::try_from(size).is_ok_and(|size| size > limit));
    // The size is what the server believes (Exchange counts before it converts): one byte more than the limit, and
    // the mail itself says whether it goes on.
    let ask = if too_large { FIRST_BYTES.min(limit) } else { limit.saturating_add(1) };
    match one(wire, uid, &format!("BODY.PEEK[]<0.{ask}>")).await? {
        Some(mut given) if !given.raw.is_empty() => {
            given.in_part = too_large;
            keep(folder, source, batch, given).await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

async fn one(wire: &mut Wire, uid: u32, what: &str) -> Result<Option<Given>, IntakeError> {
    let mut found = None;
    let command = format!("UID FETCH {uid} (UID INTERNALDATE {what})");
    let end = wire
        .exchange("UID FETCH", &command, |answer| {
            found = found.take().or_else(|| given(answer).filter(|given| given.uid == uid));
        })
        .await?;
    if end == End::Bad { Err(IntakeError::Refused("UID FETCH")) } else { Ok(found) }
}

/// Mails that were listed and not given, or during which a line broke: gone, or tried alone, each attempt counted
/// on disk before it begins; after the last they are recorded as unreadable and shown to the DPO (R14).
async fn in_doubt(
    wire: &mut Wire,
    folder: &mut Folder,
    source: &Source,
    batch: &mut Batch<'_, u32>,
    doubtful: Vec<u32>,
) -> Result<(), IntakeError> {
    let (mailbox, name) = (source.mailbox.name.as_str(), folder.name.clone());
    // A server may show what others removed only after a NOOP (RFC 3501 §7.4.1).
    wire.command("NOOP", "NOOP", |_| {}).await?;
    let listed: HashSet<u32> =
        if wire.exists() == Some(0) { HashSet::new() } else { uids(wire, 1).await?.into_iter().collect() };
    for uid in doubtful {
        let place = folder.place(uid);
        if !listed.contains(&uid) {
            source.store.record_gone(mailbox, &name, &place).await?;
            batch.summary.gone += 1;
            batch.stored.push(uid);
            folder.doubtful.remove(&uid);
            continue;
        }
        let attempts = source.store.fetch_failed(mailbox, &name, &place).await?;
        if attempts <= source.limits.attempts {
            // Longer each time: a line that breaks for an hour must not cost a mail.
            let wait = source
                .deadlines
                .doubt
                .saturating_mul(8_u32.saturating_pow(attempts.saturating_sub(1).min(5)));
            folder.doubtful.insert(uid, Instant::now() + wait);
            if by_itself(wire, folder, source, batch, uid).await? {
                folder.doubtful.remove(&uid);
            }
        } else {
            let dated = one(wire, uid, "RFC822.SIZE").await;
            let received_at =
                dated.as_ref().ok().and_then(Option::as_ref).map_or_else(now, |given| given.received_at);
            source.store.record_unreadable(mailbox, &name, &place, received_at.min(now())).await?;
            batch.summary.unreadable += 1;
            batch.stored.push(uid);
            folder.doubtful.remove(&uid);
            tracing::warn!(
                mailbox,
                "the server lists a mail and does not give it; it is shown as unreadable"
            );
            // Recorded first: this question too may be what breaks the line.
            dated?;
        }
    }
    Ok(())
}

async fn keep(
    folder: &Folder,
    source: &Source,
    batch: &mut Batch<'_, u32>,
    mut given: Given,
) -> Result<(), IntakeError> {
    let limit = source.limits.message_bytes;
    let partial = given.in_part && given.raw.len() >= FIRST_BYTES.min(limit) || given.raw.len() > limit;
    if given.raw.len() > limit {
        given.raw.truncate(FIRST_BYTES.min(limit));
        given.raw.shrink_to_fit();
    }
    if partial {
        batch.summary.too_large += 1;
    }
    let arrival = Arrival {
        mailbox: source.mailbox.name.clone(),
        folder: folder.name.clone(),
        place: folder.place(given.uid),
        received_at: given.received_at,
        raw: given.raw,
        partial,
        verified: None,
    };
    batch.add(given.uid, arrival).await
}

/// What an answer says about a mail; `None` when it is about something else or about nobody.
fn given(answer: &Response<'_>) -> Option<Given> {
    let Response::Fetch(_, attributes) = answer else { return None };
    let mut given =
        Given { uid: 0, received_at: Timestamp::MAX, raw: Vec::new(), in_part: false, size: None };
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(uid) => given.uid = *uid,
            AttributeValue::InternalDate(date) => {
                given.received_at = internal_date(date).unwrap_or(Timestamp::MAX)
            }
            AttributeValue::Rfc822Size(size) => given.size = Some(*size),
            AttributeValue::BodySection { section: None, index, data: Some(data) } => {
                given.raw = data.to_vec();
                given.in_part = index.is_some();
            }
            _ => {}
        }
    }
    if given.received_at == Timestamp::MAX {
        given.received_at = now();
    }
    (given.uid > 0).then_some(given)
}

/// `17-Jul-1996 02:44:25 -0700`; `None` for what is no date, or one before there was mail to receive (R15).
fn internal_date(text: &str) -> Option<Timestamp> {
    let date = jiff::fmt::strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()?.to_timestamp().ok()?;
    (date.as_second() >= EARLIEST_SECOND).then_some(date)
}

/// Sorted UIDs as the sets of commands, each with the UIDs it stands for.
fn sets(uids: &[u32]) -> Vec<(String, Vec<u32>)> {
    let mut sets: Vec<(String, Vec<u32>)> = Vec::new();
    let mut rest = uids;
    while let Some(first) = rest.first() {
        let room = match sets.last() {
            Some((set, members)) if set.len() < SET_BYTES => UIDS_PER_COMMAND.saturating_sub(members.len()),
            _ => 0,
        };
        if room == 0 {
            sets.push((String::new(), Vec::new()));
            continue;
        }
        let run = rest
            .iter()
            .zip(u64::from(*first)..)
            .take(room)
            .take_while(|(uid, next)| u64::from(**uid) == *next)
            .count();
        let (run, after) = rest.split_at(run);
        rest = after;
        if let (Some((set, members)), Some(last)) = (sets.last_mut(), run.last()) {
            let comma = if set.is_empty() { "" } else { "," };
            let range = if first == last { first.to_string() } else { format!("{first}:{last}") };
            *set += &format!("{comma}{range}");
            members.extend(run);
        }
    }
    sets
}

fn now() -> Timestamp {
    Clock::System.now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_every_uid_once_and_stay_short() {
        assert_eq!(sets(&[]), []);
        assert_eq!(sets(&[1, 2, 3, 7, 9, 10])[0].0, "1:3,7,9:10");
        assert_eq!(sets(&[u32::MAX - 1, u32::MAX])[0].0, "4294967294:4294967295");
        for step in [1, 2, 3] {
            let uids: Vec<u32> = (1..5000).map(|n| n * step + 4_000_000_000).collect();
            let sets = sets(&uids);
            assert!(sets.iter().all(|(set, members)| set.len() < 900 && members.len() <= UIDS_PER_COMMAND));
            assert_eq!(sets.into_iter().flat_map(|(_, members)| members).collect::<Vec<_>>(), uids);
        }
    }

    #[test]
    fn r15_dates_of_servers() {
        #[track_caller]
        fn check(text: &str, expected: Option<&str>) {
            assert_eq!(internal_date(text).map(|at| at.to_string()).as_deref(), expected, "{text}");
        }
        check("17-Jul-2026 02:44:25 -0700", Some("2026-07-17T09:44:25Z"));
        check(" 1-Nov-2026 00:00:00 +0100", Some("2026-10-31T23:00:00Z"));
        check("01-Jan-1970 00:00:00 +0000", None);
        check("31-Feb-2026 00:00:00 +0000", None);
        check("yesterday", None);
        check("", None);
    }
}
