//! Letters out: final bytes, an attempt counted before it is made, one end each (R4, R5, R16).

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::inbound::timestamp;
use super::{Store, StoreError, Tx};
use crate::case::{Fingerprint, LetterOutcome, Reference};
use crate::mail::Address;

/// A letter with its final bytes, about to be queued.
pub struct NewLetter<'a> {
    /// The case, when it is about one.
    pub case: Option<&'a Reference>,
    /// Stable name of its kind.
    pub kind: &'static str,
    /// MAIL FROM; `None` for the null sender.
    pub envelope_from: Option<&'a str>,
    /// RCPT TO.
    pub envelope_to: &'a Address,
    /// The bytes that will be sent, today and on every retry.
    pub bytes: &'a [u8],
    /// When.
    pub queued_at: Timestamp,
}

/// A letter that somebody is sending now.
pub struct ClaimedLetter {
    /// Its number.
    pub id: i64,
    /// The case's reference, or empty.
    pub case: String,
    /// Stable name of its kind.
    pub kind: String,
    /// MAIL FROM.
    pub envelope_from: Option<String>,
    /// RCPT TO.
    pub envelope_to: String,
    /// Final bytes.
    pub bytes: Vec<u8>,
    /// Attempts, this one included.
    pub attempts: u32,
    /// Attempts that ended without an answer after the final dot.
    pub unknowns: u32,
    /// When it was queued.
    pub queued_at: Timestamp,
}

/// What is to become of a claimed letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It reached an end.
    End(LetterOutcome),
    /// Try again then.
    Retry {
        /// When.
        due_at: Timestamp,
        /// Whether this attempt ended without an answer after the final dot.
        unknown: bool,
    },
}

/// A letter as lists show it.
#[derive(Clone, Debug)]
pub struct LetterState {
    /// Stable name of its kind.
    pub kind: String,
    /// due, claimed, sent, refused, unknown, outdated.
    pub state: String,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// Whether it came back.
    pub bounced: bool,
}

impl Store {
    /// Claims the letters that are due, at most `limit`, within the caps per hour (T27): the attempt is counted
    /// on disk before it is made.
    ///
    /// # Errors
    /// SQLite's, or [`StoreError::Corrupt`].
    pub async fn claim_letters(
        &self,
        now: Timestamp,
        limit: u32,
        per_hour: u32,
        per_domain_hour: u32,
    ) -> Result<Vec<ClaimedLetter>, StoreError> {
        self.write(move |tx| tx.claim_letters(now, limit, per_hour, per_domain_hour)).await
    }

    /// Gives back what a former run had claimed when it ended; returns how many.
    ///
    /// A claimed letter may have gone out: it counts as an attempt without an answer (R5).
    ///
    /// # Errors
    /// SQLite's.
    pub async fn release_claims(&self) -> Result<usize, StoreError> {
        self.write(|tx| {
            Ok(tx.sql.execute(
                "UPDATE letter SET state = 'due', unknowns = unknowns + 1 WHERE state = 'claimed'",
                [],
            )?)
        })
        .await
    }

    /// When the next letter is due; `None` when none waits.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn next_letter_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|tx| {
            let at: Option<i64> =
                tx.sql
                    .query_row("SELECT min(due_at) FROM letter WHERE state = 'due'", [], |row| row.get(0))?;
            Ok(at.map(timestamp))
        })
        .await
    }

    /// The letters of a case, oldest first.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn letters_of(&self, reference: &Reference) -> Result<Vec<LetterState>, StoreError> {
        let reference = reference.as_str().to_owned();
        self.read(move |tx| {
            let mut query = tx.sql.prepare_cached(
                "SELECT kind, state, queued_at, bounced FROM letter WHERE case_ref = ?1 ORDER BY id",
            )?;
            let rows = query.query_map([reference], |row| {
                Ok(LetterState {
                    kind: row.get(0)?,
                    state: row.get(1)?,
                    queued_at: timestamp(row.get(2)?),
                    bounced: row.get(3)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Letters that were refused or whose fate is unknown, settled since `since`.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn undelivered_since(&self, since: Timestamp) -> Result<u32, StoreError> {
        self.read(move |tx| {
            Ok(tx.sql.query_row(
                "SELECT count(*) FROM letter WHERE (state IN ('refused', 'unknown') AND settled_at > ?1)
                    OR (bounced = 1 AND settled_at > ?1)",
                [since.as_second()],
                |row| row.get(0),
            )?)
        })
        .await
    }

    /// How many letters are in each state.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn letter_counts(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        self.read(|tx| {
            let mut query = tx.sql.prepare_cached("SELECT state, count(*) FROM letter GROUP BY state")?;
            Ok(query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
        })
        .await
    }
}

impl Tx<'_> {
    /// Queues a letter; returns its number.
    ///
    /// # Errors
    /// SQLite's.
    pub fn queue_letter(&self, new: &NewLetter<'_>) -> Result<i64, StoreError> {
        let envelope = format!("{}\n{}", new.envelope_from.unwrap_or_default(), new.envelope_to.as_str());
        let at = new.queued_at.as_second();
        self.sql
            .prepare_cached(
                "INSERT INTO letter (case_ref, kind, to_key, domain_key, state, attempts, unknowns, queued_at, due_at,
                     settled_at, bounced)
                 VALUES (?1, ?2, ?3, ?4, 'due', 0, 0, ?5, ?5, 0, 0)",
            )?
            .execute(params![
                new.case.map_or("", Reference::as_str),
                new.kind,
                self.keys.suppression(new.envelope_to).0.as_slice(),
                self.keys.domain(new.envelope_to).0.as_slice(),
                at,
            ])?;
        let letter = self.sql.last_insert_rowid();
        self.sql
            .prepare_cached("INSERT INTO letter_bytes (letter_id, envelope, bytes) VALUES (?1, ?2, ?3)")?
            .execute(params![letter, self.keys.seal(envelope.as_bytes())?, self.keys.seal(new.bytes)?])?;
        Ok(letter)
    }

    /// Automatic letters to an address since `since`, by kind (T27).
    ///
    /// # Errors
    /// SQLite's.
    pub fn letters_since(
        &self,
        to: &Fingerprint,
        since: Timestamp,
    ) -> Result<BTreeMap<String, u32>, StoreError> {
        let mut query = self.sql.prepare_cached(
            "SELECT kind, count(*) FROM letter WHERE to_key = ?1 AND queued_at > ?2 GROUP BY kind",
        )?;
        let rows = query
            .query_map(params![to.0.as_slice(), since.as_second()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn claim_letters(
        &self,
        now: Timestamp,
        limit: u32,
        per_hour: u32,
        per_domain_hour: u32,
    ) -> Result<Vec<ClaimedLetter>, StoreError> {
        let hour_ago = now.as_second().saturating_sub(3600);
        let sent: u32 = self
            .sql
            .prepare_cached("SELECT coalesce(sum(letters), 0) FROM sent WHERE minute > ?1")?
            .query_row([hour_ago / 60], |row| row.get(0))?;
        self.sql.prepare_cached("DELETE FROM sent WHERE minute < ?1")?.execute([hour_ago / 60 - 60])?;
        let limit = limit.min(per_hour.saturating_sub(sent));
        let mut claimed = Vec::new();
        {
            let mut query = self.sql.prepare_cached(
                "SELECT id, case_ref, kind, envelope, bytes, attempts, unknowns, queued_at, domain_key
                 FROM letter JOIN letter_bytes ON letter_id = id
                 WHERE state = 'due' AND due_at <= ?1 ORDER BY due_at, id LIMIT ?2",
            )?;
            let mut rows = query.query(params![now.as_second(), limit])?;
            let mut domains: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let domain: Vec<u8> = row.get(8)?;
                if let Some(count) = domains.get_mut(&domain) {
                    *count += 1;
                } else {
                    let before = self.sent_to_domain(&domain, hour_ago)?;
                    domains.insert(domain.clone(), before + 1);
                }
                if domains.get(&domain).is_some_and(|count| *count > per_domain_hour) {
                    // Looked at again in five minutes, so that one domain does not hold up the others.
                    let id: i64 = row.get(0)?;
                    self.sql
                        .prepare_cached("UPDATE letter SET due_at = ?2 WHERE id = ?1")?
                        .execute(params![id, now.as_second() + 300])?;
                    continue;
                }
                let letter = self.claimed(row)?;
                // One that may have gone out already goes alone: a second crash then puts no other in doubt.
                let doubtful = letter.unknowns > 0;
                if doubtful && !claimed.is_empty() {
                    break;
                }
                claimed.push(letter);
                if doubtful {
                    break;
                }
            }
        }
        for letter in &claimed {
            self.sql
                .prepare_cached("UPDATE letter SET state = 'claimed', attempts = attempts + 1 WHERE id = ?1")?
                .execute([letter.id])?;
        }
        Ok(claimed)
    }

    fn sent_to_domain(&self, domain: &[u8], since: i64) -> Result<u32, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "SELECT coalesce(sum(letters), 0) FROM sent WHERE minute > ?2 AND domain_key = ?1",
            )?
            .query_row(params![domain, since / 60], |row| row.get(0))?)
    }

    fn claimed(&self, row: &rusqlite::Row<'_>) -> Result<ClaimedLetter, StoreError> {
        let id: i64 = row.get(0)?;
        let open = |column: &'static str, sealed: Vec<u8>| {
            let broken = || StoreError::Corrupt { table: "letter", column, row: id.to_string() };
            self.keys.open(&sealed).ok_or_else(broken)
        };
        let envelope = String::from_utf8_lossy(&open("envelope", row.get(3)?)?).into_owned();
        let (from, to) = envelope.split_once('\n').unwrap_or(("", &envelope));
        Ok(ClaimedLetter {
            id,
            case: row.get(1)?,
            kind: row.get(2)?,
            envelope_from: (!from.is_empty()).then(|| from.to_owned()),
            envelope_to: to.to_owned(),
            bytes: open("bytes", row.get(4)?)?,
            attempts: row.get::<_, u32>(5)? + 1,
            unknowns: row.get(6)?,
            queued_at: timestamp(row.get(7)?),
        })
    }

    /// Settles a claimed letter. At its end its bytes are removed: the token in them is then nowhere (T15).
    ///
    /// # Errors
    /// SQLite's.
    pub fn settle_letter(&self, id: i64, settlement: Settlement, now: Timestamp) -> Result<(), StoreError> {
        match settlement {
            Settlement::End(outcome) => {
                let state = match outcome {
                    LetterOutcome::Accepted => "sent",
                    LetterOutcome::Refused | LetterOutcome::Bounced => "refused",
                    LetterOutcome::Unknown => "unknown",
                    LetterOutcome::Outdated => "outdated",
                };
                self.sql
                    .prepare_cached("UPDATE letter SET state = ?2, settled_at = ?3 WHERE id = ?1")?
                    .execute(params![id, state, now.as_second()])?;
                self.sql.prepare_cached("DELETE FROM letter_bytes WHERE letter_id = ?1")?.execute([id])?;
                self.sql
                    .prepare_cached(
                        "INSERT INTO sent (minute, domain_key, letters)
                         SELECT ?2, domain_key, 1 FROM letter WHERE id = ?1
                         ON CONFLICT (minute, domain_key) DO UPDATE SET letters = letters + 1",
                    )?
                    .execute(params![id, now.as_second() / 60])?;
            }
            Settlement::Retry { due_at, unknown } => {
                self.sql
                    .prepare_cached(
                        "UPDATE letter SET state = 'due', due_at = ?2, unknowns = unknowns + ?3 WHERE id = ?1",
                    )?
                    .execute(params![id, due_at.as_second(), unknown])?;
            }
        }
        Ok(())
    }

    /// Marks a letter as come back; returns its case and kind, `None` when it had come back before.
    ///
    /// # Errors
    /// SQLite's.
    pub fn bounce_letter(&self, id: i64) -> Result<Option<(String, String)>, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "UPDATE letter SET bounced = 1 WHERE id = ?1 AND bounced = 0 RETURNING case_ref, kind",
            )?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }
}
