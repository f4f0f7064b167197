//! What letter after letter says in the same words, encoded once.
//!
//! Most paragraphs of a letter are the same as in the one before. What a paragraph becomes depends on its words and
//! on whose letters they are, so it is remembered with the sender. Forgetting changes nothing but the time it takes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Paragraphs remembered at most: all fixed ones of all letters, and some that name a date or a case.
const REMEMBERED: usize = 500;

/// A paragraph as both parts of a letter hold it, in quoted-printable.
pub(super) struct Passage {
    pub(super) text: String,
    pub(super) html: String,
}

/// The paragraphs of one sender's letters.
#[derive(Clone, Default)]
pub(super) struct Passages(Arc<Mutex<HashMap<String, Arc<Passage>>>>);

impl Passages {
    /// What became of `words` before, or else what `encode` makes of them.
    pub(super) fn of(&self, words: String, encode: impl FnOnce() -> Passage) -> Arc<Passage> {
        // A panic of another thread leaves what is remembered as it was.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(passage) = known.get(&words) {
            return Arc::clone(passage);
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let passage = Arc::new(encode());
        known.insert(words, Arc::clone(&passage));
        passage
    }
}
