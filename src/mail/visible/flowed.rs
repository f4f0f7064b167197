//! Plain text as its writer saw it: line ends of one kind, soft line breaks undone (RFC 3676).

use super::Marked;

/// `text` with line ends `\n`; with `flowed` its soft breaks are undone, with `delsp` their blank goes too.
pub(in crate::mail) fn plain(text: &str, flowed: bool, delsp: bool) -> Marked {
    let text =
        if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() };
    let text = if flowed { unflow(&text, delsp) } else { text };
    Marked { text, ..Marked::default() }
}

/// Programs that break lines softly break them late. A shorter line that ends in a blank was meant to end there:
/// broken senders leave a blank at the end of every line.
const SOFT_WIDTH_MIN: usize = 66;

fn unflow(text: &str, delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // Quote depth and width of the line before, if it could go on.
    let mut open: Option<(usize, usize)> = None;
    for line in text.lines() {
        let depth = line.bytes().take_while(|b| *b == b'>').count();
        let content = line.get(depth..).unwrap_or_default();
        // A leading space was stuffed by the sender's program so that "From" and ">" survive.
        let content = content.strip_prefix(' ').unwrap_or(content);
        let signature = content == "-- ";
        let word = content.split(' ').next().unwrap_or_default();
        let goes_on = open.is_some_and(|(before, width)| {
            let late = width + 1 + word.len() > SOFT_WIDTH_MIN;
            let same = before == depth;
            // Some programs lose the ">" of the second half of a line they break. An answer starts afresh.
            let lost =
                before > 0 && depth == 0 && !out.ends_with(['.', '?', '!', ':']) && !starts_afresh(word);
            late && !signature && !word.is_empty() && (same || lost)
        });
        if goes_on {
            if !delsp {
                out.push(' ');
            }
        } else {
            if open.is_some() {
                out.push('\n');
            }
            for _ in 0..depth {
                out.push('>');
            }
            if depth > 0 && !content.is_empty() {
                out.push(' ');
            }
        }
        let soft = content.ends_with(' ') && !signature;
        out.push_str(if signature { content } else { content.trim_end_matches(' ') });
        if soft {
            let depth = if goes_on { open.map_or(depth, |(before, _)| before) } else { depth };
            open = Some((depth, line.trim_end().len()));
        } else {
            out.push('\n');
            open = None;
        }
    }
    out
}

fn starts_afresh(word: &str) -> bool {
    word.chars().next().is_some_and(|c| c.is_uppercase() || matches!(c, '-' | '*' | '>' | '('))
}
