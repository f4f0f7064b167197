//! What many mails taught: every word, every two neighbours and every finding of the rules weighs a little for or
//! against each kind.
//!
//! The rules name what the lexicon knows. People say the same in words that no list foresees ("save your stamps").
//! Here a logistic regression, learnt from the mails of `tests/corpus` by `tests/corpus/teach.rs`, puts all signs of a
//! mail on thirteen scales at once, and beside them the signs of its loudest sentence: a wish is told in one, whatever
//! else a mail is about. The rules' findings are signs among the others: usually the heaviest. What the scales add is
//! told as a finding with that sentence, what they take away is told as set aside, and neither is ever certain enough
//! for an automatic act but the opt-out (`law.md` §1.0: there doubt favours acting).
//! Two more scales doubt a yes: who says "yes, but never the deletion" has confirmed nothing (T15).
//!
//! Linear in the length of the text, and bounded: only the first words of a long mail are weighed.

mod signs;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use super::rules::Zone;
use super::{CERTAIN, Finding, Kind, Language, Reading, Right, SetAside};
use signs::At;
pub(super) use signs::Seen;

/// The thirteen kinds, in the order of the scales.
pub(super) const KINDS: [Kind; 13] = [
    Kind::Asks(Right::OptOut),
    Kind::Asks(Right::Access),
    Kind::Asks(Right::Rectification),
    Kind::Asks(Right::Erasure),
    Kind::Asks(Right::Restriction),
    Kind::Asks(Right::Portability),
    Kind::Asks(Right::Objection),
    Kind::Confirmation,
    Kind::AutoReply,
    Kind::Bounce,
    Kind::ListMail,
    Kind::Spam,
    Kind::Other,
];
/// The scales: one for each kind, and two that tell what an answer to a confirmation letter says.
const LANES: usize = KINDS.len() + 2;
/// The scale of answers that say no.
const DENIES: usize = 13;
/// The scale of answers that say neither yes nor no.
const HESITATES: usize = 14;
/// The first so many combine; the others stand alone.
const COMBINING: usize = 8;
/// Nothing the scales alone say is sure, but for an opt-out.
const UNSURE: f32 = CERTAIN - 0.05;
/// Where nothing is likelier than this, the scales have met nothing they know, and the rules' word stands.
const OPINION: f32 = 0.05;
/// The same in a language that nobody taught. There the rules fall only if they found nothing.
const OPINION_UNTAUGHT: f32 = 0.6;
/// A kind that is at least so likely and was not chosen is worth a person's look.
const NEAR: f32 = 0.25;
/// A rule's finding that is at least so sure…
const SURE: f32 = 0.9;
/// …stays beside another wish unless it is less likely than this.
const STAYS: f32 = 0.2;
/// By so much, as a logarithm of odds, a person who writes must be likelier to want nothing than something: a look too many
/// costs less than a wish that nobody sees.
const FAVOUR: f32 = 0.3;
/// What the rules guess and the scales find at least so likely is sure: two who read by other ways say the same. Of 1,555
/// such readings of hard mails that were held back, 96 % were right; of 263 in the measuring sets, 99 %.
const AGREED: f32 = 0.95;

/// A yes stands only where no and neither are both less likely than this. The figure comes from five folds with another
/// learner: of 305 noes the rules took 23 for a yes, and 4 stayed; of 168 that say neither, 48 and 12; of 740 yeses 51 went.
const DOUBT: f32 = 0.1;
/// The same of a yes that is plain.
const DOUBT_PLAIN: f32 = 0.9;

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
        for (at, part) in weighed.text().iter().enumerate().filter(|(_, part)| part.told > 0) {
            for (text, sum) in text.iter_mut().zip(&part.sums) {
                *text += f32::from(*sum) / length;
            }
            let Some(sentence) = at.checked_sub(Weighed::SENTENCES - Weighed::WHOLE) else { continue };
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
pub(super) struct Likely {
    likely: [f32; LANES],
    /// The sentence that weighed most, by scale; 0 is the subject.
    loudest: [Option<usize>; LANES],
}

/// By what a mail's sums are divided, so that long mails do not weigh more: their number's root.
#[allow(clippy::cast_precision_loss, reason = "bounded by the words that are weighed")]
fn length(told: u32) -> f32 {
    (told.max(1) as f32).sqrt()
}

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
    /// In the mail as a whole.
    pub whole: Vec<(u32, f32)>,
    /// In each sentence.
    pub sentences: Vec<Vec<(u32, f32)>>,
}

/// Every sign of a mail and its worth.
pub(super) fn signs_of(seen: &Seen<'_>) -> Signs {
    let mut sentences = vec![Vec::new(); seen.own.text.sentences.len() + 1];
    let (mut text, mut said) = (Vec::new(), Vec::new());
    signs::each(seen, |sign, at| match at {
        At::Sentence(at) => {
            text.push(sign);
            if let Some(sentence) = sentences.get_mut(at) {
                sentence.push(sign);
            }
        }
        At::Whole => text.push(sign),
        At::Said => said.push(sign),
    });
    let worth = |signs: Vec<u32>, worth: f32| -> Vec<(u32, f32)> {
        let mut times = BTreeMap::<u32, f32>::new();
        for sign in signs {
            *times.entry(sign).or_default() += worth;
        }
        times.into_iter().collect()
    };
    let told = |signs: &Vec<u32>| u32::try_from(signs.len()).unwrap_or(u32::MAX);
    let length = length(told(&text));
    let mut whole = worth(text, 1.0 / length);
    whole.extend(worth(said, 1.0 / length.min(SAID)));
    sentences.retain(|sentence| !sentence.is_empty());
    let sentences = sentences.into_iter().map(|signs| {
        let length = sentence_length(told(&signs));
        worth(signs, 1.0 / length)
    });
    Signs { whole, sentences: sentences.collect() }
}

/// The most likely set of kinds, given what the `rules` read; `None` where their word stands.
#[must_use]
pub fn choose(likely: &[f32; LANES], rules: &Reading) -> Option<BTreeSet<Kind>> {
    let taught = rules.language != Language::Unknown;
    if !taught && rules.kinds.iter().any(|kind| *kind != Kind::Other) {
        return None;
    }
    let odds = |at: usize| {
        let p = likely.get(at).copied().unwrap_or(0.0).clamp(1e-6, 1.0 - 1e-6);
        (p / (1.0 - p)).ln()
    };
    let mut together: Vec<usize> = (0..COMBINING).filter(|at| odds(*at) > 0.0).collect();
    if together.is_empty() {
        together.extend((0..COMBINING).max_by(|a, b| odds(*a).total_cmp(&odds(*b))));
    }
    let favour = |alone: usize| if KINDS.get(alone) == Some(&Kind::Other) { FAVOUR } else { 0.0 };
    let alone = (COMBINING..KINDS.len()).max_by(|a, b| odds(*a).total_cmp(&odds(*b)));
    let sum: f32 = together.iter().map(|at| odds(*at)).sum();
    let chosen = match alone {
        Some(alone) if odds(alone) >= sum + favour(alone) => vec![alone],
        _ => {
            // Beside another wish, what a rule is sure of needs more than a doubt to fall.
            let stays = |at: &usize| likely.get(*at).is_some_and(|p| *p > STAYS) && sure(rules, *at);
            let more: Vec<usize> =
                (0..COMBINING - 1).filter(|at| !together.contains(at)).filter(stays).collect();
            together.into_iter().chain(more).collect()
        }
    };
    let best = chosen.iter().filter_map(|at| likely.get(*at)).fold(0.0_f32, |best, p| best.max(*p));
    let least = if taught { OPINION } else { OPINION_UNTAUGHT };
    (best >= least).then(|| chosen.into_iter().filter_map(|at| KINDS.get(at).copied()).collect())
}

impl Likely {
    /// The sentence that weighed most on scale `at`: where it stands in the sender's own words, and its text.
    fn words(&self, at: usize, subject: &Zone<'_>, own: &Zone<'_>) -> (Option<Range<usize>>, String) {
        let text = |zone: &Zone<'_>, at: usize| {
            let span = zone.text.sentences.get(at).map(|sentence| zone.text.span(&sentence.words));
            let text = span.as_ref().and_then(|span| zone.source.get(span.clone())).unwrap_or("").to_owned();
            (span, text)
        };
        match self.loudest.get(at).copied().flatten() {
            Some(0) => (None, text(subject, 0).1),
            Some(sentence) => text(own, sentence - 1),
            None => (None, String::new()),
        }
    }
}

/// Whether a rule found kind `at` beyond doubt.
fn sure(rules: &Reading, at: usize) -> bool {
    let kind = KINDS.get(at);
    rules.findings.iter().any(|finding| kind == Some(&finding.kind) && finding.confidence >= SURE)
}

/// How likely each kind is, 0 to 1, and what the two scales of answers say. `keep` are kinds that are beyond doubt: an
/// answer with our token, a phrase of the
/// installation's own.
pub(super) fn likely(seen: &Seen<'_>, keep: &BTreeSet<Kind>) -> Likely {
    let mut told = SCALES.weigh(seen);
    for (kind, slot) in KINDS.iter().zip(&mut told.likely) {
        if keep.contains(kind) {
            *slot = 1.0;
        }
    }
    told
}

/// Whether a yes that the rules read may be a no, or neither; `plain` when it opens the mail and says nothing more.
pub(super) fn doubts(told: &Likely, plain: bool) -> bool {
    let most = if plain { DOUBT_PLAIN } else { DOUBT };
    [DENIES, HESITATES].iter().any(|at| told.likely.get(*at).is_some_and(|p| *p > most))
}

/// What the rules read, after it was weighed how likely each kind is.
pub(super) fn weigh(told: &Likely, subject: &Zone<'_>, own: &Zone<'_>, mut reading: Reading) -> Reading {
    if SCALES.places.is_empty() {
        return reading;
    }
    let likely = told.likely;
    let Some(chosen) = choose(&likely, &reading) else { return reading };
    let of = |kind: Kind| KINDS.iter().position(|known| *known == kind).unwrap_or(KINDS.len());
    let mut unsure = false;
    for kind in chosen.difference(&reading.kinds.clone()) {
        let at = of(*kind);
        let (span, text) = told.words(at, subject, own);
        let p = likely.get(at).copied().unwrap_or(0.0);
        let confidence = if *kind == Kind::Asks(Right::OptOut) { p } else { p.min(UNSURE) };
        unsure |= *kind == Kind::Other;
        if *kind != Kind::Other {
            reading.findings.push(Finding { kind: *kind, rule: "weighs_most", text, span, confidence });
        }
    }
    // A machine's mail is seen by nobody: it must be one more likely than not.
    let likely_of = |at: usize| likely.get(at).copied().unwrap_or(0.0);
    unsure |= (COMBINING..KINDS.len() - 1)
        .any(|at| KINDS.get(at).is_some_and(|kind| chosen.contains(kind)) && likely_of(at) < 0.5);
    if chosen == reading.kinds {
        agree(&likely, &mut reading.findings);
    }
    let (stay, fall): (Vec<Finding>, Vec<Finding>) =
        reading.findings.drain(..).partition(|finding| chosen.contains(&finding.kind));
    reading.findings = stay;
    reading.set_aside.extend(fall.into_iter().map(|finding| SetAside { finding, reason: "outweighed" }));
    for (kind, p) in KINDS.iter().zip(&likely).take(COMBINING - 1) {
        unsure |= *p >= NEAR && !chosen.contains(kind);
    }
    reading.findings.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    reading.kinds = chosen;
    reading.certain = !unsure && reading.is_certain();
    reading
}

/// Lifts to sureness the best finding of each right that the scales find too.
fn agree(likely: &[f32; LANES], findings: &mut [Finding]) {
    for (kind, p) in KINDS.iter().zip(likely).take(COMBINING - 1) {
        let of_kind = findings.iter_mut().filter(|finding| finding.kind == *kind);
        if let Some(best) = of_kind.max_by(|a, b| a.confidence.total_cmp(&b.confidence))
            && *p >= AGREED
        {
            best.confidence = best.confidence.max(CERTAIN);
        }
    }
}
