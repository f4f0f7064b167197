//! Answers about tokens leave a fixed time after the question came, to some microseconds (T19).
//!
//! A timer of the runtime would not do: it wakes in whole milliseconds counted from when its thread last had work,
//! and so the hundredths tell when the lookup ended. A thread that only waits has no such memory.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

/// From question to answer. A lookup takes a hundredth of it.
const PACE: Duration = Duration::from_millis(10);
/// Answers that may wait; the limits let far fewer in.
const WAITING_MAX: usize = 16 << 10;

/// Where answers wait for their moment. The thread ends when this is dropped.
pub(super) struct Pace {
    waiting: SyncSender<(Instant, oneshot::Sender<()>)>,
}

/// The moment of one answer.
pub(super) struct Moment(Option<oneshot::Receiver<()>>);

impl Pace {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system's, when it gives no thread.
    pub(super) fn start() -> std::io::Result<Self> {
        let (waiting, arrivals) = sync_channel(WAITING_MAX);
        std::thread::Builder::new().name("page-pace".to_owned()).spawn(move || release(&arrivals))?;
        Ok(Self { waiting })
    }

    /// To be called when the question has come, before anything is looked up.
    pub(super) fn arrived(&self) -> Moment {
        let (release, moment) = oneshot::channel();
        let kept = self.waiting.try_send((Instant::now() + PACE, release)).is_ok();
        Moment(kept.then_some(moment))
    }
}

impl Moment {
    /// Waits until the answer may leave.
    pub(super) async fn come(self) {
        if let Some(moment) = self.0 {
            let _ = moment.await;
        }
    }
}

/// All wait equally long, so the first to come is the first to go.
fn release(arrivals: &Receiver<(Instant, oneshot::Sender<()>)>) {
    for (moment, release) in arrivals {
        std::thread::sleep(moment.saturating_duration_since(Instant::now()));
        let _ = release.send(());
    }
}
