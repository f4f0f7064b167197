//! Do not use it, do not share it, I object (GDPR Art. 21(1), 18 and 7(3)).

use super::super::Right;
use super::super::clause::{Mood, Owner};
use super::super::lexicon::{Class, Hit};
use super::{Reader, is_noun};

impl Reader<'_, '_> {
    pub(super) fn use_of_data(&mut self, hit: &Hit) {
        let clause = self.clause;
        if !clause.stopped(hit) || clause.done_like(hit) || clause.sender_acts(hit) {
            return;
        }
        let near = hit.words.start.saturating_sub(10).max(clause.words.start)
            ..(hit.words.end + 14).min(clause.words.end);
        let object = clause.within(
            &[Class::Data, Class::File, Class::Identity, Class::Email, Class::Them, Class::Processing],
            &near,
        );
        let Some(object) = object.or_else(|| self.background.keep.then_some(hit)) else { return };
        if clause.owner(object) == Owner::Yours
            || clause.has(Class::Contract) && !self.background.keep
            || clause
                .within(
                    &[Class::NotForget, Class::Cannot],
                    &(clause.segment(hit.words.start)..(hit.words.end + 3).min(clause.words.end)),
                )
                .is_some()
        {
            return;
        }
        if object.class == Class::Them && !(self.background.personal || self.background.keep) {
            return;
        }
        let mood = clause.mood(hit, false, false);
        let words = hit.words.start.min(object.words.start)..hit.words.end.max(object.words.end);
        if clause.has_any(&[Class::Marketing, Class::List])
            || clause.has(Class::Messages) && !self.background.keep
        {
            self.push(Right::OptOut, "no_use_for_marketing", words, mood, 0.9);
        } else if clause.has(Class::Purpose) && !self.background.keep {
            self.push(Right::Objection, "no_use_for_a_purpose", words, mood, 0.9);
        } else if self.background.keep || clause.has(Class::Temporary) || clause.has(Class::Keep) {
            self.push(Right::Restriction, "keep_but_do_not_use", words, mood, 0.85);
        } else {
            self.push(Right::Objection, "no_use", words, mood, 0.75);
        }
    }

    pub(super) fn oppose(&mut self, hit: &Hit) {
        let clause = self.clause;
        let reach = hit.words.end..(hit.words.end + 24).min(clause.words.end);
        let left = clause.words.start..hit.words.start;
        if clause
            .within(&[Class::Erase], &(hit.words.end..(hit.words.end + 4).min(clause.words.end)))
            .is_some()
        {
            return;
        }
        if clause
            .within(&[Class::Contract], &(hit.words.end..(hit.words.end + 5).min(clause.words.end)))
            .is_some()
        {
            return;
        }
        let passive = clause.word_is_passive(hit);
        let noun = is_noun(clause.text.norm(hit.words.start))
            && !matches!(clause.text.norm(hit.words.start), "je" | "m");
        let negated = clause.negated(hit) && !passive;
        let mood = if negated { Mood::Aside("negated") } else { clause.mood(hit, noun, false) };
        let target =
            |classes: &[Class]| clause.within(classes, &reach).or_else(|| clause.within(classes, &left));
        let marketing = clause
            .within(&[Class::Marketing, Class::List], &reach)
            .or_else(|| clause.within(&[Class::Marketing, Class::List], &left));
        if let Some(marketing) = marketing
            && clause
                .within(&[Class::Purpose, Class::Others], &reach)
                .is_none_or(|p| p.words.start > marketing.words.start)
        {
            let words = hit.words.start.min(marketing.words.start)..hit.words.end.max(marketing.words.end);
            return self.push(Right::OptOut, "object_to_marketing", words, mood, 0.95);
        }
        if clause.within(&[Class::Contact, Class::Messages, Class::Receive], &reach).is_some()
            && clause.within(&[Class::Processing, Class::Use, Class::Share], &reach).is_none()
        {
            return self.push(Right::OptOut, "object_to_messages", hit.words.clone(), mood, 0.85);
        }
        let about = target(&[
            Class::Purpose,
            Class::Share,
            Class::Others,
            Class::Processing,
            Class::Use,
            Class::Data,
        ]);
        if let Some(about) = about {
            let words = hit.words.start.min(about.words.start)..hit.words.end.max(about.words.end);
            let ground = clause.has(Class::Ground) && clause.has_any(&[Class::Erase, Class::Remove]);
            if let Mood::Asked(confidence) = mood
                && ground
            {
                let finding = self.finding(Right::Objection, "object_as_a_ground", &words, confidence * 0.7);
                return self.out.weak.push(finding);
            }
            if clause.owner(about) != Owner::Yours {
                self.push(Right::Objection, "object_to_processing", words, mood, 0.9);
            }
        }
    }

    pub(super) fn withdraw(&mut self, hit: &Hit) {
        let clause = self.clause;
        let mood = clause.mood(hit, false, true);
        let Mood::Asked(confidence) = mood else {
            return self.push(Right::Objection, "withdraw_consent", hit.words.clone(), mood, 1.0);
        };
        if clause.has_any(&[Class::Marketing, Class::List, Class::Messages, Class::Contact])
            && !clause.has(Class::Purpose)
        {
            self.push(Right::OptOut, "withdraw_consent_to_marketing", hit.words.clone(), mood, 0.9);
        } else {
            let right = if self.background.mailing && !clause.has(Class::Purpose) {
                Right::OptOut
            } else {
                Right::Objection
            };
            let finding = self.finding(right, "withdraw_consent", &hit.words, confidence * 0.8);
            self.out.weak.push(finding);
        }
    }

    pub(super) fn share(&mut self, hit: &Hit) {
        let clause = self.clause;
        if !clause.stopped(hit) && !clause.has(Class::Others) {
            // "transmit my data": to the sender.
            return self.ask_for_data(hit);
        }
        if !clause.stopped(hit) || clause.done_like(hit) {
            return;
        }
        let near = hit.words.start.saturating_sub(8).max(clause.words.start)
            ..(hit.words.end + 10).min(clause.words.end);
        let object =
            clause.within(&[Class::Data, Class::Email, Class::Identity, Class::Others, Class::Them], &near);
        if let Some(object) = object
            && clause.owner(object) != Owner::Yours
            && !clause.has(Class::NotForget)
        {
            let mood = clause.mood(hit, false, false);
            let right = if self.background.keep && clause.has_any(&[Class::Temporary, Class::Keep]) {
                Right::Restriction
            } else {
                Right::Objection
            };
            self.push(right, "do_not_share", hit.words.clone(), mood, 0.85);
        }
    }

    /// "I do not want to be the object of profiling", "stop profiling me".
    pub(super) fn purpose(&mut self, hit: &Hit) {
        let clause = self.clause;
        let left = clause.segment(hit.words.start)..hit.words.start;
        let stopped =
            clause.within(&[Class::Not, Class::NoMore, Class::Stop, Class::Oppose], &left).is_some();
        let asked = clause.has(Class::Want) || clause.within(&[Class::Stop, Class::Oppose], &left).is_some();
        let mine = clause.has_any(&[Class::Me, Class::My, Class::AboutMe])
            || clause.within(&[Class::Want], &left).is_some();
        let settled = clause.has_any(&[
            Class::Contract,
            Class::Marketing,
            Class::Erase,
            Class::NotForget,
            Class::Cannot,
        ]);
        if stopped && asked && mine && !settled && !self.background.keep && clause.length() <= 25 {
            let mood = clause.mood(hit, false, false);
            self.push(Right::Objection, "no_such_purpose", left.start..hit.words.end, mood, 0.8);
        }
    }

    pub(super) fn say_objection(&mut self, hit: &Hit) {
        let clause = self.clause;
        if clause.has(Class::Contract)
            || clause
                .within(&[Class::Erase], &(hit.words.end..(hit.words.end + 4).min(clause.words.end)))
                .is_some()
        {
            return;
        }
        let mood = clause.mood(hit, true, true);
        let right =
            if clause.has_any(&[Class::Marketing, Class::List]) { Right::OptOut } else { Right::Objection };
        self.push(right, "says_object", hit.words.clone(), mood, 0.85);
    }
}
