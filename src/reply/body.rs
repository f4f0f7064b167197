//! One rendered body in two forms: flowed text (RFC 3676) and simple HTML.
//!
//! A body is paragraphs between blank lines; lines that begin with `- ` are a list, a line `-- ` begins the foot,
//! `*…*` makes words strong in HTML. A paragraph that is strong as a whole is what the letter asks or grants, and
//! is set apart.

use super::passages::Passage;
use super::sender::SenderIdentity;
use super::wire::quoted_printable;

/// Stands for an asterisk that came with a value, until the words are written out.
pub(super) const LITERAL_STAR: &str = "\u{e000}";
const STAR: char = '\u{e000}';

/// Columns of the text part; RFC 3676 §4.2 asks for 78 at most.
const COLUMNS: usize = 72;

/// Pages besides our own that the HTML part may link to.
const CNIL: &str = "https://www.cnil.fr";

const BODY_STYLE: &str = "margin:0;padding:16px;\
                          font:16px/1.55 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const COLUMN_STYLE: &str = "max-width:36em;margin:0 auto";
const STRONG_STYLE: &str = "margin:1.4em 0;padding:.1em 0 .1em .9em;border-left:4px solid #2f7d5b";
const BUTTON_STYLE: &str = "display:inline-block;padding:.6em 1.1em;border-radius:6px;background:#2f7d5b;\
                            color:#ffffff;text-decoration:none;font-weight:600";
const FOOT_STYLE: &str = "margin-top:2.2em;padding-top:1em;border-top:1px solid #bbbbbb;font-size:13px;line-height:1.5;color:#737373";

/// A paragraph, a list, or the line that begins the foot.
pub(super) enum Block<'a> {
    Paragraph(Vec<&'a str>),
    List(Vec<&'a str>),
    Foot,
}

/// The blocks of a body; `None` when strong words are opened and not closed.
pub(super) fn read(body: &str) -> Option<Vec<Block<'_>>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut joins = false;
    for line in body.lines() {
        let line = line.trim_end_matches([' ', '\t']);
        if line.is_empty() {
            joins = false;
        } else if line == "--" {
            blocks.push(Block::Foot);
            joins = false;
        } else {
            match (line.strip_prefix("- "), blocks.last_mut()) {
                (Some(item), Some(Block::List(items))) if joins => items.push(item),
                (Some(item), _) => blocks.push(Block::List(vec![item])),
                (None, Some(Block::Paragraph(lines))) if joins => lines.push(line),
                (None, _) => blocks.push(Block::Paragraph(vec![line])),
            }
            joins = true;
        }
    }
    let closed = blocks.iter().all(|block| match block {
        Block::Paragraph(lines) | Block::List(lines) => {
            lines.iter().all(|line| line.matches('*').count() % 2 == 0)
        }
        Block::Foot => true,
    });
    closed.then_some(blocks)
}

/// A line without marks.
pub(super) fn plain(line: &str) -> String {
    line.trim().replace('*', "").replace(STAR, "*")
}

/// The flowed text, lines ended by `\n`.
pub(super) fn to_text(blocks: &[Block<'_>]) -> String {
    let mut out = String::with_capacity(2048);
    for (number, block) in blocks.iter().enumerate() {
        if is_parted(blocks, number) {
            out.push('\n');
        }
        flow_block(block, &mut out);
    }
    out
}

/// Whether an empty line stands before this block of the text.
fn is_parted(blocks: &[Block<'_>], number: usize) -> bool {
    number > 0 && !matches!(blocks.get(number - 1), Some(Block::Foot))
}

fn flow_block(block: &Block<'_>, out: &mut String) {
    match block {
        Block::Foot => out.push_str("-- \n"),
        Block::Paragraph(lines) => lines.iter().for_each(|line| flow(&plain(line), "", out)),
        Block::List(items) => items.iter().for_each(|item| flow(&plain(item), "- ", out)),
    }
}

/// Flowed text and HTML document, each in quoted-printable: it is made line by line, so that what a block became
/// in an earlier letter can be taken over.
pub(super) fn encoded(
    blocks: &[Block<'_>],
    language: &str,
    title: &str,
    sender: &SenderIdentity,
) -> (String, String) {
    let (mut text, mut html) = (String::with_capacity(4096), String::with_capacity(8192));
    let mut lines = String::with_capacity(1024);
    html_head(language, title, &mut lines);
    quoted_printable(&lines, &mut html);
    let mut foot = false;
    for (number, block) in blocks.iter().enumerate() {
        if is_parted(blocks, number) {
            text.push_str("\r\n");
        }
        let passage = sender.passages().of(words_of(block), || {
            let mut passage = Passage { text: String::new(), html: String::new() };
            lines.clear();
            flow_block(block, &mut lines);
            quoted_printable(&lines, &mut passage.text);
            lines.clear();
            html_block(block, sender, &mut lines);
            quoted_printable(&lines, &mut passage.html);
            passage
        });
        text.push_str(&passage.text);
        // A second foot opens no second one.
        if !(foot && matches!(block, Block::Foot)) {
            html.push_str(&passage.html);
        }
        foot |= matches!(block, Block::Foot);
    }
    lines.clear();
    html_end(foot, &mut lines);
    quoted_printable(&lines, &mut html);
    (text, html)
}

/// All that a block is made of, as one text that no other block has.
fn words_of(block: &Block<'_>) -> String {
    match block {
        Block::Foot => "--".to_owned(),
        Block::Paragraph(lines) => lines.join("\n"),
        Block::List(items) => format!("- {}", items.join("\n- ")),
    }
}

/// One line in as many as it needs; each but the last ends with the space that says "goes on" (RFC 3676 §4.1).
fn flow(line: &str, lead: &str, out: &mut String) {
    let mut column = lead.len();
    // RFC 3676 §4.4: a line that begins with a space, ">" or "From " is stuffed.
    if lead.is_empty() && (line.starts_with([' ', '>']) || line.starts_with("From ")) {
        out.push(' ');
    }
    out.push_str(lead);
    for (number, word) in line.split(' ').filter(|word| !word.is_empty()).enumerate() {
        let width = word.chars().count();
        if number > 0 {
            out.push(' ');
            column += 1;
            if column + width > COLUMNS {
                out.push('\n');
                column = 0;
            }
        }
        if column == 0 && number > 0 && (word.starts_with('>') || word == "From") {
            out.push(' ');
        }
        out.push_str(word);
        column += width;
    }
    out.push('\n');
}

/// The beginning of an HTML document. Everything is escaped; there is nothing to load and nothing to run.
fn html_head(language: &str, title: &str, out: &mut String) {
    out.push_str("<!DOCTYPE html>\n<html lang=\"");
    out.push_str(language);
    out.push_str("\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    escape(title, out);
    out.push_str("</title>\n</head>\n<body style=\"");
    out.push_str(BODY_STYLE);
    out.push_str("\">\n<div style=\"");
    out.push_str(COLUMN_STYLE);
    out.push_str("\">\n");
}

fn html_block(block: &Block<'_>, sender: &SenderIdentity, out: &mut String) {
    match block {
        Block::Foot => {
            out.push_str("<div style=\"");
            out.push_str(FOOT_STYLE);
            out.push_str("\">\n");
        }
        Block::Paragraph(lines) => paragraph(lines, sender, out),
        Block::List(items) => {
            out.push_str("<ul style=\"padding-left:1.2em\">\n");
            for item in items {
                out.push_str("<li style=\"margin:.35em 0\">");
                line(item, sender, out);
                out.push_str("</li>\n");
            }
            out.push_str("</ul>\n");
        }
    }
}

fn html_end(foot: bool, out: &mut String) {
    if foot {
        out.push_str("</div>\n");
    }
    out.push_str("</div>\n</body>\n</html>\n");
}

fn paragraph(lines: &[&str], sender: &SenderIdentity, out: &mut String) {
    if let [only] = lines
        && let Some((label, url)) = button(only, sender)
    {
        out.push_str("<p><a href=\"");
        escape(url, out);
        out.push_str("\" style=\"");
        out.push_str(BUTTON_STYLE);
        out.push_str("\">");
        escape(&plain(label), out);
        out.push_str("</a></p>\n");
        return;
    }
    let strong = |line: &&str| line.len() > 2 && line.starts_with('*') && line.ends_with('*');
    if lines.iter().all(strong) {
        out.push_str("<p style=\"");
        out.push_str(STRONG_STYLE);
        out.push_str("\">");
    } else {
        out.push_str("<p>");
    }
    for (number, text) in lines.iter().enumerate() {
        if number > 0 {
            out.push_str("<br>\n");
        }
        line(text, sender, out);
    }
    out.push_str("</p>\n");
}

/// `Label: https://our.own/page` alone in its paragraph.
fn button<'a>(line: &'a str, sender: &SenderIdentity) -> Option<(&'a str, &'a str)> {
    let (label, url) = line.rsplit_once(' ')?;
    let label = label.strip_suffix(':')?.trim_end_matches([' ', '\u{a0}']);
    let own = sender.base_url().is_some_and(|base| is_below(url, base));
    (own && !label.is_empty() && !label.contains('*')).then_some((label, url))
}

/// One line's words: escaped, strong where marked, linked where the address is ours or the CNIL's.
fn line(text: &str, sender: &SenderIdentity, out: &mut String) {
    let mut strong = false;
    for (number, piece) in text.split('*').enumerate() {
        if number > 0 {
            out.push_str(if strong { "</strong>" } else { "<strong>" });
            strong = !strong;
        }
        if !piece.contains("http") {
            escape(piece, out);
            continue;
        }
        for (number, word) in piece.split(' ').enumerate() {
            if number > 0 {
                out.push(' ');
            }
            let url = word.trim_end_matches(['.', ',', ';', ')', '\u{a0}', '?', '!']);
            if is_below(url, CNIL) || sender.own_urls().any(|own| is_below(url, own)) {
                out.push_str("<a href=\"");
                escape(url, out);
                out.push_str("\" style=\"color:inherit\">");
                escape(url.strip_prefix("https://").unwrap_or(url), out);
                out.push_str("</a>");
                escape(word.strip_prefix(url).unwrap_or_default(), out);
            } else {
                escape(word, out);
            }
        }
    }
}

/// Whether `url` is `base` or a page below it; another host that begins alike is not.
fn is_below(url: &str, base: &str) -> bool {
    url.starts_with("http")
        && url
            .strip_prefix(base)
            .is_some_and(|rest| rest.is_empty() || base.ends_with('/') || rest.starts_with('/'))
}

fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'', STAR]) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut characters = special.chars();
        out.push_str(match characters.next() {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            Some('"') => "&quot;",
            Some('\'') => "&#39;",
            _ => "*",
        });
        rest = characters.as_str();
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, text: &str) {
        assert_eq!(to_text(&read(body).expect("marks are closed")), text);
    }

    #[test]
    fn text_flows_within_72_columns() {
        check("\n\na\n\n\n\nb\nc\n", "a\n\nb\nc\n");
        check("- a\n- *b*\nc", "- a\n- b\n\nc\n");
        check("> a\n\nFrom b", " > a\n\n From b\n");
        check("a\n\n--\nfoot\nfoot", "a\n\n-- \nfoot\nfoot\n");
        let long = "mot ".repeat(40);
        let blocks = read(&long).expect("no marks");
        let text = to_text(&blocks);
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS + 1), "{text}");
        assert_eq!(text.replace(" \n", " ").trim_end(), long.trim_end());
    }

    #[test]
    fn marks_must_be_closed_and_values_are_no_marks() {
        assert!(read("*a").is_none());
        check("a \u{e000} b", "a * b\n");
    }

    #[test]
    fn only_pages_below_a_base_are_linked() {
        assert!(is_below("https://a.example/x", "https://a.example"));
        assert!(is_below("https://a.example", "https://a.example"));
        assert!(!is_below("https://a.example.evil.example/", "https://a.example"));
        assert!(!is_below("https://a.example@evil.example/", "https://a.example"));
        assert!(!is_below("javascript:x", "javascript:x"));
    }
}
