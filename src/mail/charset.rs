//! Bytes into text, whatever they are: nothing fails, what cannot be read becomes U+FFFD (T37).

use mail_parser::decoders::charsets::map::charset_decoder;

/// `bytes` read as `label` says, or as what they evidently are when the label is missing, unknown or a lie.
///
/// UTF-7 is never decoded: nobody writes it, and it hides ASCII from every check.
#[must_use]
pub(super) fn decode(bytes: &[u8], label: Option<&str>) -> String {
    let label = label.map(|label| label.trim().trim_matches(['"', '\'']).to_ascii_lowercase());
    let label = label.as_deref().filter(|label| !label.is_empty() && !is_unsafe(label));
    let text = match label {
        None => lossy(bytes),
        Some("utf-8" | "utf8" | "us-ascii" | "ascii" | "ansi_x3.4-1968") => lossy(bytes),
        Some(label) => match std::str::from_utf8(bytes) {
            // Mail programs label UTF-8 as ISO-8859-1, and much else: valid UTF-8 with an accent in it is never
            // anything else by chance, but in scripts whose words are all beyond ASCII.
            Ok(text)
                if !bytes.contains(&0)
                    && !bytes.contains(&0x1b)
                    && (text.is_ascii() || is_western(label)) =>
            {
                text.to_owned()
            }
            _ => charset_decoder(label.as_bytes()).map_or_else(|| lossy(bytes), |decoder| decoder(bytes)),
        },
    };
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// Mostly valid UTF-8 keeps its good parts; else the bytes are taken for Windows-1252.
fn lossy(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let text = String::from_utf8_lossy(bytes);
    let broken = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    let sound = text.chars().filter(|c| !c.is_ascii() && *c != char::REPLACEMENT_CHARACTER).count();
    match charset_decoder(b"windows-1252") {
        Some(decoder) if broken > sound => decoder(bytes),
        _ => text.into_owned(),
    }
}

/// UTF-7 hides ASCII from every check; the others have no decoder that keeps their ASCII.
fn is_unsafe(label: &str) -> bool {
    ["utf-7", "utf7", "iso-2022-kr", "iso-2022-cn", "hz-gb", "replacement", "csiso2022kr"]
        .iter()
        .any(|name| label.contains(name))
}

fn is_western(label: &str) -> bool {
    ![
        "koi8",
        "windows-1251",
        "cp1251",
        "cp866",
        "iso-8859-5",
        "iso-8859-7",
        "windows-1253",
        "gb",
        "big5",
        "jis",
        "euc",
        "utf-16",
    ]
    .iter()
    .any(|name| label.contains(name))
}
