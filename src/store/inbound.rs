//! Mail in: raw bytes first, each place on a server with one recorded outcome (R2, R3, R11, R14).

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::{Store, StoreError, Tx};
use crate::case::{MailId, Reference};
use crate::mail::content_hash_of;

/// Mails of at least so many bytes count towards their sender's quota (T40): smaller ones fill no disk in a day.
const QUOTA_BYTES_MIN: usize = 16 << 10;
/// What is kept of a mail beyond the quota: its header and the beginning of its words.
const QUOTA_BYTES_KEPT: usize = 64 << 10;

/// A mail as a source hands it over.
pub struct Arrival {
    /// The mailbox's name.
    pub mailbox: String,
    /// The folder's name; `INBOX` for sources without folders.
    pub folder: String,
    /// Where it lies there: "uidvalidity/uid", a Maildir's unique name, or a content hash.
    pub place: String,
    /// When the company's server took it.
    pub received_at: Timestamp,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// Whether only header and first part were fetched, because it is too large.
    pub partial: bool,
    /// What our own DKIM check said, in its stored form.
    pub verified: Option<String>,
}

impl std::fmt::Debug for Arrival {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Arrival({}/{}/{}, {} bytes)", self.mailbox, self.folder, self.place, self.raw.len())
    }
}

/// What became of an [`Arrival`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// Stored, to be understood.
    New,
    /// This place was known already.
    Known,
    /// The same mail lies elsewhere too: one mail, seen twice.
    Twin,
}

/// A stored mail, ready to be understood.
pub struct StoredMail {
    /// Its number.
    pub id: MailId,
    /// The mailbox it was first seen in.
    pub mailbox: String,
    /// The earliest receipt.
    pub received_at: Timestamp,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// Whether only its first part was fetched.
    pub partial: bool,
    /// What our own DKIM check said.
    pub verified: Option<String>,
    /// Attempts at understanding it that failed.
    pub attempts: u32,
}

/// A mail that was understood.
pub struct SettledMail {
    /// The mail.
    pub mail: StoredMail,
    /// How it ended.
    pub outcome: String,
    /// The case it opened or joined.
    pub case: Option<Reference>,
    /// What was understood, as it was stored.
    pub reading: Vec<u8>,
}

/// A mail that is set aside unread.
pub struct Quarantined {
    /// Its number.
    pub id: MailId,
    /// The mailbox.
    pub mailbox: String,
    /// Receipt.
    pub received_at: Timestamp,
    /// Raw bytes.
    pub size: u64,
    /// Why, as a stable name.
    pub reason: String,
}

impl Store {
    /// Stores a batch of mails; durable when it returns. One receipt each, in order.
    ///
    /// # Errors
    /// When nothing of the batch was stored.
    pub async fn receive(&self, batch: Vec<Arrival>) -> Result<Vec<Receipt>, StoreError> {
        let now = crate::clock::Clock::System.now();
        let quota = self.mib_per_address_day;
        let receipts =
            self.write(move |tx| batch.iter().map(|arrival| tx.receive(arrival, now, quota)).collect()).await;
        crate::failpoint::reach("mails-stored");
        receipts
    }

    /// Every place of a folder that has an outcome; what is not in it must be fetched.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn known_places(&self, mailbox: &str, folder: &str) -> Result<HashSet<String>, StoreError> {
        let (mailbox, folder) = (mailbox.to_owned(), folder.to_owned());
        self.read(move |tx| {
            let mut query = tx.sql.prepare_cached(
                "SELECT place FROM sighting WHERE mailbox = ?1 AND folder = ?2 AND outcome <> 'retry'",
            )?;
            let places = query.query_map([mailbox, folder], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok(places)
        })
        .await
    }

    /// Counts a fetch that gave nothing; returns how many there were.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn fetch_failed(&self, mailbox: &str, folder: &str, place: &str) -> Result<u32, StoreError> {
        let key = (mailbox.to_owned(), folder.to_owned(), place.to_owned());
        self.write(move |tx| {
            tx.sight(&key, 0, "retry")?;
            let attempts = tx.sql.query_row(
                "UPDATE sighting SET attempts = attempts + 1 WHERE mailbox = ?1 AND folder = ?2 AND place = ?3
                 RETURNING attempts",
                params![key.0, key.1, key.2],
                |row| row.get(0),
            )?;
            Ok(attempts)
        })
        .await
    }

    /// Records that a message the server lists cannot be read from it: dated and shown, never silent.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn record_unreadable(
        &self,
        mailbox: &str,
        folder: &str,
        place: &str,
        received_at: Timestamp,
    ) -> Result<(), StoreError> {
        let key = (mailbox.to_owned(), folder.to_owned(), place.to_owned());
        self.write(move |tx| {
            // A mail without bytes, so that the quarantine shows it with its date.
            let mark = Sha256::digest(format!("unreadable {} {} {}", key.0, key.1, key.2));
            let mail = match tx.mail_of_content(&mark)? {
                Some(mail) => mail,
                None => {
                    tx.sql.execute(
                        "INSERT INTO mail (content_hash, mailbox, received_at, stored_at, size, partial,
                             sender_key, verified, state, attempts, outcome, case_id)
                         VALUES (?1, ?2, ?3, ?3, 0, 0, x'', '', 'quarantined', 3, 'server-gives-no-bytes', 0)",
                        params![mark.as_slice(), key.0, received_at.as_second()],
                    )?;
                    tx.sql.last_insert_rowid()
                }
            };
            tx.sight(&key, mail, "unreadable")
        })
        .await
    }

    /// Records that a message was removed by somebody else before it could be read.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn record_gone(&self, mailbox: &str, folder: &str, place: &str) -> Result<(), StoreError> {
        let key = (mailbox.to_owned(), folder.to_owned(), place.to_owned());
        self.write(move |tx| tx.sight(&key, 0, "gone")).await
    }

    /// Places whose mail is settled and whose server copy was not yet marked or moved.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn to_file(&self, mailbox: &str, folder: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        let (mailbox, folder) = (mailbox.to_owned(), folder.to_owned());
        self.read(move |tx| {
            let mut query = tx.sql.prepare_cached(
                "SELECT place FROM sighting JOIN mail ON mail.id = mail_id
                 WHERE sighting.mailbox = ?1 AND folder = ?2 AND filed = 0 AND state = 'done' LIMIT ?3",
            )?;
            let places = query
                .query_map(params![mailbox, folder, limit], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(places)
        })
        .await
    }

    /// Records that these copies were marked or moved.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn filed(&self, mailbox: &str, folder: &str, places: Vec<String>) -> Result<(), StoreError> {
        let (mailbox, folder) = (mailbox.to_owned(), folder.to_owned());
        self.write(move |tx| {
            for place in places {
                tx.sql.execute(
                    "UPDATE sighting SET filed = 1 WHERE mailbox = ?1 AND folder = ?2 AND place = ?3",
                    params![mailbox, folder, place],
                )?;
            }
            Ok(())
        })
        .await
    }

    /// The next mails to be understood, at most `mails` and about `bytes`.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn next_mails(&self, mails: u32, bytes: usize) -> Result<Vec<StoredMail>, StoreError> {
        self.next_mails_after(MailId(0), mails, bytes).await
    }

    /// As [`Store::next_mails`], beginning behind the mail of that number.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn next_mails_after(
        &self,
        after: MailId,
        mails: u32,
        bytes: usize,
    ) -> Result<Vec<StoredMail>, StoreError> {
        self.read(move |tx| tx.next_mails(after, mails, bytes)).await
    }

    /// Mails that were understood or set aside, in order, beginning after the one of that number. Stops before
    /// the first that still waits.
    ///
    /// # Errors
    /// SQLite's, or [`StoreError::Corrupt`].
    pub async fn settled_after(&self, mail: i64, limit: u32) -> Result<Vec<SettledMail>, StoreError> {
        self.read(move |tx| {
            let mut query = tx.sql.prepare_cached(
                "SELECT mail.id, mailbox, received_at, coalesce(bytes, x''), partial, verified, attempts,
                     coalesce(sealed, x''), outcome, coalesce(reference, ''), mail.state
                 FROM mail LEFT JOIN raw ON raw.mail_id = mail.id LEFT JOIN reading ON reading.mail_id = mail.id
                     LEFT JOIN matter ON matter.id = case_id
                 WHERE mail.id > ?1 ORDER BY mail.id LIMIT ?2",
            )?;
            let mut rows = query.query(params![mail, limit])?;
            let mut settled = Vec::new();
            while let Some(row) = rows.next()? {
                if row.get::<_, String>(10)? == "new" {
                    break;
                }
                let (reading, case): (Vec<u8>, String) = (row.get(7)?, row.get(9)?);
                settled.push(SettledMail {
                    mail: stored_mail(tx, row)?,
                    outcome: row.get(8)?,
                    case: Reference::parse(&case),
                    reading: tx.keys.open(&reading).ok_or_else(|| corrupt("mail", "reading", row.get(0)))?,
                });
            }
            Ok(settled)
        })
        .await
    }

    /// Mails that were set aside, newest first.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn quarantine(&self, limit: u32) -> Result<Vec<Quarantined>, StoreError> {
        self.read(move |tx| {
            let mut query = tx.sql.prepare_cached(
                "SELECT id, mailbox, received_at, size, outcome FROM mail WHERE state = 'quarantined'
                 ORDER BY id DESC LIMIT ?1",
            )?;
            let rows = query.query_map([limit], |row| {
                Ok(Quarantined {
                    id: MailId(row.get(0)?),
                    mailbox: row.get(1)?,
                    received_at: timestamp(row.get(2)?),
                    size: row.get(3)?,
                    reason: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// How every mail ended, and how many are still to be understood: outcome → count (T12).
    ///
    /// # Errors
    /// SQLite's.
    pub async fn ends(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.read(|tx| {
            let mut query = tx.sql.prepare_cached(
                "SELECT CASE state WHEN 'done' THEN outcome ELSE state END AS mail_end, count(*) FROM mail
                 GROUP BY mail_end ORDER BY mail_end",
            )?;
            Ok(query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The raw bytes and the stored reading of a mail.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when they cannot be opened.
    pub async fn mails_of(&self, reference: &Reference) -> Result<Vec<(StoredMail, Vec<u8>)>, StoreError> {
        let reference = reference.as_str().to_owned();
        self.read(move |tx| {
            let mut query = tx.sql.prepare_cached(
                "SELECT mail.id, mailbox, received_at, bytes, partial, verified, attempts, sealed
                 FROM matter JOIN mail ON case_id = matter.id AND case_id <> 0
                     JOIN raw ON raw.mail_id = mail.id JOIN reading ON reading.mail_id = mail.id
                 WHERE reference = ?1 ORDER BY mail.id",
            )?;
            let mut rows = query.query([reference])?;
            let mut mails = Vec::new();
            while let Some(row) = rows.next()? {
                let reading: Vec<u8> = row.get(7)?;
                let reading = tx.keys.open(&reading).ok_or_else(|| corrupt("mail", "reading", row.get(0)))?;
                mails.push((stored_mail(tx, row)?, reading));
            }
            Ok(mails)
        })
        .await
    }
}

impl Tx<'_> {
    fn receive(
        &self,
        arrival: &Arrival,
        now: Timestamp,
        mib_per_address_day: u64,
    ) -> Result<Receipt, StoreError> {
        let key = (arrival.mailbox.clone(), arrival.folder.clone(), arrival.place.clone());
        let known: Option<String> = self
            .sql
            .prepare_cached("SELECT outcome FROM sighting WHERE mailbox = ?1 AND folder = ?2 AND place = ?3")?
            .query_row(params![key.0, key.1, key.2], |row| row.get(0))
            .optional()?;
        if known.is_some_and(|outcome| outcome != "retry") {
            return Ok(Receipt::Known);
        }
        let hash = content_hash_of(&arrival.raw);
        if let Some(mail) = self.mail_of_content(&hash)? {
            self.sight(&key, mail, "twin")?;
            // Received is when the first of our boxes took it (law.md §2.3).
            self.sql
                .prepare_cached(
                    "UPDATE mail SET received_at = ?2 WHERE id = ?1 AND state = 'new' AND received_at > ?2",
                )?
                .execute(params![mail, arrival.received_at.as_second()])?;
            return Ok(Receipt::Twin);
        }
        // A received instant in the future is a server's wrong clock: never later than the poll that saw it.
        let received_at = arrival.received_at.min(now);
        let sender_key =
            if arrival.raw.len() < QUOTA_BYTES_MIN { Vec::new() } else { self.sender_key(&arrival.raw) };
        let beyond =
            !sender_key.is_empty() && self.bytes_of_today(&sender_key, now)? > mib_per_address_day << 20;
        let kept =
            if beyond { arrival.raw.get(..QUOTA_BYTES_KEPT).unwrap_or(&arrival.raw) } else { &arrival.raw };
        self.sql
            .prepare_cached(
                "INSERT INTO mail (content_hash, mailbox, received_at, stored_at, size, partial, sender_key,
                     verified, state, attempts, outcome, case_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'new', 0, '', 0)",
            )?
            .execute(params![
                hash.as_slice(),
                arrival.mailbox,
                received_at.as_second(),
                now.as_second(),
                kept.len(),
                arrival.partial || kept.len() < arrival.raw.len(),
                sender_key,
                arrival.verified.as_deref().unwrap_or_default(),
            ])?;
        let mail = self.sql.last_insert_rowid();
        self.sql
            .prepare_cached("INSERT INTO raw (mail_id, bytes) VALUES (?1, ?2)")?
            .execute(params![mail, self.keys.seal(kept)?])?;
        self.sight(&key, mail, "stored")?;
        Ok(Receipt::New)
    }

    fn mail_of_content(&self, hash: &[u8]) -> Result<Option<i64>, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "SELECT id FROM mail WHERE substr(content_hash, 1, 8) = substr(?1, 1, 8) AND content_hash = ?1",
            )?
            .query_row([hash], |row| row.get(0))
            .optional()?)
    }

    /// Who a mail says it is from, for the quota; one name for all who cannot be told.
    fn sender_key(&self, raw: &[u8]) -> Vec<u8> {
        let (headers, _) = crate::mail::Headers::read(raw);
        match crate::mail::address::sender(&headers) {
            crate::mail::Sender::One(address) => self.keys.suppression(&address).0.to_vec(),
            crate::mail::Sender::Ambiguous(_) => b"ambiguous".to_vec(),
        }
    }

    fn bytes_of_today(&self, sender_key: &[u8], now: Timestamp) -> Result<u64, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "SELECT coalesce(sum(size), 0) FROM mail
                 WHERE sender_key <> x'' AND sender_key = ?1 AND stored_at > ?2",
            )?
            .query_row(params![sender_key, now.as_second() - 86_400], |row| row.get(0))?)
    }

    fn sight(&self, key: &(String, String, String), mail: i64, outcome: &str) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "INSERT INTO sighting (mailbox, folder, place, mail_id, outcome, attempts, seen_at, filed)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, unixepoch(), 0)
                 ON CONFLICT (mailbox, folder, place) DO UPDATE SET mail_id = ?4, outcome = ?5",
            )?
            .execute(params![key.0, key.1, key.2, mail, outcome])?;
        Ok(())
    }

    fn next_mails(&self, after: MailId, mails: u32, bytes: usize) -> Result<Vec<StoredMail>, StoreError> {
        let mut query = self.sql.prepare_cached(
            "SELECT id, mailbox, received_at, bytes, partial, verified, attempts
             FROM mail JOIN raw ON mail_id = id WHERE state = 'new' AND id > ?1 ORDER BY id LIMIT ?2",
        )?;
        let mut rows = query.query(params![after.0, mails])?;
        let (mut next, mut total) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let mail = stored_mail(self, row)?;
            total += mail.raw.len();
            next.push(mail);
            if total >= bytes {
                break;
            }
        }
        Ok(next)
    }

    /// Counts a failed attempt at understanding a mail.
    ///
    /// # Errors
    /// SQLite's.
    pub fn count_attempt(&self, mail: MailId) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("UPDATE mail SET attempts = attempts + 1 WHERE id = ?1 AND state = 'new'")?
            .execute([mail.0])?;
        Ok(())
    }

    /// Marks a mail as understood: how it ended, which case it belongs to, and why (sealed).
    ///
    /// # Errors
    /// SQLite's.
    pub fn settle_mail(
        &self,
        mail: MailId,
        outcome: &str,
        case: Option<&Reference>,
        reading: &[u8],
    ) -> Result<(), StoreError> {
        let case = case.map_or(Ok(0), |case| self.known_case(case))?;
        self.sql
            .prepare_cached("UPDATE mail SET state = 'done', outcome = ?2, case_id = ?3 WHERE id = ?1")?
            .execute(params![mail.0, outcome, case])?;
        self.sql
            .prepare_cached("INSERT OR REPLACE INTO reading (mail_id, sealed) VALUES (?1, ?2)")?
            .execute(params![mail.0, self.keys.seal(reading)?])?;
        Ok(())
    }

    /// Sets a mail aside: its bytes stay, nothing more is tried, the DPO sees it.
    ///
    /// # Errors
    /// SQLite's.
    pub fn quarantine_mail(&self, mail: MailId, reason: &str) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("UPDATE mail SET state = 'quarantined', outcome = ?2 WHERE id = ?1")?
            .execute(params![mail.0, reason])?;
        Ok(())
    }

    /// Whether a mail still waits to be understood.
    ///
    /// # Errors
    /// SQLite's.
    pub fn is_new(&self, mail: MailId) -> Result<bool, StoreError> {
        Ok(self
            .sql
            .prepare_cached("SELECT state = 'new' FROM mail WHERE id = ?1")?
            .query_row([mail.0], |row| row.get(0))?)
    }
}

fn stored_mail(tx: &Tx<'_>, row: &rusqlite::Row<'_>) -> Result<StoredMail, StoreError> {
    let verified: String = row.get(5)?;
    Ok(StoredMail {
        id: MailId(row.get(0)?),
        mailbox: row.get(1)?,
        received_at: timestamp(row.get(2)?),
        raw: row
            .get_ref(3)?
            .as_blob()
            .ok()
            .and_then(|sealed| tx.keys.open(sealed))
            .ok_or_else(|| corrupt("mail", "raw", row.get(0)))?,
        partial: row.get(4)?,
        verified: (!verified.is_empty()).then_some(verified),
        attempts: row.get(6)?,
    })
}

fn corrupt(table: &'static str, column: &'static str, row: rusqlite::Result<i64>) -> StoreError {
    StoreError::Corrupt { table, column, row: row.map_or_else(|_| "?".to_owned(), |id| id.to_string()) }
}

/// Seconds of a column as an instant.
pub(super) fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
