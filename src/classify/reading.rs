//! One mail's words to one [`Reading`]: which rules speak, and in which order.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::clause::Place;
use super::language::Votes;
use super::lexicon::{Class, Hit, LEXICON, Lexicon};
use super::mail_words::Words;
use super::outsiders::Signs;
use super::rules::{Background, Outcome, Zone, read_zone};
use super::subject::{Prefix, SUBJECT_MAX, bare_subject, clipped, name_words};
use super::words::{Break, Sentence};
use super::{
    Answer, Finding, Kind, Language, OwnPhrases, Reading, Right, SetAside, answer, gist, outsiders, robots,
    weigh,
};
use crate::mail::Origin;

/// How sure an answer is that says neither yes nor no.
pub(super) const UNCLEAR: f32 = 0.6;
/// More reasons than these tell a person nothing.
pub(super) const FINDINGS_MAX: usize = 60;

/// Reads `words`; `origin` is what the outside of the mail told.
#[must_use]
pub fn read(words: &Words<'_>, origin: Origin, extra: &OwnPhrases) -> Reading {
    Mail::new(words, extra).understood(origin)
}

/// What the rules alone say of `words`: one half of [`read`], whose other half weighs it.
#[must_use]
pub fn read_by_rules(words: &Words<'_>, origin: Origin, extra: &OwnPhrases) -> Reading {
    Mail::new(words, extra).rule(origin)
}

pub(super) struct Mail<'m> {
    pub(super) words: &'m Words<'m>,
    pub(super) extra: &'m OwnPhrases,
    pub(super) subject: Zone<'m>,
    pub(super) own: Zone<'m>,
    pub(super) names: String,
    pub(super) empty: Zone<'m>,
    pub(super) reply: bool,
    pub(super) forward: bool,
    pub(super) language: Language,
    /// Whether it answers a letter that asked to confirm: found once.
    pub(super) confirms: OnceCell<bool>,
}

impl<'m> Mail<'m> {
    pub(super) fn new(words: &'m Words<'m>, extra: &'m OwnPhrases) -> Self {
        let (subject, prefix) = bare_subject(clipped(words.subject, SUBJECT_MAX));
        let subject = zone(Place::Subject, subject, extra);
        let own = zone(Place::Own, words.own, extra);
        let reply = prefix == Prefix::Reply || words.answers;
        let forward = prefix == Prefix::Forward || words.forwarded.is_some();
        let mut mail = Self {
            words,
            extra,
            subject,
            own,
            names: String::new(),
            empty: Zone::read(Place::Subject, "", &LEXICON),
            reply,
            forward,
            language: Language::Unknown,
            confirms: OnceCell::new(),
        };
        mail.names =
            words.attachment_names.iter().map(|name| name_words(name)).collect::<Vec<_>>().join("\n\n");
        mail.language = mail.tell_language(prefix != Prefix::None);
        mail
    }

    pub(super) fn answer(&self) -> Answer {
        let answer = answer::read(&self.own);
        if answer == Answer::Empty && !self.reply_subject() {
            return match answer::read(&self.subject) {
                Answer::Unclear => Answer::Empty,
                told => told,
            };
        }
        answer
    }

    pub(super) fn rule(&self, origin: Origin) -> Reading {
        let answer = self.answer();
        let alone = |kind: Kind, rule: &'static str, text: &str, certain: bool| Reading {
            kinds: BTreeSet::from([kind]),
            language: self.language,
            findings: vec![Finding {
                kind,
                rule,
                text: text.to_owned(),
                span: None,
                confidence: if certain { 0.99 } else { 0.6 },
            }],
            set_aside: Vec::new(),
            answer,
            certain,
            machine: matches!(kind, Kind::AutoReply | Kind::Bounce),
        };
        match origin {
            Origin::Bounce => return alone(Kind::Bounce, "screened_as_bounce", "", true),
            Origin::AutoReply if self.words.automatic => {
                let mut asks = self.requests(false);
                let mut reading = alone(Kind::AutoReply, "screened_as_auto_reply", "", true);
                let fall = |finding| SetAside { finding, reason: "automatic" };
                asks.set_aside.extend(asks.findings.into_iter().map(fall));
                reading.set_aside = asks.set_aside;
                return reading;
            }
            Origin::AutoReply | Origin::OwnLetter => {
                return alone(Kind::AutoReply, "screened_as_auto_reply", "", true);
            }
            Origin::ListUnsubscribe => {
                return alone(Kind::Asks(Right::OptOut), "list_unsubscribe_mail", self.words.subject, true);
            }
            Origin::FeedbackOptOut => return alone(Kind::Asks(Right::OptOut), "feedback_opt_out", "", true),
            Origin::ListMail => {
                if let Some((kind, rule, text)) = self.look().kind(Signs::List) {
                    return alone(kind, rule, text, true);
                }
                let (weight, hit, in_subject) = robots::spam(&self.subject, &self.own);
                return match hit {
                    Some(hit) if weight >= 8 => {
                        alone(Kind::Spam, "smells_of_spam", self.text_of(hit, in_subject), true)
                    }
                    _ => alone(Kind::ListMail, "screened_as_list_mail", "", true),
                };
            }
            Origin::Person => {}
        }
        let look = self.look();
        if let Some((kind, rule, hit, in_subject)) = robots::automatic(&self.subject, &self.own, self.reply)
            && !look.denies(kind)
            && !(self.reply && in_subject)
            && (in_subject || robots::bulk(&self.own).0 < 2)
            && !self.own.has(Class::SayUnsubscribe)
        {
            let asks = self.requests(false);
            let twice = self.own.found.hits.iter().filter(|hit| hit.class == Class::AutoReply).count() >= 2;
            if in_subject || twice || asks.findings.is_empty() || kind == Kind::Bounce {
                let mut reading = alone(kind, rule, self.text_of(hit, in_subject), true);
                reading.set_aside = asks.set_aside;
                return reading;
            }
        }
        let confirms = self.confirms(answer);
        let mut out = self.requests(confirms);
        let answers = confirms && matches!(answer, Answer::Yes | Answer::No);
        let signs = match out.findings.is_empty() {
            _ if answers => Signs::Requests,
            true => Signs::None,
            false if out.mine => Signs::Requests,
            false => Signs::Vague,
        };
        if let Some((kind, rule, text)) = look.kind(signs)
            && (kind != Kind::Spam || !confirms && !self.forward && self.words.quoted.is_empty())
            && (kind != Kind::Bounce || !self.forward)
        {
            let mut reading = alone(kind, rule, text, true);
            reading.set_aside = out.set_aside;
            return reading;
        }
        if confirms {
            self.keep_new(&mut out);
        }
        self.conclude(out, confirms, answer, &look)
    }

    fn look(&self) -> outsiders::Look<'_> {
        let subject = (!self.reply_subject()).then_some(&self.subject);
        outsiders::look(subject, &self.own, self.language, self.reply)
    }

    fn text_of(&self, hit: &Hit, in_subject: bool) -> &str {
        let zone = if in_subject { &self.subject } else { &self.own };
        zone.source.get(zone.text.span(&hit.words)).unwrap_or("")
    }

    fn background(&self) -> Background {
        let any = |classes: &[Class]| {
            [&self.subject, &self.own].iter().any(|zone| {
                zone.found.hits.iter().any(|hit| {
                    classes.contains(&hit.class)
                        && (self.language == Language::Unknown || hit.language == self.language)
                })
            })
        };
        let quoted_mailing = self.reply && !self.words.quoted.is_empty();
        let list = any(&[Class::List, Class::Marketing, Class::Messages]);
        Background {
            mailing: quoted_mailing || (self.reply && list),
            personal: any(&[Class::Data, Class::Account, Class::File]),
            list,
            thanks: any(&[Class::Thanks]),
            keep: any(&[Class::Keep]),
            value: any(&[Class::Value, Class::Wrong, Class::Changed]),
            machine: any(&[Class::Format, Class::Provider]),
            identity: any(&[Class::Identity, Class::Email]),
        }
    }

    pub(super) fn requests(&self, confirms: bool) -> Outcome {
        let mut out = Outcome::default();
        let background = self.background();
        if !confirms {
            let mut subject = Outcome::default();
            if !self.reply_subject() {
                read_zone(&self.subject, self.language, &background, &mut subject);
            }
            read_zone(&self.own, self.language, &background, &mut out);
            // The body corrects the subject: "Deletion?" above "I do not want you to delete it".
            let asked: BTreeSet<Kind> = out.findings.iter().map(|finding| finding.kind).collect();
            // "unsubscribe:c=8841" is a program's subject, whatever the program writes below.
            let bare = self.subject.text.words.get(1).is_none_or(|word| word.before > Break::None);
            let long = self.own.text.words.len() >= ABOUT_WORDS && !bare;
            let fallen = out.set_aside.iter().filter(|fallen| {
                CLEAR.contains(&fallen.reason) || long && matches!(fallen.reason, "only_mentioned" | "cited")
            });
            let fallen: BTreeSet<Kind> = fallen.map(|fallen| fallen.finding.kind).collect();
            subject
                .findings
                .retain(|finding| asked.contains(&finding.kind) || !fallen.contains(&finding.kind));
            if out.findings.is_empty() && self.own.text.words.len() >= ABOUT_WORDS {
                subject.findings.retain(|finding| self.speaks_of(finding.kind));
            }
            if !out.findings.is_empty() {
                // "Forget me" above a letter: the letter says what is meant.
                subject.findings.retain(|finding| {
                    asked.contains(&finding.kind)
                        || !matches!(finding.rule, "remove_me" | "erase_me" | "remove_alone" | "erase_alone")
                            && !(finding.rule == "says_stop" && finding.text.split_whitespace().count() <= 2)
                });
            }
            out.findings.append(&mut subject.findings);
            out.weak.append(&mut subject.weak);
            if out.findings.is_empty() && !self.names.is_empty() {
                let names = zone(Place::FileName, &self.names, self.extra);
                read_zone(&names, self.language, &background, &mut out);
            }
            let adopts = self.own.has(Class::Adopt) || self.subject.has(Class::Adopt);
            if let Some(forwarded) = self.words.forwarded
                && out.findings.is_empty()
                && adopts
                && !self.own.text.words.is_empty()
            {
                let forwarded = zone(Place::Forwarded, forwarded, self.extra);
                let language =
                    Votes::of_zone(&forwarded).best().map_or(self.language, |(language, _)| language);
                read_zone(&forwarded, language, &background, &mut out);
            }
        } else {
            read_zone(&self.own, self.language, &background, &mut out);
        }
        if self.language == Language::Unknown {
            // Few words of such a language are known: the first one counts, usually the subject's.
            let first = out
                .findings
                .iter()
                .min_by_key(|f| f.span.as_ref().map_or(0, |s| s.start + 1))
                .map(|f| f.kind);
            out.findings.retain(|finding| Some(finding.kind) == first);
        }
        self.weigh(&mut out);
        out
    }

    /// A letter under "Right of access" that asks for nothing itself must at least speak of what its subject names:
    /// it may be about the door of a building.
    fn speaks_of(&self, kind: Kind) -> bool {
        let about: &[Class] = match kind {
            Kind::Asks(Right::OptOut) => &[
                Class::List,
                Class::Marketing,
                Class::Messages,
                Class::Receive,
                Class::Contact,
                Class::Email,
                Class::Refusal,
                Class::NoMore,
                Class::Stop,
                Class::Remove,
            ],
            _ => &[
                Class::Data,
                Class::AboutMe,
                Class::Account,
                Class::File,
                Class::Email,
                Class::Identity,
                Class::Thing,
                Class::Right,
                Class::Reminder,
            ],
        };
        about.iter().any(|class| self.own.has(*class))
    }

    /// R8: grounds add nothing to a request; alone they are what is asked.
    fn weigh(&self, out: &mut Outcome) {
        let weak = std::mem::take(&mut out.weak);
        if out.findings.is_empty() {
            let fallen = out.set_aside.iter().filter(|fallen| fallen.reason == "negated");
            let fallen: BTreeSet<Kind> = fallen.map(|fallen| fallen.finding.kind).collect();
            // One article is cited as the right; a list of articles is law talk: the first counts.
            out.findings.extend(weak.into_iter().find(|weak| !fallen.contains(&weak.kind)));
        } else {
            let asked: BTreeSet<Kind> = out.findings.iter().map(|finding| finding.kind).collect();
            let grounds = weak.into_iter().filter(|weak| !asked.contains(&weak.kind));
            out.set_aside.extend(grounds.map(|finding| SetAside { finding, reason: "ground" }));
        }
        let asks = |right: Right, out: &Outcome| out.findings.iter().any(|f| f.kind == Kind::Asks(right));
        // "Strike me off and destroy my file": the file is what is meant.
        let solid = out.findings.iter().any(|f| {
            f.kind == Kind::Asks(Right::Erasure) && matches!(f.rule, "erase_data" | "erase_a_piece_of_data")
        });
        if solid {
            out.findings.retain(|f| !matches!(f.rule, "remove_me" | "remove_alone"));
        }
        // Art. 18(1)(d): restriction while an objection is weighed, in a letter that asks for erasure.
        if asks(Right::Erasure, out) && asks(Right::Objection, out) && asks(Right::Restriction, out) {
            out.findings.retain(|f| f.kind != Kind::Asks(Right::Restriction));
        }
        // "Do not delete, do not use": keeping is what they want.
        if asks(Right::Restriction, out) && asks(Right::Objection, out) {
            let own_reason =
                out.findings.iter().any(|f| f.kind == Kind::Asks(Right::Objection) && f.rule != "no_use");
            if !own_reason {
                out.findings.retain(|f| f.kind != Kind::Asks(Right::Objection));
            }
        }
    }

    pub(super) fn reply_subject(&self) -> bool {
        self.reply && bare_subject(self.words.subject).1 == Prefix::Reply
            || bare_subject(self.words.subject).1 == Prefix::Forward
    }

    /// R14: in an answer, only what is new is a request.
    fn keep_new(&self, out: &mut Outcome) {
        let quoted = zone(Place::Forwarded, &self.words.quoted, self.extra);
        let sentences = &self.own.text.sentences;
        let has = |at: usize, classes: &[Class]| {
            let Some(sentence) = sentences.iter().find(|s| s.words.contains(&at)) else { return false };
            self.own
                .found
                .hits
                .iter()
                .any(|h| sentence.words.contains(&h.words.start) && classes.contains(&h.class))
        };
        let mut known: BTreeSet<Kind> = BTreeSet::new();
        // What the letter named, and what the answer names again: "I confirm the erasure".
        let again = self
            .own
            .found
            .hits
            .iter()
            .take(FINDINGS_MAX)
            .filter(|hit| has(hit.words.start, &ANSWERS) && !has(hit.words.start, &[Class::Also]));
        for hit in quoted.found.hits.iter().chain(&self.subject.found.hits).chain(again) {
            let right = match hit.class {
                Class::Erase | Class::SayErasure | Class::Close => Right::Erasure,
                Class::Unsubscribe | Class::SayUnsubscribe | Class::Remove => Right::OptOut,
                Class::SayAccess => Right::Access,
                Class::Correct | Class::SayRectification => Right::Rectification,
                Class::Freeze | Class::SayRestriction => Right::Restriction,
                Class::Export | Class::SayPortability => Right::Portability,
                Class::Oppose | Class::SayObjection => Right::Objection,
                _ => continue,
            };
            known.insert(Kind::Asks(right));
        }
        let findings = std::mem::take(&mut out.findings);
        // An answer is short; what is beyond is for a person.
        for finding in findings.into_iter().take(FINDINGS_MAX) {
            let at = finding
                .span
                .as_ref()
                .and_then(|span| {
                    (0..self.own.text.words.len())
                        .find(|i| self.own.text.span(&(*i..*i + 1)).start >= span.start)
                })
                .unwrap_or(0);
            let also = has(at, &[Class::Also]);
            let answers = has(at, &ANSWERS);
            let same = finding.rule == "remove_me" && known.contains(&Kind::Asks(Right::Erasure));
            let new = !same && !known.contains(&finding.kind) && (also || (!known.is_empty() && !answers));
            let new = new || (also && !answers);
            if new {
                out.findings.push(finding);
            } else {
                out.set_aside.push(SetAside { finding, reason: "already_asked" });
            }
        }
        // "I confirm. By the way, that card of mine in your shop can go": asked between the lines, after the answer.
        let answers = |sentence: &Sentence| has(sentence.words.start, &ANSWERS);
        if out.findings.is_empty()
            && let Some(first) = sentences.iter().position(answers)
            && let Some(weighed) = weigh::rights(&self.empty, &self.own, self.language, first + 1)
            && !known.contains(&Kind::Asks(weighed.right))
        {
            out.findings.push(self.weighed(&weighed));
        }
    }

    fn weighed(&self, weighed: &weigh::Weighed<'_>) -> Finding {
        Finding {
            kind: Kind::Asks(weighed.right),
            rule: weighed.rule,
            text: self.text_of(weighed.hit, false).to_owned(),
            span: Some(self.own.text.span(&weighed.hit.words)),
            confidence: 0.6,
        }
    }

    /// Who speaks of rights without asking for one, and who asks without saying so.
    fn settle(&self, out: &mut Outcome, confirms: bool, spam: usize) {
        let count = |class: Class| {
            let zones = [&self.own, &self.subject];
            let hits = zones.iter().flat_map(|zone| &zone.found.hits);
            hits.filter(|hit| hit.class == class && hit.language == self.language).count()
        };
        let any = |class: Class| count(class) > 0;
        let stays = any(Class::Stay) && !confirms;
        if stays {
            let (stop, rest): (Vec<_>, Vec<_>) = out.findings.drain(..).partition(|finding| {
                matches!(finding.kind, Kind::Asks(Right::OptOut | Right::Erasure | Right::Rectification))
            });
            out.findings = rest;
            for finding in stop {
                out.set_aside.push(SetAside { finding, reason: "wants_to_stay" });
            }
        }
        let reason = if count(Class::Vendor) >= 2 || any(Class::Vendor) && spam >= 2 {
            "speaks_to_the_reader"
        } else if any(Class::Elsewhere) {
            "other_business"
        } else {
            ""
        };
        let sells = reason == "speaks_to_the_reader" && spam >= 4;
        if !reason.is_empty() && (!out.mine || sells) && !confirms {
            for finding in out.findings.drain(..) {
                out.set_aside.push(SetAside { finding, reason });
            }
        }
        if out.findings.is_empty() && !confirms && !self.forward && reason != "speaks_to_the_reader" {
            let subject = if self.reply { &self.empty } else { &self.subject };
            if let Some(weighed) = weigh::rights(subject, &self.own, self.language, 0)
                && !out.set_aside.iter().any(|fallen| {
                    (fallen.finding.kind == Kind::Asks(weighed.right) || weighed.weight < 2)
                        && CLEAR.contains(&fallen.reason)
                })
            {
                out.findings.push(self.weighed(&weighed));
            }
        }
        let refused = out.set_aside.iter().any(|fallen| {
            fallen.finding.kind == Kind::Asks(Right::OptOut)
                && matches!(fallen.reason, "negated" | "done" | "later_event" | "speaks_to_the_reader")
        });
        if out.findings.is_empty()
            && !confirms
            && !refused
            && !stays
            && !self.forward
            && !self.words.own.trim().is_empty()
        {
            let subject = if self.reply { &self.empty } else { &self.subject };
            let quoted = zone(Place::Forwarded, clipped(&self.words.quoted, 2_000), self.extra);
            let mailing = quoted
                .found
                .hits
                .iter()
                .any(|hit| matches!(hit.class, Class::Marketing | Class::List | Class::Bulk))
                || self.reply && (self.subject.has(Class::Marketing) || self.subject.has(Class::List));
            if let Some((hit, in_subject)) = gist::opt_out(subject, &self.own, mailing) {
                let span = (!in_subject).then(|| self.own.text.span(&hit.words));
                out.findings.push(Finding {
                    kind: Kind::Asks(Right::OptOut),
                    rule: "had_enough_of_mailings",
                    text: self.text_of(hit, in_subject).to_owned(),
                    span,
                    confidence: 0.6,
                });
            }
        }
    }

    fn conclude(
        &self,
        mut out: Outcome,
        confirms: bool,
        answer: Answer,
        look: &outsiders::Look<'_>,
    ) -> Reading {
        let (weight, spam, in_subject) = robots::spam(&self.subject, &self.own);
        let (bulk, bulk_hit) = robots::bulk(&self.own);
        self.settle(&mut out, confirms, weight);
        let only_opt_out = out.findings.iter().all(|f| f.kind == Kind::Asks(Right::OptOut));
        let mut kinds: BTreeSet<Kind> = out.findings.iter().map(|finding| finding.kind).collect();
        let simple = |kind: Kind, rule: &'static str, text: &str, confidence: f32| Finding {
            kind,
            rule,
            text: text.to_owned(),
            span: None,
            confidence,
        };
        if confirms {
            kinds.insert(Kind::Confirmation);
            let (rule, confidence) = match answer {
                Answer::Yes => ("answers_yes", 0.95),
                Answer::No => ("answers_no", 0.95),
                Answer::Empty => ("answers_nothing", 0.6),
                Answer::Unclear => ("answers_unclear", UNCLEAR),
            };
            let text = self
                .own
                .found
                .hits
                .iter()
                .find(|h| matches!(h.class, Class::Yes | Class::No | Class::Confirm));
            out.findings.push(simple(
                Kind::Confirmation,
                rule,
                text.map_or("", |hit| self.text_of(hit, false)),
                confidence,
            ));
        } else if let Some(hit) = spam
            && ((weight >= 6 && !out.mine)
                || (weight >= 11 && self.own.text.words.len() > 50 && !self.own.has(Class::AboutMe))
                || (only_opt_out
                    && weight >= 6
                    && self.own.text.words.len() > 40
                    && !self.own.has(Class::My))
                || (kinds.is_empty() && weight >= 3))
            && !(self.words.answers || !self.words.quoted.is_empty())
            && !look.denies(Kind::Spam)
        {
            for finding in out.findings.drain(..) {
                out.set_aside.push(SetAside { finding, reason: "speaks_to_the_reader" });
            }
            kinds = BTreeSet::from([Kind::Spam]);
            out.findings.push(simple(Kind::Spam, "smells_of_spam", self.text_of(hit, in_subject), 0.8));
        } else if let Some(hit) = bulk_hit
            && (kinds.is_empty() && bulk >= 2 || only_opt_out && bulk >= 4)
            && self.own.text.words.len() > 20
            && !self.reply
            && !self.forward
        {
            for finding in out.findings.drain(..) {
                out.set_aside.push(SetAside { finding, reason: "speaks_to_the_reader" });
            }
            kinds = BTreeSet::from([Kind::ListMail]);
            out.findings.push(simple(Kind::ListMail, "newsletter_words", self.text_of(hit, false), 0.75));
        }
        if kinds.is_empty() {
            kinds.insert(Kind::Other);
        }
        out.findings.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        out.findings.dedup_by(|a, b| a.kind == b.kind && a.span.is_some() && a.span == b.span);
        out.findings.truncate(FINDINGS_MAX);
        out.set_aside.truncate(FINDINGS_MAX);
        let mut reading = Reading {
            kinds,
            language: self.language,
            findings: out.findings,
            set_aside: out.set_aside,
            answer,
            certain: false,
            machine: false,
        };
        reading.certain = reading.is_certain();
        reading
    }
}

/// What answers our letter.
const ANSWERS: [Class; 3] = [Class::Confirm, Class::Yes, Class::No];

/// So many words say by themselves what they are about.
const ABOUT_WORDS: usize = 12;

/// Reasons for which a right fell that no weight lifts up again.
const CLEAR: [&str; 5] = ["negated", "done", "question_about", "contract", "later_event"];

pub(super) fn zone<'z>(place: Place, source: &'z str, extra: &OwnPhrases) -> Zone<'z> {
    let lexicon: &Lexicon = &LEXICON;
    let mut zone = Zone::read(place, source, lexicon);
    if let Some(own) = &extra.lexicon {
        zone.found.hits.extend(own.find(&zone.text).hits);
        zone.found.hits.sort_by_key(|hit| hit.words.start);
    }
    zone
}
