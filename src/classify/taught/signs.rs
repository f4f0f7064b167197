//! The signs of a mail that are weighed: its words, their neighbours, what the lexicon and the rules found.
//!
//! A sign is a number made of its parts, so that none needs to be stored as text. Two signs that share a number
//! are one to the scales; among the few ten thousand that are known this is rare and does little harm.

use std::sync::LazyLock;

use super::super::lexicon::{Class, Hit};
use super::super::rules::Zone;
use super::super::words::Break;
use super::super::{Answer, Kind, Language, Reading};

/// Words of a mail that are weighed: longer ones say early, or in the rules' terms, what they want.
const WORDS_MAX: usize = 400;
/// Classes of one question that count as asked about.
const ASKED_MAX: usize = 5;

/// Where a sign was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// In this sentence: the subject is the first, the sender's own words follow.
    Sentence(usize),
    /// Of the whole mail.
    Whole,
    /// In what the rules say, which a long mail says no weaker than a short one.
    Said,
}

/// What the signs are read from.
pub(in crate::classify) struct Seen<'m> {
    /// The subject, unless it only repeats another's.
    pub(in crate::classify) subject: Option<&'m Zone<'m>>,
    pub(in crate::classify) own: &'m Zone<'m>,
    pub(in crate::classify) names: &'m str,
    pub(in crate::classify) language: Language,
    pub(in crate::classify) reply: bool,
    pub(in crate::classify) forward: bool,
    pub(in crate::classify) quotes: bool,
    pub(in crate::classify) confirms: bool,
    pub(in crate::classify) bulk: bool,
    /// It looks automatic by its words alone.
    pub(in crate::classify) automatic: bool,
    pub(in crate::classify) answer: Answer,
    /// What the rules say; `None` leaves their word out (for mails that the rules were written on).
    pub(in crate::classify) rules: Option<&'m Reading>,
}

const fn mix(tag: u8, a: u32, b: u32) -> u32 {
    fold((a as u64 | (b as u64) << 32) ^ (tag as u64).wrapping_mul(0xd6e8_feb8_6659_fd93))
}

/// A word's numbers: all of it, and how it begins when it is longer than that.
struct Numbers {
    whole: u32,
    /// Of the first four bytes: what misspelt and bent words have in common.
    root: Option<u32>,
    /// Of the first five.
    stem: Option<u32>,
}

fn numbers(word: &str) -> Numbers {
    let bytes = word.as_bytes();
    let four =
        |at: usize| bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes);
    let byte = |at: usize| u64::from(bytes.get(at).copied().unwrap_or(0));
    let length = bytes.len();
    let (root, whole) = match (four(0), length.checked_sub(4).and_then(four)) {
        // Two looks see all of a word of up to eight bytes.
        (Some(first), Some(last)) => (Some(first), u64::from(first) | u64::from(last) << 32),
        _ => (None, byte(0) | byte(1) << 8 | byte(2) << 16),
    };
    let mut whole = fold(whole ^ (length as u64) << 56);
    for at in (4..length.saturating_sub(4)).step_by(4) {
        whole = fold(u64::from(whole) | u64::from(four(at).unwrap_or(0)) << 32);
    }
    let longer = |than: usize, number: u64| (length > than).then(|| fold(number));
    Numbers {
        whole,
        root: root.and_then(|root| longer(4, u64::from(root))),
        stem: root.and_then(|root| longer(5, u64::from(root) | byte(4) << 32)),
    }
}

/// Eight bytes as four that tell them apart nearly always.
const fn fold(bytes: u64) -> u32 {
    let mixed = (bytes ^ bytes >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as u32
}

fn name(text: &str) -> u32 {
    numbers(text).whole
}

/// The hash of a class's name, which stays the same when classes are added.
fn id(class: Class) -> u32 {
    static IDS: LazyLock<[u32; 256]> = LazyLock::new(|| {
        let mut ids = [0; 256];
        for class in Class::all() {
            if let Some(id) = ids.get_mut(class as usize) {
                *id = name(class.name());
            }
        }
        ids
    });
    IDS.get(class as usize).copied().unwrap_or(0)
}

const START: u32 = 1;
const END: u32 = 2;
const STOP: u32 = 3;
const COMMA: u32 = 4;
const QUESTION: u32 = 5;

/// Gives every sign of the mail to `tell`, some more than once.
pub(super) fn each(seen: &Seen<'_>, mut tell: impl FnMut(u32, At)) {
    words(seen.own, &mut |sign, at| tell(sign, At::Sentence(at + 1)));
    let mut about = seen.own.found.about;
    classes(seen.own, seen.language, 0, &mut |sign, at| tell(sign, At::Sentence(at + 1)));
    if let Some(subject) = seen.subject {
        words(subject, &mut |sign, _| tell(sign, At::Sentence(0)));
        for (times, more) in about.iter_mut().zip(subject.found.about) {
            *times = times.saturating_add(more);
        }
        classes(subject, seen.language, 1, &mut |sign, _| tell(sign, At::Sentence(0)));
        for at in 0..subject.text.words.len().min(WORDS_MAX) {
            tell(mix(b'S', name(subject.text.norm(at)), 0), At::Sentence(0));
        }
    }
    for (topic, times) in (0_u32..).zip(about) {
        for (rank, least) in (0_u32..).zip([1, 2, 4]) {
            if times >= least {
                tell(mix(b'T', topic, rank), At::Whole);
            }
        }
    }
    for word in seen.names.split_whitespace().take(WORDS_MAX) {
        tell(mix(b'N', name(&super::super::words::normal_form(word)), 0), At::Whole);
    }
    shape(seen, &mut |sign| tell(sign, At::Whole));
    if let Some(reading) = seen.rules {
        said(reading, &mut |sign| tell(sign, At::Said));
    }
}

/// Words, how they begin, and each with the next one, full stops and commas between them; each with the sentence it
/// stands in.
fn words(zone: &Zone<'_>, tell: &mut impl FnMut(u32, usize)) {
    let text = &zone.text;
    let mut before = START;
    let mut sentences = text.sentences.iter().peekable();
    let mut at = 0_usize;
    let count = text.words.len().min(WORDS_MAX);
    for (place, word) in text.words.iter().take(count).enumerate() {
        let sign = match word.before {
            Break::None => None,
            Break::Comma => Some(COMMA),
            Break::Sentence => Some(STOP),
        };
        if let Some(sign) = sign {
            let ended = if sign == STOP { at.saturating_sub(1) } else { at };
            tell(mix(b'b', before, sign), ended);
            before = sign;
        }
        let Numbers { whole, root, stem } = numbers(text.norm(place));
        tell(mix(b'w', whole, 0), at);
        if let Some(root) = root {
            tell(mix(b'r', root, 0), at);
        }
        if let Some(stem) = stem {
            tell(mix(b'p', stem, 0), at);
        }
        tell(mix(b'b', before, whole), at);
        before = whole;
        while sentences.peek().is_some_and(|sentence| sentence.words.end <= place + 1) {
            if sentences.next().is_some_and(|sentence| sentence.question) {
                tell(mix(b'b', before, QUESTION), at);
                tell(mix(b'w', QUESTION, 0), at);
                before = QUESTION;
            }
            at += 1;
        }
    }
    if count > 0 {
        tell(mix(b'b', before, END), at.saturating_sub(1));
    }
}

/// What the lexicon knows: classes, and those in a question.
fn classes(zone: &Zone<'_>, language: Language, seat: u32, tell: &mut impl FnMut(u32, usize)) {
    let of_language = |hit: &&Hit| {
        hit.class != Class::Common
            && hit.words.start < WORDS_MAX
            && (!matches!(language, Language::Fr | Language::En) || hit.language == language)
    };
    let mut hits = zone.found.hits.iter().filter(of_language).peekable();
    for (at, sentence) in zone.text.sentences.iter().enumerate() {
        let here = |hit: &&Hit| hit.words.start < sentence.words.end;
        let mut told = 0;
        while let Some(hit) = hits.next_if(here) {
            tell(mix(b'C', id(hit.class), seat), at);
            if sentence.question && seat == 0 && told < ASKED_MAX {
                tell(mix(b'Q', id(hit.class), 0), at);
                told += 1;
            }
        }
    }
}

/// What holds of the mail as a whole.
fn shape(seen: &Seen<'_>, tell: &mut impl FnMut(u32)) {
    let count = seen.own.text.words.len();
    for (rank, most) in [0, 1, 3, 6, 12, 25, 50, 100, 200].into_iter().enumerate() {
        if count <= most {
            tell(mix(b'L', u32::try_from(rank).unwrap_or(0), 0));
        }
    }
    let flags = [
        seen.reply,
        seen.forward,
        seen.quotes,
        seen.confirms,
        seen.bulk,
        seen.subject.is_some_and(|subject| !subject.text.words.is_empty()),
        !seen.names.is_empty(),
        seen.automatic,
    ];
    for (flag, on) in flags.into_iter().enumerate() {
        tell(mix(b'F', u32::try_from(flag).unwrap_or(0), u32::from(on)));
    }
    tell(mix(b'A', seen.answer as u32, 0));
    if seen.confirms {
        tell(mix(b'A', seen.answer as u32, 1));
    }
}

/// What the rules say, and what they set aside.
fn said(reading: &Reading, tell: &mut impl FnMut(u32)) {
    for kind in &reading.kinds {
        tell(mix(b'R', name(kind.name()), 0));
    }
    let fell = |kind: Kind| reading.set_aside.iter().any(|f| f.reason == "negated" && f.finding.kind != kind);
    for finding in &reading.findings {
        if matches!(finding.kind, Kind::Asks(_)) {
            tell(mix(b'R', name(finding.kind.name()), name(finding.rule)));
            // "Do not delete it, correct it": what is refused beside a wish makes the wish clearer.
            if fell(finding.kind) {
                tell(mix(b'B', name(finding.kind.name()), 0));
            }
        }
    }
    for fallen in &reading.set_aside {
        tell(mix(b'X', name(fallen.finding.kind.name()), 0));
        tell(mix(b'X', name(fallen.finding.kind.name()), name(fallen.reason)));
    }
}
