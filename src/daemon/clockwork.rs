//! What time alone brings: reminders, unanswered questions, and the DPO's notices.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::office::Office;
use crate::case::deadline::day_off;
use crate::case::{CaseLine, DpoAlertReason, Event, LetterKind, case_line, dpo_letter};
use crate::store::StoreError;

/// Cases looked at in one transaction.
const WOKEN_MAX: u32 = 200;
/// Cases that a digest lists.
const DIGEST_CASES: usize = 50;
/// Cases that one notice lists; the rest wait for the next.
const NOTICE_CASES: u32 = 100;

impl Office {
    /// Does all that the present instant asks for; returns whether letters were queued.
    ///
    /// # Errors
    /// When the store failed; what was not committed comes again.
    pub async fn tick(self: &Arc<Self>) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut any = false;
        loop {
            let woken = self.store.woken(now, WOKEN_MAX).await?;
            if woken.is_empty() {
                break;
            }
            any = true;
            let office = Arc::clone(self);
            self.store
                .write(move |tx| {
                    for case in &woken {
                        let case = tx.case(&case.reference)?;
                        office.happen(tx, case, &Event::TimePassed, None, now)?;
                    }
                    tx.note_journal_end()
                })
                .await?;
        }
        any |= self.tell_new_cases(now).await?;
        any |= self.tell_of_the_breaker(now).await?;
        any |= self.digest(now).await?;
        if any {
            self.letter_due.notify_one();
        }
        Ok(any)
    }

    /// One mail to the DPO for all cases that came in, at most every `grouping_minutes`.
    async fn tell_new_cases(self: &Arc<Self>, now: Timestamp) -> Result<bool, StoreError> {
        let cases = self.store.untold(NOTICE_CASES).await?;
        if cases.is_empty() {
            return Ok(false);
        }
        let wait = SignedDuration::from_mins(i64::from(self.config.notices.grouping_minutes));
        let office = Arc::clone(self);
        self.store
            .write(move |tx| {
                let last = tx.meta("last_notice_at")?.and_then(|text| text.parse::<Timestamp>().ok());
                if last.is_some_and(|last| now.duration_since(last) < wait && now >= last) {
                    return Ok(false);
                }
                // A case that settled itself in the meantime is no news.
                let lines: Vec<CaseLine> =
                    cases.iter().filter(|case| !case.status.is_closed()).map(case_line).collect();
                let told: Vec<_> = cases.into_iter().map(|case| case.reference).collect();
                tx.dpo_told(&told)?;
                if lines.is_empty() {
                    return Ok(false);
                }
                tx.put_meta("last_notice_at", &now.to_string())?;
                office.queue(tx, &dpo_letter(&office.policy, LetterKind::DpoNewCases(lines)), None, now)?;
                Ok(true)
            })
            .await
    }

    /// At most once an hour: letters wait because too many went out (T27). A robot, or a flood, needs a person.
    async fn tell_of_the_breaker(self: &Arc<Self>, now: Timestamp) -> Result<bool, StoreError> {
        if !self.store.breaker_is_open(now, self.config.limits.letters_per_hour).await? {
            return Ok(false);
        }
        let office = Arc::clone(self);
        self.store
            .write(move |tx| {
                let last = tx.meta("last_breaker_at")?.and_then(|text| text.parse::<Timestamp>().ok());
                if last.is_some_and(|last| {
                    now.duration_since(last) < SignedDuration::from_hours(1) && now >= last
                }) {
                    return Ok(false);
                }
                tx.put_meta("last_breaker_at", &now.to_string())?;
                let alert = LetterKind::DpoAlert { reason: DpoAlertReason::BreakerOpen, case: None };
                office.queue(tx, &dpo_letter(&office.policy, alert), None, now)?;
                tracing::warn!("the cap of letters an hour is reached; letters wait");
                Ok(true)
            })
            .await
    }

    /// On working days, once the hour has come: what is open. Silent when nothing is.
    async fn digest(self: &Arc<Self>, now: Timestamp) -> Result<bool, StoreError> {
        let Some(hour) = self.config.notices.digest_hour else { return Ok(false) };
        let local = now.to_zoned(self.policy.zone.clone());
        let today = local.date();
        if local.hour() < hour || day_off(today, self.policy.holidays).is_some() {
            return Ok(false);
        }
        let stamp = today.to_string();
        let last = self.store.read(|tx| tx.meta("last_digest_on")).await?;
        if last.as_deref() == Some(stamp.as_str()) {
            return Ok(false);
        }
        let (open, open_count) = self.store.open_rights_cases(DIGEST_CASES).await?;
        let quarantined =
            self.store.ends().await?.iter().find(|(end, _)| end == "quarantined").map_or(0, |(_, n)| *n);
        let week_ago =
            now.saturating_sub(SignedDuration::from_hours(7 * 24)).unwrap_or(Timestamp::UNIX_EPOCH);
        let undelivered = self.store.undelivered_since(week_ago).await?;
        let lines = open.iter().map(case_line).collect();
        let office = Arc::clone(self);
        self.store
            .write(move |tx| {
                tx.put_meta("last_digest_on", &stamp)?;
                if open_count == 0 && quarantined == 0 && undelivered == 0 {
                    return Ok(false);
                }
                let kind = LetterKind::DpoDigest {
                    open: lines,
                    open_count,
                    quarantined: u32::try_from(quarantined).unwrap_or(u32::MAX),
                    undelivered,
                };
                office.queue(tx, &dpo_letter(&office.policy, kind), None, now)?;
                Ok(true)
            })
            .await
    }
}
