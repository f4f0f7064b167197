//! The server's copy of a settled mail: kept, marked as read, or moved. Decoration, never memory: the table knows
//! what was done, and doing it twice harms nobody.

use std::fmt::Write as _;

use super::Source;
use super::error::IntakeError;
use super::session::Folder;
use super::utf7;
use super::wire::{End, Wire};

/// Copies filed by one command.
const AT_ONCE: u32 = 100;

/// Files what was settled since; returns how many copies.
///
/// # Errors
/// The server's refusal, or whatever ended the connection.
pub(super) async fn file_settled(
    wire: &mut Wire,
    folder: &mut Folder,
    source: &Source,
) -> Result<usize, IntakeError> {
    let Some(after) = source.after().filter(|_| source.files_mail()) else { return Ok(0) };
    let mailbox = source.mailbox.name.as_str();
    let mut filed = 0;
    loop {
        let places = source.store.to_file(mailbox, &folder.name, AT_ONCE).await?;
        if places.is_empty() {
            return Ok(filed);
        }
        // Places under another UIDVALIDITY name nothing any more; their mails have new ones.
        let present = |place: &String| {
            let (validity, uid) = place.split_once('/')?;
            (validity.parse() == Ok(folder.uid_validity)).then(|| uid.parse::<u32>().ok())?
        };
        let uids: Vec<u32> = places.iter().filter_map(present).collect();
        if !uids.is_empty() {
            let set = uids.iter().fold(String::new(), |mut set, uid| {
                let _ = write!(set, "{}{uid}", if set.is_empty() { "" } else { "," });
                set
            });
            if after == "seen" {
                let words = format!("UID STORE {set} +FLAGS.SILENT (\\Seen)");
                wire.command("UID STORE", &words, |_| {}).await?;
            } else {
                if move_away(wire, &set, after).await? {
                    folder.shrank(uids.len());
                }
            }
        }
        filed += places.len();
        source.store.filed(mailbox, &folder.name, places).await?;
    }
}

/// Moves in one step where the server can (RFC 6851); else copies, and removes exactly the copied ones (RFC 4315).
/// Where it can neither, they stay, marked as deleted: a plain EXPUNGE would remove what others marked.
/// Returns whether they left the folder.
async fn move_away(wire: &mut Wire, set: &str, target: &str) -> Result<bool, IntakeError> {
    let (can, target) = (wire.can(), utf7::quoted(target));
    let name = if can.mv { "UID MOVE" } else { "UID COPY" };
    let words = format!("{name} {set} {target}");
    let mut end = wire.exchange(name, &words, |_| {}).await?;
    if matches!(end, End::No { .. }) {
        // TRYCREATE is not always said. That the folder exists already is no harm either.
        let _ = wire.exchange("CREATE", &format!("CREATE {target}"), |_| {}).await?;
        end = wire.exchange(name, &words, |_| {}).await?;
    }
    if end != End::Ok {
        return Err(IntakeError::Refused(name));
    }
    if !can.mv {
        let words = format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)");
        wire.command("UID STORE", &words, |_| {}).await?;
        if can.uidplus {
            wire.command("UID EXPUNGE", &format!("UID EXPUNGE {set}"), |_| {}).await?;
        }
    }
    Ok(can.mv || can.uidplus)
}
