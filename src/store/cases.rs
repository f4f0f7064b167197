//! Cases and the people behind them.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::rows::CaseRow;
use super::{Store, StoreError, Tx};
use crate::case::{Case, Fingerprint, Reference};
use crate::mail::Address;

/// A case as lists show it.
#[derive(Clone, Debug)]
pub struct CaseListed {
    /// The case.
    pub case: Case,
    /// The person's address; `None` when the sender was ambiguous or the person was erased.
    pub sender: Option<Address>,
}

/// A case whose wake time has come.
#[derive(Clone, Debug)]
pub struct Woken {
    /// The case's number.
    pub reference: Reference,
}

impl Store {
    /// Cases, the nearest due date first; closed ones too when `closed`.
    ///
    /// # Errors
    /// SQLite's, or [`StoreError::Corrupt`].
    pub async fn cases(&self, closed: bool) -> Result<Vec<CaseListed>, StoreError> {
        self.read(move |tx| {
            let mut query = tx.sql.prepare_cached(
                "SELECT reference, body FROM matter WHERE ?1 OR status <> 'closed' ORDER BY due_on, opened_at, reference",
            )?;
            let mut rows = query.query([closed])?;
            let mut cases = Vec::new();
            while let Some(row) = rows.next()? {
                cases.push(tx.listed(case_of(row)?)?);
            }
            Ok(cases)
        })
        .await
    }

    /// Open cases that are more than an opt-out, the nearest due date first, at most `limit`; and how many there are.
    ///
    /// # Errors
    /// SQLite's, or [`StoreError::Corrupt`].
    pub async fn open_rights_cases(&self, limit: usize) -> Result<(Vec<Case>, u32), StoreError> {
        self.read(move |tx| {
            let mut query = tx.sql.prepare_cached(
                "SELECT reference, body FROM matter WHERE status <> 'closed' ORDER BY due_on, opened_at, reference",
            )?;
            let mut rows = query.query([])?;
            let (mut first, mut count) = (Vec::new(), 0_u32);
            while let Some(row) = rows.next()? {
                let case = case_of(row)?;
                if case.is_opt_out_only() {
                    continue;
                }
                count = count.saturating_add(1);
                if first.len() < limit {
                    first.push(case);
                }
            }
            Ok((first, count))
        })
        .await
    }

    /// One case.
    ///
    /// # Errors
    /// SQLite's, or [`StoreError::Corrupt`].
    pub async fn case(&self, reference: &Reference) -> Result<Option<CaseListed>, StoreError> {
        let reference = reference.clone();
        self.read(move |tx| tx.case(&reference)?.map(|case| tx.listed(case)).transpose()).await
    }

    /// Cases whose wake time is at or before `now`, earliest first, at most `limit`.
    ///
    /// # Errors
    /// SQLite's, or [`StoreError::Corrupt`].
    pub async fn woken(&self, now: Timestamp, limit: u32) -> Result<Vec<Woken>, StoreError> {
        self.read(move |tx| {
            let mut query = tx.sql.prepare_cached(
                "SELECT reference FROM matter WHERE wake_at <= ?1 ORDER BY wake_at LIMIT ?2",
            )?;
            let mut rows = query.query(params![now.as_second(), limit])?;
            let mut woken = Vec::new();
            while let Some(row) = rows.next()? {
                let text: String = row.get(0)?;
                woken.push(Woken {
                    reference: Reference::parse(&text).ok_or_else(|| corrupt("reference", &text))?,
                });
            }
            Ok(woken)
        })
        .await
    }

    /// The earliest wake time of all cases.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn next_wake_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|tx| {
            let at: Option<i64> =
                tx.sql.query_row("SELECT min(wake_at) FROM matter WHERE wake_at IS NOT NULL", [], |row| {
                    row.get(0)
                })?;
            Ok(at.map(super::inbound::timestamp))
        })
        .await
    }

    /// Cases that the DPO has not been told of, oldest first, at most `limit`.
    ///
    /// # Errors
    /// SQLite's, or [`StoreError::Corrupt`].
    pub async fn untold(&self, limit: u32) -> Result<Vec<Case>, StoreError> {
        self.read(move |tx| {
            let mut query = tx.sql.prepare_cached(
                "SELECT reference, body FROM matter WHERE dpo_told = 0 ORDER BY opened_at LIMIT ?1",
            )?;
            let mut rows = query.query([limit])?;
            let mut cases = Vec::new();
            while let Some(row) = rows.next()? {
                cases.push(case_of(row)?);
            }
            Ok(cases)
        })
        .await
    }
}

impl Tx<'_> {
    /// A case; `None` when there is none of that number.
    ///
    /// # Errors
    /// SQLite's, or [`StoreError::Corrupt`].
    pub fn case(&self, reference: &Reference) -> Result<Option<Case>, StoreError> {
        let mut query = self.sql.prepare_cached("SELECT reference, body FROM matter WHERE reference = ?1")?;
        let mut rows = query.query([reference.as_str()])?;
        rows.next()?.map(case_of).transpose()
    }

    /// The case that other tables call by this number.
    pub(super) fn case_numbered(&self, number: i64) -> Result<Option<Case>, StoreError> {
        let mut query = self.sql.prepare_cached("SELECT reference, body FROM matter WHERE id = ?1")?;
        let mut rows = query.query([number])?;
        rows.next()?.map(case_of).transpose()
    }

    /// Whether there is a case of that reference.
    ///
    /// # Errors
    /// SQLite's.
    pub fn is_taken(&self, reference: &Reference) -> Result<bool, StoreError> {
        Ok(self.case_number(reference)?.is_some())
    }

    /// What other tables call a case, which must have been written.
    pub(super) fn known_case(&self, reference: &Reference) -> Result<i64, StoreError> {
        self.case_number(reference)?.ok_or_else(|| corrupt("reference", reference.as_str()))
    }

    pub(super) fn case_number(&self, reference: &Reference) -> Result<Option<i64>, StoreError> {
        if let Some(number) = self.case_numbers.borrow().get(reference) {
            return Ok(*number);
        }
        let number = self
            .sql
            .prepare_cached("SELECT id FROM matter WHERE reference = ?1")?
            .query_row([reference.as_str()], |row| row.get(0))
            .optional()?;
        self.case_numbers.borrow_mut().insert(reference.clone(), number);
        Ok(number)
    }

    /// Writes a case as its facts left it, before anything that names it. `tell_dpo`: it waits to be named in the
    /// next notice.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_case(
        &self,
        case: &Case,
        now: Timestamp,
        wake_at: Option<Timestamp>,
        tell_dpo: bool,
    ) -> Result<(), StoreError> {
        let body = serde_json::to_string(&CaseRow::of(case))
            .map_err(|error| StoreError::Sqlite(error.to_string()))?;
        let (status, due_on) = (case.status.name(), case.due_on.to_string());
        let wake_at = wake_at.map(|at| at.as_second());
        if let Some(number) = self.case_number(&case.reference)? {
            self.sql
                .prepare_cached(
                    "UPDATE matter SET status = ?2, due_on = ?3, wake_at = ?4, dpo_told = min(dpo_told, ?5),
                         body = ?6
                     WHERE id = ?1",
                )?
                .execute(params![number, status, due_on, wake_at, !tell_dpo, body])?;
        } else {
            let opened_at = now.as_second();
            let reference = case.reference.as_str();
            self.sql
                .prepare_cached(
                    "INSERT INTO matter (reference, opened_at, status, due_on, wake_at, dpo_told, body)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![reference, opened_at, status, due_on, wake_at, !tell_dpo, body])?;
            let number = Some(self.sql.last_insert_rowid());
            self.case_numbers.borrow_mut().insert(case.reference.clone(), number);
        }
        Ok(())
    }

    /// Notes that the DPO has been told of these cases.
    ///
    /// # Errors
    /// SQLite's.
    pub fn dpo_told(&self, cases: &[Reference]) -> Result<(), StoreError> {
        for case in cases {
            self.sql
                .prepare_cached("UPDATE matter SET dpo_told = 1 WHERE reference = ?1")?
                .execute([case.as_str()])?;
        }
        Ok(())
    }

    /// Remembers whose fingerprint this is.
    ///
    /// # Errors
    /// SQLite's.
    pub fn keep_person(&self, fingerprint: &Fingerprint, address: &Address) -> Result<(), StoreError> {
        let known: bool = self
            .sql
            .prepare_cached(
                "SELECT 1 FROM person WHERE substr(fingerprint, 1, 8) = substr(?1, 1, 8) AND fingerprint = ?1",
            )?
            .exists([fingerprint.0.as_slice()])?;
        if !known {
            self.sql
                .prepare_cached("INSERT INTO person (fingerprint, address) VALUES (?1, ?2)")?
                .execute(params![fingerprint.0.as_slice(), self.keys.seal(address.as_str().as_bytes())?])?;
        }
        Ok(())
    }

    /// The address behind a fingerprint.
    ///
    /// # Errors
    /// SQLite's, or [`StoreError::Corrupt`].
    pub fn person(&self, fingerprint: &Fingerprint) -> Result<Option<Address>, StoreError> {
        let sealed: Option<Vec<u8>> = self
            .sql
            .prepare_cached(
                "SELECT address FROM person
                 WHERE substr(fingerprint, 1, 8) = substr(?1, 1, 8) AND fingerprint = ?1",
            )?
            .query_row([fingerprint.0.as_slice()], |row| row.get(0))
            .optional()?;
        let Some(sealed) = sealed else { return Ok(None) };
        let broken = || StoreError::Corrupt { table: "person", column: "address", row: "?".to_owned() };
        let plain = self.keys.open(&sealed).ok_or_else(broken)?;
        let text = String::from_utf8(plain).map_err(|_| broken())?;
        Address::parse(&text).map(Some).ok_or_else(broken)
    }

    /// The value kept under a name.
    ///
    /// # Errors
    /// SQLite's.
    pub fn meta(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self
            .sql
            .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?)
    }

    /// Keeps a value under a name.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_meta(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            )?
            .execute([name, value])?;
        Ok(())
    }

    fn listed(&self, case: Case) -> Result<CaseListed, StoreError> {
        let sender = match &case.person {
            Some(person) => self.person(person)?,
            None => None,
        };
        Ok(CaseListed { case, sender })
    }
}

fn case_of(row: &rusqlite::Row<'_>) -> Result<Case, StoreError> {
    let (reference, body): (String, String) = (row.get(0)?, row.get(1)?);
    let parsed: Option<CaseRow> = serde_json::from_str(&body).ok();
    parsed.and_then(|row| row.case()).ok_or_else(|| corrupt("body", &reference))
}

fn corrupt(column: &'static str, row: &str) -> StoreError {
    StoreError::Corrupt { table: "matter", column, row: row.to_owned() }
}
