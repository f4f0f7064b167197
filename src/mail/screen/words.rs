//! Finds what machines say, by the phrases of `lexicon.txt`, in one pass.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// The phrases, compiled into the program; read once.
const LEXICON: &str = include_str!("lexicon.txt");
/// A machine says what it is within this many bytes of folded text.
pub(super) const LOOKED_AT_BYTES: usize = 6_000;

/// What a phrase is a sign of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Away,
    AwayRobot,
    Receipt,
    Handling,
    Automatic,
    Moved,
    Challenge,
    Bounce,
    UnsubscribeRobot,
    Newsletter,
}

/// How many different phrases of each sort stand in a text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    counts: [u16; 10],
}

impl Found {
    pub(super) fn count(&self, what: What) -> u16 {
        self.counts.get(what as usize).copied().unwrap_or(0)
    }

    pub(super) fn any(&self, what: What) -> bool {
        self.count(what) > 0
    }
}

/// What the text `folded` says.
pub(super) fn body(folded: &str) -> Found {
    BODY.find(folded)
}

/// What the subject `folded` starts with, and what it says anywhere.
pub(super) fn subject(folded: &str) -> (Option<What>, Found) {
    let start = SUBJECT_STARTS.iter().find(|(phrase, _)| folded.starts_with(phrase.as_str()));
    (start.map(|(_, what)| *what), SUBJECT.find(folded))
}

static BODY: LazyLock<Matcher> = LazyLock::new(|| Matcher::of("body"));
static SUBJECT: LazyLock<Matcher> = LazyLock::new(|| Matcher::of("subject"));
static SUBJECT_STARTS: LazyLock<Vec<(String, What)>> = LazyLock::new(|| phrases("subject-start").collect());

struct Matcher {
    automaton: Option<AhoCorasick>,
    whats: Vec<What>,
}

impl Matcher {
    fn of(place: &str) -> Self {
        let (phrases, whats): (Vec<String>, Vec<What>) = phrases(place).unzip();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&phrases)
            .ok();
        Self { automaton, whats }
    }

    fn find(&self, folded: &str) -> Found {
        let mut found = Found::default();
        let mut seen: Vec<usize> = Vec::new();
        let Some(automaton) = &self.automaton else { return found };
        for hit in automaton.find_iter(folded) {
            let id = hit.pattern().as_usize();
            // "absent du" is no sign inside "absent durant"; a phrase that ends in a blank or sign is open.
            if !starts_word(folded, hit.start()) || seen.contains(&id) {
                continue;
            }
            seen.push(id);
            if let Some(count) = self.whats.get(id).and_then(|what| found.counts.get_mut(*what as usize)) {
                *count += 1;
            }
        }
        found
    }
}

fn starts_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let first = text.get(at..).and_then(|rest| rest.chars().next());
    !(before.is_some_and(char::is_alphanumeric) && first.is_some_and(|c| c.is_ascii_alphanumeric()))
}

/// The phrases of all sections for `place`, in order.
fn phrases(place: &str) -> impl Iterator<Item = (String, What)> {
    let mut section = None;
    LEXICON.lines().filter_map(move |line| {
        let line = line.trim();
        if line.is_empty() || line.starts_with("# ") {
            return None;
        }
        if let Some(head) = heading(line) {
            section = (head.1 == place).then_some(head.0);
            return None;
        }
        section.map(|what| (line.to_owned(), what))
    })
}

/// `[what where language]`; phrases may start with a bracket too, so the first word decides.
fn heading(line: &str) -> Option<(What, &str)> {
    let inner = line.strip_prefix('[')?.strip_suffix(']')?;
    let mut words = inner.split(' ');
    let what = match words.next()? {
        "away" => What::Away,
        "away-robot" => What::AwayRobot,
        "receipt" => What::Receipt,
        "handling" => What::Handling,
        "automatic" => What::Automatic,
        "moved" => What::Moved,
        "challenge" => What::Challenge,
        "bounce" => What::Bounce,
        "unsubscribe-robot" => What::UnsubscribeRobot,
        "newsletter" => What::Newsletter,
        _ => return None,
    };
    let place = words.next()?;
    words.next()?;
    Some((what, place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::visible::fold;

    #[test]
    fn every_line_of_the_lexicon_is_a_known_section_or_a_plain_phrase() {
        let mut known = 0;
        for line in LEXICON.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("# "))
        {
            if heading(line).is_some() {
                known += 1;
            } else {
                assert_eq!(fold(line), line, "write it plainly");
            }
        }
        assert!(known > 40, "{known} sections");
        assert!(phrases("body").count() > 400 && phrases("subject-start").count() > 200);
    }
}
