//! Everything kept: one SQLite file, one writer, one reader.
//!
//! SQL stays in this room. What belongs together is committed together: [`Store::write`] runs one closure in one
//! transaction on the writer's thread, and when it returns the bytes are on the disk (`synchronous=FULL`). Group
//! commit is its lever: hand over many mails at once. Nothing here decides anything.

mod cases;
mod files;
mod inbound;
mod journal;
mod keys;
mod marks;
mod outbox;
mod rows;
mod suppression;
mod tokens;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

pub use cases::{CaseListed, Woken};
pub use files::InstanceLock;
pub use inbound::{Arrival, Quarantined, Receipt, SettledMail, StoredMail};
pub use journal::{Entry, JournalFault};
pub use keys::Keys;
pub use marks::Mark;
pub use outbox::{ClaimedLetter, LetterState, NewLetter, SealedLetter, Settlement};
#[allow(unused_imports, reason = "the daemon names the basis of an opt-out")]
pub(crate) use rows::basis_name;
pub use suppression::OptedOut;
pub use tokens::{FoundToken, NewToken};

use crate::case::Reference;
use crate::config::StoreSettings;

const MIGRATIONS: &[M<'static>] = &[M::up(include_str!("schema/001_start.sql"))];

/// Pages kept in memory, in KiB as SQLite counts them (negative): the writer touches every index, the reader few.
const WRITER_CACHE: i32 = -6_144;
const READER_CACHE: i32 = -1_024;

/// A cheap handle on the one database of this installation.
#[derive(Clone)]
pub struct Store {
    writer: tokio_rusqlite::Connection,
    reader: tokio_rusqlite::Connection,
    keys: Arc<Keys>,
    marks: Arc<marks::Marks>,
    path: Arc<PathBuf>,
    free_mib_min: u64,
    mib_per_address_day: u64,
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The key file is absent, malformed or open to others; the sentence says which and what to do.
    #[error("{0}")]
    Key(String),
    /// A file or folder has modes or a place that cannot be accepted; the sentence says which and what to do.
    #[error("{0}")]
    Files(String),
    /// Another instance holds the data (R8).
    #[error("another rightsd is running on {0}; stop it first")]
    Locked(String),
    /// A row cannot be read back.
    #[error(
        "table {table}, column {column} of row {row} cannot be read back; restore the database or its key"
    )]
    Corrupt {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// Row.
        row: String,
    },
    /// SQLite's answer.
    #[error("the database answered: {0}")]
    Sqlite(String),
    /// The writer's thread is gone: the program must end and start again.
    #[error("the database's thread has ended")]
    Gone,
    /// The caller's own reason to take the transaction back.
    #[error("{0}")]
    Refused(String),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
}

impl From<crate::dice::NoDice> for StoreError {
    fn from(_: crate::dice::NoDice) -> Self {
        Self::Random
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        // Only the code: a message of SQLite's may quote values.
        match error {
            rusqlite::Error::SqliteFailure(code, _) => Self::Sqlite(code.to_string()),
            other => Self::Sqlite(other.to_string()),
        }
    }
}

impl From<tokio_rusqlite::Error<StoreError>> for StoreError {
    fn from(error: tokio_rusqlite::Error<StoreError>) -> Self {
        match error {
            tokio_rusqlite::Error::Error(error) => error,
            _ => Self::Gone,
        }
    }
}

impl From<tokio_rusqlite::Error> for StoreError {
    fn from(error: tokio_rusqlite::Error) -> Self {
        match error {
            tokio_rusqlite::Error::Error(error) => error.into(),
            _ => Self::Gone,
        }
    }
}

/// One transaction, with the words of every table.
pub struct Tx<'a> {
    sql: &'a Transaction<'a>,
    keys: &'a Keys,
    /// The journal's last entry, read once per transaction.
    journal_end: RefCell<Option<journal::End>>,
    /// What cases are called by other tables, as far as it was looked up; `None`: there is no such case.
    case_numbers: RefCell<HashMap<Reference, Option<i64>>>,
}

impl<'a> Tx<'a> {
    fn new(sql: &'a Transaction<'a>, keys: &'a Keys) -> Self {
        Self { sql, keys, journal_end: RefCell::default(), case_numbers: RefCell::default() }
    }

    /// The installation's keys.
    #[must_use]
    pub const fn keys(&self) -> &Keys {
        self.keys
    }

    /// Runs `work` so that its writes stay or vanish together, whatever the rest of the transaction does.
    ///
    /// # Errors
    /// Those of `work`, after its writes were taken back.
    pub fn apart<R>(&self, work: impl FnOnce(&Self) -> Result<R, StoreError>) -> Result<R, StoreError> {
        self.sql.prepare_cached("SAVEPOINT apart")?.execute([])?;
        match work(self) {
            Ok(done) => {
                self.sql.prepare_cached("RELEASE apart")?.execute([])?;
                Ok(done)
            }
            Err(error) => {
                self.sql.execute_batch("ROLLBACK TO apart; RELEASE apart")?;
                self.journal_end.take();
                self.case_numbers.take();
                Err(error)
            }
        }
    }
}

impl Store {
    /// Opens the database, making folder, file and key when all are absent; brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Key`], [`StoreError::Files`] with the remedy; [`StoreError::Sqlite`] when it is no database.
    pub async fn open(settings: &StoreSettings) -> Result<Self, StoreError> {
        let path = settings.path.clone();
        let exists = files::prepare(&path)?;
        let keys = Keys::load(&settings.key_path(), exists)?;
        files::create_private(&path)?;
        let writer = tokio_rusqlite::Connection::open(&path).await?;
        writer
            .call(|sql| -> Result<(), StoreError> {
                configure(sql)?;
                Migrations::from_slice(MIGRATIONS)
                    .to_latest(sql)
                    .map_err(|error| StoreError::Sqlite(migration_error(&error)))
            })
            .await?;
        let reader = tokio_rusqlite::Connection::open_with_flags(
            &path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .await?;
        reader.call(|sql| -> Result<(), StoreError> { configure_common(sql, READER_CACHE) }).await?;
        files::check_modes(&path)?;
        let marks = Arc::new(marks::Marks::open(&path)?);
        Ok(Self {
            marks,
            writer,
            reader,
            keys: Arc::new(keys),
            path: Arc::new(path),
            free_mib_min: settings.free_mib_min,
            mib_per_address_day: crate::config::Limits::default().mib_per_address_day,
        })
    }

    /// The same store with another quota of MiB a day for each sender (T40).
    #[must_use]
    pub fn with_quota(mut self, mib_per_address_day: u64) -> Self {
        self.mib_per_address_day = mib_per_address_day;
        self
    }

    /// The installation's keys.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Where the database lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the disk has room for another batch (R17).
    #[must_use]
    pub fn free_space_ok(&self) -> bool {
        files::free_mib(&self.path).is_none_or(|free| free >= self.free_mib_min)
    }

    /// Runs `work` in one transaction. Durable when it returns `Ok`; without a trace when `Err`.
    ///
    /// # Errors
    /// Those of `work`, or of the commit.
    pub async fn write<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let keys = Arc::clone(&self.keys);
        let done = self
            .writer
            .call(move |sql| -> Result<R, StoreError> {
                let transaction = sql.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let done = work(&Tx::new(&transaction, &keys))?;
                transaction.commit()?;
                Ok(done)
            })
            .await?;
        Ok(done)
    }

    /// Runs `work` on the reader, against one consistent state.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn read<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let keys = Arc::clone(&self.keys);
        let done = self
            .reader
            .call(move |sql| -> Result<R, StoreError> {
                let transaction = sql.transaction()?;
                work(&Tx::new(&transaction, &keys))
            })
            .await?;
        Ok(done)
    }

    /// Closes both connections, so that the log is folded into the file.
    ///
    /// # Errors
    /// When SQLite cannot close.
    pub async fn close(self) -> Result<(), StoreError> {
        self.reader.close().await.map_err(|_| StoreError::Gone)?;
        self.writer.close().await.map_err(|_| StoreError::Gone)
    }
}

fn configure(sql: &mut Connection) -> Result<(), StoreError> {
    sql.pragma_update(None, "journal_mode", "WAL")?;
    // Nothing that was acknowledged may be lost with the power (R18).
    sql.pragma_update(None, "synchronous", "FULL")?;
    sql.pragma_update(None, "foreign_keys", "ON")?;
    sql.pragma_update(None, "secure_delete", "ON")?;
    // A page that many batches change is copied into the file once for all of them.
    sql.pragma_update(None, "wal_autocheckpoint", 8000)?;
    configure_common(sql, WRITER_CACHE)
}

fn configure_common(sql: &mut Connection, cache_kib: i32) -> Result<(), StoreError> {
    sql.busy_timeout(Duration::from_secs(10))?;
    sql.pragma_update(None, "trusted_schema", "OFF")?;
    sql.pragma_update(None, "cache_size", cache_kib)?;
    sql.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn migration_error(error: &rusqlite_migration::Error) -> String {
    match error {
        rusqlite_migration::Error::MigrationDefinition(_) => {
            "the data were written by a newer rightsd; install that version".to_owned()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_builds() {
        Migrations::from_slice(MIGRATIONS).validate().unwrap();
    }
}
