//! Where fresh random bytes come from. What is decided is told them, as it is told the time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// The system's generator, or a test that has loaded the first throws.
#[derive(Clone, Debug, Default)]
pub enum Dice {
    /// The system's generator.
    #[default]
    System,
    /// Each throw fills its bytes with the next of these; when none is left, the system's generator does.
    Loaded(Arc<Mutex<VecDeque<u8>>>),
}

/// The system gives no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoDice;

impl Dice {
    /// Dice whose first throws are all `throws`.
    #[must_use]
    pub fn loaded(throws: impl IntoIterator<Item = u8>) -> Self {
        Self::Loaded(Arc::new(Mutex::new(throws.into_iter().collect())))
    }

    /// Fresh bytes.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn throw<const N: usize>(&self) -> Result<[u8; N], NoDice> {
        let mut bytes = [0; N];
        if let Self::Loaded(throws) = self
            && let Some(loaded) = throws.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
        {
            return Ok([loaded; N]);
        }
        getrandom::fill(&mut bytes).map_err(|_| NoDice)?;
        Ok(bytes)
    }
}
