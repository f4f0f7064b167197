//! The second half of reading a mail: what the rules say is weighed against all that the mail holds.

use std::collections::BTreeSet;

use super::lexicon::{Class, Hit};
use super::reading::{FINDINGS_MAX, Mail, UNCLEAR};
use super::{
    Answer, CERTAIN, CERTAIN_OPT_OUT, Finding, Kind, OwnPhrases, Reading, Right, Words, own, robots, taught,
};
use crate::mail::Origin;

/// A yes of so few words is plain.
const PLAIN_YES: usize = 4;

/// As [`super::read`], but what is weighed instead of what it comes to: see `tests/corpus/teach.rs`; empty where nothing is
/// weighed. `with_rules`: what the rules say is among the signs.
#[must_use]
pub fn signs(words: &Words<'_>, origin: Origin, extra: &OwnPhrases, with_rules: bool) -> taught::Signs {
    if !may_be_a_person(words, origin) {
        return taught::Signs::default();
    }
    let mail = Mail::new(words, extra);
    let reading = mail.rule(origin);
    taught::signs_of(&mail.seen(with_rules.then_some(&reading)))
}

impl Mail<'_> {
    /// What the rules say, then what weighs more.
    pub(super) fn understood(&self, origin: Origin) -> Reading {
        let reading = self.rule(origin);
        if !may_be_a_person(self.words, origin) || self.asked_elsewhere(&reading) {
            return reading;
        }
        let likely = taught::likely(&self.seen(Some(&reading)), &self.beyond_doubt(&reading));
        let mut reading = taught::weigh(&likely, &self.subject, &self.own, reading);
        let now = reading.kinds.iter().any(|kind| matches!(kind, Kind::AutoReply | Kind::Bounce));
        // Where the rules met a machine and the scales a person, a person reads it (T13).
        reading.certain &= now || !reading.machine;
        reading.machine |= now;
        let spoken = !self.own.text.words.is_empty();
        let doubts = || spoken && taught::doubts(&likely, self.opens_with_yes());
        if reading.answer == Answer::Yes && (reading.machine || doubts()) {
            reading.doubt_yes();
        }
        told_once(&mut reading.findings);
        reading.set_aside.truncate(FINDINGS_MAX);
        reading
    }

    /// The request stands in a forwarded mail that the sender adopts, or in a file's name: their own words weigh nothing.
    fn asked_elsewhere(&self, reading: &Reading) -> bool {
        let mut asked =
            reading.findings.iter().filter(|finding| matches!(finding.kind, Kind::Asks(_))).peekable();
        asked.peek().is_some()
            && asked.all(|finding| finding.span.is_none() && !self.words.subject.contains(&finding.text))
    }

    /// The first sentence is a yes and nothing more: "Yes. No need to call me back."
    fn opens_with_yes(&self) -> bool {
        let first = self.own.text.sentences.first().map_or(0..0, |sentence| sentence.words.clone());
        let said =
            |hit: &Hit| matches!(hit.class, Class::Yes | Class::Confirm) && first.contains(&hit.words.start);
        first.len() <= PLAIN_YES && self.own.found.hits.iter().any(said)
    }

    fn seen<'s>(&'s self, rules: Option<&'s Reading>) -> taught::Seen<'s> {
        let answer = self.answer();
        taught::Seen {
            subject: (!self.reply_subject()).then_some(&self.subject),
            own: &self.own,
            names: &self.names,
            language: self.language,
            reply: self.reply,
            forward: self.forward,
            quotes: !self.words.quoted.is_empty(),
            confirms: self.confirms(answer),
            bulk: robots::bulk(&self.own).0 > 1,
            automatic: self.words.automatic,
            answer,
            rules,
        }
    }

    /// An answer that carries our token, and what a phrase of the installation's own asks: no weight takes that away.
    fn beyond_doubt(&self, reading: &Reading) -> BTreeSet<Kind> {
        let mut kinds = BTreeSet::new();
        if self.words.carries_our_token && reading.kinds.contains(&Kind::Confirmation) {
            kinds.insert(Kind::Confirmation);
        }
        if let Some(own) = &self.extra.lexicon {
            let said = [&self.subject, &self.own].into_iter().flat_map(|zone| own.find(&zone.text).hits);
            let rights: BTreeSet<Kind> =
                said.filter_map(|hit| own::right(hit.class)).map(Kind::Asks).collect();
            kinds.extend(reading.kinds.intersection(&rights));
        }
        kinds
    }
}

/// Whether nothing but words says that it is a machine's.
fn may_be_a_person(words: &Words<'_>, origin: Origin) -> bool {
    origin == Origin::Person || words.automatic && origin == Origin::AutoReply
}

/// Leaves one finding of several that lead to the same kind by the same words: the strongest, which stands first. Each
/// rule counts when a mail is weighed, but a person who reads why wants to read it once.
fn told_once(findings: &mut Vec<Finding>) {
    let mut kept: Vec<Finding> = Vec::with_capacity(findings.len().min(FINDINGS_MAX));
    for finding in findings.drain(..) {
        let again = kept.iter().any(|other| {
            other.kind == finding.kind
                && match (&other.span, &finding.span) {
                    (Some(a), Some(b)) => a.start < b.end && b.start < a.end,
                    _ => other.text == finding.text,
                }
        });
        if !again {
            kept.push(finding);
        }
        if kept.len() >= FINDINGS_MAX {
            break;
        }
    }
    *findings = kept;
}

impl Reading {
    /// Takes a yes for neither yes nor no: a person reads it.
    fn doubt_yes(&mut self) {
        self.answer = Answer::Unclear;
        for finding in &mut self.findings {
            if finding.rule == "answers_yes" {
                finding.rule = "answers_unclear";
                finding.confidence = UNCLEAR;
            }
        }
        self.certain = self.certain && self.is_certain();
    }

    /// Whether every kind is sure enough to act on, see [`CERTAIN`] and [`CERTAIN_OPT_OUT`].
    pub(super) fn is_certain(&self) -> bool {
        self.kinds.iter().all(|kind| {
            let of_kind = self.findings.iter().filter(|finding| finding.kind == *kind);
            let best = of_kind.map(|finding| finding.confidence).fold(0.0_f32, f32::max);
            match kind {
                Kind::Asks(Right::OptOut) => best >= CERTAIN_OPT_OUT,
                Kind::Other => !self
                    .set_aside
                    .iter()
                    .any(|s| matches!(s.reason, "no_object" | "only_mentioned" | "condition" | "outweighed")),
                Kind::Confirmation => matches!(self.answer, Answer::Yes | Answer::No),
                _ => best >= CERTAIN,
            }
        })
    }
}
