//! The suppression list: a keyed fingerprint, since when, on what basis, for whom. Nothing else of the person
//! (CNIL MED-2023-040; law.md §6.2).

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::inbound::timestamp;
use super::{Store, StoreError, Tx};
use crate::case::{Fingerprint, Reference};
use crate::mail::Address;

/// An address that wants no advertising.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptedOut {
    /// Who, as a keyed fingerprint.
    pub fingerprint: Fingerprint,
    /// Since when.
    pub since: Timestamp,
    /// Why it could be applied, as a stable name.
    pub basis: String,
    /// For which entities.
    pub entities: Vec<String>,
    /// The case it comes from.
    pub case: String,
}

impl Store {
    /// The entry of this address, when it is opted out.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn opted_out(&self, address: &Address) -> Result<Option<OptedOut>, StoreError> {
        let key = self.keys.suppression(address);
        self.read(move |tx| {
            Ok(tx
                .sql
                .query_row(
                    "SELECT fingerprint, since, basis, entities, case_ref FROM suppression WHERE fingerprint = ?1",
                    [key.0.as_slice()],
                    opted_out,
                )
                .optional()?)
        })
        .await
    }

    /// The whole list, oldest first.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn opt_outs(&self) -> Result<Vec<OptedOut>, StoreError> {
        self.read(|tx| {
            let mut query = tx.sql.prepare_cached(
                "SELECT fingerprint, since, basis, entities, case_ref FROM suppression ORDER BY since, fingerprint",
            )?;
            Ok(query.query_map([], opted_out)?.collect::<Result<_, _>>()?)
        })
        .await
    }
}

impl Tx<'_> {
    /// Puts an address on the list; an entry that stands keeps its date (T11).
    ///
    /// # Errors
    /// SQLite's.
    pub fn apply_opt_out(
        &self,
        fingerprint: &Fingerprint,
        since: Timestamp,
        basis: &str,
        entities: &str,
        case: &Reference,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "INSERT INTO suppression (fingerprint, since, basis, entities, case_ref) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (fingerprint) DO NOTHING",
            )?
            .execute(params![fingerprint.0.as_slice(), since.as_second(), basis, entities, case.as_str()])?;
        Ok(())
    }

    /// Takes an address off the list, by its owner's own word.
    ///
    /// # Errors
    /// SQLite's.
    pub fn undo_opt_out(&self, fingerprint: &Fingerprint) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("DELETE FROM suppression WHERE fingerprint = ?1")?
            .execute([fingerprint.0.as_slice()])?;
        Ok(())
    }
}

fn opted_out(row: &rusqlite::Row<'_>) -> rusqlite::Result<OptedOut> {
    let entities: String = row.get(3)?;
    Ok(OptedOut {
        fingerprint: Fingerprint(row.get(0)?),
        since: timestamp(row.get(1)?),
        basis: row.get(2)?,
        entities: serde_json::from_str(&entities).unwrap_or_default(),
        case: row.get(4)?,
    })
}
