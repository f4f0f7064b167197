//! The only file that asks what time it is. Everything else is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Where the time comes from: the system, or a test that moves it by hand.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The system's clock, UTC.
    #[default]
    System,
    /// Seconds since the epoch, moved by whoever holds the other end.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands still at `at` until it is moved.
    #[must_use]
    pub fn manual(at: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(at.as_second())))
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Manual(seconds) => {
                Timestamp::from_second(seconds.load(Ordering::SeqCst)).unwrap_or(Timestamp::UNIX_EPOCH)
            }
        }
    }

    /// Moves a manual clock; the system's stays what it is.
    pub fn set(&self, at: Timestamp) {
        if let Self::Manual(seconds) = self {
            seconds.store(at.as_second(), Ordering::SeqCst);
        }
    }
}
