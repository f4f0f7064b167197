//! What a form says (`application/x-www-form-urlencoded`), and the one-click body of mail programs (RFC 8058 §3.2).

use crate::identity::Code;

/// A form that was sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A mail program's `List-Unsubscribe=One-Click`.
    OneClick,
    /// A button of ours.
    Button {
        /// "Yes, it was me", or "no".
        yes: bool,
        /// What was typed, if it is six digits.
        code: Option<Code>,
        /// Whether the box of "it was not me" was ticked.
        sure: bool,
    },
}

impl Form {
    /// Reads a body of at most a few KiB; `None` when no button of ours sends such a thing.
    pub(super) fn read(content_type: &str, body: &[u8]) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("multipart/form-data") {
            return is_one_click_part(body).then_some(Self::OneClick);
        }
        if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return None;
        }
        if body.trim_ascii() == b"List-Unsubscribe=One-Click" {
            return Some(Self::OneClick);
        }
        let yes = match value(body, "answer")?.as_str() {
            "yes" => true,
            "no" => false,
            _ => return None,
        };
        let code = value(body, "code").and_then(|typed| Code::parse(&typed));
        let sure = value(body, "sure").is_some_and(|sure| sure == "yes");
        Some(Self::Button { yes, code, sure })
    }
}

/// The decoded value of a name that is there exactly once.
fn value(body: &[u8], name: &str) -> Option<String> {
    let mut values = body.split(|byte| *byte == b'&').filter_map(|pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        (halves.next()? == name.as_bytes()).then(|| halves.next().unwrap_or_default())
    });
    let first = values.next()?;
    values.next().is_none().then(|| decode(first))?
}

fn decode(text: &[u8]) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(out).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// One part called `List-Unsubscribe` that says `One-Click`; nothing else of the body is looked at.
fn is_one_click_part(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else { return false };
    let mut lines = text.lines().map(str::trim);
    let named = lines.by_ref().any(|line| {
        line.get(..20).is_some_and(|name| name.eq_ignore_ascii_case("content-disposition:"))
            && line.contains("name=\"List-Unsubscribe\"")
    });
    named && lines.by_ref().any(str::is_empty) && lines.next() == Some("One-Click")
}

#[cfg(test)]
mod tests {
    use super::*;

    const URLENCODED: &str = "application/x-www-form-urlencoded";

    #[track_caller]
    fn check(body: &str, expected: Option<(bool, Option<&str>, bool)>) {
        let expected =
            expected.map(|(yes, code, sure)| Form::Button { yes, code: code.and_then(Code::parse), sure });
        assert_eq!(Form::read(URLENCODED, body.as_bytes()), expected, "{body:?}");
    }

    #[test]
    fn forms_are_read() {
        check("answer=yes", Some((true, None, false)));
        check("answer=no&sure=yes", Some((false, None, true)));
        check("code=123456&answer=yes", Some((true, Some("123456"), false)));
        check("code=+123+456%20&answer=yes", Some((true, Some("123456"), false)));
        check("code=12345&answer=yes", Some((true, None, false)));
        check("code=%31%32%33%34%35%36&answer=%79es", Some((true, Some("123456"), false)));
        for odd in [
            "",
            "answer",
            "answer=",
            "answer=maybe",
            "code=123456",
            "answer=yes&answer=no",
            "answer=yes&answer=yes",
            "answer=%",
            "answer=%zz",
            "answer=%ff",
            "Answer=yes",
        ] {
            check(odd, None);
        }
        check("code=111111&code=222222&answer=yes", Some((true, None, false)));
        assert_eq!(Form::read("text/plain", b"answer=yes"), None);
        assert_eq!(Form::read("", b"answer=yes"), None);
    }

    #[test]
    fn t17_a_mail_programs_click_is_known_in_both_forms() {
        let multipart = "multipart/form-data; boundary=x";
        let body =
            "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
        assert_eq!(Form::read(multipart, body.as_bytes()), Some(Form::OneClick));
        assert_eq!(Form::read(URLENCODED, b"List-Unsubscribe=One-Click"), Some(Form::OneClick));
        assert_eq!(Form::read(URLENCODED, b"List-Unsubscribe=One-Click\r\n"), Some(Form::OneClick));
        assert_eq!(Form::read(multipart, body.replace("One-Click", "Two").as_bytes()), None);
        assert_eq!(Form::read(multipart, b"List-Unsubscribe=One-Click"), None);
        assert_eq!(Form::read(multipart, b"\xff"), None);
    }
}
