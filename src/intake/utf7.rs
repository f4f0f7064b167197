//! Folder names on the wire: modified UTF-7 (RFC 3501 §5.1.3).

use data_encoding::{Encoding, Specification};
use std::sync::LazyLock;

/// Base64 with `,` for `/` and without padding.
static ALPHABET: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,");
    // Servers are not strict about the bits after the last character.
    specification.check_trailing_bits = false;
    specification.encoding().expect("64 different symbols")
});

/// The name as a server wants it: `Traitées` → `Trait&AOk-es`.
pub(super) fn encode(name: &str) -> String {
    let mut coded = String::with_capacity(name.len());
    let mut wide = Vec::new();
    for c in name.chars() {
        if (' '..='~').contains(&c) {
            end_of_run(&mut wide, &mut coded);
            coded.push(c);
            if c == '&' {
                coded.push('-');
            }
        } else {
            let mut units = [0; 2];
            wide.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    end_of_run(&mut wide, &mut coded);
    coded
}

fn end_of_run(wide: &mut Vec<u8>, coded: &mut String) {
    if !wide.is_empty() {
        coded.push('&');
        ALPHABET.encode_append(wide, coded);
        coded.push('-');
        wide.clear();
    }
}

/// The name as a person reads it; what is not well-formed stays as it came.
pub(super) fn decode(coded: &str) -> String {
    try_decode(coded).unwrap_or_else(|| coded.to_owned())
}

fn try_decode(coded: &str) -> Option<String> {
    let mut name = String::with_capacity(coded.len());
    let mut rest = coded;
    while let Some((plain, run)) = rest.split_once('&') {
        name.push_str(plain);
        let (run, after) = run.split_once('-')?;
        if run.is_empty() {
            name.push('&');
        } else {
            let bytes = ALPHABET.decode(run.as_bytes()).ok()?;
            let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            if bytes.len() % 2 != 0 {
                return None;
            }
            name.push_str(&char::decode_utf16(units).collect::<Result<String, _>>().ok()?);
        }
        rest = after;
    }
    name.push_str(rest);
    Some(name)
}

/// The name as an argument of a command: encoded and quoted. Control characters were encoded, so no name can end
/// the line.
pub(super) fn quoted(name: &str) -> String {
    let mut argument = String::from("\"");
    for c in encode(name).chars() {
        if matches!(c, '"' | '\\') {
            argument.push('\\');
        }
        argument.push(c);
    }
    argument.push('"');
    argument
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, coded: &str) {
        assert_eq!(encode(name), coded);
        assert_eq!(decode(coded), name);
    }

    #[test]
    fn names_there_and_back() {
        check("INBOX", "INBOX");
        check("Traitées", "Trait&AOk-es");
        check("Éléments envoyés", "&AMk-l&AOk-ments envoy&AOk-s");
        check("R&D", "R&-D");
        check("&-", "&--");
        check("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        check("😀", "&2D3eAA-");
        check("a\r\nb", "a&AA0ACg-b");
        check("", "");
    }

    #[test]
    fn what_is_not_well_formed_stays() {
        for coded in ["a&b", "&!-", "&AA-", "&2D0-", "é"] {
            assert_eq!(decode(coded), coded);
        }
    }

    #[test]
    fn t29_no_name_ends_its_line_or_its_quotes() {
        assert_eq!(quoted("a\"b\\c\r\nA1 LOGOUT"), "\"a\\\"b\\\\c&AA0ACg-A1 LOGOUT\"");
    }

    proptest::proptest! {
        #[test]
        fn any_name_comes_back(name in ".*") {
            let coded = encode(&name);
            proptest::prop_assert!(coded.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            proptest::prop_assert_eq!(decode(&coded), name);
        }
    }
}
