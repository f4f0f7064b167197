//! The names of kinds and rights: what lists, the journal and `classify --json` say.

use super::{Kind, Language, Right};

impl Right {
    /// All, in the order letters name them.
    pub const ALL: [Self; 7] = [
        Self::OptOut,
        Self::Access,
        Self::Rectification,
        Self::Erasure,
        Self::Restriction,
        Self::Portability,
        Self::Objection,
    ];

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OptOut => "unsubscribe",
            Self::Access => "access",
            Self::Rectification => "rectification",
            Self::Erasure => "erasure",
            Self::Restriction => "restriction",
            Self::Portability => "portability",
            Self::Objection => "objection",
        }
    }

    /// The right of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.name() == name)
    }
}

impl Kind {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asks(right) => right.name(),
            Self::Confirmation => "confirmation",
            Self::AutoReply => "auto-reply",
            Self::Bounce => "bounce",
            Self::ListMail => "list-mail",
            Self::Spam => "spam",
            Self::Other => "other",
        }
    }
}

impl Language {
    /// Its ISO 639-1 code, "und" when it cannot be told.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
            Self::De => "de",
            Self::Es => "es",
            Self::It => "it",
            Self::Nl => "nl",
            Self::Pt => "pt",
            Self::Unknown => "und",
        }
    }
}
