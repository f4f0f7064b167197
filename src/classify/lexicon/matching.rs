//! Whether a phrase of the lexicon stands at a place in the text. Linear: a phrase has few gaps, and each is short.

use std::ops::Range;

use super::super::words::{Break, Text};
use super::{Part, Phrase};

impl Phrase {
    pub(super) fn matched(
        &self,
        at: usize,
        text: &Text,
        items: &Met<'_>,
        steps: &mut usize,
    ) -> Option<Range<usize>> {
        let after = self.parts.get(self.anchor + 1..).unwrap_or(&[]);
        let before = self.parts.get(..self.anchor).unwrap_or(&[]);
        let end = forward(after, at + 1, text, items, steps)?;
        let start = backward(before, at, text, items, steps)?;
        Some(start..end)
    }
}

/// What the lexicon knows of each word.
pub(super) struct Met<'i> {
    pub(super) items: &'i [u16],
    pub(super) ranges: &'i [(u32, u32, u64)],
}

impl Met<'_> {
    /// The items of word `at`, and their bits.
    pub(super) fn at(&self, at: usize) -> (&[u16], u64) {
        let Some(&(from, to, bits)) = self.ranges.get(at) else { return (&[], 0) };
        (self.items.get(from as usize..to as usize).unwrap_or(&[]), bits)
    }

    fn meets(&self, at: usize, any: &[u16], bits: u64) -> bool {
        let (items, mine) = self.at(at);
        mine & bits != 0 && items.iter().any(|item| any.contains(item))
    }
}

/// A bit for each item, shared by many: no bit in common means no item in common.
pub(super) fn bits(items: &[u16]) -> u64 {
    items.iter().fold(0, |bits, item| bits | 1 << (item & 63))
}

/// Matches `parts` from word `at` on; returns the end. A phrase never crosses a full stop.
fn forward(parts: &[Part], at: usize, text: &Text, items: &Met<'_>, steps: &mut usize) -> Option<usize> {
    let Some((part, rest)) = parts.split_first() else { return Some(at) };
    *steps += 1;
    let fits = |at: usize| text.words.get(at).is_some_and(|word| word.before != Break::Sentence);
    match part {
        Part::Word(any, bits) => (items.meets(at, any, *bits) && fits(at))
            .then(|| forward(rest, at + 1, text, items, steps))
            .flatten(),
        Part::Any => fits(at).then(|| forward(rest, at + 1, text, items, steps)).flatten(),
        Part::Gap(most) => (0..=*most)
            .take_while(|&n| n == 0 || fits(at + n - 1))
            .find_map(|n| forward(rest, at + n, text, items, steps)),
    }
}

/// Matches `parts` backwards, ending before word `at`; returns the start.
fn backward(parts: &[Part], at: usize, text: &Text, items: &Met<'_>, steps: &mut usize) -> Option<usize> {
    let Some((part, rest)) = parts.split_last() else { return Some(at) };
    *steps += 1;
    let fits = |at: usize| text.words.get(at).is_some_and(|word| word.before != Break::Sentence);
    match part {
        Part::Word(any, bits) => (at > 0 && items.meets(at - 1, any, *bits) && fits(at))
            .then(|| backward(rest, at - 1, text, items, steps))
            .flatten(),
        Part::Any => (at > 0 && fits(at)).then(|| backward(rest, at - 1, text, items, steps)).flatten(),
        Part::Gap(most) => (0..=*most)
            .take_while(|&n| n == 0 || (at >= n && fits(at + 1 - n)))
            .find_map(|n| backward(rest, at - n, text, items, steps)),
    }
}
