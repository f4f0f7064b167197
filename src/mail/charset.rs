//! Bytes into text, whatever they are: nothing fails, what cannot be read becomes U+FFFD (T37).

use mail_parser::decoders::charsets::map::charset_decoder;

/// `bytes` read as `label` says, or as what they evidently are when the label is missing, unknown or a lie.
///
/// UTF-7 is never decoded: nobody writes it, and it hides ASCII from every check.
#[must_use]
pub(super) fn decode(bytes: &[u8], label: Option<&str>) -> String {
    let label = label.map(|label| label.trim().trim_matches(['"', '\'']));
    let multi_byte = label.is_some_and(|label| !is_single_byte(label) && !is_utf8(label) && !is_utf7(label));
    if !multi_byte || label.is_none() {
        // Windows mail programs label UTF-8 as ISO-8859-1 and the other way round: valid UTF-8 with an accent in
        // it is never anything else by chance.
        if let Ok(text) = std::str::from_utf8(bytes) {
            if text.is_ascii() || label.is_none_or(|label| !is_cyrillic_or_greek(label)) {
                return without_nul(text);
            }
        }
        if label
            .is_none_or(|label| is_utf8(label) || is_utf7(label) || label.eq_ignore_ascii_case("us-ascii"))
        {
            return without_nul(&lossy(bytes));
        }
    }
    match label.and_then(|label| charset_decoder(label.as_bytes())) {
        Some(decoder) => without_nul(&decoder(bytes)),
        None => without_nul(&lossy(bytes)),
    }
}

/// Mostly valid UTF-8 keeps its good parts; else the bytes are taken for Windows-1252.
fn lossy(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let broken = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    let sound = text.chars().filter(|c| !c.is_ascii() && *c != char::REPLACEMENT_CHARACTER).count();
    match charset_decoder(b"windows-1252") {
        Some(decoder) if broken > sound => decoder(bytes),
        _ => text.into_owned(),
    }
}

fn without_nul(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() }
}

fn is_utf8(label: &str) -> bool {
    label.eq_ignore_ascii_case("utf-8") || label.eq_ignore_ascii_case("utf8")
}

fn is_utf7(label: &str) -> bool {
    label.to_ascii_lowercase().contains("utf-7") || label.to_ascii_lowercase().contains("utf7")
}

fn is_single_byte(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    [
        "iso-8859",
        "iso8859",
        "iso_8859",
        "latin",
        "windows-125",
        "cp125",
        "us-ascii",
        "ascii",
        "macintosh",
        "koi8",
    ]
    .iter()
    .any(|start| label.starts_with(start))
}

fn is_cyrillic_or_greek(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    ["koi8", "windows-1251", "cp1251", "iso-8859-5", "iso-8859-7", "windows-1253"]
        .iter()
        .any(|start| label.starts_with(start))
}
