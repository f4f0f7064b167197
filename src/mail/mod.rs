//! What a mail says: any bytes in, an [`InboundMail`] out, or the bound that they break.
//!
//! This room never fails on broken input: what is odd becomes a [`Defect`]. It does no I/O, knows no clock,
//! opens no attachment and follows no link. `mail` looks at nobody: the other pure rooms look at it.
//!
//! - [`parse`] reads the bytes (RFC 5322, 2045–2047, 2231), after [`bounds`] were kept.
//! - [`VisibleText`] is what the person wrote, cut from what they quote; nothing is thrown away.
//! - [`screen()`] says who wrote it: a person or which kind of machine (RFC 3834), and whether we may answer.
//! - [`report`] reads what machines report (RFC 3464, 8098, 5965).
//! - [`thread`] collects what could name a case.

pub mod address;
mod any_of;
pub mod bounds;
mod charset;
mod encoded_word;
pub mod headers;
mod html;
mod mime;
mod params;
mod parse;
pub mod report;
pub mod screen;
pub mod thread;
mod transfer;
pub mod visible;

use std::fmt;

pub use address::{Address, ReturnPath, Sender, SenderShown};
pub use bounds::{Bounds, OutOfBounds};
pub use headers::Headers;
pub use parse::{content_hash_of, parse};
pub use report::Report;
pub use screen::{Origin, Ours, Screening, screen};
pub use visible::{Cut, CutReason, VisibleText};

/// One mail, read.
#[derive(Clone)]
pub struct InboundMail {
    /// SHA-256 over `From`, `To`, `Date`, `Subject`, `Message-ID` and the body, line ends normalised: the same for
    /// one mail that came to two mailboxes, different when anything the sender wrote differs.
    pub content_hash: [u8; 32],
    /// Every field of the mail itself.
    pub headers: Headers,
    /// Who it says it is from.
    pub sender: Sender,
    /// The same for a person to look at.
    pub sender_shown: SenderShown,
    /// The envelope sender, as the last server noted it.
    pub return_path: ReturnPath,
    /// Plain addresses of `To`, `Cc`, `Delivered-To`, `X-Original-To` and `Envelope-To`: only for finding our own
    /// tags in them, never to be written to.
    pub recipients: Vec<Address>,
    /// Decoded, on one line; empty when there is none.
    pub subject: String,
    /// Without angle brackets.
    pub message_id: Option<String>,
    /// Ids without angle brackets.
    pub in_reply_to: Vec<String>,
    /// Ids without angle brackets: the first and the last 20 at most (RFC 5322 §3.6.4).
    pub references: Vec<String>,
    /// The readable parts, in order, decoded.
    pub texts: Vec<TextPart>,
    /// The person's own words, and what is not theirs.
    pub visible: VisibleText,
    /// The words of a forwarded mail, attached or pasted. Not the sender's, unless theirs adopt it.
    pub forwarded: Option<String>,
    /// What is attached and never opened.
    pub attachments: Vec<Attachment>,
    /// What a machine reports in it (RFC 3464, 8098, 5965, 6591).
    pub report: Option<Report>,
    /// It answers an invitation (RFC 5546): a calendar program wrote it.
    pub calendar_reply: bool,
    /// What was odd.
    pub defects: Vec<Defect>,
}

impl fmt::Debug for InboundMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundMail")
            .field("texts", &self.texts.len())
            .field("attachments", &self.attachments.len())
            .field("defects", &self.defects)
            .finish_non_exhaustive()
    }
}

/// A part that is read.
#[derive(Clone, PartialEq, Eq)]
pub struct TextPart {
    /// The declared media type, lower case.
    pub media_type: String,
    /// Decoded and, when it was HTML, turned into plain text. Line ends `\n`.
    pub text: String,
    /// How many attached messages are around it: 0 is the sender's own level.
    pub level: usize,
}

impl fmt::Debug for TextPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TextPart({}, {} bytes)", self.media_type, self.text.len())
    }
}

/// An attached part that is not read: its name counts as words, its content never.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The declared file name, cleaned of control and invisible characters; may be empty.
    pub name: String,
    /// The declared media type, lower case.
    pub media_type: String,
    /// Decoded size in bytes.
    pub size: usize,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({}, {} bytes)", self.media_type, self.size)
    }
}

/// Something odd that was met and survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Defect {
    /// The bytes hold no header at all.
    NoHeader,
    /// A multipart without boundary, or with one that never comes.
    BrokenMultipart,
    /// Nothing readable: empty, or attachments only.
    NoText,
    /// There is text, but all of it is quoted, forwarded or a signature.
    NothingOwn,
    /// More than one `Subject`, `Message-ID` or `Date`.
    RepeatedField,
}
