//! The words of a mail, sorted by whose they are: what the rules read.

use crate::mail::{CutReason, InboundMail, Screening};

/// A letter of ours says what it asks in its first kilobytes.
const QUOTED_MAX: usize = 6_000;

/// The words of one mail, by whose they are.
#[derive(Clone, Debug, Default)]
pub struct Words<'w> {
    /// The subject, prefixes and all.
    pub subject: &'w str,
    /// The sender's own words.
    pub own: &'w str,
    /// What they quote.
    pub quoted: String,
    /// What they forward.
    pub forwarded: Option<&'w str>,
    /// Names of attached files.
    pub attachment_names: Vec<&'w str>,
    /// The mail says that it answers another (RFC 5322 §3.6.4).
    pub answers: bool,
    /// The caller knows that it carries our token: it answers a confirmation letter.
    pub carries_our_token: bool,
    /// They look like an automatic answer's, and nothing but them does ([`Screening::by_words`]).
    pub automatic: bool,
}

impl<'w> Words<'w> {
    /// The words of `mail`, of which `screening` told who wrote it.
    #[must_use]
    pub fn of(mail: &'w InboundMail, screening: &Screening) -> Self {
        let mut quoted = String::new();
        for cut in &mail.visible.cuts {
            if cut.reason == CutReason::Quote && quoted.len() < QUOTED_MAX {
                let text = mail.visible.full.get(cut.span.clone()).unwrap_or("");
                let mut end = text.len().min(QUOTED_MAX);
                while !text.is_char_boundary(end) {
                    end -= 1;
                }
                quoted.push_str(text.get(..end).unwrap_or(""));
                quoted.push('\n');
            }
        }
        Self {
            subject: &mail.subject,
            own: &mail.visible.own,
            quoted,
            forwarded: mail.forwarded.as_deref(),
            attachment_names: mail.attachments.iter().map(|attachment| attachment.name.as_str()).collect(),
            answers: !mail.in_reply_to.is_empty(),
            carries_our_token: false,
            automatic: screening.by_words,
        }
    }
}
