//! Content-Transfer-Encodings (RFC 2045 §6) and uuencode, read leniently: broken bytes cost themselves only.

use data_encoding::{BASE64_NOPAD, Encoding};

/// Quoted-printable (RFC 2045 §6.7); an `=` that introduces nothing stays.
pub(super) fn quoted_printable(coded: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(coded.len());
    let mut rest = coded;
    while let Some(at) = memchr::memchr(b'=', rest) {
        let (plain, from) = rest.split_at(at);
        out.extend_from_slice(plain);
        let (byte, len) = match from {
            [_, high, low, ..] if hex(*high).is_some() && hex(*low).is_some() => {
                (Some(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0)), 3)
            }
            [_, after @ ..] => {
                let blanks = after.iter().take(80).take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count();
                match after.get(blanks) {
                    Some(b'\n') => (None, 2 + blanks),
                    None => (None, 1 + blanks),
                    Some(_) => (Some(b'='), 1),
                }
            }
            [] => (None, 0),
        };
        out.extend(byte);
        rest = from.get(len..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Base64 (RFC 2045 §6.8); bytes outside the alphabet are skipped, padding inside starts anew.
pub(super) fn base64(coded: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(coded.len() / 4 * 3 + 3);
    for run in coded.split(|b| *b == b'=') {
        let mut clean: Vec<u8> = run.iter().copied().filter(|b| is_base64(*b)).collect();
        if clean.len() % 4 == 1 {
            clean.pop();
        }
        out.extend(lenient(&BASE64_NOPAD, &clean));
    }
    out
}

fn lenient(encoding: &Encoding, clean: &[u8]) -> Vec<u8> {
    let even = clean.len() / 4 * 4;
    let (groups, tail) = clean.split_at(even);
    let mut out = encoding.decode(groups).unwrap_or_default();
    let mut bits: u32 = 0;
    for b in tail {
        bits = bits << 6 | u32::from(value(*b));
    }
    match tail.len() {
        2 => out.push((bits >> 4) as u8),
        3 => out.extend([(bits >> 10) as u8, (bits >> 2) as u8]),
        _ => {}
    }
    out
}

fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'+' || b == b'/'
}

fn value(b: u8) -> u8 {
    match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' => 62,
        _ => 63,
    }
}

/// How many bytes base64 text decodes to, without decoding it.
pub(super) fn base64_len(coded: &[u8]) -> usize {
    coded.iter().filter(|b| is_base64(**b)).count() * 3 / 4
}

/// How many bytes quoted-printable text decodes to, without decoding it.
pub(super) fn quoted_printable_len(coded: &[u8]) -> usize {
    let escapes = memchr::memchr_iter(b'=', coded).count();
    coded.len().saturating_sub(escapes * 2)
}

/// Uuencoded lines (POSIX), with or without their `begin` and `end`.
pub(super) fn uuencoded(coded: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(coded.len() * 3 / 4);
    for line in coded.split(|b| *b == b'\n') {
        let line = line.trim_ascii_end();
        if line.starts_with(b"begin ") || line == b"end" {
            continue;
        }
        let Some((len, data)) = line.split_first() else { continue };
        let len = usize::from(len.wrapping_sub(b' ') & 0x3f);
        let mut bytes = Vec::with_capacity(len + 3);
        for group in data.chunks(4) {
            let bits = (0..4).fold(0_u32, |bits, at| {
                bits << 6 | u32::from(group.get(at).copied().unwrap_or(b' ').wrapping_sub(b' ') & 0x3f)
            });
            bytes.extend([(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
        }
        bytes.truncate(len);
        out.extend(bytes);
    }
    out
}
