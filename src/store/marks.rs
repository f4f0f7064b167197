//! Which mails are being read or decided at this very moment, so that a crash is blamed on them alone (R14).
//!
//! A slot for each thread in a small file beside the database. Each mark is written to the system before the work and
//! taken away after it, without a sync: it survives the death of the process, which is what a hostile mail could
//! bring about, and not a power cut, which is no mail's doing. So counting attempts costs no commit, and a kill from
//! outside is not held against a batch that happened to wait.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::{Store, StoreError};
use crate::case::MailId;

/// Threads that may mark a mail; one more than any machine's cores would be waste.
const SLOTS: usize = 64;
const SLOT_BYTES: usize = 8;

/// The marks of the present process.
#[derive(Debug)]
pub(super) struct Marks {
    file: File,
}

impl Marks {
    pub(super) fn open(database: &Path) -> Result<Self, StoreError> {
        let mut name = database.as_os_str().to_owned();
        name.push(".marks");
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&name);
        let file = file.map_err(|error| {
            StoreError::Files(format!("{}: {}", Path::new(&name).display(), error.kind()))
        })?;
        Ok(Self { file })
    }

    fn set(&self, slot: usize, value: i64) {
        let at = (slot % SLOTS * SLOT_BYTES) as u64;
        // A mark that cannot be written only means that a crash would be nobody's fault.
        let _ = self.file.write_all_at(&value.to_le_bytes(), at);
    }

    fn left_behind(&self) -> Vec<MailId> {
        let mut bytes = [0; SLOTS * SLOT_BYTES];
        let length = self.file.read_at(&mut bytes, 0).unwrap_or(0);
        let slots = bytes.get(..length).unwrap_or_default().chunks_exact(SLOT_BYTES);
        slots
            .filter_map(|slot| Some(i64::from_le_bytes(slot.try_into().ok()?)))
            .filter(|id| *id != 0)
            .map(MailId)
            .collect()
    }
}

/// A thread's mark, which goes from mail to mail and is taken away when it is dropped.
#[derive(Debug)]
pub struct Mark<'a> {
    marks: &'a Marks,
    slot: usize,
}

impl Mark<'_> {
    /// From here on a death of the process is this mail's doing, until the mark is moved.
    pub fn on(&self, mail: MailId) {
        self.marks.set(self.slot, mail.0);
    }
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        self.marks.set(self.slot, 0);
    }
}

impl Store {
    /// The mark of one thread: on whichever mail it lies when the process dies, that mail is blamed at the next
    /// start.
    #[must_use]
    pub fn mark(&self, slot: usize) -> Mark<'_> {
        Mark { marks: &self.marks, slot }
    }

    /// Counts an attempt for each mail in whose reading or deciding a former process died; returns how many.
    /// To be called by the one daemon at its start.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn blame_crashed(&self) -> Result<usize, StoreError> {
        let blamed = self.marks.left_behind();
        let count = blamed.len();
        if count > 0 {
            self.write(move |tx| blamed.iter().try_for_each(|mail| tx.count_attempt(*mail))).await?;
        }
        (0..SLOTS).for_each(|slot| self.marks.set(slot, 0));
        Ok(count)
    }
}
