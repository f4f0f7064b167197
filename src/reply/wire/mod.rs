//! The bytes of one mail: header fields, encodings, and the check that nothing else is in them (T28, T29).
//!
//! Written here rather than by a builder, because the builder panics on odd names, makes ids and boundaries of
//! its own, and costs more than all the rest. RFC 5322 (fields, lines), RFC 2045 §6.7 (quoted-printable), RFC
//! 2046 §5.1.4 (alternative), RFC 2047 (words in fields), RFC 3676 (flowed text), RFC 3834 (automatic mail).
//! No `Precedence`: RFC 3834 §3.1.8 leaves it out, and it makes filters take an answer for bulk mail.

mod check;
mod encode;

use jiff::Zoned;

pub use check::{Flaw, check};
pub(super) use encode::quoted_printable;

use super::mark::MARK_FIELD;
use crate::case::Threading;
use crate::mail::Address;

/// Ids kept in `References`, from the start and from the end.
const REFERENCES_FIRST: usize = 1;
const REFERENCES_LAST: usize = 20;
/// Bytes of an id that is taken over from another's mail.
const ID_BYTES: usize = 250;

/// Everything that one mail consists of.
pub(super) struct Mail<'a> {
    pub(super) date: Zoned,
    pub(super) from_name: &'a str,
    pub(super) from: &'a Address,
    pub(super) to: &'a Address,
    pub(super) reply_to: Option<&'a str>,
    pub(super) subject: &'a str,
    /// Plain ASCII behind the subject, so that no program can lose it by decoding.
    pub(super) subject_tag: Option<&'a str>,
    pub(super) message_id: &'a str,
    pub(super) threading: &'a Threading,
    pub(super) auto_submitted: &'static str,
    pub(super) language: &'static str,
    pub(super) mark: &'a str,
    pub(super) boundary: &'a str,
    /// Both parts in quoted-printable.
    pub(super) text: &'a str,
    pub(super) html: &'a str,
}

/// The mail as bytes: ASCII only, CRLF, in the order in which mail programs show it.
pub(super) fn compose(mail: &Mail<'_>) -> Vec<u8> {
    let mut out = String::with_capacity(2048 + mail.text.len() + mail.html.len());
    let date = jiff::fmt::rfc2822::to_string(&mail.date).unwrap_or_default();
    encode::field("Date", &date, &mut out);
    encode::mailbox("From", mail.from_name, mail.from.as_str(), &mut out);
    encode::field("To", mail.to.as_str(), &mut out);
    if let Some(reply_to) = mail.reply_to {
        encode::mailbox("Reply-To", mail.from_name, reply_to, &mut out);
    }
    encode::text("Subject", mail.subject, mail.subject_tag, &mut out);
    encode::field("Message-ID", &format!("<{}>", mail.message_id), &mut out);
    if let Some(parent) = mail.threading.in_reply_to.as_deref().filter(|id| is_plain_id(id)) {
        encode::field("In-Reply-To", &format!("<{parent}>"), &mut out);
    }
    references(&mail.threading.references, &mut out);
    encode::field("Auto-Submitted", mail.auto_submitted, &mut out);
    encode::field("X-Auto-Response-Suppress", "All", &mut out);
    encode::field(MARK_FIELD, mail.mark, &mut out);
    encode::field("Content-Language", mail.language, &mut out);
    encode::field("MIME-Version", "1.0", &mut out);
    // Quoted-printable writes "=" as "=3D", so "=_" never occurs in a part.
    out.push_str("Content-Type: multipart/alternative;\r\n boundary=\"=_");
    out.push_str(mail.boundary);
    out.push_str("\"\r\n\r\n");
    for (content_type, body) in
        [("text/plain; charset=utf-8; format=flowed", mail.text), ("text/html; charset=utf-8", mail.html)]
    {
        out.push_str("--=_");
        out.push_str(mail.boundary);
        out.push_str("\r\nContent-Type: ");
        out.push_str(content_type);
        out.push_str("\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
        out.push_str(body);
        out.push_str("\r\n");
    }
    out.push_str("--=_");
    out.push_str(mail.boundary);
    out.push_str("--\r\n");
    out.into_bytes()
}

/// The first id and the last 20, one on each line (RFC 5322 §3.6.4).
fn references(ids: &[String], out: &mut String) {
    let plain: Vec<&str> = ids.iter().map(String::as_str).filter(|id| is_plain_id(id)).collect();
    let from = plain.len().saturating_sub(REFERENCES_LAST).max(REFERENCES_FIRST.min(plain.len()));
    let kept: Vec<String> = plain
        .iter()
        .take(REFERENCES_FIRST)
        .chain(plain.iter().skip(from))
        .map(|id| format!("<{id}>"))
        .collect();
    if !kept.is_empty() {
        out.push_str("References: ");
        out.push_str(&kept.join("\r\n "));
        out.push_str("\r\n");
    }
}

/// Another's Message-ID is the only thing of theirs that a letter repeats, and only in this shape: mail
/// programs need it to show the answer below the question.
fn is_plain_id(id: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.[]:".contains(&b))
    };
    id.len() <= ID_BYTES && id.split_once('@').is_some_and(|(left, right)| plain(left) && plain(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_s_id_is_repeated_only_in_plain_form() {
        for id in ["abc@example.org", "CAF=x_1.2$3@mail.gmail.example", "a@[192.0.2.1]"] {
            assert!(is_plain_id(id), "{id}");
        }
        let long = format!("{}@b", "a".repeat(250));
        for id in ["", "abc", "a b@c", "a@b>\r\nBcc: x@y.z", "<a@b>", "a@b\r\n", "é@b", "a@", "a@b@c", &long]
        {
            assert!(!is_plain_id(id), "{id}");
        }
    }

    #[test]
    fn references_keep_the_first_and_the_last_twenty() {
        for (given, kept) in [(0, 0), (1, 1), (2, 2), (20, 20), (21, 21), (22, 21), (500, 21)] {
            let ids: Vec<String> = (0..given).map(|number| format!("{number}@x.example")).collect();
            let mut out = String::new();
            references(&ids, &mut out);
            assert_eq!(out.matches('<').count(), kept, "{given}");
            assert!(given == 0 || out.starts_with("References: <0@x.example>\r\n"), "{out}");
            assert!(given == 0 || out.ends_with(&format!("<{}@x.example>\r\n", given - 1)), "{out}");
        }
    }
}
