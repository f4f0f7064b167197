//! A subject without what programs put before it, and names of files as words.

/// The longest subject that is read.
pub(super) const SUBJECT_MAX: usize = 1_000;

/// At most `most` bytes of `text`, whole characters.
pub(super) fn clipped(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    None,
    Reply,
    Forward,
}

/// The subject without "Re:" and "Fwd:", and which of them was outermost.
pub(super) fn bare_subject(subject: &str) -> (&str, Prefix) {
    let mut rest = subject.trim_start();
    let mut outer = Prefix::None;
    for _ in 0..8 {
        let Some((head, tail)) = rest.split_once(':') else { break };
        let head = head.trim().to_lowercase();
        let head = head.split(['[', '(']).next().unwrap_or("").trim_end();
        let prefix = match head {
            "re" | "ré" | "rép" | "rep" | "réf" | "aw" | "antw" | "sv" | "vs" | "odp" | "ynt" | "r"
            | "resp" | "réponse" => Prefix::Reply,
            "fw" | "fwd" | "tr" | "wg" | "rv" | "enc" | "i" | "tf" | "doorst" | "transf" => Prefix::Forward,
            _ => break,
        };
        if outer == Prefix::None {
            outer = prefix;
        }
        rest = tail.trim_start();
    }
    (rest, outer)
}

/// "demande-suppression_donnees.pdf" as words.
pub(super) fn name_words(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.replace(['_', '-', '.'], " ")
}
