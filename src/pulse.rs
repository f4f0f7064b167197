//! Signs of life: each loop of the daemon beats when it gets on, and the watchdog is fed only while all do.
//!
//! A beat says that a loop turns, not that the world around it answers: a mailbox whose server is away still beats
//! between its attempts, a loop that hangs does not. Monotonic time only.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One loop's sign of life. Cheap to clone; clones are the same pulse.
#[derive(Clone, Debug)]
pub struct Pulse(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    born: Instant,
    /// Milliseconds from `born` to the last beat; [`ENDED`] when the loop has ended as it should.
    beat_at: AtomicU64,
}

const ENDED: u64 = u64::MAX;

impl Pulse {
    /// A pulse that has just beaten. `name` stands in logs.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(Arc::new(Inner { name: name.to_owned(), born: Instant::now(), beat_at: AtomicU64::new(0) }))
    }

    /// The loop got on.
    pub fn beat(&self) {
        self.0.beat_at.store(self.millis(), Ordering::Relaxed);
    }

    /// The loop has ended as it should: silence is no fault any more.
    pub fn end(&self) {
        self.0.beat_at.store(ENDED, Ordering::Relaxed);
    }

    /// Time since the last beat; zero when the loop has ended.
    #[must_use]
    pub fn age(&self) -> Duration {
        match self.0.beat_at.load(Ordering::Relaxed) {
            ENDED => Duration::ZERO,
            beat => Duration::from_millis(self.millis().saturating_sub(beat)),
        }
    }

    /// The loop's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.0.born.elapsed().as_millis()).unwrap_or(ENDED - 1)
    }
}

/// All pulses of the daemon.
#[derive(Clone, Debug, Default)]
pub struct Pulses(Arc<Mutex<Vec<Pulse>>>);

impl Pulses {
    /// A new pulse, watched from now on.
    #[must_use]
    pub fn add(&self, name: &str) -> Pulse {
        let pulse = Pulse::new(name);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(pulse.clone());
        pulse
    }

    /// The name of a loop that did not beat for longer than `max_age`; `None` when all is well.
    #[must_use]
    pub fn stale(&self, max_age: Duration) -> Option<String> {
        let pulses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pulses.iter().find(|pulse| pulse.age() > max_age).map(|pulse| pulse.name().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_hangs_is_named_and_one_that_ended_is_not() {
        let pulses = Pulses::default();
        let [busy, hung, ended] = ["busy", "hung", "ended"].map(|name| pulses.add(name));
        std::thread::sleep(Duration::from_millis(30));
        busy.beat();
        ended.end();
        assert_eq!(pulses.stale(Duration::from_millis(25)).as_deref(), Some("hung"));
        hung.beat();
        assert_eq!(pulses.stale(Duration::from_secs(5)), None);
    }
}
