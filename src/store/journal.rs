//! The append-only record of every fact, hash-chained (GDPR Art. 5(2), T50).
//!
//! It holds no personal data: a person is a keyed fingerprint, a mail a number. So erasing a person never has to
//! break the chain.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::rows::FactRow;
use super::{Store, StoreError, Tx};
use crate::case::{Case, Fact, MailId, Reference, evolve};

/// One fact of the journal, for a person to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The number of its entry; facts of one event have the same.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who: `daemon`, or who acted.
    pub by: String,
    /// The case's reference, or empty.
    pub case: String,
    /// The fact, as a phrase.
    pub text: String,
    /// The fact, as stored.
    pub fact: String,
}

/// The last entry, which the next one follows.
#[derive(Clone, Copy)]
pub(super) struct End {
    seq: u64,
    hash: [u8; 32],
}

/// The first thing wrong with the journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalFault {
    /// An entry does not follow from the one before it.
    #[error("entry {0} was changed, or one before it was: its hash does not follow from entry {prev}", prev = .0 - 1)]
    Broken(u64),
    /// A number is absent.
    #[error("entry {0} is missing")]
    Missing(u64),
    /// Entries were cut off the end.
    #[error("the journal ends at entry {found}, but entry {expected} was written")]
    Cut {
        /// Last entry there is.
        found: u64,
        /// Last entry there was.
        expected: u64,
    },
    /// A stored case is not what its entries say.
    #[error("case {0} is not what replaying its entries gives")]
    Differs(String),
}

impl Store {
    /// The entries of a case, oldest first.
    ///
    /// # Errors
    /// SQLite's, or [`StoreError::Corrupt`].
    pub async fn history(&self, reference: &Reference) -> Result<Vec<Entry>, StoreError> {
        let reference = reference.as_str().to_owned();
        self.read(move |tx| {
            let mut query = tx.sql.prepare_cached(
                "SELECT seq, at, by, reference, facts
                 FROM matter JOIN journal ON case_id = matter.id AND case_id <> 0
                 WHERE reference = ?1 ORDER BY seq",
            )?;
            let mut rows = query.query([reference])?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                entries.extend(entries_of(row)?);
            }
            Ok(entries)
        })
        .await
    }

    /// Checks the whole chain, and that replaying it gives the stored cases; `Ok(Ok(n))`: n entries, all well.
    ///
    /// # Errors
    /// SQLite's, or [`StoreError::Corrupt`].
    pub async fn verify_journal(&self) -> Result<Result<u64, JournalFault>, StoreError> {
        self.read(|tx| tx.verify_journal()).await
    }
}

impl Tx<'_> {
    /// Appends facts about a case.
    ///
    /// # Errors
    /// SQLite's.
    pub fn append(
        &self,
        case: &Reference,
        facts: &[Fact],
        at: Timestamp,
        by: &str,
    ) -> Result<(), StoreError> {
        if facts.is_empty() {
            return Ok(());
        }
        let rows: Vec<FactRow> = facts.iter().map(FactRow::of).collect();
        self.append_entry(self.known_case(case)?, &rows, at, by)
    }

    /// Appends how a mail ended that opened or joined no case.
    ///
    /// # Errors
    /// SQLite's.
    pub fn append_mail_end(&self, mail: MailId, outcome: &str, at: Timestamp) -> Result<(), StoreError> {
        let end = FactRow::MailEnded { mail: mail.0, outcome: outcome.to_owned() };
        self.append_entry(0, &[end], at, "daemon")
    }

    fn append_entry(&self, case: i64, facts: &[FactRow], at: Timestamp, by: &str) -> Result<(), StoreError> {
        let facts = serde_json::to_string(facts).map_err(|error| StoreError::Sqlite(error.to_string()))?;
        let (seq, former) = match self.end()? {
            Some(end) => (end.seq + 1, end.hash.to_vec()),
            None => (1, Vec::new()),
        };
        let at = at.as_millisecond();
        let hash = chain(&former, seq, case, at, by, &facts);
        self.sql
            .prepare_cached(
                "INSERT INTO journal (seq, case_id, at, by, facts, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![seq, case, at, by, facts, hash.as_slice()])?;
        *self.journal_end.borrow_mut() = Some(End { seq, hash });
        Ok(())
    }

    fn end(&self) -> Result<Option<End>, StoreError> {
        if let Some(end) = *self.journal_end.borrow() {
            return Ok(Some(end));
        }
        Ok(self
            .sql
            .prepare_cached("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1")?
            .query_row([], |row| Ok(End { seq: row.get(0)?, hash: row.get(1)? }))
            .optional()?)
    }

    fn verify_journal(&self) -> Result<Result<u64, JournalFault>, StoreError> {
        let mut query =
            self.sql.prepare("SELECT seq, at, by, case_id, facts, hash FROM journal ORDER BY seq")?;
        let mut rows = query.query([])?;
        let (mut former, mut count): (Vec<u8>, u64) = (Vec::new(), 0);
        let mut cases: std::collections::HashMap<i64, Option<Case>> = std::collections::HashMap::new();
        while let Some(row) = rows.next()? {
            let seq: u64 = row.get(0)?;
            if seq != count + 1 {
                return Ok(Err(JournalFault::Missing(count + 1)));
            }
            let (at, by, case, facts): (i64, String, i64, String) =
                (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            let hash: Vec<u8> = row.get(5)?;
            if chain(&former, seq, case, at, &by, &facts).as_slice() != hash {
                return Ok(Err(JournalFault::Broken(seq)));
            }
            former = hash;
            count = seq;
            if case != 0 {
                let at = Timestamp::from_millisecond(at).map_err(|_| broken(seq))?;
                let rows: Vec<FactRow> = serde_json::from_str(&facts).map_err(|_| broken(seq))?;
                let state = cases.entry(case).or_default();
                for row in rows {
                    if let Some(fact) = row.fact().ok_or_else(|| broken(seq))? {
                        *state = evolve(state.take(), &fact, at);
                    }
                }
            }
        }
        let expected: u64 = self
            .sql
            .query_row("SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'journal_end'", [], |row| {
                row.get(0)
            })
            .optional()?
            .unwrap_or(0);
        if count < expected {
            return Ok(Err(JournalFault::Cut { found: count, expected }));
        }
        for (number, replayed) in cases {
            let named = replayed.as_ref().map(|case| case.reference.as_str().to_owned());
            let found = match &replayed {
                Some(case) => self.case_number(&case.reference)?,
                None => Some(number),
            };
            if found != Some(number) || self.case_numbered(number)? != replayed {
                return Ok(Err(JournalFault::Differs(named.unwrap_or_else(|| number.to_string()))));
            }
        }
        Ok(Ok(count))
    }

    /// Notes how far the journal goes, so that cutting its end is noticed too. Once per transaction.
    ///
    /// # Errors
    /// SQLite's.
    pub fn note_journal_end(&self) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "INSERT INTO meta (name, value) SELECT 'journal_end', coalesce(max(seq), 0) FROM journal WHERE true
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            )?
            .execute([])?;
        Ok(())
    }
}

/// SHA-256 over the former hash and every field, each with its length, so that no two rows read alike.
fn chain(former: &[u8], seq: u64, case: i64, at: i64, by: &str, facts: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    let (seq, case, at) = (seq.to_be_bytes(), case.to_be_bytes(), at.to_be_bytes());
    for field in [former, &seq, &case, &at, by.as_bytes(), facts.as_bytes()] {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    hash.finalize().into()
}

/// What a person reads of a row: each of its facts.
fn entries_of(row: &rusqlite::Row<'_>) -> Result<Vec<Entry>, StoreError> {
    let seq: u64 = row.get(0)?;
    let at = Timestamp::from_millisecond(row.get(1)?).map_err(|_| broken(seq))?;
    let (by, case, facts): (String, String, String) = (row.get(2)?, row.get(3)?, row.get(4)?);
    let facts: Vec<FactRow> = serde_json::from_str(&facts).map_err(|_| broken(seq))?;
    facts
        .iter()
        .map(|shown| {
            let fact = serde_json::to_string(shown).map_err(|_| broken(seq))?;
            Ok(Entry { seq, at, by: by.clone(), case: case.clone(), text: shown.shown(), fact })
        })
        .collect()
}

fn broken(seq: u64) -> StoreError {
    StoreError::Corrupt { table: "journal", column: "facts", row: seq.to_string() }
}
