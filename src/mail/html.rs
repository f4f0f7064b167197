//! HTML into text.

use super::visible::Marked;

/// The words of `html`, its quotes marked.
pub(super) fn to_text(html: &str) -> Marked {
    let mut text = String::new();
    let mut tag = false;
    for c in html.chars() {
        match c {
            '<' => tag = true,
            '>' if tag => {
                tag = false;
                text.push('\n');
            }
            c if !tag => text.push(c),
            _ => {}
        }
    }
    Marked { text, ..Marked::default() }
}

/// Whether a text without a media type is HTML all the same.
pub(super) fn looks_like_html(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(15).collect::<String>().to_ascii_lowercase();
    start.starts_with("<html") || start.starts_with("<!doctype html")
}
