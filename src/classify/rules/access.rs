//! What do you hold, where from, and may I take it along (GDPR Art. 15 and 20; R9).

use super::super::Right;
use super::super::clause::{Mood, Owner, Place};
use super::super::lexicon::{Class, Hit};
use super::{Reader, first_person};

impl Reader<'_, '_> {
    /// "Send me my data", "I want to know what you hold on me".
    pub(super) fn ask_for_data(&mut self, hit: &Hit) {
        let clause = self.clause;
        let other = [Class::Erase, Class::Remove, Class::Unsubscribe, Class::Correct];
        if clause.hits.iter().any(|h| {
            other.contains(&h.class) && h.words.start < hit.words.end && hit.words.start < h.words.end
        }) {
            return;
        }
        let confirms = clause.text.norm(hit.words.start).starts_with("confirm");
        if first_person(clause, hit)
            || confirms && clause.within(&[Class::If, Class::NotIf, Class::Which], &clause.words).is_none()
        {
            return;
        }
        let reach = hit.words.start + 1..(hit.words.end + 22).min(clause.words.end);
        let objects =
            [Class::Data, Class::File, Class::Source, Class::Recipients, Class::Retention, Class::Processing];
        let Some(object) = clause.hits.iter().copied().find(|h| {
            objects.contains(&h.class)
                && h.words.start >= reach.start
                && h.words.end <= reach.end
                && clause.owner(h) != Owner::Yours
        }) else {
            return;
        };
        let about = clause
            .within(&[Class::AboutMe, Class::My], &(hit.words.end.saturating_sub(1)..reach.end))
            .is_some()
            || clause.owner(object) == Owner::Mine;
        if !about || clause.has_any(&[Class::NotOurs, Class::Complaint]) {
            return;
        }
        let other_act = clause
            .within(
                &[
                    Class::Erase,
                    Class::Remove,
                    Class::Correct,
                    Class::Freeze,
                    Class::Stop,
                    Class::Unsubscribe,
                ],
                &(hit.words.end..object.words.start),
            )
            .is_some();
        if other_act
            || clause.within(&[Class::Contract, Class::Policy], &(hit.words.end..object.words.end)).is_some()
        {
            return;
        }
        if object.class == Class::File && clause.owner(object) != Owner::Mine {
            return;
        }
        let asks = clause.has_any(&[Class::Want, Class::Polite, Class::Which, Class::How])
            || clause.question
            || hit.words.start <= clause.segment(hit.words.start) + 1;
        if !asks {
            return;
        }
        let mood = match clause.mood(hit, false, true) {
            Mood::Aside("question_about") if !clause.has(Class::AskRight) => Mood::Asked(0.85),
            other => other,
        };
        let words = hit.words.start..object.words.end;
        if clause.stopped(hit) || clause.negated(hit) {
            return;
        }
        if clause.has_any(&[Class::Format, Class::Provider]) {
            self.push(Right::Portability, "data_in_a_format", words, mood, 0.95);
        } else if object.class == Class::Recipients {
            // GDPR Art. 19 s. 2: in a letter that asks for more, a formula.
            if let Mood::Asked(confidence) = mood {
                let finding = self.finding(Right::Access, "ask_for_recipients", &words, confidence * 0.8);
                self.out.weak.push(finding);
            }
        } else {
            self.push(Right::Access, "ask_for_data", words, mood, 0.9);
        }
    }

    /// Access is a question by nature: a question is no reason to set it aside.
    pub(super) fn access_mood(&self, hit: &Hit) -> Mood {
        match self.clause.mood(hit, false, true) {
            Mood::Aside("question_about") if !self.clause.has(Class::AskRight) => Mood::Asked(0.85),
            // "Your notice on the right of access is clear": named, and nobody asks for it.
            aside @ Mood::Aside("done" | "only_mentioned" | "reported")
                if self.clause.place == Place::Own
                    && self.clause.length() > 7
                    && !self.clause.question
                    && !self.clause.has_any(&[
                        Class::Want,
                        Class::Polite,
                        Class::Which,
                        Class::Still,
                        Class::Reminder,
                    ]) =>
            {
                aside
            }
            Mood::Aside("done" | "only_mentioned" | "condition" | "reported") => Mood::Asked(0.7),
            other => other,
        }
    }

    pub(super) fn hold(&mut self, hit: &Hit) {
        let clause = self.clause;
        let near = hit.words.start.saturating_sub(9).max(clause.words.start)
            ..(hit.words.end + 9).min(clause.words.end);
        let data = clause.within(&[Class::Data, Class::Identity, Class::Email], &near);
        let about = clause.within(&[Class::AboutMe], &near).is_some()
            || data.is_some_and(|d| clause.owner(d) == Owner::Mine);
        if !about {
            return;
        }
        let segment = clause.segment(hit.words.start);
        let wants = clause.within(&[Class::Want], &(segment..hit.words.start)).is_some();
        let stopped = clause
            .within(&[Class::NoMore, Class::Not, Class::Stop, Class::Oppose], &(segment..hit.words.start))
            .is_some();
        if stopped
            && data.is_some()
            && wants
            && clause.has(Class::Lead)
            && !clause.has(Class::NotForget)
            && !clause.has(Class::Use)
        {
            let mood = clause.mood(hit, false, false);
            return self.push(Right::Erasure, "hold_no_more", hit.words.clone(), mood, 0.8);
        }
        let asked = clause.has(Class::Which)
            && (clause.question || clause.has_any(&[Class::Want, Class::Polite, Class::Know, Class::Send]));
        let asked = asked && clause.within(&[Class::Which], &(clause.words.start..hit.words.end)).is_some();
        if asked
            && clause.within(&[Class::Data], &near).is_some()
            && !stopped
            && !clause.has_any(&[Class::Erase, Class::Remove, Class::Complaint, Class::Contract])
        {
            let mood = self.access_mood(hit);
            self.push(Right::Access, "what_do_you_hold", near, mood, 0.8);
        }
    }

    pub(super) fn source(&mut self, hit: &Hit) {
        let clause = self.clause;
        let unknown = clause.within(
            &[Class::NotForget, Class::Not],
            &(hit.words.start.saturating_sub(5).max(clause.words.start)..hit.words.start),
        );
        if unknown.is_some() && !clause.question {
            return;
        }
        let near = hit.words.start..(hit.words.end + 10).min(clause.words.end);
        let data = clause.within(&[Class::Data, Class::Email, Class::Identity], &near);
        let about = data.is_some_and(|d| clause.owner(d) != Owner::Yours)
            && clause.within(&[Class::My, Class::AboutMe], &clause.words).is_some();
        let asks = clause.question || clause.has_any(&[Class::Want, Class::Polite, Class::Know, Class::Send]);
        if about && asks && !clause.has_any(&[Class::Erase, Class::Complaint, Class::Contract]) {
            let mood = self.access_mood(hit);
            self.push(Right::Access, "where_from_or_to_whom", hit.words.clone(), mood, 0.85);
        }
    }

    /// "Who gave you that?", after "my number": the source of a piece of data, asked without its name.
    pub(super) fn obtained(&mut self, hit: &Hit) {
        let clause = self.clause;
        let which = clause.within(&[Class::Which, Class::Source], &(clause.words.start..hit.words.start));
        let how_to = clause.has_any(&[
            Class::How,
            Class::Polite,
            Class::Correct,
            Class::Erase,
            Class::Unsubscribe,
            Class::Contract,
            Class::AskRight,
        ]);
        if which.is_none() || !clause.question || how_to || clause.length() > 24 {
            return;
        }
        let mine = clause.hits.iter().any(|h| {
            matches!(h.class, Class::Identity | Class::Email | Class::Data) && clause.owner(h) == Owner::Mine
        });
        let named = self.background.identity && clause.has(Class::Them);
        let asker = matches!(
            which.map(|which| clause.text.norm(which.words.start)).unwrap_or(""),
            "qui"
                | "d"
                | "comment"
                | "quel"
                | "quels"
                | "quelles"
                | "quelle"
                | "who"
                | "where"
                | "how"
                | "which"
        );
        if (mine || named) && asker && clause.has(Class::Lead) {
            self.push(
                Right::Access,
                "who_gave_it_to_you",
                which.map_or(hit.words.start, |w| w.words.start)..hit.words.end,
                Mood::Asked(0.8),
                1.0,
            );
        }
    }

    /// "I want my data (as CSV)": a wish with its object and no verb.
    pub(super) fn bare_wish(&mut self, hit: &Hit) {
        let clause = self.clause;
        let acts = clause.hits.iter().any(|h| {
            h.class <= Class::Close && !matches!(h.class, Class::Hold | Class::Use | Class::Contact)
        });
        if acts
            || clause.owner(hit) != Owner::Mine
            || clause.has_any(&[
                Class::Contract,
                Class::Not,
                Class::NoMore,
                Class::Purpose,
                Class::Wrong,
                Class::Marketing,
            ])
        {
            return;
        }
        let before = hit.words.start.saturating_sub(4).max(clause.words.start)..hit.words.start;
        if clause.within(&[Class::Want, Class::Polite], &before).is_none() {
            return;
        }
        let mood = clause.mood(hit, false, true);
        if clause.has_any(&[Class::Format, Class::Provider]) {
            self.push(Right::Portability, "wants_data_in_a_format", hit.words.clone(), mood, 0.9);
        } else if clause.length() <= 9 {
            self.push(Right::Access, "wants_data", hit.words.clone(), mood, 0.75);
        }
    }

    pub(super) fn export(&mut self, hit: &Hit) {
        let clause = self.clause;
        if first_person(clause, hit) && !clause.has_any(&[Class::Want, Class::Polite]) {
            return;
        }
        let reach = hit.words.start..(hit.words.end + 16).min(clause.words.end);
        let data = clause
            .within(&[Class::Data, Class::File, Class::All], &reach)
            .filter(|d| clause.owner(d) != Owner::Yours);
        let machine = clause.has_any(&[Class::Format, Class::Provider]) || self.background.machine;
        let about = data.is_some_and(|d| clause.owner(d) == Owner::Mine) || clause.has(Class::AboutMe);
        if data.is_none() && !(machine && clause.has_any(&[Class::My, Class::AboutMe])) {
            return;
        }
        if !about && !machine
            || clause.has(Class::Contract) && data.is_none()
            || clause.negated(hit)
            || clause.stopped(hit)
        {
            return;
        }
        let word = clause.text.norm(hit.words.start);
        let mood = self.access_mood(hit);
        let strong = machine
            || word.starts_with("export")
            || word.starts_with("portab")
            || word.starts_with("port")
            || word.starts_with("migr")
            || word.starts_with("reimport");
        if strong {
            self.push(Right::Portability, "take_data_along", hit.words.clone(), mood, 0.9);
        } else if !word.starts_with("import") {
            self.push(Right::Access, "recover_data", hit.words.clone(), mood, 0.75);
        }
    }
}
