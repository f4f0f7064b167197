//! Whether a mail answers a letter of ours that asked to confirm, by what it quotes and what its subject repeats.

use super::Answer;
use super::clause::Place;
use super::lexicon::{Class, Hit};
use super::reading::{Mail, zone};

impl Mail<'_> {
    /// The subject holds a number in groups, as our letters' references are.
    fn has_reference(&self) -> bool {
        let digits = |i: usize| {
            let word = self.subject.text.norm(i);
            word.len() >= 3 && word.bytes().all(|b| b.is_ascii_digit())
        };
        (1..self.subject.text.words.len()).any(|i| digits(i) && digits(i - 1))
    }

    /// Whether the mail answers a letter that asked to confirm.
    pub(super) fn confirms(&self, answer: Answer) -> bool {
        *self.confirms.get_or_init(|| self.tell_confirms(answer))
    }

    fn tell_confirms(&self, answer: Answer) -> bool {
        if self.words.carries_our_token {
            return true;
        }
        let own_confirms = self.own.has(Class::Confirm);
        if self.own.text.words.is_empty()
            && self.has_reference()
            && matches!(answer, Answer::Yes | Answer::No)
        {
            return true; // "YES - 2J-597-312-408" as a subject, and nothing else.
        }
        let subject_asks = self.reply && self.subject.has(Class::Asked);
        let quoted = zone(Place::Forwarded, &self.words.quoted, self.extra);
        let quote_asks = quoted.found.hits.iter().filter(|hit| hit.class == Class::Asked).count();
        let answered = matches!(answer, Answer::Yes | Answer::No) || own_confirms;
        if subject_asks || quote_asks >= 2 || (quote_asks == 1 && answered) {
            return true;
        }
        if self.forward {
            return false;
        }
        let short = self.own.text.words.len() <= 14;
        let about_request = [
            "demande",
            "request",
            "rgpd",
            "gdpr",
            "donnees",
            "droits",
            "identite",
            "identity",
            "ref",
            "confirmation",
            "verification",
            "anfrage",
            "dossier",
            "case",
            "2j",
        ];
        let subject_fits =
            (0..self.subject.text.words.len()).any(|i| about_request.contains(&self.subject.text.norm(i)));
        // A letter that is quoted and asks nothing is another one: that a request has come in.
        let answers_another = !quoted.text.words.is_empty() && quote_asks == 0;
        if self.reply
            && !answers_another
            && (own_confirms || (short && matches!(answer, Answer::Yes | Answer::No) && subject_fits))
        {
            return true;
        }
        let mut strong =
            self.own.found.hits.iter().filter(|hit| hit.class == Class::Confirm && hit.words.len() >= 4);
        let says_so = |hit: &Hit| hit.words.clone().any(|i| self.own.text.norm(i).starts_with("confirm"));
        // A passport that comes with a request is no answer to anything, nor is "I clicked the link" under an advertisement.
        strong.next().is_some_and(|hit| {
            says_so(hit) || !answers_another && (self.reply || self.requests(false).findings.is_empty())
        }) && !self.own.has(Class::Past)
    }
}
