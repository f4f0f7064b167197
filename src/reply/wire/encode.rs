//! Words to ASCII: header fields, encoded words, quoted-printable.

use data_encoding::BASE64;

/// Characters of a line before it is folded.
const LINE: usize = 76;
/// UTF-8 bytes in one encoded word: `=?UTF-8?B?` and `?=` and 45 bytes in base64 are 72 characters of the 75
/// that RFC 2047 §2 allows.
const WORD_BYTES: usize = 45;

/// A field with a value of ours that needs neither folding nor encoding.
pub(super) fn field(name: &str, value: &str, out: &mut String) {
    out.push_str(name);
    out.push_str(": ");
    out.push_str(value);
    out.push_str("\r\n");
}

/// `Name <address>`; the name quoted or encoded as it needs.
pub(super) fn mailbox(name: &str, display: &str, address: &str, out: &mut String) {
    out.push_str(name);
    out.push(':');
    let display: String = display.chars().filter(|c| !c.is_control()).collect();
    let start = name.len() + 1;
    let column = if display.is_ascii() {
        let quoted = display.replace('\\', "\\\\").replace('"', "\\\"");
        if quoted.len() + 2 > LINE - start {
            // A very long name: a quoted string cannot be folded, encoded words can.
            encoded(&display, start, out)
        } else {
            out.push_str(" \"");
            out.push_str(&quoted);
            out.push('"');
            start + quoted.len() + 3
        }
    } else {
        encoded(&display, start, out)
    };
    if column + address.len() + 3 > LINE {
        out.push_str("\r\n");
    }
    out.push_str(" <");
    out.push_str(address);
    out.push_str(">\r\n");
}

/// A field of free text, with an ASCII `tag` behind it.
pub(super) fn text(name: &str, value: &str, tag: Option<&str>, out: &mut String) {
    out.push_str(name);
    out.push(':');
    let start = name.len() + 1;
    let column = if value.is_ascii() && !value.contains("=?") {
        folded(value, start, out)
    } else {
        encoded(value, start, out)
    };
    if let Some(tag) = tag {
        if column + tag.len() + 1 > LINE {
            out.push_str("\r\n");
        }
        out.push(' ');
        out.push_str(tag);
    }
    out.push_str("\r\n");
}

/// Words of ASCII, folded at spaces. Returns the column behind them.
fn folded(value: &str, mut column: usize, out: &mut String) -> usize {
    for word in value.split(' ').filter(|word| !word.is_empty()) {
        if column + word.len() + 1 > LINE {
            out.push_str("\r\n");
            column = 0;
        }
        out.push(' ');
        out.extend(word.chars().filter(|c| !c.is_control()));
        column += word.len() + 1;
    }
    column
}

/// RFC 2047 words, never cut inside a character. Returns the column behind them.
fn encoded(value: &str, start: usize, out: &mut String) -> usize {
    let mut column = start;
    let mut chunk = String::with_capacity(WORD_BYTES);
    let mut flush = |chunk: &mut String, out: &mut String| {
        let word = format!("=?UTF-8?B?{}?=", BASE64.encode(chunk.as_bytes()));
        if column + word.len() + 1 > LINE {
            out.push_str("\r\n");
            column = 0;
        }
        out.push(' ');
        out.push_str(&word);
        column += word.len() + 1;
        chunk.clear();
    };
    for c in value.chars().filter(|c| !c.is_control()) {
        // The first line is shorter by the field's name.
        let room = if out.ends_with(':') { WORD_BYTES - start.min(30) } else { WORD_BYTES };
        if chunk.len() + c.len_utf8() > room {
            flush(&mut chunk, out);
        }
        chunk.push(c);
    }
    if !chunk.is_empty() {
        flush(&mut chunk, out);
    }
    column
}

/// RFC 2045 §6.7: lines of at most 76 characters, CRLF, ASCII. A dot at the start of a line is written `=2E`, so
/// that not even a careless relay can end the mail there; an F `=46`, because some mailbox formats change a line
/// that begins with "From ".
pub(in crate::reply) fn quoted_printable(body: &str, out: &mut String) {
    for line in body.lines() {
        let mut column = 0;
        let mut rest = line;
        while let Some(first) = rest.as_bytes().first().copied() {
            let is_last = rest.len() == 1;
            let special = (column == 0 && matches!(first, b'.' | b'F')) || (is_last && first == b' ');
            // Runs of plain characters are copied as they are; a trailing space is left for its own turn.
            let run = if special { 0 } else { rest.bytes().take_while(|byte| is_plain(*byte)).count() };
            let run = if run == rest.len() && rest.ends_with(' ') { run - 1 } else { run };
            let room = if run == rest.len() && column + run <= LINE { run } else { LINE - 1 - column };
            if run > 0 && room > 0 {
                let (plain, after) = rest.split_at(run.min(room));
                out.push_str(plain);
                column += plain.len();
                rest = after;
            } else if run == 0 {
                let character = rest.chars().next().map_or(1, char::len_utf8);
                let (encoded, after) = rest.split_at(character);
                for (number, byte) in encoded.bytes().enumerate() {
                    // Only what ends the line may take the place that a soft line end would need.
                    let ends = after.is_empty() && number + 1 == character;
                    if column + 3 > if ends { LINE } else { LINE - 1 } {
                        out.push_str("=\r\n");
                        column = 0;
                    }
                    escape(byte, out);
                    column += 3;
                }
                rest = after;
            } else {
                out.push_str("=\r\n");
                column = 0;
            }
        }
        out.push_str("\r\n");
    }
}

const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'='
}

fn escape(byte: u8, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let hex = |nibble: u8| char::from(HEX.get(usize::from(nibble)).copied().unwrap_or(b'0'));
    out.push('=');
    out.push(hex(byte >> 4));
    out.push(hex(byte & 15));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn subject(value: &str, tag: Option<&str>) -> String {
        let mut out = String::new();
        text("Subject", value, tag, &mut out);
        assert!(out.is_ascii(), "{out}");
        assert!(out.lines().all(|line| line.len() <= 78), "{out}");
        let parsed = mail_parser::MessageParser::default().parse(out.as_bytes()).expect("a header");
        assert_eq!(
            parsed.subject().unwrap_or_default(),
            match tag {
                Some(tag) => format!("{value} {tag}"),
                None => value.to_owned(),
            }
        );
        out
    }

    #[test]
    fn subjects_are_read_back_as_they_were() {
        assert_eq!(subject("Plain words", None), "Subject: Plain words\r\n");
        subject("C’est fait\u{a0}: à bientôt", None);
        subject(&"é".repeat(140), Some("[r.abcdefghijklmnopqrstuvwxyz234567]"));
        subject("word ".repeat(25).trim_end(), Some("[r.abcdefghijklmnopqrstuvwxyz234567]"));
        subject("=?UTF-8?Q?not_encoded?=", None);
        for length in 1..120 {
            subject(&format!("{}é", "x".repeat(length)), Some("[r.a]"));
        }
    }

    #[test]
    fn names_are_quoted_or_encoded() {
        for (name, address) in [
            ("2J PROCESS", "dpo@example.org"),
            ("Société \"Œuvre\", Groupe", "dpo@example.org"),
            ("A, B <c@d.example>", "dpo@example.org"),
            ("back\\slash \"quote\"", "dpo@example.org"),
            (&"Very Long Name ".repeat(20), "dpo@example.org"),
        ] {
            let mut out = String::new();
            mailbox("From", name, address, &mut out);
            assert!(out.lines().all(|line| line.len() <= 78), "{out}");
            let parsed = mail_parser::MessageParser::default().parse(out.as_bytes()).expect("a header");
            let from = parsed.from().and_then(|from| from.first()).expect("one address");
            assert_eq!(
                (from.name().map(str::trim), from.address()),
                (Some(name.trim()), Some(address)),
                "{out}"
            );
        }
    }

    #[test]
    fn quoted_printable_is_read_back_as_it_was() {
        for body in [
            "a\n",
            "é è €\u{a0}x\n\nline with space \n.\n..dots\nFrom here\n=3D\n",
            &format!("{}\n", "x".repeat(75)),
            &format!("{}\n", "x".repeat(76)),
            &format!("{}\n", "x".repeat(77)),
            &format!("{}.\n", "x".repeat(75)),
            &format!("{}.F.F\n", "x".repeat(74)),
            &format!("{}\n", "é".repeat(300)),
        ] {
            let mut out = String::new();
            quoted_printable(body, &mut out);
            assert!(out.is_ascii() && out.lines().all(|line| line.len() <= 76), "{out}");
            assert!(!out.contains("\n.") && !out.starts_with('.'), "{out}");
            let mail = format!(
                "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; \
                                charset=utf-8\r\n\r\n{out}"
            );
            let parsed = mail_parser::MessageParser::default().parse(mail.as_bytes()).expect("a mail");
            assert_eq!(parsed.body_text(0).expect("a body").replace("\r\n", "\n"), body);
        }
    }

    proptest::proptest! {
        #[test]
        fn t29_any_words_come_back_from_quoted_printable(words in "[ .F=a-cé€\u{a0}\n]{0,300}") {
            let body = format!("{words}\n");
            let mut out = String::new();
            quoted_printable(&body, &mut out);
            proptest::prop_assert!(out.is_ascii() && out.split("\r\n").all(|line| {
                line.len() <= 76 && !line.starts_with(['.', 'F']) && !line.ends_with(' ') && !line.contains('\n')
            }), "{}", out);
            let head = "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
            let mail = format!("{head}{out}");
            let parsed = mail_parser::MessageParser::default().parse(mail.as_bytes()).expect("a mail");
            proptest::prop_assert_eq!(parsed.body_text(0).unwrap_or_default().replace("\r\n", "\n"), body);
        }
    }
}
