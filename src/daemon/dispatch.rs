//! Letters out: claimed with the attempt counted first, sent several at once, settled together with what
//! follows for their cases.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};

use super::office::Office;
use super::process::letter_name;
use crate::case::{Event, Fact, LetterOutcome, Reference};
use crate::failpoint;
use crate::outbox::{Outcome, Postman, backoff};
use crate::store::{ClaimedLetter, Settlement, StoreError, Tx};

/// Letters claimed at once for each connection: one commit is shared by many, and few are in doubt after a crash.
const CLAIMED_PER_CONNECTION: u32 = 32;
/// A letter whose sending ended twice without an answer is not sent a third time (R5).
const UNKNOWNS_MAX: u32 = 2;

impl Office {
    /// Sends the letters that are due; returns how many were tried.
    ///
    /// # Errors
    /// When the store failed; what was sent meanwhile counts as an attempt without an answer.
    pub async fn dispatch_batch(self: &Arc<Self>, postman: &Postman) -> Result<usize, StoreError> {
        let limits = &self.config.limits;
        let connections = u32::try_from(self.config.smtp.connections).unwrap_or(1);
        let claimed = self
            .store
            .claim_letters(
                self.clock.now(),
                connections * CLAIMED_PER_CONNECTION,
                limits.letters_per_hour,
                limits.letters_per_domain_hour,
            )
            .await?;
        if claimed.is_empty() {
            return Ok(0);
        }
        failpoint::reach("letters-claimed");
        let count = claimed.len();
        // Letters to one address keep their order (R4); different addresses go side by side.
        let mut by_address: BTreeMap<String, Vec<ClaimedLetter>> = BTreeMap::new();
        for letter in claimed {
            by_address.entry(letter.envelope_to.clone()).or_default().push(letter);
        }
        let sent: Vec<Vec<(ClaimedLetter, Option<Outcome>)>> =
            futures::stream::iter(by_address.into_values())
                .map(|letters| async move {
                    let mut done = Vec::with_capacity(letters.len());
                    for letter in letters {
                        let outcome = if letter.unknowns >= UNKNOWNS_MAX {
                            None
                        } else {
                            let from = letter.envelope_from.as_deref();
                            Some(postman.send(from, &letter.envelope_to, &letter.bytes).await)
                        };
                        done.push((letter, outcome));
                    }
                    done
                })
                .buffer_unordered(self.config.smtp.connections)
                .collect()
                .await;
        failpoint::reach("letters-sent");
        let office = Arc::clone(self);
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let settled: Vec<(&ClaimedLetter, Settlement)> = sent
                    .iter()
                    .flatten()
                    .map(|(letter, outcome)| (letter, office.settlement(letter, outcome.as_ref(), now)))
                    .collect();
                tx.settle_letters(&settled, now)?;
                for (letter, settlement) in settled {
                    office.letter_settled(tx, letter, settlement, now)?;
                }
                tx.note_journal_end()
            })
            .await?;
        failpoint::reach("letters-settled");
        Ok(count)
    }

    /// Lets a letter's end happen to its case.
    fn letter_settled(
        &self,
        tx: &Tx<'_>,
        letter: &ClaimedLetter,
        settlement: Settlement,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let end = match settlement {
            Settlement::Retry { .. } => return Ok(()),
            Settlement::Accepted { .. } => LetterOutcome::Accepted,
            Settlement::End(end) => {
                tracing::warn!(letter.id, kind = letter.kind, end = ?end, "a letter did not arrive");
                end
            }
        };
        let Some(reference) = Reference::parse(&letter.case) else { return Ok(()) };
        let kind = letter_name(&letter.kind);
        if end == LetterOutcome::Accepted {
            // Nothing follows from a letter that left but that it did: no case needs to be looked at.
            return tx.append(&reference, &[Fact::LetterSettled { kind, outcome: end }], now, "daemon");
        }
        let Some(case) = tx.case(&reference)? else { return Ok(()) };
        let event = Event::LetterSettled { kind, outcome: end };
        self.happen(tx, Some(case), &event, None, now)?;
        Ok(())
    }

    fn settlement(&self, letter: &ClaimedLetter, outcome: Option<&Outcome>, now: Timestamp) -> Settlement {
        let unknown = match outcome {
            None => return Settlement::End(LetterOutcome::Unknown),
            Some(Outcome::Accepted { .. }) => {
                let days = i64::from(self.config.identity.token_days);
                let life = SignedDuration::from_hours(24 * days);
                return Settlement::Accepted {
                    token_until: now.saturating_add(life).unwrap_or(Timestamp::MAX),
                };
            }
            Some(Outcome::Permanent { .. }) => return Settlement::End(LetterOutcome::Refused),
            Some(Outcome::Unknown) if letter.unknowns + 1 >= UNKNOWNS_MAX => {
                return Settlement::End(LetterOutcome::Unknown);
            }
            Some(Outcome::Unknown) => true,
            Some(Outcome::Transient { .. }) => false,
        };
        let days = i64::from(self.config.limits.send_days);
        let age = now.duration_since(letter.queued_at);
        if age > SignedDuration::from_hours(24 * days) {
            return Settlement::End(LetterOutcome::Refused);
        }
        let wait = backoff(letter.attempts, u64::try_from(letter.id).unwrap_or(0));
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::from_mins(5));
        Settlement::Retry { due_at: now.saturating_add(wait).unwrap_or(Timestamp::MAX), unknown }
    }
}
