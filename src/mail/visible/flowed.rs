//! Plain text as its writer saw it: line ends of one kind, soft line breaks undone (RFC 3676).

use super::Marked;

/// `text` with line ends `\n`; with `flowed` its soft breaks are undone, with `delsp` their blank goes too.
pub(in crate::mail) fn plain(text: &str, flowed: bool, delsp: bool) -> Marked {
    let text =
        if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() };
    let text = if flowed { unflow(&text, delsp) } else { text };
    Marked { text, ..Marked::default() }
}

fn unflow(text: &str, delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open_depth = None;
    for line in text.lines() {
        let depth = line.bytes().take_while(|b| *b == b'>').count();
        let content = line.get(depth..).unwrap_or_default();
        // A leading space was stuffed by the sender's program so that "From" and ">" survive.
        let content = content.strip_prefix(' ').unwrap_or(content);
        let signature = content == "-- ";
        if open_depth == Some(depth) && !signature && !content.is_empty() {
            out.push_str(content);
        } else {
            if open_depth.is_some() {
                out.push('\n');
            }
            for _ in 0..depth {
                out.push('>');
            }
            if depth > 0 && !content.is_empty() {
                out.push(' ');
            }
            out.push_str(content);
        }
        if content.ends_with(' ') && !signature {
            if delsp {
                out.pop();
            }
            open_depth = Some(depth);
        } else {
            out.push('\n');
            open_depth = None;
        }
    }
    out
}
