//! The last look at a mail's bytes, whoever made them: what SMTP and other readers could misread is refused.

use crate::mail::Address;

/// Bytes of a line without its CRLF (RFC 5322 §2.1.1).
const LINE_BYTES: usize = 998;

/// What is wrong with the bytes. Never holds any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// CR without LF, or LF without CR: another reader could see a line where we see none (SMTP smuggling).
    #[error("a line ends with CR or LF alone")]
    BareLineEnd,
    /// NUL, another control character, or a byte above 127.
    #[error("a byte that is no printable ASCII character")]
    Byte,
    /// Longer than 998 bytes.
    #[error("a line is longer than 998 bytes")]
    LongLine,
    /// The bytes do not end with CRLF, or the header does not end at all.
    #[error("the mail is cut off")]
    Unfinished,
    /// A header line that is no field.
    #[error("a header line is not a field")]
    Header,
    /// A field that must be there once is missing or there twice.
    #[error("a header field is missing or doubled")]
    Field,
    /// Not exactly the one recipient that was meant.
    #[error("not exactly one recipient")]
    Recipient,
}

/// Refuses everything but one clean mail to `to` and nobody else (T28, T29): CRLF only, printable ASCII and tabs,
/// lines of at most 998 bytes, each needed field once, no `Cc`, `Bcc` or `Resent-` field.
///
/// # Errors
/// The first [`Flaw`] found.
pub fn check(bytes: &[u8], to: &Address) -> Result<(), Flaw> {
    lines_are_clean(bytes)?;
    let text = std::str::from_utf8(bytes).map_err(|_| Flaw::Byte)?;
    let (header, _) = text.split_once("\r\n\r\n").ok_or(Flaw::Unfinished)?;
    let mut names: Vec<String> = Vec::with_capacity(16);
    let mut recipients = 0;
    let mut in_recipient = false;
    for line in header.split("\r\n") {
        if line.starts_with([' ', '\t']) {
            // Our own To never folds, and a line of nothing but spaces ends headers for some readers.
            if names.is_empty() || in_recipient || line.trim().is_empty() {
                return Err(Flaw::Header);
            }
            continue;
        }
        let (name, value) = line.split_once(':').ok_or(Flaw::Header)?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(Flaw::Header);
        }
        let name = name.to_ascii_lowercase();
        in_recipient = name == "to";
        if name == "cc" || name == "bcc" || name.starts_with("resent-") {
            return Err(Flaw::Recipient);
        }
        if in_recipient {
            recipients += 1;
            if value.trim() != to.as_str() {
                return Err(Flaw::Recipient);
            }
        }
        names.push(name);
    }
    if recipients != 1 {
        return Err(Flaw::Recipient);
    }
    let times = |name: &str| names.iter().filter(|found| *found == name).count();
    let needed = ["date", "from", "subject", "message-id", "auto-submitted", "mime-version", "content-type"];
    let at_most_once = ["reply-to", "in-reply-to", "references", "sender", "return-path"];
    if needed.iter().any(|name| times(name) != 1) || at_most_once.iter().any(|name| times(name) > 1) {
        return Err(Flaw::Field);
    }
    Ok(())
}

fn lines_are_clean(bytes: &[u8]) -> Result<(), Flaw> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = memchr::memchr2(b'\r', b'\n', rest).ok_or(Flaw::Unfinished);
        let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
        // Without a way out of the loop it runs over many bytes at once.
        if !line.iter().fold(true, |clean, byte| clean & matches!(byte, b'\t' | b' '..=b'~')) {
            return Err(Flaw::Byte);
        }
        if line.len() > LINE_BYTES {
            return Err(Flaw::LongLine);
        }
        end?;
        rest = match after {
            [b'\r', b'\n', rest @ ..] => rest,
            [b'\r'] => return Err(Flaw::Unfinished),
            _ => return Err(Flaw::BareLineEnd),
        };
    }
    if bytes.is_empty() { Err(Flaw::Unfinished) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAN: &str = "Date: x\r\nFrom: a@example.org\r\nTo: b@example.org\r\nSubject: s\r\n folded\r\n\
                         Message-ID: <i@example.org>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
                         Content-Type: text/plain\r\n\r\nbody\r\n";

    #[track_caller]
    fn flaw(mail: &str) -> Option<Flaw> {
        check(mail.as_bytes(), &Address::parse("b@example.org").expect("an address")).err()
    }

    #[test]
    fn t29_only_one_clean_mail_to_the_one_recipient_passes() {
        assert_eq!(flaw(CLEAN), None);
        let with = |old: &str, new: &str| CLEAN.replacen(old, new, 1);
        let long = "x".repeat(999);
        for (mail, expected) in [
            (with("body", "bo\ndy"), Flaw::BareLineEnd),
            (with("body", "bo\rdy"), Flaw::BareLineEnd),
            (with("body\r\n", "body\r\n.\r"), Flaw::Unfinished),
            (with("body", "bo\0dy"), Flaw::Byte),
            (with("body", "bödy"), Flaw::Byte),
            (with("body", "\u{1b}[2J"), Flaw::Byte),
            (with("body", &long), Flaw::LongLine),
            (with("body\r\n", "body"), Flaw::Unfinished),
            (with("\r\n\r\n", "\r\n"), Flaw::Unfinished),
            (with("Subject: s", "Subject: s\r\nBcc: c@example.org"), Flaw::Recipient),
            (with("Subject: s", "Subject: s\r\ncC: c@example.org"), Flaw::Recipient),
            (with("Subject: s", "Subject: s\r\nResent-To: c@example.org"), Flaw::Recipient),
            (with("Date: x", "Date: x\r\nTo: b@example.org"), Flaw::Recipient),
            (with("To: b@example.org", "To: b@example.org, c@example.org"), Flaw::Recipient),
            (with("To: b@example.org", "To: b@example.org\r\n , c@example.org"), Flaw::Header),
            (with("To: b@example.org\r\n", ""), Flaw::Recipient),
            (with("From: a@example.org\r\n", ""), Flaw::Field),
            (with("Date: x", "Date: x\r\nFrom: c@example.org"), Flaw::Field),
            (with("Subject: s", "Subject : s"), Flaw::Header),
            (with("Subject: s", "Subject: s\r\n  "), Flaw::Header),
            (with("Date: x", " Date: x"), Flaw::Header),
        ] {
            assert_eq!(flaw(&mail), Some(expected), "{mail}");
        }
        assert_eq!(flaw(&with("body", &long[1..])), None);
    }
}
