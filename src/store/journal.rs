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

/// One journal entry, for a person to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
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
                "SELECT seq, at, by, case_ref, fact FROM journal WHERE case_ref = ?1 ORDER BY seq",
            )?;
            let mut rows = query.query([reference])?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                entries.push(entry(row)?);
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
        for fact in facts {
            self.append_row(case.as_str(), &FactRow::of(fact), at, by)?;
        }
        Ok(())
    }

    /// Appends how a mail ended that opened or joined no case.
    ///
    /// # Errors
    /// SQLite's.
    pub fn append_mail_end(&self, mail: MailId, outcome: &str, at: Timestamp) -> Result<(), StoreError> {
        self.append_row("", &FactRow::MailEnded { mail: mail.0, outcome: outcome.to_owned() }, at, "daemon")
    }

    fn append_row(&self, case: &str, fact: &FactRow, at: Timestamp, by: &str) -> Result<(), StoreError> {
        let fact = serde_json::to_string(fact).map_err(|error| StoreError::Sqlite(error.to_string()))?;
        let (seq, former) = match self.end()? {
            Some(end) => (end.seq + 1, end.hash.to_vec()),
            None => (1, Vec::new()),
        };
        let at = at.as_millisecond();
        let hash = chain(&former, seq, case, at, by, &fact);
        self.sql
            .prepare_cached(
                "INSERT INTO journal (seq, case_ref, at, by, fact, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![seq, case, at, by, fact, hash.as_slice()])?;
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
            self.sql.prepare("SELECT seq, at, by, case_ref, fact, hash FROM journal ORDER BY seq")?;
        let mut rows = query.query([])?;
        let (mut former, mut count): (Vec<u8>, u64) = (Vec::new(), 0);
        let mut cases: std::collections::HashMap<String, Option<Case>> = std::collections::HashMap::new();
        while let Some(row) = rows.next()? {
            let seq: u64 = row.get(0)?;
            if seq != count + 1 {
                return Ok(Err(JournalFault::Missing(count + 1)));
            }
            let (at, by, case, fact): (i64, String, String, String) =
                (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            let hash: Vec<u8> = row.get(5)?;
            if chain(&former, seq, &case, at, &by, &fact).as_slice() != hash {
                return Ok(Err(JournalFault::Broken(seq)));
            }
            former = hash;
            count = seq;
            if !case.is_empty() {
                let broken =
                    || StoreError::Corrupt { table: "journal", column: "fact", row: seq.to_string() };
                let row: FactRow = serde_json::from_str(&fact).map_err(|_| broken())?;
                if let Some(fact) = row.fact().ok_or_else(broken)? {
                    let at = Timestamp::from_millisecond(at).map_err(|_| broken())?;
                    let state = cases.entry(case).or_default();
                    *state = evolve(state.take(), &fact, at);
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
        for (reference, replayed) in cases {
            let stored = Reference::parse(&reference).map(|found| self.case(&found)).transpose()?.flatten();
            if stored != replayed {
                return Ok(Err(JournalFault::Differs(reference)));
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
fn chain(former: &[u8], seq: u64, case: &str, at: i64, by: &str, fact: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for field in
        [former, &seq.to_be_bytes(), case.as_bytes(), &at.to_be_bytes(), by.as_bytes(), fact.as_bytes()]
    {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    hash.finalize().into()
}

fn entry(row: &rusqlite::Row<'_>) -> Result<Entry, StoreError> {
    let (seq, fact): (u64, String) = (row.get(0)?, row.get(4)?);
    let broken = || StoreError::Corrupt { table: "journal", column: "fact", row: seq.to_string() };
    let shown: FactRow = serde_json::from_str(&fact).map_err(|_| broken())?;
    Ok(Entry {
        seq,
        at: Timestamp::from_millisecond(row.get(1)?).map_err(|_| broken())?,
        by: row.get(2)?,
        case: row.get(3)?,
        text: shown.shown(),
        fact,
    })
}
