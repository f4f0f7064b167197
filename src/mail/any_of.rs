//! A list of phrases, of which any may stand anywhere in a text: sought in one pass, however long the list.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// A list that is compiled when it is first asked.
pub(super) type AnyOf = LazyLock<Option<AhoCorasick>>;

/// Compiles `phrases`. A leftmost search may skip what begins none of them, many bytes at a time.
pub(super) fn any_of(phrases: &[&str]) -> Option<AhoCorasick> {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .kind(Some(AhoCorasickKind::DFA))
        .build(phrases)
        .ok()
}

/// Whether one of `list` stands in `text`.
pub(super) fn says(list: &AnyOf, text: &str) -> bool {
    list.as_ref().is_some_and(|list| list.is_match(text))
}
