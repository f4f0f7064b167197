//! The fields of one header block, as they came, in order.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::{charset, encoded_word};

/// All fields of a header block, top first, with their raw values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    block: Vec<u8>,
    fields: Vec<Span>,
}

#[derive(Clone, PartialEq, Eq)]
struct Span {
    name: Range<usize>,
    value: Range<usize>,
}

/// One field.
#[derive(Clone, Copy)]
pub struct Field<'h> {
    /// The name as written, visible ASCII.
    pub name: &'h str,
    /// The value as it came, folds included, without the final line end.
    pub value: &'h [u8],
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Headers({} fields)", self.fields.len())
    }
}

impl Headers {
    /// Reads the header block at the start of `raw`; also returns how many bytes it takes, blank line included.
    ///
    /// Never fails. Lines that are no field are skipped while more fields follow; else the body starts there, so
    /// that a forgotten blank line costs no words.
    #[must_use]
    pub fn read(raw: &[u8]) -> (Self, usize) {
        let mut fields: Vec<Span> = Vec::new();
        let mut at = 0;
        let end = loop {
            let Some((line, next)) = line_at(raw, at) else { break at };
            let text = trim_line_end(line);
            if text.is_empty() {
                break next;
            }
            if matches!(text.first(), Some(b' ' | b'\t')) {
                if text.trim_ascii().is_empty() && fields.is_empty() {
                    break next;
                }
                if let Some(field) = fields.last_mut() {
                    field.value.end = at + text.len();
                } else if !is_field(raw, next) {
                    break at;
                }
            } else if let Some(colon) = field_name(text) {
                let name_end = at + text.get(..colon).unwrap_or_default().trim_ascii_end().len();
                fields.push(Span { name: at..name_end, value: at + colon + 1..at + text.len() });
            } else if at == 0 && text.starts_with(b"From ") {
                // The separator of an mbox file.
            } else if !is_field(raw, next) {
                break at;
            }
            at = next;
        };
        // Without a single field these were no headers: everything is body.
        let end =
            if fields.is_empty() && !raw.starts_with(b"\n") && !raw.starts_with(b"\r\n") { 0 } else { end };
        let last = fields.last().map_or(0, |field| field.value.end);
        (Self { block: raw.get(..last).unwrap_or_default().to_vec(), fields }, end)
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Every field, top first.
    pub fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        self.fields.iter().map(|span| Field {
            name: std::str::from_utf8(bytes(&self.block, &span.name)).unwrap_or_default(),
            value: bytes(&self.block, &span.value),
        })
    }

    /// The raw values of every field called `name` in any case, top first.
    pub fn raw<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h [u8]> {
        self.fields
            .iter()
            .filter(move |span| {
                span.name.len() == name.len()
                    && bytes(&self.block, &span.name).eq_ignore_ascii_case(name.as_bytes())
            })
            .map(|span| bytes(&self.block, &span.value))
    }

    /// The values of every field called `name`, top first: unfolded, trimmed, not decoded.
    pub fn all<'h>(&'h self, name: &'h str) -> impl Iterator<Item = String> {
        self.raw(name).map(|value| unfold(value).trim().to_owned())
    }

    /// The topmost field called `name`: unfolded, trimmed, encoded words decoded (RFC 2047).
    #[must_use]
    pub fn first(&self, name: &str) -> Option<String> {
        self.raw(name).next().map(|value| encoded_word::decode(unfold(value).trim()))
    }

    /// Whether a field called `name` is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).next().is_some()
    }
}

fn bytes<'b>(block: &'b [u8], range: &Range<usize>) -> &'b [u8] {
    block.get(range.clone()).unwrap_or_default()
}

/// The line that starts at `at`, with its end, and where the next one starts.
pub(super) fn line_at(raw: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = raw.get(at..).filter(|rest| !rest.is_empty())?;
    let len = memchr(rest).map_or(rest.len(), |end| end + 1);
    Some((rest.get(..len)?, at + len))
}

fn memchr(haystack: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', haystack)
}

pub(super) fn trim_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Where the colon is, if `line` starts a field: a name of visible ASCII, then perhaps blanks, then a colon.
pub(super) fn field_name(line: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', line)?;
    let name = line.get(..colon)?.trim_ascii_end();
    (!name.is_empty() && name.len() <= 80 && name.iter().all(u8::is_ascii_graphic)).then_some(colon)
}

fn is_field(raw: &[u8], at: usize) -> bool {
    line_at(raw, at).is_some_and(|(line, _)| field_name(trim_line_end(line)).is_some())
}

/// A field's value on one line: line ends gone, tabs as spaces, raw 8-bit text as UTF-8 or else Windows-1252.
#[must_use]
pub fn unfold(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) if !text.contains(['\r', '\n', '\t', '\0']) => Cow::Borrowed(text),
        Ok(text) => Cow::Owned(without_folds(text)),
        Err(_) => Cow::Owned(without_folds(&charset::decode(value, None))),
    }
}

fn without_folds(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\r' | '\n'))
        .map(|c| match c {
            '\t' => ' ',
            '\0' => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}
