//! What many mails taught: every word, every two neighbours and every finding of the rules weighs a little for or
//! against each kind.
//!
//! The rules name what the lexicon knows. People say the same in words that no list foresees ("save your stamps").
//! Here a logistic regression, learnt from the mails of `tests/corpus` by `tests/corpus/teach.rs`, puts all signs of a
//! mail on thirteen scales at once. The rules' findings are signs among the others: usually the heaviest. What the
//! scales add is told as a finding with the sentence that weighed most, what they take away is told as set aside, and
//! neither is ever certain enough for an automatic act but the opt-out (`law.md` §1.0: there doubt favours acting).
//! Two more scales doubt a yes: who says "yes, but never the deletion" has confirmed nothing (T15).
//!
//! Linear in the length of the text, and bounded: only the first words of a long mail are weighed.

mod signs;

use std::collections::BTreeSet;
use std::sync::LazyLock;

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
/// What the rules guess and the scales find at least so likely is sure: two who read by other ways say the same. Of hard
/// mails that were held back, 93 % of such readings were right, of those in `tests/corpus/measure` 96 %.
const AGREED: f32 = 0.95;

/// A yes stands only where no and neither are both less likely than this. The figure comes from five folds with another
/// learner: of 305 noes the rules took 23 for a yes, and 4 stayed; of 168 that say neither, 48 and 12; of 740 yeses 51 went.
const DOUBT: f32 = 0.1;
/// The same of a yes that is plain.
const DOUBT_PLAIN: f32 = 0.9;

const FILE: &[u8] = include_bytes!("weights.bin");
static SCALES: LazyLock<Scales> = LazyLock::new(|| Scales::read(FILE).unwrap_or_default());

/// The weights, as learnt: a table that is as long as a power of two, each sign at the place that its number names, or
/// at the next free one. Most signs of a mail are unknown, and what is asked first is small: a sieve, then the numbers.
#[derive(Debug, Default)]
struct Scales {
    /// Which signs may be known: most are not, and this tells without looking.
    sieve: Vec<u64>,
    /// The signs' numbers, 0 where there is none.
    signs: Vec<u32>,
    /// What each weighs, in steps, by scale; one more that is nothing, because sixteen are added up as fast as one.
    weights: Vec<[i8; 16]>,
    /// What one step of a weight is worth, by scale.
    step: [f32; LANES],
    /// What holds without any sign.
    bias: [f32; LANES],
}

const SIEVE_BITS: u32 = 20;
/// So many known signs have most mails at most.
const PLACES: usize = 2_048;

impl Scales {
    /// Reads the file that `tests/corpus/teach.rs` wrote: `step` and `bias` ([`LANES`] little-endian floats each), then for
    /// each sign its number (4 bytes) and as many weights of one byte.
    fn read(file: &[u8]) -> Option<Self> {
        let floats = |from: usize| -> Option<[f32; LANES]> {
            let mut out = [0.0; LANES];
            for (at, slot) in out.iter_mut().enumerate() {
                let bytes = file.get(from + at * 4..from + at * 4 + 4)?;
                *slot = f32::from_le_bytes(bytes.try_into().ok()?);
            }
            Some(out)
        };
        let rows = file.get(LANES * 8..)?.chunks_exact(4 + LANES);
        let mut scales = Self { step: floats(0)?, bias: floats(LANES * 4)?, ..Self::default() };
        if rows.len() == 0 {
            return Some(scales);
        }
        let places = (rows.len() * 5 / 4 + 1).next_power_of_two();
        scales.sieve = vec![0; 1 << (SIEVE_BITS - 6)];
        scales.signs = vec![0; places];
        scales.weights = vec![[0; 16]; places];
        for row in rows {
            let (sign, weights) = row.split_at_checked(4)?;
            let sign = u32::from_le_bytes(sign.try_into().ok()?);
            let (at, bit) = Self::sieve_place(sign);
            *scales.sieve.get_mut(at)? |= bit;
            let mut at = scales.first_place(sign);
            while *scales.signs.get(at)? != 0 {
                at = (at + 1) & (places - 1);
            }
            *scales.signs.get_mut(at)? = sign;
            for (slot, b) in scales.weights.get_mut(at)?.iter_mut().zip(weights) {
                *slot = i8::from_le_bytes([*b]);
            }
        }
        Some(scales)
    }

    const fn sieve_place(sign: u32) -> (usize, u64) {
        let slot = sign >> (32 - SIEVE_BITS);
        ((slot >> 6) as usize, 1 << (slot & 63))
    }

    const fn first_place(&self, sign: u32) -> usize {
        sign as usize & (self.signs.len() - 1)
    }

    /// What the signs at `places` weigh together.
    fn sums(&self, places: &[usize]) -> [i32; 16] {
        let mut sums = [0; 16];
        for weights in places.iter().filter_map(|place| self.weights.get(*place)) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += i32::from(*weight);
            }
        }
        sums
    }

    /// The place of a known sign.
    fn known(&self, sign: u32) -> Option<usize> {
        let (at, bit) = Self::sieve_place(sign);
        if self.sieve.get(at)? & bit == 0 {
            return None;
        }
        let mut at = self.first_place(sign);
        loop {
            let known = self.signs.get(at).filter(|known| **known != 0)?;
            if *known == sign {
                return Some(at);
            }
            at = (at + 1) & (self.signs.len() - 1);
        }
    }

    /// How likely each kind is, 0 to 1, on its own scale.
    fn weigh(&self, seen: &Seen<'_>) -> [f32; LANES] {
        // The places of what the text shows, and of what the rules say: each once.
        let mut places = [Vec::with_capacity(PLACES), Vec::new()];
        let mut told = 0_u32;
        let mut met = vec![0_u64; self.signs.len() / 64 + 1];
        signs::each(seen, |sign, at| {
            told += u32::from(at != At::Said);
            let Some(place) = self.known(sign) else { return };
            if let Some(word) = met.get_mut(place / 64)
                && *word >> (place % 64) & 1 == 0
                && let Some(places) = places.get_mut(usize::from(at == At::Said))
            {
                *word |= 1 << (place % 64);
                places.push(place);
            }
        });
        let [text, said] = places.map(|places| self.sums(&places));
        let (length, mut likely) = (length(told), [0.0; LANES]);
        for (at, slot) in likely.iter_mut().enumerate() {
            let get = |of: &[f32; LANES]| of.get(at).copied().unwrap_or(0.0);
            #[allow(clippy::cast_precision_loss, reason = "sums are far below 2^24")]
            let sum = |of: &[i32; 16]| of.get(at).copied().unwrap_or(0) as f32;
            let odds =
                get(&self.bias) + get(&self.step) * (sum(&text) / length + sum(&said) / length.min(SAID));
            *slot = 1.0 / (1.0 + (-odds).exp());
        }
        likely
    }

    /// The sentence of the sender's own words that weighed most for `kind`, in words.
    fn heaviest(&self, seen: &Seen<'_>, kind: usize) -> Option<std::ops::Range<usize>> {
        let sentences = &seen.own.text.sentences;
        let mut sums = vec![0_i32; sentences.len()];
        signs::each(seen, |sign, at| {
            let (Some(place), At::Own(word)) = (self.known(sign), at) else { return };
            let sentence = sentences.partition_point(|sentence| sentence.words.end <= word);
            let weight = self.weights.get(place).and_then(|row| row.get(kind)).copied().unwrap_or(0);
            if let Some(sum) = sums.get_mut(sentence) {
                *sum += i32::from(weight);
            }
        });
        let (at, _) = sums.iter().enumerate().max_by_key(|(_, sum)| **sum).filter(|(_, sum)| **sum > 0)?;
        sentences.get(at).map(|sentence| sentence.words.clone())
    }
}

/// By what a mail's sums are divided, so that long mails do not weigh more: their number's root.
#[allow(clippy::cast_precision_loss, reason = "bounded by the words that are weighed")]
fn length(told: u32) -> f32 {
    (told.max(1) as f32).sqrt()
}

/// By what the sums of what the rules say are divided, in every mail.
const SAID: f32 = 12.0;

/// Every sign of a mail and its worth: what `tests/corpus/teach.rs` learns from.
pub(super) fn signs_of(seen: &Seen<'_>) -> Vec<(u32, f32)> {
    let (mut text, mut said, mut told) = (BTreeSet::new(), BTreeSet::new(), 0);
    signs::each(seen, |sign, at| {
        told += u32::from(at != At::Said);
        if at == At::Said {
            said.insert(sign)
        } else {
            text.insert(sign)
        };
    });
    let worth = 1.0 / length(told);
    let text = text.into_iter().map(|sign| (sign, worth));
    text.chain(said.into_iter().map(|sign| (sign, worth.max(1.0 / SAID)))).collect()
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
    let alone = (COMBINING..KINDS.len()).max_by(|a, b| odds(*a).total_cmp(&odds(*b)));
    let sum: f32 = together.iter().map(|at| odds(*at)).sum();
    let chosen = match alone {
        Some(alone) if odds(alone) >= sum => vec![alone],
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

/// Whether a rule found kind `at` beyond doubt.
fn sure(rules: &Reading, at: usize) -> bool {
    let kind = KINDS.get(at);
    rules.findings.iter().any(|finding| kind == Some(&finding.kind) && finding.confidence >= SURE)
}

/// How likely each kind is, 0 to 1, and what the two scales of answers say. `keep` are kinds that are beyond doubt: an
/// answer with our token, a phrase of the
/// installation's own.
pub(super) fn likely(seen: &Seen<'_>, keep: &BTreeSet<Kind>) -> [f32; LANES] {
    let mut likely = SCALES.weigh(seen);
    for (kind, slot) in KINDS.iter().zip(&mut likely) {
        if keep.contains(kind) {
            *slot = 1.0;
        }
    }
    likely
}

/// Whether a yes that the rules read may be a no, or neither; `plain` when it opens the mail and says nothing more.
pub(super) fn doubts(likely: &[f32; LANES], plain: bool) -> bool {
    let most = if plain { DOUBT_PLAIN } else { DOUBT };
    [DENIES, HESITATES].iter().any(|at| likely.get(*at).is_some_and(|p| *p > most))
}

/// What the rules read, after it was weighed how `likely` each kind is.
pub(super) fn weigh(likely: [f32; LANES], seen: &Seen<'_>, mut reading: Reading) -> Reading {
    if SCALES.signs.is_empty() {
        return reading;
    }
    let Some(chosen) = choose(&likely, &reading) else { return reading };
    let of = |kind: Kind| KINDS.iter().position(|known| *known == kind).unwrap_or(KINDS.len());
    let mut unsure = false;
    for kind in chosen.difference(&reading.kinds.clone()) {
        let at = of(*kind);
        let words = SCALES.heaviest(seen, at);
        let span = words.map(|words| seen.own.text.span(&words));
        let text = span.as_ref().and_then(|span| seen.own.source.get(span.clone())).unwrap_or("").to_owned();
        let p = likely.get(at).copied().unwrap_or(0.0);
        let confidence = if *kind == Kind::Asks(Right::OptOut) { p } else { p.min(UNSURE) };
        unsure |= *kind == Kind::Other;
        if *kind != Kind::Other {
            reading.findings.push(Finding { kind: *kind, rule: "weighs_most", text, span, confidence });
        }
    }
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
