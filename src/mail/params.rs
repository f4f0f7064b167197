//! A structured field value with parameters: `Content-Type`, `Content-Disposition` (RFC 2045 §5.1, RFC 2231).

use super::bounds::OutOfBounds;
use super::{charset, encoded_word, headers, transfer};

/// A value and its parameters, names in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Params {
    /// What stands before the first `;`, in lower case, comments removed.
    pub(super) value: String,
    pub(super) params: Vec<(String, String)>,
}

/// A parameter as it stands in the field, before its continuations are joined.
struct Piece {
    name: String,
    section: usize,
    encoded: bool,
    value: String,
}

impl Params {
    /// Reads `raw`, whatever it holds; linear.
    ///
    /// # Errors
    ///
    /// [`OutOfBounds::Parameters`] beyond `parameters_max` of them.
    pub(super) fn read(raw: &[u8], parameters_max: usize) -> Result<Self, OutOfBounds> {
        let text = headers::unfold(raw);
        let mut pieces = split(&text);
        let value = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
        let value = value.split_whitespace().collect::<Vec<_>>();
        // "text/html charset=utf-8" without the semicolon is common enough; "text / html" is legal.
        let value = if value.len() > 1
            && !value.iter().any(|word| *word == "/" || word.starts_with('/') || word.ends_with('/'))
        {
            value.first().copied().unwrap_or_default().to_owned()
        } else {
            value.concat()
        };
        let mut found: Vec<Piece> = Vec::new();
        for piece in pieces {
            let Some((name, value)) = piece.split_once('=') else { continue };
            if found.len() >= parameters_max {
                return Err(OutOfBounds::Parameters);
            }
            found.push(Piece::read(name, value));
        }
        Ok(Self { value, params: join(found) })
    }

    /// The first parameter called `name` (lower case).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Piece {
    fn read(name: &str, value: &str) -> Self {
        let name = name.trim().to_ascii_lowercase();
        let (bare, encoded) = name.strip_suffix('*').map_or((name.as_str(), false), |bare| (bare, true));
        let (base, section) = match bare.split_once('*') {
            Some((base, section)) => (base, section.parse().unwrap_or(0)),
            None => (bare, 0),
        };
        Self { name: base.to_owned(), section, encoded, value: unquote(value) }
    }
}

/// Splits at `;` outside quotes, dropping comments.
fn split(text: &str) -> impl Iterator<Item = String> {
    let mut chars = text.chars();
    let mut done = false;
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        let (mut piece, mut quoted, mut comment) = (String::new(), false, 0_usize);
        loop {
            let Some(c) = chars.next() else {
                done = true;
                return Some(piece);
            };
            match c {
                '\\' if quoted || comment > 0 => {
                    let escaped = chars.next();
                    if comment == 0 {
                        piece.push('\\');
                        piece.extend(escaped);
                    }
                }
                '"' if comment == 0 => {
                    quoted = !quoted;
                    piece.push(c);
                }
                '(' if !quoted => comment += 1,
                ')' if comment > 0 => comment -= 1,
                _ if comment > 0 => {}
                ';' if !quoted => return Some(piece),
                c => piece.push(c),
            }
        }
    })
}

fn unquote(value: &str) -> String {
    let value = value.trim();
    let Some(inner) = value.strip_prefix('"') else { return value.to_owned() };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            '"' => break,
            c => out.push(c),
        }
    }
    out
}

/// Joins `name*0`, `name*1*`… and decodes percent and encoded words; the first of two equal names wins.
fn join(mut pieces: Vec<Piece>) -> Vec<(String, String)> {
    pieces.sort_by(|a, b| a.name.cmp(&b.name).then(a.section.cmp(&b.section)));
    let mut out: Vec<(String, String)> = Vec::new();
    let mut charset_label = String::new();
    for piece in pieces {
        let first = piece.section == 0;
        let value = if piece.encoded {
            let coded = match piece.value.splitn(3, '\'').collect::<Vec<_>>().as_slice() {
                [label, _, coded] if first => {
                    charset_label = (*label).to_owned();
                    (*coded).to_owned()
                }
                _ => piece.value,
            };
            let bytes = transfer::quoted_printable(coded.replace('=', "%3D").replace('%', "=").as_bytes());
            charset::decode(&bytes, Some(&charset_label))
        } else if first {
            encoded_word::decode(&piece.value)
        } else {
            piece.value
        };
        match out.last_mut() {
            Some((name, joined)) if *name == piece.name => {
                if !first {
                    joined.push_str(&value);
                }
            }
            _ => out.push((piece.name, value)),
        }
    }
    out
}
