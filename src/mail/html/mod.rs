//! HTML into the text that a reader sees, with what the markup says about quotes and signatures.
//!
//! Layout libraries were tried and left: they recurse into nested elements, compare every attribute with all
//! others, and lose the classes by which mail programs mark what is quoted. Here one pass over the bytes keeps a
//! few counters and no tree, so depth costs nothing and every input is linear (T33, T36). Nothing is fetched, no
//! style sheet is applied but for the ways to hide words.

mod render;
mod tag;

use super::visible::Marked;
use render::Renderer;
use tag::Tag;

/// The words of `html` that are meant to be seen, line ends `\n`, blockquotes prefixed with `> `.
pub(super) fn to_text(html: &str) -> Marked {
    let mut out = Renderer::default();
    let mut rest = html;
    let mut ends = Ends { quotes: true, tags: true, comments: true };
    while let Some(at) = memchr::memchr(b'<', rest.as_bytes()) {
        let (text, from) = rest.split_at(at);
        out.text(text);
        rest = match from.as_bytes().get(1) {
            Some(b'!' | b'?') => skip_declaration(from, &mut ends),
            Some(b'/') | Some(b'a'..=b'z' | b'A'..=b'Z') => match tag_end(from, &mut ends) {
                Some(end) => {
                    let tag = Tag::read(from.get(1..end).unwrap_or_default());
                    let after = from.get(end + 1..).unwrap_or_default();
                    out.tag(&tag);
                    if tag.is_raw() { skip_raw(after, &tag) } else { after }
                }
                // A tag that is cut off by the end of the mail: what is in it may be words.
                None => {
                    out.text("<");
                    from.get(1..).unwrap_or_default()
                }
            },
            _ => {
                out.text("<");
                from.get(1..).unwrap_or_default()
            }
        };
    }
    out.text(rest);
    out.finish()
}

/// What still ends somewhere further on. An end that was once sought in vain is never sought again, or each start
/// would be followed to the end of the text.
struct Ends {
    quotes: bool,
    tags: bool,
    comments: bool,
}

/// Whether a text without a media type is HTML all the same.
pub(super) fn looks_like_html(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(15).collect::<String>().to_ascii_lowercase();
    start.starts_with("<html") || start.starts_with("<!doctype html")
}

/// What follows a comment, a doctype or a processing instruction; the words inside conditional comments for
/// Outlook are hidden from everybody else, and so from us.
fn skip_declaration<'t>(from: &'t str, ends: &mut Ends) -> &'t str {
    let end = if from.starts_with("<!-->") {
        Some(5)
    } else if !ends.comments {
        None
    } else if from.starts_with("<!--") {
        memchr::memmem::find(from.as_bytes(), b"-->").map(|end| end + 3)
    } else {
        memchr::memchr(b'>', from.as_bytes()).map(|end| end + 1)
    };
    // A comment that never ends hides everything in a browser. Words are worth more than that.
    ends.comments &= end.is_some();
    let skipped = end.unwrap_or_else(|| if from.starts_with("<!--") { 4 } else { 2 });
    from.get(skipped..).unwrap_or_default()
}

/// Where the `>` is that ends the tag at the start of `from`.
fn tag_end(from: &str, ends: &mut Ends) -> Option<usize> {
    if ends.quotes {
        let mut quote = None;
        let mut value = false;
        for (at, b) in from.bytes().enumerate() {
            match (quote, b) {
                (Some(open), b) if open == b => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') if value => quote = Some(b),
                (None, b'>') => return Some(at),
                _ => {}
            }
            // Only after "=" does a quote open a value.
            value = b == b'=' || value && matches!(b, b' ' | b'\n' | b'\r' | b'\t');
        }
        ends.quotes = false;
    }
    let end = ends.tags.then(|| memchr::memchr(b'>', from.as_bytes())).flatten();
    ends.tags = end.is_some();
    end
}

/// What follows the element whose content is not words: script, style, title.
fn skip_raw<'t>(after: &'t str, tag: &Tag<'_>) -> &'t str {
    let bytes = after.as_bytes();
    for at in memchr::memmem::find_iter(bytes, b"</") {
        let name = bytes.get(at + 2..at + 2 + tag.name.len());
        if name.is_some_and(|name| name.eq_ignore_ascii_case(tag.name.as_bytes())) {
            return after.get(at..).unwrap_or_default();
        }
    }
    ""
}
