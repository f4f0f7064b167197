//! Which right a mail invokes: visible words in, a [`Reading`] out, with its reasons.
//!
//! Pure and linear in the length of the text. Nothing here knows who is asking or what follows from it.
//!
//! It reads the language rather than a list of sentences: `words` gives one spelling to every spelling, `lexicon`
//! names acts, objects, negations and moods from readable files (`lexicon/fr.toml`…), `clause` says in which mood
//! an act stands (asked, refused, done, a question about it), and `rules` combine act, object and mood into rights.
//! A new way of saying is a line in a lexicon and a row in a table test. Then `taught` weighs all that the mail holds,
//! the rules' findings included, as many mails taught: it finds what no list foresees, and tells the sentence.
//!
//! - The [`Language`] is counted in little words of the lexicon: general detectors need more time and memory than
//!   a whole mail may cost here, and fail on "Remove me".
//! - What was near and fell is told in [`Reading::set_aside`]: negated, done, a condition, a question about a right.
//! - [`Reading::certain`] is the line between acting and asking a person. Below [`CERTAIN`] nothing automatic
//!   follows, but for the opt-out, whose line is [`CERTAIN_OPT_OUT`]: stopping advertising is cheap and can be
//!   undone, so there doubt favours the person (GDPR Art. 12(2), 21(3)).

mod answer;
mod clause;
mod confirms;
#[cfg(test)]
mod cost;
mod gist;
mod language;
mod lexicon;
mod mail_words;
mod outsiders;
mod own;
mod reading;
mod robots;
mod rules;
mod subject;
mod taught;
mod weigh;
mod weighed;
mod words;

mod kind;

use std::collections::BTreeSet;

use crate::mail::{InboundMail, Screening};

pub use mail_words::Words;
pub use own::{OwnPhrases, WrongPhrase};
pub use reading::{read, read_by_rules};
pub use taught::{Signs, choose};
pub use weighed::signs;

/// Least confidence for a right to be treated without a person's look.
pub const CERTAIN: f32 = 0.7;
/// The same for the opt-out, where doubt favours acting.
pub const CERTAIN_OPT_OUT: f32 = 0.55;

/// Reads `mail`, of which `screening` says who wrote it. `extra` are phrases of the installation's own.
///
/// Costs time linear in the mail's text.
#[must_use]
pub fn classify(mail: &InboundMail, screening: &Screening, extra: &OwnPhrases) -> Reading {
    let words = Words::of(mail, screening);
    read(&words, screening.origin, extra)
}

/// What a person may ask of the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// Objection to direct marketing, in any words (GDPR Art. 21(2)-(3), CPCE Art. L34-5).
    OptOut,
    /// GDPR Art. 15.
    Access,
    /// GDPR Art. 16.
    Rectification,
    /// GDPR Art. 17.
    Erasure,
    /// GDPR Art. 18.
    Restriction,
    /// GDPR Art. 20.
    Portability,
    /// GDPR Art. 21(1), and withdrawal of a consent to anything but marketing (Art. 7(3)).
    Objection,
}

/// What one mail is, or asks. Requests combine; the other kinds stand alone, but for `Confirmation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Asks for a right.
    Asks(Right),
    /// Answers our letter that asked to confirm.
    Confirmation,
    /// Software answered on someone's behalf (RFC 3834).
    AutoReply,
    /// A transport report (RFC 3464, RFC 5965, RFC 6591).
    Bounce,
    /// Bulk mail that is not fraudulent.
    ListMail,
    /// An unsolicited approach, or fraud.
    Spam,
    /// Everything else.
    Other,
}

/// The language to answer in, or the one that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// French.
    Fr,
    /// English.
    En,
    /// German.
    De,
    /// Spanish.
    Es,
    /// Italian.
    It,
    /// Dutch.
    Nl,
    /// Portuguese.
    Pt,
    /// None of these, or too few words to tell.
    Unknown,
}

/// What an answer to our confirmation letter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// "oui", "yes, that was me", "je confirme".
    Yes,
    /// "non", "that was not me".
    No,
    /// No words of the sender's own at all: nothing but our quoted letter, or nothing.
    Empty,
    /// Words that are neither.
    Unclear,
}

/// One thing that was understood, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it leads to.
    pub kind: Kind,
    /// The rule's name, `snake_case` and stable: the DPO and the journal see it.
    pub rule: &'static str,
    /// The words it fired on, as the person wrote them.
    pub text: String,
    /// Where these words stand, in bytes of the visible text; `None` when they are not in it
    /// (the subject, a file name, a header).
    pub span: Option<std::ops::Range<usize>>,
    /// 0 to 1.
    pub confidence: f32,
}

/// A kind that was near, and why it fell: a negation, the past, a question about the law, a quote…
#[derive(Clone, Debug, PartialEq)]
pub struct SetAside {
    /// The finding as it would have been.
    pub finding: Finding,
    /// The reason's name, `snake_case` and stable.
    pub reason: &'static str,
}

/// What a mail was understood to be or to ask.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Never empty; combined as `Kind` says.
    pub kinds: BTreeSet<Kind>,
    /// The main language of the sender's own words.
    pub language: Language,
    /// Why, strongest first.
    pub findings: Vec<Finding>,
    /// What was near and fell.
    pub set_aside: Vec<SetAside>,
    /// What the words mean if the mail turns out to answer a confirmation letter of ours.
    /// Always read, because only the caller knows whether a token came with it.
    pub answer: Answer,
    /// False when a person must sort it: the guess is shown and nothing automatic follows but,
    /// where doubt may favour acting, the opt-out.
    pub certain: bool,
    /// The rules, the scales or both take it for a machine's, whatever it is understood to be: it is not answered, and
    /// it confirms nothing (T13, T25).
    pub machine: bool,
}
