//! How large, deep and manifold a mail may be before anything reads it (T33, T34).
//!
//! Checked by the same single pass that finds the parts, so what is read is exactly what was counted. A mail
//! beyond a bound goes to quarantine with its raw bytes kept: it is dated and a person sees it.

use super::{headers, mime};

/// The greatest sizes and counts that are read. Every default leaves ten times what honest mail needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of the whole mail.
    pub raw_bytes: usize,
    /// Bytes of one header block.
    pub header_bytes: usize,
    /// Fields of one header block.
    pub header_fields: usize,
    /// Bytes of one line, anywhere.
    pub line_bytes: usize,
    /// MIME parts, containers included.
    pub parts: usize,
    /// Containers around a part: multiparts and attached messages.
    pub depth: usize,
    /// Attached messages.
    pub messages: usize,
    /// Addresses in all address fields of the mail together.
    pub addresses: usize,
    /// Parameters of one `Content-Type` or `Content-Disposition`.
    pub parameters: usize,
    /// Bytes of all parts after decoding.
    pub decoded_bytes: usize,
    /// Bytes of all parts that are read as text, after decoding.
    pub text_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            raw_bytes: 32 << 20,
            header_bytes: 256 << 10,
            header_fields: 1_000,
            line_bytes: 1 << 20,
            parts: 500,
            depth: 20,
            messages: 100,
            addresses: 500,
            parameters: 100,
            decoded_bytes: 64 << 20,
            text_bytes: 4 << 20,
        }
    }
}

/// The bound that a mail broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutOfBounds {
    /// See [`Bounds::raw_bytes`].
    #[error("the mail is too large")]
    RawBytes,
    /// See [`Bounds::header_bytes`].
    #[error("a header block is too large")]
    HeaderBytes,
    /// See [`Bounds::header_fields`].
    #[error("a header block has too many fields")]
    HeaderFields,
    /// See [`Bounds::line_bytes`].
    #[error("a line is too long")]
    LineBytes,
    /// See [`Bounds::parts`].
    #[error("the mail has too many parts")]
    Parts,
    /// See [`Bounds::depth`].
    #[error("the parts are nested too deeply")]
    Depth,
    /// See [`Bounds::messages`].
    #[error("too many messages are attached")]
    Messages,
    /// See [`Bounds::addresses`].
    #[error("the mail names too many addresses")]
    Addresses,
    /// See [`Bounds::parameters`].
    #[error("a part has too many parameters")]
    Parameters,
    /// See [`Bounds::decoded_bytes`].
    #[error("the decoded parts are too large")]
    DecodedBytes,
    /// See [`Bounds::text_bytes`].
    #[error("the text is too long")]
    TextBytes,
}

impl OutOfBounds {
    /// A stable word for journal and desk.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RawBytes => "raw_bytes",
            Self::HeaderBytes => "header_bytes",
            Self::HeaderFields => "header_fields",
            Self::LineBytes => "line_bytes",
            Self::Parts => "parts",
            Self::Depth => "depth",
            Self::Messages => "messages",
            Self::Addresses => "addresses",
            Self::Parameters => "parameters",
            Self::DecodedBytes => "decoded_bytes",
            Self::TextBytes => "text_bytes",
        }
    }
}

/// Whether `raw` may be read at all. Iterative and linear; allocates for header blocks only.
///
/// # Errors
///
/// The first bound that is broken.
pub fn check(raw: &[u8], bounds: &Bounds) -> Result<(), OutOfBounds> {
    mime::walk(raw, bounds).map(drop)
}

/// The address fields of the mail itself name at most [`Bounds::addresses`] addresses.
pub(super) fn check_addresses(headers: &headers::Headers, bounds: &Bounds) -> Result<(), OutOfBounds> {
    const FIELDS: [&str; 12] = [
        "From",
        "To",
        "Cc",
        "Bcc",
        "Sender",
        "Reply-To",
        "Resent-From",
        "Resent-To",
        "Resent-Cc",
        "Delivered-To",
        "X-Original-To",
        "Envelope-To",
    ];
    // An address without an "@" is none for us, and one with two is counted twice: never too few.
    let count: usize = headers
        .iter()
        .filter(|field| FIELDS.iter().any(|name| field.name.eq_ignore_ascii_case(name)))
        .map(|field| field.value.iter().filter(|b| **b == b'@').count())
        .sum();
    if count > bounds.addresses { Err(OutOfBounds::Addresses) } else { Ok(()) }
}
