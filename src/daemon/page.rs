//! Answers the page's questions from the store, and lets its answers happen to the case like any other event.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::office::Office;
use crate::case::{Event, Purpose};
use crate::config::Public;
use crate::identity::{Code, Token};
use crate::public::{Outcome, Page, PageAsk, Shown, TRIES_MAX};
use crate::pulse::Pulse;
use crate::store::{StoreError, Tx};

/// Questions that may wait; what is above is turned away as overload (R28).
const WAITING_MAX: usize = 64;

/// Starts the page and the loop that answers it.
pub(super) async fn spawn(
    loops: &mut JoinSet<anyhow::Result<()>>,
    office: &Arc<Office>,
    public: &Public,
    pulse: Pulse,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let page = Page::bind(public, &office.config.controller).await.context("public")?;
    let (asks, questions) = mpsc::channel(WAITING_MAX);
    let ending = stop.clone();
    loops.spawn(async move {
        page.serve(asks, move || pulse.beat(), ending).await;
        Ok(())
    });
    loops.spawn(answering(Arc::clone(office), questions, stop));
    Ok(())
}

async fn answering(
    office: Arc<Office>,
    mut questions: mpsc::Receiver<PageAsk>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let question = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            question = questions.recv() => question,
        };
        let Some(question) = question else {
            stop.cancelled().await;
            return Ok(());
        };
        // A dropped reply is told to the visitor as "try again".
        let failed = match question {
            PageAsk::Look { token, reply } => {
                let asked = Arc::clone(&office);
                let shown = office.store.read(move |tx| asked.shown(tx, &token)).await;
                shown.map(|shown| drop(reply.send(shown))).err()
            }
            PageAsk::Act { token, code, yes, reply } => {
                let asked = Arc::clone(&office);
                let outcome = office
                    .store
                    .write(move |tx| {
                        let outcome = asked.answered(tx, &token, code.as_ref(), yes)?;
                        tx.note_journal_end()?;
                        Ok(outcome)
                    })
                    .await;
                office.letter_due.notify_one();
                match outcome {
                    Ok(outcome) => {
                        // A visitor who left meanwhile needs no answer.
                        let _ = reply.send(outcome);
                        None
                    }
                    Err(error) => Some(error),
                }
            }
        };
        match failed {
            None => {}
            Some(StoreError::Gone) => return Err(StoreError::Gone.into()),
            Some(error) => tracing::error!(%error, "a question of the page could not be answered"),
        }
    }
}

impl Office {
    /// What may be shown for a token; `None` unless it confirms. Changes nothing (T16).
    fn shown(&self, tx: &Tx<'_>, token: &Token) -> Result<Option<Shown>, StoreError> {
        let now = self.clock.now();
        let found =
            tx.find_token(token)?.filter(|found| found.purpose == Purpose::Confirm && found.is_live(now));
        let Some(found) = found else { return Ok(None) };
        let Some(case) = tx.case(&found.case)? else { return Ok(None) };
        let opt_out_only = case.is_opt_out_only();
        Ok(Some(Shown {
            reference: case.reference.clone(),
            language: case.language,
            rights: case.named_rights(),
            received_on: case.received_on,
            opt_out_only,
            // A letter from before the page was configured names no code: then only a reply confirms (T17), and
            // the page says so.
            asks_code: found.asks_code,
            locked: found.tries >= TRIES_MAX,
        }))
    }

    fn answered(
        &self,
        tx: &Tx<'_>,
        token: &Token,
        code: Option<&Code>,
        yes: bool,
    ) -> Result<Outcome, StoreError> {
        let now = self.clock.now();
        let found =
            tx.find_token(token)?.filter(|found| found.purpose == Purpose::Confirm && found.is_live(now));
        let Some(found) = found else { return Ok(Outcome::Gone) };
        let Some(case) = tx.case(&found.case)? else { return Ok(Outcome::Gone) };
        if !case.is_opt_out_only() {
            if found.tries >= TRIES_MAX || !found.asks_code {
                return Ok(Outcome::WrongCode { left: 0 });
            }
            let right = match code {
                Some(code) => tx.check_code(token, code)?,
                None => false,
            };
            if !right {
                return Ok(Outcome::WrongCode { left: TRIES_MAX.saturating_sub(found.tries + 1) });
            }
        }
        self.happen(tx, Some(case), &Event::PageAnswered { yes }, None, now)?;
        Ok(Outcome::Done)
    }
}
