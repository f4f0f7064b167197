//! Encoded words in header fields (RFC 2047), read in one pass.

use super::{charset, transfer};

/// `text` with its encoded words decoded; what is not well-formed stays as it is.
#[must_use]
pub(super) fn decode(text: &str) -> String {
    if !text.contains("=?") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    // Neighbouring words of one charset may split a character between them, so their bytes are joined first.
    let mut pending: Vec<u8> = Vec::new();
    let mut pending_charset: Option<&str> = None;
    let mut rest = text;
    while let Some(start) = rest.find("=?") {
        let (before, from) = rest.split_at(start);
        let Some(word) = Word::read(from) else {
            flush(&mut out, &mut pending, &mut pending_charset);
            out.push_str(before);
            out.push_str("=?");
            rest = from.get(2..).unwrap_or_default();
            continue;
        };
        let adjacent = pending_charset.is_some() && before.trim().is_empty();
        if !adjacent || pending_charset.is_some_and(|charset| !charset.eq_ignore_ascii_case(word.charset)) {
            flush(&mut out, &mut pending, &mut pending_charset);
        }
        if !adjacent {
            out.push_str(before);
        }
        pending.extend_from_slice(&word.bytes);
        pending_charset = Some(word.charset);
        rest = from.get(word.len..).unwrap_or_default();
    }
    flush(&mut out, &mut pending, &mut pending_charset);
    out.push_str(rest);
    out
}

fn flush(out: &mut String, pending: &mut Vec<u8>, charset_label: &mut Option<&str>) {
    if charset_label.is_some() {
        let text = charset::decode(pending, *charset_label);
        out.extend(text.chars().map(|c| if matches!(c, '\r' | '\n' | '\t') { ' ' } else { c }));
    }
    pending.clear();
    *charset_label = None;
}

struct Word<'t> {
    charset: &'t str,
    bytes: Vec<u8>,
    len: usize,
}

impl<'t> Word<'t> {
    /// The encoded word at the start of `from`, which begins with `=?`.
    fn read(from: &'t str) -> Option<Self> {
        let body = from.get(2..)?;
        // A charset name is short: looking no further keeps a field full of "=?" linear.
        let (charset_end, _) = body.char_indices().take(60).find(|(_, c)| *c == '?')?;
        let charset = body.get(..charset_end)?.split('*').next().unwrap_or_default();
        let coded = body.get(charset_end + 1..)?;
        let data = coded.get(2..)?;
        if charset.is_empty() || coded.as_bytes().get(1) != Some(&b'?') {
            return None;
        }
        let end = word_end(data)?;
        let data = data.get(..end)?;
        let bytes = match coded.as_bytes().first()? {
            b'q' | b'Q' => transfer::quoted_printable(data.replace('_', " ").as_bytes()),
            b'b' | b'B' => transfer::base64(data.as_bytes()),
            _ => return None,
        };
        Some(Self { charset, bytes, len: 2 + charset_end + 1 + 2 + end + 2 })
    }
}

/// Where the `?=` is that ends the data. A new word that starts before it means that this one never ended; so no
/// letter is looked at twice, however many words start.
fn word_end(data: &str) -> Option<usize> {
    let bytes = data.as_bytes();
    memchr::memchr_iter(b'?', bytes)
        .map(|at| (at, bytes.get(at + 1) == Some(&b'='), at > 0 && bytes.get(at - 1) == Some(&b'=')))
        .find(|(_, ends, starts)| *ends || *starts)
        .and_then(|(at, ends, _)| ends.then_some(at))
}
