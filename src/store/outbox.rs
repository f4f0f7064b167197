//! Letters out: final bytes, an attempt counted before it is made, one end each (R4, R5, R16).

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::inbound::timestamp;
use super::tokens::{NewToken, purpose_name};
use super::{Keys, Store, StoreError, Tx};
use crate::case::{Fingerprint, LetterOutcome, Reference};
use crate::mail::Address;

/// A letter with its final bytes.
pub struct NewLetter<'a> {
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
    /// The token it carries.
    pub token: Option<NewToken<'a>>,
}

/// A letter about to be queued: sealed and hashed, which needs no transaction.
pub struct SealedLetter {
    kind: &'static str,
    to_key: Fingerprint,
    domain_key: Fingerprint,
    queued_at: Timestamp,
    token_hash: Vec<u8>,
    code_hash: Vec<u8>,
    person: Option<Fingerprint>,
    purpose: &'static str,
    sealed: Vec<u8>,
}

impl SealedLetter {
    /// Seals a letter.
    ///
    /// # Errors
    /// [`StoreError::Random`].
    pub fn new(new: &NewLetter<'_>, keys: &Keys) -> Result<Self, StoreError> {
        let from = new.envelope_from.unwrap_or_default().as_bytes();
        let to = new.envelope_to.as_str().as_bytes();
        let token = new.token.as_ref();
        let code_hash = token.and_then(|new| Some(keys.code(new.token, new.code?).to_vec()));
        Ok(Self {
            kind: new.kind,
            to_key: keys.suppression(new.envelope_to),
            domain_key: keys.domain(new.envelope_to),
            queued_at: new.queued_at,
            token_hash: token.map(|new| keys.token(new.token).to_vec()).unwrap_or_default(),
            code_hash: code_hash.unwrap_or_default(),
            person: token.map(|new| new.person),
            purpose: token.map_or("", |new| purpose_name(new.purpose)),
            sealed: keys.seal(&[from, b"\n", to, b"\n", new.bytes].concat())?,
        })
    }
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
    domain_key: Vec<u8>,
}

/// What is to become of a claimed letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It was accepted, and the life of its token begins (R24).
    Accepted {
        /// When the token stops confirming.
        token_until: Timestamp,
    },
    /// It reached another end.
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

    /// Whether letters to people wait because the cap of an hour is reached: the breaker is open (T27).
    ///
    /// # Errors
    /// SQLite's.
    pub async fn breaker_is_open(&self, now: Timestamp, per_hour: u32) -> Result<bool, StoreError> {
        self.read(move |tx| {
            let hour_ago = now.as_second().saturating_sub(3600);
            Ok(tx
                .sql
                .prepare_cached(
                    "SELECT (SELECT coalesce(sum(letters), 0) FROM sent WHERE minute > ?1) >= ?2
                     AND EXISTS (SELECT 1 FROM letter WHERE settled_at = 0 AND due_at <= ?3 AND state = 'due'
                                 AND NOT kind GLOB 'dpo-*')",
                )?
                .query_row(params![hour_ago / 60, per_hour, now.as_second()], |row| row.get(0))?)
        })
        .await
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
                "UPDATE letter SET state = 'due', unknowns = unknowns + 1
                 WHERE settled_at = 0 AND state = 'claimed'",
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
            let at: Option<i64> = tx
                .sql
                .prepare_cached(
                    "SELECT due_at FROM letter WHERE settled_at = 0 AND state = 'due' ORDER BY due_at LIMIT 1",
                )?
                .query_row([], |row| row.get(0))
                .optional()?;
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
                "SELECT kind, state, queued_at, bounced
                 FROM matter JOIN letter ON case_id = matter.id AND case_id <> 0
                 WHERE reference = ?1 ORDER BY letter.id",
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
    /// Queues a letter, about a case that was written before it or about none; returns its number.
    ///
    /// # Errors
    /// SQLite's.
    pub fn queue_letter(&self, case: Option<&Reference>, new: &SealedLetter) -> Result<i64, StoreError> {
        let case = case.map_or(Ok(0), |case| self.known_case(case))?;
        self.sql
            .prepare_cached(
                "INSERT INTO letter (case_id, kind, to_key, domain_key, state, attempts, unknowns, queued_at, due_at,
                     settled_at, bounced, token_hash, person, purpose, code_hash, tries, expires_at)
                 VALUES (?1, ?2, ?3, ?4, 'due', 0, 0, ?5, ?5, 0, 0, ?6, ?7, ?8, ?9, 0, 0)",
            )?
            .execute(params![
                case,
                new.kind,
                new.to_key.0.as_slice(),
                new.domain_key.0.as_slice(),
                new.queued_at.as_second(),
                new.token_hash,
                new.person.as_ref().map_or(&[][..], |person| person.0.as_slice()),
                new.purpose,
                new.code_hash,
            ])?;
        let letter = self.sql.last_insert_rowid();
        self.sql
            .prepare_cached("INSERT INTO letter_bytes (letter_id, sealed) VALUES (?1, ?2)")?
            .execute(params![letter, new.sealed])?;
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
            "SELECT kind FROM letter
             WHERE substr(to_key, 1, 8) = substr(?1, 1, 8) AND to_key = ?1 AND queued_at > ?2",
        )?;
        let mut rows = query.query(params![to.0.as_slice(), since.as_second()])?;
        let mut kinds = BTreeMap::new();
        while let Some(row) = rows.next()? {
            *kinds.entry(row.get(0)?).or_default() += 1;
        }
        Ok(kinds)
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
        // Notices to the DPO go out even so: one of them tells that the others wait.
        let room = per_hour.saturating_sub(sent);
        let limit = if room == 0 { limit } else { limit.min(room) };
        let mut claimed = Vec::new();
        {
            let mut query = self.sql.prepare_cached(
                "SELECT letter.id, coalesce(reference, ''), kind, sealed, attempts, unknowns, queued_at, domain_key
                 FROM letter JOIN letter_bytes ON letter_id = letter.id LEFT JOIN matter ON matter.id = case_id
                 WHERE settled_at = 0 AND due_at <= ?1 AND state = 'due' AND (?3 OR kind GLOB 'dpo-*')
                 ORDER BY due_at, letter.id LIMIT ?2",
            )?;
            let mut rows = query.query(params![now.as_second(), limit, room > 0])?;
            let mut domains: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let domain: Vec<u8> = row.get(7)?;
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
        let opened = row.get_ref(3)?.as_blob().ok().and_then(|sealed| self.keys.open(sealed));
        let (envelope_from, envelope_to, bytes) = opened.and_then(unfold).ok_or_else(|| {
            StoreError::Corrupt { table: "letter_bytes", column: "sealed", row: id.to_string() }
        })?;
        Ok(ClaimedLetter {
            id,
            case: row.get(1)?,
            kind: row.get(2)?,
            envelope_from: (!envelope_from.is_empty()).then_some(envelope_from),
            envelope_to,
            bytes,
            attempts: row.get::<_, u32>(4)? + 1,
            unknowns: row.get(5)?,
            queued_at: timestamp(row.get(6)?),
            domain_key: row.get(7)?,
        })
    }

    /// Settles claimed letters. At its end a letter's bytes are removed: the token in them is then nowhere (T15).
    ///
    /// # Errors
    /// SQLite's.
    pub fn settle_letters(
        &self,
        settled: &[(&ClaimedLetter, Settlement)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut ended: BTreeMap<&[u8], u32> = BTreeMap::new();
        for (letter, settlement) in settled {
            let (state, token_until) = match *settlement {
                Settlement::Retry { due_at, unknown } => {
                    self.sql
                        .prepare_cached(
                            "UPDATE letter SET state = 'due', due_at = ?2, unknowns = unknowns + ?3 WHERE id = ?1",
                        )?
                        .execute(params![letter.id, due_at.as_second(), unknown])?;
                    continue;
                }
                Settlement::Accepted { token_until } => ("sent", token_until.as_second()),
                Settlement::End(LetterOutcome::Accepted) => ("sent", 0),
                Settlement::End(LetterOutcome::Refused | LetterOutcome::Bounced) => ("refused", 0),
                Settlement::End(LetterOutcome::Unknown) => ("unknown", 0),
                Settlement::End(LetterOutcome::Outdated) => ("outdated", 0),
            };
            self.sql
                .prepare_cached(
                    "UPDATE letter SET state = ?2, settled_at = ?3, expires_at = ?4 WHERE id = ?1",
                )?
                .execute(params![letter.id, state, now.as_second(), token_until])?;
            self.sql.prepare_cached("DELETE FROM letter_bytes WHERE letter_id = ?1")?.execute([letter.id])?;
            *ended.entry(&letter.domain_key).or_default() += 1;
        }
        for (domain, letters) in ended {
            self.sql
                .prepare_cached(
                    "INSERT INTO sent (minute, domain_key, letters) VALUES (?1, ?2, ?3)
                     ON CONFLICT (minute, domain_key) DO UPDATE SET letters = letters + ?3",
                )?
                .execute(params![now.as_second() / 60, domain, letters])?;
        }
        Ok(())
    }

    /// Marks a letter as come back; returns its kind, `None` when it had come back before.
    ///
    /// # Errors
    /// SQLite's.
    pub fn bounce_letter(&self, id: i64) -> Result<Option<String>, StoreError> {
        Ok(self
            .sql
            .prepare_cached("UPDATE letter SET bounced = 1 WHERE id = ?1 AND bounced = 0 RETURNING kind")?
            .query_row([id], |row| row.get(0))
            .optional()?)
    }
}

/// Sender, recipient and final bytes of what was sealed together.
fn unfold(mut opened: Vec<u8>) -> Option<(String, String, Vec<u8>)> {
    let mut lines = opened.splitn(3, |byte| *byte == b'\n');
    let from = String::from_utf8(lines.next()?.to_vec()).ok()?;
    let to = String::from_utf8(lines.next()?.to_vec()).ok()?;
    opened.drain(..from.len() + to.len() + 2);
    Some((from, to, opened))
}
