//! Which language the sender wrote in: a count of the little words that each language has and the others lack.
//!
//! General detectors were turned down: they need a large model and more time than a whole mail may cost here,
//! and a two-word mail ("Remove me") tells them nothing, while the lexicon knows its own words.

use super::Language;
use super::clause::Place;
use super::lexicon::{Class, Hit};
use super::reading::{Mail, zone};
use super::rules::Zone;
use super::subject::clipped;
use super::words::Sentence;

const LANGUAGES: [Language; 7] =
    [Language::Fr, Language::En, Language::De, Language::Es, Language::It, Language::Nl, Language::Pt];

/// Votes per language, in the order of [`Language`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Votes([u32; 8]);

impl Votes {
    pub(super) fn of<'h>(hits: impl Iterator<Item = &'h Hit>) -> Self {
        let mut votes = Self::default();
        for hit in hits {
            // A little word counts once, a word of the matter twice: "unsubscribe" alone tells English.
            let weight = match hit.class {
                Class::Common => 2,
                _ => 1,
            };
            if let Some(vote) = votes.0.get_mut(hit.language as usize) {
                *vote += weight;
            }
        }
        votes
    }

    pub(super) fn of_zone(zone: &Zone<'_>) -> Self {
        let mut votes = Self::of(zone.found.hits.iter().filter(|hit| hit.class != Class::Common));
        votes.add(Self(zone.found.votes), 2);
        votes
    }

    pub(super) fn add(&mut self, other: Self, weight: u32) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs * weight;
        }
    }

    pub(super) fn of_language(&self, language: Language) -> u32 {
        self.0.get(language as usize).copied().unwrap_or(0)
    }

    /// The language with most votes; a tie goes to the earlier one, French first.
    pub(super) fn best(&self) -> Option<(Language, u32)> {
        let mut best = None;
        for language in LANGUAGES {
            let votes = self.of_language(language);
            if votes > 0 && best.is_none_or(|(_, most)| votes > most) {
                best = Some((language, votes));
            }
        }
        best
    }
}

/// In which languages a sentence is to be read: its own, and for a few words any that knows an act in it.
pub(super) fn of_sentence(
    zone: &Zone<'_>,
    sentence: &Sentence,
    first: usize,
    main: Language,
) -> Vec<Language> {
    if let Some(only) = zone.found.only {
        return vec![only, Language::Unknown];
    }
    let inside = zone.found.hits.iter().skip(first).take_while(|hit| hit.words.start < sentence.words.end);
    let votes = Votes::of(inside.clone());
    let mut languages = Vec::with_capacity(3);
    let (best, most) = votes.best().unwrap_or((main, 0));
    let of_main = votes.of_language(main);
    if main != Language::Unknown && of_main * 10 >= most * 7 && of_main > 0 {
        languages.push(main);
    }
    if languages.is_empty() {
        languages.push(best);
    }
    let acts = |language: Language| {
        inside
            .clone()
            .any(|hit| hit.language == language && (hit.class <= Class::Close || is_saying(hit.class)))
    };
    if !languages.iter().any(|language| acts(*language)) {
        let short = sentence.words.len() <= 5;
        for language in LANGUAGES {
            let strong = inside.clone().any(|hit| {
                let tells = is_saying(hit.class)
                    || matches!(hit.class, Class::Unsubscribe | Class::Erase | Class::Remove | Class::Stop);
                hit.language == language && tells
            });
            if strong && (short || votes.of_language(language) * 2 >= most) {
                languages.push(language);
            }
        }
    }
    languages.push(Language::Unknown);
    languages
}

fn is_saying(class: Class) -> bool {
    (Class::SayUnsubscribe..=Class::SayObjection).contains(&class)
}

impl Mail<'_> {
    /// The language of the sender's own words; of what is quoted when they are too few to tell.
    pub(super) fn tell_language(&self, repeated: bool) -> Language {
        let count = self.own.text.words.len();
        // "STOP" tells no language.
        let everywhere = |zone: &Zone<'_>| {
            (0..zone.text.words.len()).all(|at| matches!(zone.text.norm(at), "stop" | "ok" | "re"))
        };
        let of_subject = |weight: u32| if everywhere(&self.subject) { 0 } else { weight };
        let mut votes = Votes::default();
        if !everywhere(&self.own) {
            votes.add(Votes::of_zone(&self.own), 2);
        }
        votes.add(Votes::of_zone(&self.subject), of_subject(if repeated && count > 3 { 0 } else { 1 }));
        if let Some((language, most)) = votes.best() {
            // A language that we do not know shares a few little words with those that we know.
            if count < 8 || most as usize * 10 >= count * 8 {
                return language;
            }
            return Language::Unknown;
        }
        if count > 6 {
            return Language::Unknown;
        }
        let around = if self.words.quoted.is_empty() {
            self.words.forwarded.unwrap_or("")
        } else {
            &self.words.quoted
        };
        let around = zone(Place::Forwarded, clipped(around, 2_000), self.extra);
        let mut votes = Votes::of_zone(&around);
        votes.add(Votes::of_zone(&self.subject), of_subject(1));
        match votes.best() {
            Some((language, _)) if count > 0 => language,
            _ => Language::Unknown,
        }
    }
}
