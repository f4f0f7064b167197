//! Waiting until something happens: IDLE (RFC 2177), or plain waiting where the server has none.
//!
//! IDLE is only a bell: some servers forget to ring, so a poll is the net. The wait is short enough for a dead line
//! to be found within two minutes (R9), and the library's own IDLE is not used: it takes a closed line for its own
//! interruption, and waits for ever when the server says NO.

use std::time::Duration;

use async_imap::imap_proto::Response;
use tokio::time::{Instant, MissedTickBehavior};

use super::error::IntakeError;
use super::wire::{End, Wire, end_of};
use crate::pulse::Pulse;

/// Beats while nothing happens.
const BEAT: Duration = Duration::from_secs(5);

/// Waits at most `limit`; returns early, and true, when the server rings.
///
/// # Errors
/// Whatever ended the connection.
pub(super) async fn wait(wire: &mut Wire, limit: Duration, pulse: &Pulse) -> Result<bool, IntakeError> {
    if wire.can().idle {
        wire.be_patient(true);
        let waited = idle(wire, limit, pulse).await;
        wire.be_patient(false);
        return waited;
    }
    quiet(limit, pulse).await;
    // Shows that the line lives, and what is new.
    wire.command("NOOP", "NOOP", |_| {}).await?;
    Ok(false)
}

async fn idle(wire: &mut Wire, limit: Duration, pulse: &Pulse) -> Result<bool, IntakeError> {
    let until = Instant::now() + limit;
    let tag = wire.send("IDLE", "IDLE").await?;
    let mut rang = false;
    // News may come before the server says that it idles.
    loop {
        let answer = wire.next_soon("IDLE").await?;
        match (end_of(&answer), answer.parsed()) {
            (Some((ended, End::No { .. } | End::Bad)), _) if *ended == tag => {
                wire.cannot_idle();
                return Ok(rang);
            }
            (Some(_), _) => return Err(IntakeError::Nonsense("an end of IDLE that nobody asked for")),
            (None, Response::Continue(_)) => break,
            (None, other) => rang |= rings(other),
        }
    }
    while !rang {
        tokio::select! {
            answer = wire.next() => {
                let answer = answer?;
                if end_of(&answer).is_some() {
                    return Err(IntakeError::Nonsense("an end of IDLE that nobody asked for"));
                }
                rang = rings(answer.parsed());
            }
            () = quiet(until.saturating_duration_since(Instant::now()), pulse) => break,
        }
    }
    wire.send_untagged("DONE").await?;
    loop {
        let answer = wire.next_soon("the end of IDLE").await?;
        if let Some((ended, _)) = end_of(&answer) {
            return if *ended == tag {
                Ok(rang)
            } else {
                Err(IntakeError::Nonsense("the end of another command"))
            };
        }
    }
}

/// Only arrivals and removals: what others do to flags is not our matter.
fn rings(answer: &Response<'_>) -> bool {
    use async_imap::imap_proto::MailboxDatum;
    matches!(
        answer,
        Response::MailboxData(MailboxDatum::Exists(_)) | Response::Expunge(_) | Response::Vanished { .. }
    )
}

/// Lets `limit` pass, beating.
pub(super) async fn quiet(limit: Duration, pulse: &Pulse) {
    let mut beats = tokio::time::interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = tokio::time::sleep(limit);
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => return,
            _ = beats.tick() => pulse.beat(),
        }
    }
}
