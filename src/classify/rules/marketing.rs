//! Stop sending me advertising: the acts that ask for it (GDPR Art. 21(2)-(3), CPCE Art. L34-5).

use super::super::clause::{Clause, Mood, Place};
use super::super::lexicon::{Class, Hit};
use super::super::{Language, Right};
use super::{MAILING, PERSONAL, Reader, first_person, is_noun};

impl Reader<'_, '_> {
    pub(super) fn unsubscribe(&mut self, hit: &Hit) {
        let clause = self.clause;
        let noun = is_noun(clause.text.norm(hit.words.start));
        let objects = self.objects(hit);
        let contract = objects.iter().any(|o| o.class == Class::Contract)
            && !objects.iter().any(|o| MAILING.contains(&o.class));
        let end = objects
            .iter()
            .filter(|o| o.class != Class::Contract)
            .map(|o| o.words.end)
            .max()
            .unwrap_or(hit.words.end);
        let words = hit.words.start..end.max(hit.words.end);
        if contract && noun {
            return self.aside(Right::OptOut, "unsubscribe", &words, "contract");
        }
        let mut mood = clause.mood(hit, noun, true);
        let asked = hit.words.end..(hit.words.end + 3).min(clause.words.end);
        let suppression = word_list(clause, hit);
        if mood == Mood::Aside("only_mentioned")
            && (clause.length() <= 5 || suppression || clause.within(&[Class::Want], &asked).is_some())
        {
            mood = Mood::Asked(0.75);
        }
        if matches!(mood, Mood::Asked(_)) && self.only_speaks_of(hit) {
            mood = Mood::Aside("only_mentioned");
        }
        if mood == Mood::Aside("done") && (clause.has(Class::Still) || clause.has(Class::Asked)) {
            mood = Mood::Asked(0.8);
        }
        if mood == Mood::Aside("question_about") && !clause.has(Class::AskRight) {
            mood = Mood::Asked(0.7);
        }
        let unheard =
            self.zone.found.hits.iter().any(|hit| matches!(hit.class, Class::Still | Class::Reminder));
        if mood == Mood::Aside("done") && clause.has(Class::Past) && !self.background.thanks && unheard {
            // "I opted out in May!": they were not heard.
            mood = Mood::Asked(0.65);
        }
        self.push(Right::OptOut, "unsubscribe", words, mood, 1.0);
    }

    /// "The unsubscribe page", "I was about to unsubscribe, and then": the word, and nobody asks for it.
    fn only_speaks_of(&self, hit: &Hit) -> bool {
        let clause = self.clause;
        let word = clause.text.norm(hit.words.start);
        let plain = ["des", "unsu", "opt", "un"].iter().any(|start| word.starts_with(start));
        if self.zone.place != Place::Own || clause.length() <= 4 || !plain {
            return false;
        }
        let around = hit.words.start.saturating_sub(9).max(clause.words.start)
            ..(hit.words.end + 3).min(clause.words.end);
        let asks = clause.within(&[Class::Want, Class::NoMore], &around).is_some()
            || clause.has_any(&[
                Class::Polite,
                Class::How,
                Class::Cannot,
                Class::Still,
                Class::Withdraw,
                Class::Oppose,
                Class::Reminder,
                Class::Stop,
            ]);
        let thing = matches!(
            clause.text.norm(hit.words.end),
            "page"
                | "link"
                | "links"
                | "button"
                | "line"
                | "endpoint"
                | "form"
                | "process"
                | "option"
                | "footer"
        );
        let stuck = clause.has_any(&[Class::Cannot, Class::Polite, Class::Still, Class::How]);
        if !stuck && thing && clause.language == Language::En {
            return true;
        }
        if asks || hit.words.start <= clause.segment(hit.words.start) + 1 && !is_participle(clause, hit) {
            return false;
        }
        match clause.language {
            Language::Fr => {
                is_participle(clause, hit) || word.ends_with("er") || word.ends_with("re") || is_noun(word)
            }
            Language::En => true,
            _ => false,
        }
    }

    pub(super) fn stop(&mut self, hit: &Hit) {
        let clause = self.clause;
        if clause.text.norm(hit.words.start).ends_with("ons") && first_person(clause, hit) {
            return; // "we are stopping our bulletin"
        }
        let reach = hit.words.end..(hit.words.end + 9).min(clause.words.end);
        let words = |h: &Hit| hit.words.start..h.words.end;
        let mood = clause.mood(hit, false, true);
        if let Some(use_hit) = clause.within(&[Class::Use, Class::Share, Class::Processing], &reach)
            && clause.within(&[Class::Contact, Class::Receive], &(reach.start..use_hit.words.start)).is_none()
        {
            let _ = use_hit;
            return; // The rules on use and sharing look back at "stop".
        }
        let target = clause.within(
            &[Class::Contact, Class::Receive, Class::Messages, Class::Marketing, Class::List],
            &reach,
        );
        if let Some(target) = target {
            let after = target.words.end..(target.words.end + 4).min(clause.words.end);
            if clause.within(&[Class::Contract], &after).is_some()
                && clause.within(&MAILING, &(hit.words.end..clause.words.end)).is_none()
            {
                return self.aside(Right::OptOut, "stop_messages", &words(target), "contract");
            }
            if clause.within(&[Class::Contract], &reach).is_some_and(|c| c.words.start < target.words.start) {
                return;
            }
            return self.push(Right::OptOut, "stop_messages", words(target), mood, 1.0);
        }
        if let Some(hold) = clause.within(&[Class::Hold], &reach)
            && clause.within(&PERSONAL, &reach).is_some()
        {
            return self.push(Right::Erasure, "stop_keeping", words(hold), mood, 0.85);
        }
        let word = clause.text.norm(hit.words.start);
        let bare = matches!(
            word,
            "stop"
                | "stopez"
                | "arretez"
                | "arreter"
                | "basta"
                | "cessez"
                | "stope"
                | "stoped"
                | "stoper"
                | "arrete"
                | "halte"
                | "stopt"
                | "quit"
        );
        let closes = hit.words.end == clause.words.end && clause.length() > 1;
        if closes && clause.has_any(&MAILING) && !clause.has(Class::Contract) {
            return self.push(Right::OptOut, "stop_messages", hit.words.clone(), mood, 0.85);
        }
        let other = clause.has_any(&[
            Class::Contract,
            Class::Data,
            Class::Account,
            Class::Hold,
            Class::Use,
            Class::Share,
        ]);
        if bare && clause.length() <= 4 && !other {
            self.push(Right::OptOut, "stop_alone", hit.words.clone(), mood, 0.9);
        } else if hit.words.end == clause.words.end
            && clause.length() <= 8
            && clause.has(Class::Want)
            && !other
        {
            self.push(Right::OptOut, "stop_alone", hit.words.clone(), mood, 0.75);
        }
    }

    pub(super) fn receive(&mut self, hit: &Hit) {
        let clause = self.clause;
        if !clause.stopped(hit) || clause.has(Class::Aux) && clause.done_like(hit) {
            return;
        }
        let sure = clause.has(Class::Want) || clause.has(Class::Stop) || clause.has(Class::Oppose);
        if sure && clause.has_any(&MAILING) && !clause.has(Class::Contract) {
            let mood = clause.mood(hit, false, false);
            self.push(Right::OptOut, "receive_no_more", hit.words.clone(), mood, 0.85);
        }
    }

    pub(super) fn contact(&mut self, hit: &Hit) {
        let clause = self.clause;
        let near = hit.words.start.saturating_sub(3).max(clause.words.start)
            ..(hit.words.end + 2).min(clause.words.end);
        let to_me = clause.within(&[Class::Me], &near).is_some()
            || matches!(clause.text.norm(hit.words.start), "m" | "me");
        let segment = clause.segment(hit.words.start)..hit.words.start;
        let sure = clause.within(&[Class::NoMore, Class::Stop], &segment).is_some() || clause.stopped(hit);
        let forgiven =
            clause.has(Class::NotForget) && clause.within(&[Class::NoMore, Class::Stop], &segment).is_none();
        if to_me && sure && !forgiven && !clause.done_like(hit) && !clause.has(Class::Cannot) {
            let mood = clause.mood(hit, false, false);
            self.push(Right::OptOut, "contact_no_more", hit.words.clone(), mood, 0.85);
        }
    }

    pub(super) fn enough(&mut self, hit: &Hit) {
        let clause = self.clause;
        let word = clause.text.norm(hit.words.start);
        let weak = !(word == "no" && hit.words.len() > 1)
            && matches!(word, "pas" | "sans" | "aucun" | "aucune" | "no" | "zero" | "trop" | "too");
        let reach = hit.words.end..(hit.words.end + 5).min(clause.words.end);
        let wide = matches!(
            word,
            "marre"
                | "ras"
                | "raz"
                | "ca"
                | "sufit"
                | "asez"
                | "en"
                | "fed"
                | "sick"
                | "tired"
                | "exaspere"
                | "overdose"
        );
        let target = clause
            .within(&MAILING, &reach)
            .or_else(|| clause.within(&MAILING, &clause.words).filter(|_| wide));
        let Some(target) = target else { return };
        let near = target.words.start.saturating_sub(hit.words.end) <= 2;
        let fits = if weak {
            near && (clause.length() <= 6 || clause.has(Class::Want)) && !clause.has(Class::Aux)
        } else {
            true
        };
        if fits
            && !clause.has(Class::Contract)
            && !(word == "plus"
                && matches!(clause.text.norm(hit.words.start.wrapping_sub(1)), "de" | "en" | "le" | "la"))
        {
            let mood = match clause.mood(hit, false, false) {
                Mood::Aside("done") => Mood::Asked(0.9),
                other => other,
            };
            self.push(Right::OptOut, "enough_of_it", hit.words.start..target.words.end, mood, 0.85);
        }
    }
}

/// "Your suppression list", "liste d'opposition".
fn word_list(clause: &Clause<'_>, hit: &Hit) -> bool {
    hit.words.clone().any(|at| clause.text.norm(at).starts_with("list"))
}

/// "désinscrit", "unsubscribed".
fn is_participle(clause: &Clause<'_>, hit: &Hit) -> bool {
    let word = clause.text.norm(hit.words.end.saturating_sub(1));
    match clause.language {
        Language::Fr => {
            let stem = word.trim_end_matches('s').trim_end_matches('e');
            stem.ends_with("scrit") || (word.ends_with('e') || word.ends_with("es")) && word.contains("abon")
        }
        Language::En => word.ends_with("ed"),
        _ => false,
    }
}
