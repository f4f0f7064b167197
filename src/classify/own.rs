//! Phrases that an installation adds to the lexicon by its configuration.

use super::lexicon::{Builder, Class, Lexicon};
use super::{Language, Right};

/// Phrases of the installation's own, compiled. Empty by default.
#[derive(Debug, Default)]
pub struct OwnPhrases {
    pub(super) lexicon: Option<Lexicon>,
}

/// A phrase that cannot be used, in one sentence.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WrongPhrase(String);

impl OwnPhrases {
    /// Compiles `phrases`: what they ask for, their language, and the words as in the lexicon's files
    /// (`word*`, `a|b`, `..` for up to three words).
    ///
    /// # Errors
    ///
    /// [`WrongPhrase`] names the first entry that is not made of such words.
    pub fn new<'p>(
        phrases: impl IntoIterator<Item = (Right, Language, &'p str)>,
    ) -> Result<Self, WrongPhrase> {
        let mut builder = Builder::default();
        let mut any = false;
        for (right, language, phrase) in phrases {
            builder.phrase(language, class(right), phrase).map_err(WrongPhrase)?;
            any = true;
        }
        Ok(Self { lexicon: any.then(|| builder.build()) })
    }
}

const fn class(right: Right) -> Class {
    match right {
        Right::OptOut => Class::SayUnsubscribe,
        Right::Access => Class::SayAccess,
        Right::Rectification => Class::SayRectification,
        Right::Erasure => Class::SayErasure,
        Right::Restriction => Class::SayRestriction,
        Right::Portability => Class::SayPortability,
        Right::Objection => Class::SayObjection,
    }
}

/// The right that a phrase of that class asks for.
pub(super) fn right(of: Class) -> Option<Right> {
    Right::ALL.into_iter().find(|right| class(*right) == of)
}
