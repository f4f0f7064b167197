//! Tokens of our letters, as keyed hashes, each bound to a case, an address and a purpose (T15).

use jiff::Timestamp;
use rusqlite::OptionalExtension;

use super::inbound::timestamp;
use super::{StoreError, Tx};
use crate::case::{Fingerprint, Purpose, Reference};
use crate::identity::{Code, Token};

/// A token that a letter is about to carry.
pub struct NewToken<'a> {
    /// The secret.
    pub token: &'a Token,
    /// To be typed on the page, when one is asked.
    pub code: Option<&'a Code>,
    /// Whose answer counts.
    pub person: Fingerprint,
    /// What it is good for.
    pub purpose: Purpose,
}

/// A token of ours that came back.
#[derive(Clone, Debug)]
pub struct FoundToken {
    /// The letter that carried it.
    pub letter: i64,
    /// The case.
    pub case: Reference,
    /// Whose answer counts.
    pub person: Fingerprint,
    /// What it is good for.
    pub purpose: Purpose,
    /// Whether a code must be typed with it on the page.
    pub asks_code: bool,
    /// Wrong codes so far.
    pub tries: u32,
    /// When it stops confirming; `None` while its letter is not yet accepted (R24).
    pub expires_at: Option<Timestamp>,
}

impl FoundToken {
    /// Whether it still confirms at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

impl Tx<'_> {
    /// What a token stands for; `None` when it is not ours.
    ///
    /// # Errors
    /// SQLite's, or [`StoreError::Corrupt`].
    pub fn find_token(&self, token: &Token) -> Result<Option<FoundToken>, StoreError> {
        let found = self
            .sql
            .prepare_cached(
                "SELECT letter.id, reference, person, purpose, length(code_hash), tries, expires_at
                 FROM letter JOIN matter ON matter.id = case_id
                 WHERE substr(token_hash, 1, 8) = substr(?1, 1, 8) AND token_hash = ?1 AND token_hash <> x''",
            )?
            .query_row([self.keys.token(token).as_slice()], |row| {
                let case: String = row.get(1)?;
                let purpose: String = row.get(3)?;
                let expires_at: i64 = row.get(6)?;
                Ok((
                    case,
                    FoundTokenRow {
                        letter: row.get(0)?,
                        person: Fingerprint(row.get(2)?),
                        purpose,
                        asks_code: row.get::<_, i64>(4)? > 0,
                        tries: row.get(5)?,
                        expires_at,
                    },
                ))
            })
            .optional()?;
        let Some((case, row)) = found else { return Ok(None) };
        let broken = |column| StoreError::Corrupt { table: "letter", column, row: row.letter.to_string() };
        Ok(Some(FoundToken {
            letter: row.letter,
            case: Reference::parse(&case).ok_or_else(|| broken("case_id"))?,
            person: row.person,
            purpose: purpose_of(&row.purpose).ok_or_else(|| broken("purpose"))?,
            asks_code: row.asks_code,
            tries: row.tries,
            expires_at: (row.expires_at != 0).then(|| timestamp(row.expires_at)),
        }))
    }

    /// Whether `code` is the one that goes with `token`; a wrong one is counted.
    ///
    /// # Errors
    /// SQLite's.
    pub fn check_code(&self, token: &Token, code: &Code) -> Result<bool, StoreError> {
        use subtle::ConstantTimeEq;
        let hash = self.keys.token(token);
        let kept: Option<Vec<u8>> = self
            .sql
            .prepare_cached(
                "SELECT code_hash FROM letter
                 WHERE substr(token_hash, 1, 8) = substr(?1, 1, 8) AND token_hash = ?1 AND token_hash <> x''",
            )?
            .query_row([hash.as_slice()], |row| row.get(0))
            .optional()?;
        let right = kept.is_some_and(|kept| bool::from(kept.ct_eq(&self.keys.code(token, code))));
        if !right {
            self.sql
                .prepare_cached(
                    "UPDATE letter SET tries = tries + 1
                     WHERE substr(token_hash, 1, 8) = substr(?1, 1, 8) AND token_hash = ?1 AND token_hash <> x''",
                )?
                .execute([hash.as_slice()])?;
        }
        Ok(right)
    }
}

struct FoundTokenRow {
    letter: i64,
    person: Fingerprint,
    purpose: String,
    asks_code: bool,
    tries: u32,
    expires_at: i64,
}

pub(super) const fn purpose_name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Confirm => "confirm",
        Purpose::Undo => "undo",
        Purpose::Thread => "thread",
    }
}

fn purpose_of(name: &str) -> Option<Purpose> {
    match name {
        "confirm" => Some(Purpose::Confirm),
        "undo" => Some(Purpose::Undo),
        "thread" => Some(Purpose::Thread),
        _ => None,
    }
}
