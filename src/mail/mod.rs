//! What a mail says: any bytes in, an [`InboundMail`] out.
//!
//! This room never fails on broken input: what is odd becomes a [`Defect`]. It does no I/O, knows no clock,
//! opens no attachment and follows no link. `mail` looks at nobody: the other pure rooms look at it.

use std::fmt;

/// One strict e-mail address: `local@domain`, ASCII, domain lower-cased, local part kept as written.
///
/// `Debug` and `Display` differ on purpose: `Debug` redacts, because it reaches logs.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// Reads one plain address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        let plain =
            |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-=".contains(&b));
        (plain(local) && plain(domain) && domain.contains('.'))
            .then(|| Self(format!("{local}@{}", domain.to_ascii_lowercase())))
    }

    /// The address as it goes into an SMTP envelope, byte for byte.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

/// Who the mail says it is from. A claim, never a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Exactly one `From` field with exactly one plain address.
    One(Address),
    /// Several, none that is plain, or one that two parsers would read differently: a person must look.
    Ambiguous(&'static str),
}

/// The envelope sender that the delivering server wrote down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReturnPath {
    /// No `Return-Path` field.
    Absent,
    /// `<>`: the mail is a notification and must never be answered (RFC 5321 §4.5.5).
    Null,
    /// An address.
    Address(Address),
}

/// An attached part that is not read: its name counts as words, its content never.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The declared file name, cleaned of control and invisible characters; may be empty.
    pub name: String,
    /// The declared media type, lower case.
    pub media_type: String,
    /// Decoded size in bytes.
    pub size: usize,
}

/// The text that the person wrote, cut from what they quote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VisibleText {
    /// The person's own words, line ends `\n`.
    pub own: String,
    /// The whole readable text, nothing cut.
    pub full: String,
    /// What was cut out of `full`, in order.
    pub cuts: Vec<Cut>,
}

/// A piece of [`VisibleText::full`] that is not the person's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Bytes of `full`.
    pub span: std::ops::Range<usize>,
    /// Why it was cut.
    pub reason: CutReason,
}

/// Why a piece of text is not the person's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutReason {
    /// `>` lines, a blockquote, or all that follows "On … wrote:".
    Quote,
    /// A forwarded message.
    Forward,
    /// Below `-- `, a mobile signature, a name and job block.
    Signature,
    /// A confidentiality notice or a newsletter's own footer.
    Footer,
}

/// Something odd that was met and survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Defect {
    /// The bytes hold no header at all.
    NoHeader,
}
