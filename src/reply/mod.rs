//! What we say: a [`Letter`] of values in, the final bytes of one mail out.
//!
//! A letter is fixed text and our own values; no word of a stranger is ever in it (T4). It is rendered once,
//! with a fixed Message-ID, and a later attempt sends the same bytes (R5). Plain text is the source, the HTML
//! part is derived from it: no image, no tracking, links only to the controller and the CNIL (GDPR Art. 12(1)).
//! This room reads no file, knows no clock and draws no random number: they are arguments.
//!
//! [`Templates`] are compiled and tried with every sample before the program serves (T31); [`SenderIdentity`]
//! is what one mailbox says about itself; [`wire`] writes MIME (RFC 5322, 2045, 2047, 3676, 3834) and refuses
//! bytes that could become a second command or a second mail (T29); [`mark`] lets us know our own letters (T26).

mod body;
mod context;
mod embedded;
pub mod mark;
mod passages;
mod samples;
mod sender;
mod templates;
mod typography;
pub mod wire;
mod words;

use std::fmt;

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub use mark::{MarkKey, verify_mark};
pub use samples::{Sample, samples};
pub use sender::{SenderError, SenderIdentity, page_link};
pub use templates::{TemplateError, Templates};
pub use words::{date_in_words, list_in_words};

use crate::case::{Letter, LetterKind};
use crate::mail::Address;

/// What a letter needs and no pure function may fetch itself.
#[derive(Clone, Copy)]
pub struct Seeds {
    /// The `Date` field.
    pub at: Timestamp,
    /// Fresh bytes of the system's generator, for the ids of a letter that carries no token.
    pub random: [u8; 20],
}

/// One mail, ready to be stored and sent any number of times.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Its Message-ID without angle brackets: `r.<token>@<domain>`, or `d.<random>@<domain>` without a token.
    pub message_id: String,
    /// MAIL FROM; `None` is the null sender `<>`.
    pub envelope_from: Option<String>,
    /// The one RCPT TO (T28).
    pub envelope_to: Address,
    /// The mail: ASCII, CRLF, lines of at most 78 bytes but for a long id or address.
    pub bytes: Vec<u8>,
}

/// Sizes only: the bytes are personal data and hold a token (T20, T55).
impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rendered({} bytes)", self.bytes.len())
    }
}

/// Why a letter could not be made. None of these can happen to a letter that resembles a sample.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A template failed on these values.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The bytes would not be one mail to one recipient.
    #[error("a letter was refused before sending: {0}")]
    Wire(#[from] wire::Flaw),
}

/// Renders `letter` in the name of `sender`. The same arguments give the same bytes.
///
/// # Errors
/// [`RenderError`] when a template fails on these values or the result is no clean mail.
pub fn render(
    letter: &Letter,
    templates: &Templates,
    sender: &SenderIdentity,
    seeds: &Seeds,
) -> Result<Rendered, RenderError> {
    let words = templates.encoded(letter, sender)?;
    let person = letter.kind.person();
    let random = BASE32_NOPAD.encode(&seeds.random).to_ascii_lowercase();
    let (prefix, tag) = person.map_or(("d", random.as_str()), |person| ("r", person.token.as_str()));
    let message_id = format!("{prefix}.{tag}@{}", sender.domain());
    let digest = Sha256::digest(message_id.as_bytes());
    let boundary = HEXLOWER.encode(digest.get(..12).unwrap_or_default());
    let reply_to = person.and_then(|_| sender.tagged("r", tag));
    let subject_tag = person.filter(|_| asks(&letter.kind, reply_to.is_some())).map(|_| format!("[r.{tag}]"));
    let bytes = wire::compose(&wire::Mail {
        date: sender.local_time(seeds.at),
        from_name: sender.name(),
        from: sender.address(),
        to: &letter.to,
        reply_to: reply_to.as_deref(),
        subject: &words.subject,
        subject_tag: subject_tag.as_deref(),
        message_id: &message_id,
        threading: &letter.threading,
        auto_submitted: auto_submitted(&letter.kind),
        language: words.language_tag,
        mark: &sender.mark_key().mark(&message_id),
        boundary: &boundary,
        text: &words.text,
        html: &words.html,
    });
    wire::check(&bytes, &letter.to)?;
    Ok(Rendered { message_id, envelope_from: sender.return_path(tag), envelope_to: letter.to.clone(), bytes })
}

/// The letter's readable text and subject, without its headers: for `check`, previews and the DPO.
///
/// # Errors
/// [`TemplateError`] when a template fails on these values.
pub fn preview(
    letter: &Letter,
    templates: &Templates,
    sender: &SenderIdentity,
) -> Result<(String, String), TemplateError> {
    templates.words(letter, sender)
}

/// Whether the subject carries the token too. A question always does: its answer may lose the tagged address.
/// The others do only where there is no tagged address to lose.
fn asks(kind: &LetterKind, tagged_address: bool) -> bool {
    match kind {
        LetterKind::ConfirmationRequest(_) | LetterKind::ConfirmationReminder(_) => true,
        LetterKind::OptOutApplied(_)
        | LetterKind::OptOutAppliedUnconfirmed(_)
        | LetterKind::RightsAcknowledged(_)
        | LetterKind::NotUnderstood(_) => !tagged_address,
        _ => false,
    }
}

/// RFC 3834 §5: `auto-replied` answers a mail, `auto-generated` was woken by the clock or is for the DPO.
fn auto_submitted(kind: &LetterKind) -> &'static str {
    match kind {
        LetterKind::ConfirmationReminder(_) | LetterKind::OptOutAppliedUnconfirmed(_) => "auto-generated",
        kind if kind.person().is_some() => "auto-replied",
        _ => "auto-generated",
    }
}
