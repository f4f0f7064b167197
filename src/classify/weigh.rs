//! The rights between the lines: no order was met, yet what is said weighs enough.
//!
//! "The photo of me at your stand: that can go in the bin" asks as clearly as "erase". Every class of the lexicon
//! is a small weight, a window of a few sentences is weighed for each right, and the weights stand in one table so
//! that the reason can be told. What is found so is a guess: its confidence lies below [`super::CERTAIN`], and a
//! person looks at it. The opt-out is weighed apart (`gist`), since there doubt may favour acting.

use super::clause::{Clause, Mood};
use super::lexicon::{Class, Hit};
use super::rules::{Zone, is_noun};
use super::words::Sentence;
use super::{Language, Right};

/// Longer mails say in clear what they want.
const WORDS_MAX: usize = 260;

/// What leads to a right: the first class must stand in the sentence itself, the others may stand around it.
struct Scale {
    right: Right,
    rule: &'static str,
    /// One of these stands in the sentence, or nothing is weighed.
    core: &'static [(Class, i32)],
    /// These count once each, in the sentence and those beside it.
    around: &'static [(Class, i32)],
    enough: i32,
}

const SCALES: [Scale; 6] = [
    Scale {
        right: Right::Portability,
        rule: "wants_to_take_it_along",
        core: &[(Class::Format, 2), (Class::Carry, 1), (Class::Export, 1)],
        around: &[
            (Class::Format, 2),
            (Class::Provider, 1),
            (Class::Carry, 2),
            (Class::Thing, 1),
            (Class::Data, 1),
            (Class::Want, 1),
            (Class::Polite, 1),
            (Class::Send, 1),
        ],
        enough: 6,
    },
    Scale {
        right: Right::Restriction,
        rule: "wants_it_put_aside",
        core: &[(Class::Shelve, 2), (Class::Freeze, 1)],
        around: &[
            (Class::Meanwhile, 2),
            (Class::Temporary, 1),
            (Class::Keep, 1),
            (Class::Thing, 1),
            (Class::Data, 1),
            (Class::Use, 1),
            (Class::Want, 1),
        ],
        enough: 5,
    },
    Scale {
        right: Right::Objection,
        rule: "wants_to_be_left_out",
        core: &[(Class::LeaveOut, 3), (Class::Oppose, 3)],
        around: &[
            (Class::Aim, 3),
            (Class::Purpose, 1),
            (Class::Share, 1),
            (Class::Thing, 1),
            (Class::Lead, 1),
            (Class::Want, 1),
        ],
        enough: 7,
    },
    Scale {
        right: Right::Rectification,
        rule: "a_value_is_told_to_be_wrong",
        core: &[(Class::Repair, 2), (Class::Correct, 2)],
        around: &[
            (Class::Amiss, 2),
            (Class::Identity, 2),
            (Class::Value, 1),
            (Class::Wrong, 1),
            (Class::Changed, 1),
            (Class::Thing, 1),
            (Class::Want, 1),
        ],
        enough: 6,
    },
    Scale {
        right: Right::Erasure,
        rule: "wishes_it_away",
        core: &[(Class::Vanish, 3), (Class::Erase, 1)],
        around: &[
            (Class::Thing, 2),
            (Class::Data, 1),
            (Class::Account, 1),
            (Class::File, 1),
            (Class::AboutMe, 1),
            (Class::Want, 1),
            (Class::Polite, 1),
        ],
        enough: 5,
    },
    Scale {
        right: Right::Access,
        rule: "wishes_to_see",
        core: &[(Class::Show, 2), (Class::Know, 1), (Class::Send, 1)],
        around: &[
            (Class::Thing, 2),
            (Class::Data, 1),
            (Class::File, 1),
            (Class::Copy, 1),
            (Class::AboutMe, 2),
            (Class::Me, 1),
            (Class::Want, 1),
            (Class::Polite, 1),
            (Class::Source, 1),
            (Class::Recipients, 1),
        ],
        enough: 6,
    },
];

/// What speaks against any right, each once in the whole mail.
const AGAINST: [(Class, i32); 10] = [
    (Class::Stay, 6),
    (Class::AskRight, 3),
    (Class::Vendor, 2),
    (Class::Elsewhere, 2),
    (Class::NotOurs, 2),
    (Class::Policy, 1),
    (Class::Glad, 2),
    (Class::Later, 2),
    (Class::Did, 2),
    (Class::Complaint, 3),
];

/// Whether `class` is looked at nowhere but here: the rules need not carry it along.
pub(super) fn only(class: Class) -> bool {
    matches!(
        class,
        Class::Thing
            | Class::Show
            | Class::Amiss
            | Class::Repair
            | Class::Shelve
            | Class::Meanwhile
            | Class::Carry
            | Class::LeaveOut
            | Class::Aim
            | Class::Stay
            | Class::Refusal
            | Class::Faint
    )
}

/// A right that weighs enough, with the hit that it turns on.
pub(super) struct Weighed<'z> {
    pub(super) right: Right,
    pub(super) rule: &'static str,
    pub(super) hit: &'z Hit,
    pub(super) weight: i32,
}

/// The right that weighs most in `own` from its sentence `from` on, if any weighs enough. `subject` counts as what stands around every sentence.
pub(super) fn rights<'z>(
    subject: &Zone<'_>,
    own: &'z Zone<'_>,
    language: Language,
    from: usize,
) -> Option<Weighed<'z>> {
    if own.text.words.is_empty() || own.text.words.len() > WORDS_MAX {
        return None;
    }
    let title = classes(&subject.found.hits, language);
    let sentences = &own.text.sentences;
    let seen: Vec<Seen> = sentences.iter().map(|sentence| classes(inside(own, sentence), language)).collect();
    let whole = seen.iter().fold(title, Seen::with);
    let against: i32 =
        AGAINST.iter().map(|(class, weight)| if whole.has(*class) { *weight } else { 0 }).sum();
    let mut best: Option<Weighed<'z>> = None;
    for (i, sentence) in sentences.iter().enumerate().skip(from) {
        let here = seen.get(i).copied().unwrap_or_default();
        let around = seen.iter().skip(i.saturating_sub(2)).take(if i < 2 { i + 2 } else { 4 });
        let around = around.fold(title, Seen::with);
        for scale in &SCALES {
            let Some((class, core)) = scale.core.iter().find(|(class, _)| here.has(*class)) else {
                continue;
            };
            let sum = |seen: Seen| -> i32 {
                scale.around.iter().map(|(class, weight)| if seen.has(*class) { *weight } else { 0 }).sum()
            };
            // What stands in the sentence itself counts double to what stands beside it.
            if scale.right == Right::Access && !around.mine {
                continue;
            }
            let mine = i32::from(here.mine) + i32::from(around.mine);
            // Left out of a mailing is an opt-out.
            let mailing =
                scale.right == Right::Objection && (whole.has(Class::List) || whole.has(Class::Marketing));
            let keeps = scale.right == Right::Erasure && whole.has(Class::Keep);
            let against = against
                + if mailing || keeps { 3 } else { 0 }
                + if here.has(Class::Contract) { 2 } else { 0 };
            let weight = core + (sum(here) + sum(around) + 1) / 2 + mine - against;
            if weight >= scale.enough
                && best.as_ref().is_none_or(|best| weight - scale.enough > best.weight)
                && let Some(hit) =
                    inside(own, sentence).iter().find(|hit| hit.class == *class && hit.language == language)
                && stands(own, sentence, hit, language)
            {
                best = Some(Weighed {
                    right: scale.right,
                    rule: scale.rule,
                    hit,
                    weight: weight - scale.enough,
                });
            }
        }
    }
    best
}

fn inside<'z>(zone: &'z Zone<'_>, sentence: &Sentence) -> &'z [Hit] {
    let hits = &zone.found.hits;
    let from = hits.partition_point(|hit| hit.words.start < sentence.words.start);
    let to = hits.partition_point(|hit| hit.words.start < sentence.words.end);
    hits.get(from..to).unwrap_or_default()
}

/// Not told as done, reported, planned, or asked about in general.
fn stands(zone: &Zone<'_>, sentence: &Sentence, hit: &Hit, language: Language) -> bool {
    if zone.cites(&hit.words) {
        return false;
    }
    let clause = Clause {
        text: &zone.text,
        words: sentence.words.clone(),
        question: sentence.question,
        place: zone.place,
        language,
        hits: inside(zone, sentence)
            .iter()
            .filter(|hit| hit.class != Class::Common && hit.language == language)
            .collect(),
    };
    // These classes hold their own negation: "it has no business there", "nobody may use it".
    let negation =
        !matches!(hit.class, Class::Vanish | Class::Shelve | Class::LeaveOut | Class::Oppose | Class::Freeze);
    let noun = is_noun(zone.text.norm(hit.words.start));
    match clause.mood(hit, noun, negation) {
        Mood::Asked(_) => true,
        // Access is a question by nature.
        Mood::Aside("question_about") => {
            matches!(hit.class, Class::Show | Class::Know) && !clause.has(Class::AskRight)
        }
        Mood::Aside(_) => false,
    }
}

/// The classes met in a stretch of text, and whether something of the sender's own was named there.
#[derive(Clone, Copy, Default)]
struct Seen {
    classes: [u64; 4],
    mine: bool,
}

impl Seen {
    fn add(&mut self, class: Class) {
        if let Some(bits) = self.classes.get_mut(class as usize / 64) {
            *bits |= 1 << (class as usize % 64);
        }
    }

    fn has(&self, class: Class) -> bool {
        self.classes.get(class as usize / 64).is_some_and(|bits| bits >> (class as usize % 64) & 1 == 1)
    }

    fn with(mut self, other: &Self) -> Self {
        for (bits, more) in self.classes.iter_mut().zip(other.classes) {
            *bits |= more;
        }
        self.mine |= other.mine;
        self
    }
}

fn classes(hits: &[Hit], language: Language) -> Seen {
    let mut seen = Seen::default();
    let mut my = usize::MAX;
    for hit in hits.iter().filter(|hit| hit.language == language) {
        seen.add(hit.class);
        match hit.class {
            Class::My => my = hit.words.end,
            Class::AboutMe => seen.mine = true,
            Class::Thing | Class::Data | Class::Account | Class::File | Class::Identity | Class::Email
                if my <= hit.words.start + 1 && hit.words.start <= my + 1 =>
            {
                seen.mine = true;
            }
            _ => {}
        }
    }
    seen
}
