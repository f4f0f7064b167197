//! Correct it, or leave it alone meanwhile (GDPR Art. 16 and 18).

use super::super::Right;
use super::super::clause::{Mood, Owner};
use super::super::lexicon::{Class, Hit};
use super::{Reader, first_person, is_noun, orders};

impl Reader<'_, '_> {
    pub(super) fn correct(&mut self, hit: &Hit) {
        let clause = self.clause;
        if first_person(clause, hit) && !clause.has(Class::Want) {
            return;
        }
        let objects = self.objects(hit);
        let piece = objects.iter().find(|o| match o.class {
            Class::Identity | Class::Email => clause.owner(o) != Owner::Yours,
            Class::Data | Class::Account | Class::File => clause.owner(o) == Owner::Mine,
            _ => false,
        });
        let noun = is_noun(clause.text.norm(hit.words.start));
        let mood = clause.mood(hit, noun, true);
        let contract = objects.iter().any(|o| o.class == Class::Contract)
            || clause.within(&[Class::Contract], &clause.reach(hit)).is_some();
        if contract && !objects.iter().any(|o| o.class == Class::Data) {
            if piece.is_some() {
                self.aside(Right::Rectification, "correct_data", &hit.words, "contract");
            }
            return;
        }
        if let Some(piece) = piece {
            let words = hit.words.start.min(piece.words.start)..piece.words.end.max(hit.words.end);
            let factor =
                if clause.has_any(&[Class::Value, Class::Wrong, Class::Changed]) || self.background.value {
                    1.0
                } else {
                    0.85
                };
            self.push(Right::Rectification, "correct_data", words, mood, factor);
        } else if self.background.value
            && !noun
            && clause.length() <= 20
            && matches!(mood, Mood::Asked(_))
            && orders(clause, hit)
            && !clause.has(Class::Your)
            && (self.background.identity
                || self.background.personal
                || clause.text.norm(hit.words.start).starts_with("rectif")
                || clause.text.norm(hit.words.start).starts_with("corig"))
            && !objects.iter().any(|o| matches!(o.class, Class::Contract | Class::Policy))
        {
            self.push(Right::Rectification, "correct_what_was_named", hit.words.clone(), mood, 0.8);
        }
    }

    /// A wrong value told without an order: "you have 1987 instead of 1978".
    pub(super) fn wrong(&mut self, hit: &Hit) {
        let clause = self.clause;
        let corrects = clause
            .all(Class::Correct)
            .any(|c| c.words.start < hit.words.start || c.words.end > hit.words.end);
        if corrects || clause.has_any(&[Class::Contract, Class::Erase, Class::NotOurs, Class::Vanish]) {
            return;
        }
        let piece = clause
            .hits
            .iter()
            .find(|h| matches!(h.class, Class::Identity | Class::Email) && clause.owner(h) == Owner::Mine);
        let told = clause.has(Class::Value) || clause.has(Class::Lead) || self.background.value;
        if let Some(piece) = piece
            && told
            && !clause.question
        {
            let words = hit.words.start.min(piece.words.start)..hit.words.end.max(piece.words.end);
            self.push(Right::Rectification, "a_value_is_wrong", words, Mood::Asked(0.75), 1.0);
        }
    }

    pub(super) fn freeze(&mut self, hit: &Hit) {
        let clause = self.clause;
        let reach = clause.reach(hit);
        let left = clause.reach_left(hit);
        let targets = [Class::Data, Class::File, Class::Processing, Class::Use, Class::Them];
        let target = clause
            .within(&targets, &reach)
            .or_else(|| clause.within(&[Class::Data, Class::File, Class::Processing, Class::Them], &left));
        let Some(target) = target else {
            if let Some(account) = clause.within(&[Class::Account], &reach)
                && !clause.has(Class::Contract)
                && clause.owner(account) == Owner::Mine
                && clause.has(Class::Temporary)
            {
                let mood = clause.mood(hit, false, true);
                self.push(
                    Right::Restriction,
                    "freeze_account",
                    hit.words.start..account.words.end,
                    mood,
                    0.75,
                );
            }
            return;
        };
        if clause.within(&[Class::Contract], &reach).is_some()
            || (target.class == Class::Them && !self.background.personal)
        {
            return;
        }
        let noun = is_noun(clause.text.norm(hit.words.start));
        let mood = clause.mood(hit, noun, true);
        let words = hit.words.start.min(target.words.start)..target.words.end.max(hit.words.end);
        self.push(Right::Restriction, "freeze_data", words, mood, 0.95);
    }
}
