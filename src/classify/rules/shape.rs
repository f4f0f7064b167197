//! The shape of words and clauses that several rules look at.

use super::super::Language;
use super::super::clause::Clause;
use super::super::lexicon::{Class, Hit};
use super::super::words::Break;
use std::ops::Range;

impl Clause<'_> {
    /// "remove me", "me retirer": a word of `class` just beside the act.
    pub(super) fn beside(&self, hit: &Hit, class: Class) -> bool {
        let before = hit.words.start.saturating_sub(1).max(self.words.start)..hit.words.start;
        let after = hit.words.end..(hit.words.end + 2).min(self.words.end);
        let inside = matches!(self.text.norm(hit.words.end.saturating_sub(1)), "me" | "us" | "moi" | "nous")
            && hit.words.len() > 1
            || matches!(self.text.norm(hit.words.start + 1), "me" | "us" | "moi") && hit.words.len() > 1;
        inside || self.within(&[class], &before).is_some() || self.within(&[class], &after).is_some()
    }

    /// "my", "me", and not the "us" of a firm.
    pub(super) fn speaks_of_self(&self) -> bool {
        self.words.clone().any(|i| {
            matches!(
                self.text.norm(i),
                "my" | "me"
                    | "mine"
                    | "myself"
                    | "mon"
                    | "ma"
                    | "mes"
                    | "moi"
                    | "m"
                    | "meine"
                    | "meiner"
                    | "mich"
                    | "mis"
                    | "mi"
                    | "mijn"
                    | "mij"
            )
        }) || self.has(Class::AboutMe)
    }

    /// A list that is no mailing, at `hit` or after it.
    pub(super) fn other_list(&self, hit: &Hit) -> bool {
        self.all(Class::Noise).any(|noise| {
            noise.words.start >= hit.words.start
                && noise.words.clone().any(|at| self.text.norm(at).starts_with("list"))
        })
    }

    /// "I no longer use": the sender is the one who acts, and does not ask another to.
    pub(super) fn sender_acts(&self, hit: &Hit) -> bool {
        let segment = self.comma_start(hit.words.start);
        let mut subject = false;
        for i in segment..hit.words.start {
            match self.text.norm(i) {
                "i" | "je" | "j" | "we" | "nous" | "ich" | "wir" | "ik" | "yo" | "eu" | "io" | "im"
                | "ive" | "personne" | "nobody" => subject = true,
                "you" | "vous" | "que" | "qu" => subject = false,
                _ => {}
            }
        }
        subject
            && self
                .within(&[Class::Want, Class::Stop, Class::Oppose, Class::Share], &(segment..hit.words.start))
                .is_none()
    }

    pub(super) fn comma_start(&self, at: usize) -> usize {
        (self.words.start..=at)
            .rev()
            .find(|i| self.text.words.get(*i).is_some_and(|w| w.before > Break::None))
            .unwrap_or(self.words.start)
    }

    pub(super) fn done_like(&self, hit: &Hit) -> bool {
        let from = hit.words.start.saturating_sub(4).max(self.words.start);
        let aux = self.within(&[Class::Aux], &(from..hit.words.start));
        aux.is_some_and(|aux| {
            let word = self.text.norm(hit.words.end.saturating_sub(1));
            self.within(&[Class::Want], &(aux.words.end..hit.words.start)).is_none()
                && !(self.language == Language::Fr && (word.ends_with("er") || word.ends_with("ez")))
                && !matches!(
                    self.text.norm(aux.words.start),
                    "is" | "are" | "est" | "sont" | "being" | "been" | "ete"
                )
        })
    }

    /// "be opposed", "was refused": somebody else's refusal.
    pub(super) fn word_is_passive(&self, hit: &Hit) -> bool {
        self.text.norm(hit.words.start).starts_with("ref") && self.has(Class::Aux)
    }

    pub(super) fn mood_of_reference(&self) -> bool {
        !self.question || self.has_any(&[Class::Want, Class::Polite])
    }
}

/// A noun made of a verb: it asks only where something says so.
pub(in crate::classify) fn is_noun(word: &str) -> bool {
    word.ends_with("ion")
        || word.ends_with("ions")
        || word.ends_with("ement")
        || word.ends_with("ements")
        || word.ends_with("al") && word.starts_with("remov")
        || matches!(
            word,
            "erasure"
                | "closure"
                | "retrait"
                | "gel"
                | "droit"
                | "right"
                | "removal"
                | "removals"
                | "fermeture"
                | "cloture"
                | "blocage"
        )
        || word.ends_with("ung")
        || word.ends_with("azione")
        || word.ends_with("cion")
        || word.ends_with("cao")
}

pub(super) fn is_noun_phrase(clause: &Clause<'_>, hit: &Hit) -> bool {
    let word = clause.text.norm(hit.words.start);
    (is_noun(word) || hit.words.len() > 1 && is_noun(clause.text.norm(hit.words.end - 1)))
        && !matches!(word, "demande" | "demandes" | "request")
}

/// "I send you", "we update": the sender does it.
pub(super) fn first_person(clause: &Clause<'_>, hit: &Hit) -> bool {
    let start = hit.words.start;
    let word = clause.text.norm(start);
    let back = |n: usize| if start < clause.words.start + n { "" } else { clause.text.norm(start - n) };
    match clause.language {
        Language::Fr => {
            let verb = (word.ends_with('e')
                || word.ends_with("s")
                || word.ends_with("ons")
                || word.ends_with("ets"))
                && !word.ends_with("ez");
            let subject = (1..=3).any(|n| matches!(back(n), "je" | "j" | "nous"))
                && !(1..=3)
                    .any(|n| matches!(back(n), "que" | "veux" | "veut" | "souhaite" | "aimerais" | "de"));
            verb && subject && !matches!(word, "acces")
        }
        Language::En => {
            matches!(back(1), "i" | "we" | "ill" | "will" | "im")
                || (back(1) == "am" || back(1) == "m" || back(1) == "ve" || back(1) == "have")
                    && matches!(back(2), "i" | "we")
        }
        _ => false,
    }
}

/// An order or a wish, not a participle: "corrigez", "merci de corriger", "please correct".
pub(super) fn orders(clause: &Clause<'_>, hit: &Hit) -> bool {
    let word = clause.text.norm(hit.words.start);
    let order = match clause.language {
        Language::Fr => {
            word.ends_with("er") || word.ends_with("ez") || word.ends_with("re") || hit.words.len() > 1
        }
        Language::En => !word.ends_with("ed"),
        _ => true,
    };
    order
        && (clause.has_any(&[Class::Want, Class::Polite])
            || hit.words.start <= clause.segment(hit.words.start) + 1)
}

/// Longest stretch between quotation marks that is taken for a citation, in bytes.
const CITED_MAX: usize = 400;

/// What stands between quotation marks, three words and more: somebody's words, told. A word or two may well be the
/// sender's own, set off ("STOP"), and where most of the text is so marked the marks mean nothing.
pub(super) fn cited(source: &str) -> Vec<Range<usize>> {
    let mut cited = Vec::new();
    // Most mails hold none, and one sign is sought fastest.
    if !['"', '«', '“', '„'].iter().any(|sign| source.contains(*sign)) {
        return cited;
    }
    let mut open: Option<(usize, char)> = None;
    for (at, c) in source.char_indices() {
        match (c, open) {
            ('«' | '“' | '"' | '„', None) => open = Some((at, c)),
            ('»', Some((from, '«'))) | ('”' | '“', Some((from, '“' | '„'))) | ('"', Some((from, '"'))) =>
            {
                let words = source.get(from..at).map_or(0, |text| text.split_whitespace().count());
                if words >= 3 && at - from <= CITED_MAX {
                    cited.push(from..at);
                }
                open = None;
            }
            (_, Some((from, _))) if at - from > CITED_MAX => open = None,
            _ => {}
        }
    }
    let most: usize = cited.iter().map(ExactSizeIterator::len).sum();
    if most * 2 > source.len() { Vec::new() } else { cited }
}
