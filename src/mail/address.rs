//! One strict e-mail address grammar for the whole daemon: what is written here is what SMTP is given.
//!
//! RFC 5321 and RFC 5322 allow far more than anybody uses, and every parser reads the odd forms differently.
//! So the odd forms are not read at all: a person looks at them.

use std::fmt;

use super::encoded_word;
use super::headers::Headers;

/// Bytes of an address in an SMTP envelope (RFC 5321 §4.5.3.1.3, less the angle brackets).
const ADDRESS_BYTES_MAX: usize = 254;
/// Bytes of the part before the `@` (RFC 5321 §4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// Bytes between two dots of a domain (RFC 1035 §2.3.4).
const LABEL_BYTES_MAX: usize = 63;
/// A `From` longer than this is not read: nobody has such a name.
const FROM_BYTES_MAX: usize = 2_000;

/// One strict e-mail address: `local@domain`, ASCII, domain lower-cased, local part kept as written.
///
/// `Debug` and `Display` differ on purpose: `Debug` redacts, because it reaches logs.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// The address in `text`, which holds nothing else; `None` for every form that two parsers could read
    /// differently: quotes, comments, routes, literals, a domain without a dot, anything but ASCII.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        let plausible = text.len() <= ADDRESS_BYTES_MAX && is_local_part(local) && is_domain(domain);
        plausible.then(|| Self(format!("{local}@{}", domain.to_ascii_lowercase())))
    }

    /// The address as it goes into an SMTP envelope, byte for byte.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`, with case, dots and tags as they were written.
    #[must_use]
    pub fn local(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }

    /// What stands behind the `@`, in lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }

    /// The subaddress: what follows the first `separator` of the local part (RFC 5233). The separator is local
    /// policy, `+` nearly everywhere.
    #[must_use]
    pub fn tag(&self, separator: char) -> Option<&str> {
        let (user, tag) = self.local().split_once(separator)?;
        (!user.is_empty() && !tag.is_empty()).then_some(tag)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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

/// The sender as the desk shows it: every word as it was written, and a warning where words can deceive.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SenderShown {
    /// The display name, decoded, with invisible and direction-changing characters shown as `U+202E`.
    pub name: String,
    /// What stands in the address place, as written, cleaned the same way; may be no address at all.
    pub address: String,
    /// The name or the address held characters that cannot be seen or that turn the writing direction.
    pub hidden_characters: bool,
    /// One word mixes Latin with Cyrillic or Greek letters.
    pub mixed_scripts: bool,
    /// The display name contains an `@` and is not the address itself.
    pub name_shows_other_address: bool,
}

impl fmt::Debug for SenderShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SenderShown(…)")
    }
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

/// Who the mail says it is from, read by two parsers that must agree (RFC 5322 §3.6.2).
#[must_use]
pub fn sender(headers: &Headers) -> Sender {
    let mut fields = headers.raw("From");
    let Some(value) = fields.next() else {
        return Sender::Ambiguous("from_missing");
    };
    if fields.next().is_some() {
        return Sender::Ambiguous("from_repeated");
    }
    match mailbox(value) {
        Ok(address) if second_opinion(value).as_deref() == Some(address.as_str()) => Sender::One(address),
        Ok(_) => Sender::Ambiguous("from_read_differently"),
        Err(reason) => Sender::Ambiguous(reason),
    }
}

/// The one address of a `From` field of the plain forms `a@b.c`, `<a@b.c>` and `Name <a@b.c>`.
fn mailbox(value: &[u8]) -> Result<Address, &'static str> {
    if value.len() > FROM_BYTES_MAX {
        return Err("from_too_long");
    }
    let text = super::headers::unfold(value);
    let text = text.trim_matches([' ', '\t']);
    if text.is_empty() {
        return Err("from_empty");
    }
    let control = |b: &u8| b.is_ascii_control() && !matches!(b, b'\t' | b'\r' | b'\n');
    if value.iter().any(control) || text.chars().any(char::is_control) {
        return Err("from_control_character");
    }
    let Some((name, rest)) = split_name(text)? else {
        return Address::parse(text).ok_or("from_not_plain");
    };
    let address = rest.strip_suffix('>').ok_or("from_not_plain")?;
    let shown = encoded_word::decode(name);
    if shown.contains(['<', '\0', '\r', '\n']) {
        return Err("from_name_hides_syntax");
    }
    Address::parse(address).ok_or("from_not_plain")
}

/// What stands before and behind the first `<` outside quotes; `None` without one.
fn split_name(text: &str) -> Result<Option<(&str, &str)>, &'static str> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '<' => {
                return Ok(Some((
                    text.get(..at).unwrap_or_default(),
                    text.get(at + 1..).unwrap_or_default(),
                )));
            }
            '(' | ')' => return Err("from_comment"),
            ',' | ';' | ':' => return Err("from_several_addresses"),
            '@' if text.contains('<') => return Err("from_several_addresses"),
            '\\' | '>' => return Err("from_not_plain"),
            _ => {}
        }
    }
    if quoted { Err("from_open_quote") } else { Ok(None) }
}

/// The only address that mail-parser, which many other programs build on, finds in the same bytes.
fn second_opinion(value: &[u8]) -> Option<String> {
    let mut line = value.to_vec();
    while matches!(line.last(), Some(b'\r' | b'\n')) {
        line.pop();
    }
    line.push(b'\n');
    let parsed = mail_parser::parsers::MessageStream::new(&line).parse_address();
    let mail_parser::HeaderValue::Address(mail_parser::Address::List(list)) = parsed else {
        return None;
    };
    let [one] = list.as_slice() else { return None };
    let (local, domain) = one.address.as_deref()?.split_once('@')?;
    Some(format!("{local}@{}", domain.to_ascii_lowercase()))
}

/// What the desk shows of the first `From` field, whatever it holds.
#[must_use]
pub fn shown(headers: &Headers) -> SenderShown {
    let Some(value) = headers.raw("From").next() else {
        return SenderShown::default();
    };
    let text = super::headers::unfold(value.get(..value.len().min(FROM_BYTES_MAX)).unwrap_or_default());
    let text = text.trim();
    let (name, address) = match text.rsplit_once('<') {
        Some((name, address)) => (name.trim(), address.trim_end_matches('>')),
        None => ("", text),
    };
    let name = encoded_word::decode(name.trim_matches('"')).replace("\\\"", "\"");
    let other = name.contains('@') && !name.trim().eq_ignore_ascii_case(address.trim());
    let hidden = name.chars().chain(address.chars()).any(is_deceptive);
    SenderShown {
        mixed_scripts: name.split_whitespace().chain(address.split(['@', '.'])).any(mixes_scripts),
        name: reveal(&name),
        address: reveal(address),
        hidden_characters: hidden,
        name_shows_other_address: other,
    }
}

/// `text` with every character that deceives the eye written out as `U+202E`.
#[must_use]
pub fn reveal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_deceptive(c) {
            out.push_str(&format!("U+{:04X}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether `c` cannot be seen, or changes the direction of what follows it (UAX #9, UTR #36).
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether one word holds letters of Latin and of a script that looks like it.
fn mixes_scripts(word: &str) -> bool {
    let latin = word.chars().any(|c| c.is_ascii_alphabetic());
    let alike = word
        .chars()
        .any(|c| matches!(c, '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}' | '\u{13a0}'..='\u{13ff}'));
    latin && alike
}

fn is_local_part(local: &str) -> bool {
    // An encoded word is legal here, and decoded by some.
    local.len() <= LOCAL_BYTES_MAX
        && !local.contains("=?")
        && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_byte))
}

/// RFC 5322 §3.2.3 `atext`, ASCII only.
fn is_atom_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b)
}

/// A host name of at least two labels whose last is not a number.
fn is_domain(domain: &str) -> bool {
    let mut labels = 0;
    let mut last_is_number = true;
    for label in domain.split('.') {
        let bytes = label.as_bytes();
        let edges = bytes.first() != Some(&b'-') && bytes.last() != Some(&b'-');
        let plain = bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
        if bytes.is_empty() || bytes.len() > LABEL_BYTES_MAX || !edges || !plain {
            return false;
        }
        labels += 1;
        last_is_number = bytes.iter().all(u8::is_ascii_digit);
    }
    labels >= 2 && !last_is_number
}
