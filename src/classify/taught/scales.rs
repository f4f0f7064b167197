//! The scales themselves: the weights as they were learnt, and what a mail's signs come to on each.
//!
//! To what all signs weigh together comes what those of the loudest sentence weigh, on each scale by itself. Long mails
//! and long sentences weigh no more than short ones: sums are divided by the root of how many signs were met. For a right
//! they are divided by more in a long mail: what it is about besides must not drown the one sentence that asks.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::signs::{self, At, Seen};
use super::{LANES, RIGHTS};

/// What [`Scales::weigh`] says of a mail, by the weights that the program holds.
pub(super) fn weigh(seen: &Seen<'_>) -> Likely {
    SCALES.weigh(seen)
}

/// Whether nothing was taught yet.
pub(super) fn is_untaught() -> bool {
    SCALES.places.is_empty()
}

const FILE: &[u8] = include_bytes!("weights.bin");
static SCALES: LazyLock<Scales> = LazyLock::new(|| Scales::read(FILE).unwrap_or_default());

/// The weights, as learnt. They stay where the program holds them; a table as long as a power of two tells at which row a
/// sign stands: at the place that its number names, or at the next free one. Most signs of a mail are unknown, and what
/// is asked first is small: a sieve.
#[derive(Debug, Default)]
struct Scales {
    /// Which signs may be known: most are not, and this tells without looking.
    sieve: Vec<u64>,
    /// The rows, counted from 1; 0 where there is none.
    places: Vec<u32>,
    /// For each sign its number (4 bytes), and what it weighs ([`Sums`], one byte each).
    rows: &'static [u8],
    /// What one step of a weight is worth, by scale: in the mail, in a sentence.
    steps: [[f32; LANES]; 2],
    /// What holds without any sign.
    bias: [f32; LANES],
}

/// What signs weigh, in steps: in the mail by scale, then in their sentence by scale. One lane more of each is nothing,
/// because so many are added up as fast.
type Sums = [i16; 32];
/// Where the lanes of a sentence begin.
const SINGLE: usize = 16;
const ROW: usize = 4 + 32;
const SIEVE_BITS: u32 = 20;
/// So many known signs have most mails at most.
const SIGNS: usize = 4_096;

impl Scales {
    /// Reads the file that `tests/corpus/teach.rs` wrote: the steps of the mail, those of a sentence, the bias ([`LANES`]
    /// little-endian floats each), then the rows.
    fn read(file: &'static [u8]) -> Option<Self> {
        let floats = |from: usize| -> Option<[f32; LANES]> {
            let mut out = [0.0; LANES];
            for (at, slot) in out.iter_mut().enumerate() {
                let bytes = file.get(from + at * 4..from + at * 4 + 4)?;
                *slot = f32::from_le_bytes(bytes.try_into().ok()?);
            }
            Some(out)
        };
        let mut scales = Self {
            steps: [floats(0)?, floats(LANES * 4)?],
            bias: floats(LANES * 8)?,
            rows: file.get(LANES * 12..)?,
            ..Self::default()
        };
        let count = scales.rows.len() / ROW;
        if count == 0 {
            return Some(scales);
        }
        let places = (count * 5 / 4 + 1).next_power_of_two();
        scales.sieve = vec![0; 1 << (SIEVE_BITS - 6)];
        scales.places = vec![0; places];
        for row in 1..=u32::try_from(count).ok()? {
            let sign = scales.sign(row)?;
            let (at, bit) = Self::sieve_place(sign);
            *scales.sieve.get_mut(at)? |= bit;
            let mut at = scales.first_place(sign);
            while *scales.places.get(at)? != 0 {
                at = (at + 1) & (places - 1);
            }
            *scales.places.get_mut(at)? = row;
        }
        Some(scales)
    }

    fn row(&self, row: u32) -> Option<&'static [u8; ROW]> {
        let from = (row as usize - 1) * ROW;
        self.rows.get(from..from + ROW)?.try_into().ok()
    }

    fn sign(&self, row: u32) -> Option<u32> {
        self.row(row)?.first_chunk().map(|sign| u32::from_le_bytes(*sign))
    }

    const fn sieve_place(sign: u32) -> (usize, u64) {
        let slot = sign >> (32 - SIEVE_BITS);
        ((slot >> 6) as usize, 1 << (slot & 63))
    }

    const fn first_place(&self, sign: u32) -> usize {
        sign as usize & (self.places.len() - 1)
    }

    /// What a known sign weighs.
    fn known(&self, sign: u32) -> Option<&'static [u8; 32]> {
        let (at, bit) = Self::sieve_place(sign);
        if self.sieve.get(at)? & bit == 0 {
            return None;
        }
        let mut at = self.first_place(sign);
        loop {
            let row = self.row(*self.places.get(at).filter(|row| **row != 0)?)?;
            if row.first_chunk().is_some_and(|known| u32::from_le_bytes(*known) == sign) {
                return row.last_chunk();
            }
            at = (at + 1) & (self.places.len() - 1);
        }
    }

    /// Adds up what all signs weigh.
    fn sum(&self, seen: &Seen<'_>) -> Weighed {
        let mut weighed = Weighed { parts: vec![Part::default(); seen.own.text.sentences.len() + 3] };
        let mut known: Vec<(usize, &[u8; 32])> = Vec::with_capacity(SIGNS);
        signs::each(seen, |sign, at| {
            let at = match at {
                At::Said => Weighed::SAID,
                At::Whole => Weighed::WHOLE,
                At::Sentence(at) => Weighed::SENTENCES + at,
            };
            if let Some(part) = weighed.parts.get_mut(at) {
                part.told += 1;
            }
            known.extend(self.known(sign).map(|weights| (at, weights)));
        });
        for run in known.chunk_by(|a, b| a.0 == b.0) {
            let Some(part) = run.first().and_then(|(at, _)| weighed.parts.get_mut(*at)) else { continue };
            let mut sums = part.sums;
            for (_, weights) in run {
                for (sum, weight) in sums.iter_mut().zip(*weights) {
                    *sum = sum.saturating_add(i16::from(i8::from_ne_bytes([*weight])));
                }
            }
            part.sums = sums;
        }
        weighed
    }

    /// How likely each kind is, 0 to 1, on its own scale, and in which sentence it was told loudest.
    fn weigh(&self, seen: &Seen<'_>) -> Likely {
        let weighed = self.sum(seen);
        let length = length(weighed.text().iter().map(|part| part.told).sum());
        let mut told = Likely::default();
        let (mut text, mut most) = ([0.0; LANES], [f32::NEG_INFINITY; LANES]);
        let share = right_share(length);
        for (at, part) in weighed.text().iter().enumerate().filter(|(_, part)| part.told > 0) {
            let sentence = at.checked_sub(Weighed::SENTENCES - Weighed::WHOLE);
            let share = if sentence.is_some() { share } else { 1.0 };
            for (lane, (text, sum)) in text.iter_mut().zip(&part.sums).enumerate() {
                *text += f32::from(*sum) / length * if lane < RIGHTS { share } else { 1.0 };
            }
            let Some(sentence) = sentence else { continue };
            let length = sentence_length(part.told);
            let lanes = most.iter_mut().zip(&mut told.loudest);
            for ((most, loudest), sum) in lanes.zip(part.sums.iter().skip(SINGLE)) {
                let loud = f32::from(*sum) / length;
                if loud > *most {
                    (*most, *loudest) = (loud, Some(sentence));
                }
            }
        }
        let said = weighed.parts.first().map_or([0; 32], |part| part.sums);
        let [step, single] = &self.steps;
        let sums = text.iter().zip(&said).map(|(text, said)| text + f32::from(*said) / length.min(SAID));
        let whole = sums.zip(step).map(|(sum, step)| sum * step);
        let loud =
            most.iter().zip(single).map(|(most, step)| if most.is_finite() { most * step } else { 0.0 });
        for (slot, odds) in told.likely.iter_mut().zip(whole.zip(loud).zip(&self.bias)) {
            let ((whole, loud), bias) = odds;
            *slot = 1.0 / (1.0 + (-(whole + loud + bias)).exp());
        }
        told
    }
}

/// The sums of a mail: of what the rules say, of what is told of the mail as a whole, of the subject, then of each
/// sentence of the sender's own.
struct Weighed {
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Default)]
struct Part {
    sums: Sums,
    told: u32,
}

impl Weighed {
    const SAID: usize = 0;
    const WHOLE: usize = 1;
    const SENTENCES: usize = 2;

    /// All but what the rules say.
    fn text(&self) -> &[Part] {
        self.parts.get(Self::WHOLE..).unwrap_or_default()
    }
}

/// What the scales say of a mail.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::classify) struct Likely {
    pub(super) likely: [f32; LANES],
    /// The sentence that weighed most, by scale; 0 is the subject.
    pub(super) loudest: [Option<usize>; LANES],
}

/// By what a mail's sums are divided, so that long mails do not weigh more: their number's root.
#[allow(clippy::cast_precision_loss, reason = "bounded by the words that are weighed")]
fn length(told: u32) -> f32 {
    (told.max(1) as f32).sqrt()
}

/// What is left of the words' sum on the scale of a right, in a mail of this [`length`].
fn right_share(length: f32) -> f32 {
    (RIGHT_LENGTH / length).min(1.0)
}

/// Up to this [`length`], about a dozen words, all that a mail says counts for a right.
const RIGHT_LENGTH: f32 = 7.0;

/// By what the sums of what the rules say are divided, in every mail.
const SAID: f32 = 12.0;

/// By what a sentence's sums are divided.
#[allow(clippy::cast_precision_loss, reason = "bounded by the words that are weighed")]
fn sentence_length(told: u32) -> f32 {
    (told.max(SENTENCE) as f32).sqrt()
}

/// A sentence of fewer signs is weighed as if it had so many: single words are seldom sentences.
const SENTENCE: u32 = 8;

/// The signs of a mail, as numbers, and their worth: what `tests/corpus/teach.rs` learns from.
#[derive(Clone, Debug, Default)]
pub struct Signs {
    /// In all its words.
    pub text: Vec<(u32, f32)>,
    /// Of the mail as a whole, and in what the rules say.
    pub whole: Vec<(u32, f32)>,
    /// In each sentence.
    pub sentences: Vec<Vec<(u32, f32)>>,
    /// What is left of the worth of all words on the scale of a right, 0 to 1.
    pub right_share: f32,
}

/// Every sign of a mail and its worth.
pub(in crate::classify) fn signs_of(seen: &Seen<'_>) -> Signs {
    let mut sentences = vec![Vec::new(); seen.own.text.sentences.len() + 1];
    let (mut text, mut whole, mut said) = (Vec::new(), Vec::new(), Vec::new());
    signs::each(seen, |sign, at| match at {
        At::Sentence(at) => {
            text.push(sign);
            if let Some(sentence) = sentences.get_mut(at) {
                sentence.push(sign);
            }
        }
        At::Whole => whole.push(sign),
        At::Said => said.push(sign),
    });
    let worth = |signs: Vec<u32>, worth: f32| -> Vec<(u32, f32)> {
        let mut times = BTreeMap::<u32, f32>::new();
        for sign in signs {
            *times.entry(sign).or_default() += worth;
        }
        times.into_iter().collect()
    };
    let told = |signs: usize| u32::try_from(signs).unwrap_or(u32::MAX);
    let length = length(told(text.len() + whole.len()));
    let text = worth(text, 1.0 / length);
    let mut whole = worth(whole, 1.0 / length);
    whole.extend(worth(said, 1.0 / length.min(SAID)));
    sentences.retain(|sentence| !sentence.is_empty());
    let sentences = sentences.into_iter().map(|signs| {
        let length = sentence_length(told(signs.len()));
        worth(signs, 1.0 / length)
    });
    Signs { text, whole, sentences: sentences.collect(), right_share: right_share(length) }
}
