//! The rules that combine acts, objects and moods into rights. Each has a name that the DPO and the journal see.

mod access;
mod correction;
mod erasure;
mod follow_up;
mod marketing;
mod objection;
mod shape;

use std::ops::Range;

use super::clause::{Clause, Mood, Place};
use super::language;
use super::lexicon::{Class, Found, Hit, Lexicon};
use super::weigh;
use super::words::Text;
use super::{Finding, Kind, Language, Right, SetAside};
pub(super) use shape::is_noun;
use shape::{first_person, is_noun_phrase, orders};

/// Words and what the lexicon found in them.
pub(super) struct Zone<'z> {
    pub(super) place: Place,
    pub(super) source: &'z str,
    pub(super) text: Text,
    pub(super) found: Found,
    /// Stretches between quotation marks, in bytes.
    cited: Vec<Range<usize>>,
}

impl<'z> Zone<'z> {
    pub(super) fn read(place: Place, source: &'z str, lexicon: &Lexicon) -> Self {
        let text = Text::read(source);
        let found = lexicon.find(&text);
        let cited = if place == Place::Own { shape::cited(source) } else { Vec::new() };
        Self { place, source, text, found, cited }
    }

    /// Words `words` stand between quotation marks: somebody's, told.
    pub(super) fn cites(&self, words: &Range<usize>) -> bool {
        let span = self.text.span(words);
        self.cited.iter().any(|cited| cited.start <= span.start && span.end <= cited.end)
    }

    pub(super) fn has(&self, class: Class) -> bool {
        self.found.hits.iter().any(|hit| hit.class == class)
    }
}

/// What the whole mail is about, for words that lean on it: "delete it", "remove my address".
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Background {
    /// It answers a mailing, or speaks of mailings.
    pub(super) mailing: bool,
    /// Personal data, an account, a file were named.
    pub(super) personal: bool,
    /// They thank: what is told as done is done.
    pub(super) thanks: bool,
    /// Lists or messages were named.
    pub(super) list: bool,
    /// "do not delete", "until", "dispute".
    pub(super) keep: bool,
    /// A new value or a wrong one was given.
    pub(super) value: bool,
    /// A machine format or another provider was named.
    pub(super) machine: bool,
    /// A piece of personal data (a name, a number) was named.
    pub(super) identity: bool,
}

/// What the rules say of a mail.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) findings: Vec<Finding>,
    pub(super) set_aside: Vec<SetAside>,
    /// A request stood beside "my", "me": the sender speaks of themselves.
    pub(super) mine: bool,
    /// Findings that count only when nothing else was asked: grounds, references to an article.
    pub(super) weak: Vec<Finding>,
}

/// Reads all sentences of `zone`.
pub(super) fn read_zone(zone: &Zone<'_>, main: Language, background: &Background, out: &mut Outcome) {
    let mut first = 0;
    let (mut inside, mut mine): (Vec<&Hit>, Vec<&Hit>) = (Vec::new(), Vec::new());
    for sentence in &zone.text.sentences {
        let hits = &zone.found.hits;
        while hits.get(first).is_some_and(|hit| hit.words.start < sentence.words.start) {
            first += 1;
        }
        inside.clear();
        let here = hits.iter().skip(first).take_while(|hit| hit.words.start < sentence.words.end);
        inside.extend(here.filter(|hit| hit.class != Class::Common && !weigh::only(hit.class)));
        if inside.is_empty() {
            continue;
        }
        for language in language::of_sentence(zone, sentence, first, main) {
            mine.clear();
            mine.extend(inside.iter().filter(|hit| hit.language == language));
            if mine.is_empty() {
                continue;
            }
            let clause = Clause {
                text: &zone.text,
                words: sentence.words.clone(),
                question: sentence.question,
                place: zone.place,
                language,
                hits: mine,
            };
            Reader { clause: &clause, zone, background, out }.read();
            mine = clause.hits;
        }
    }
}

struct Reader<'r, 't> {
    clause: &'r Clause<'t>,
    zone: &'r Zone<'r>,
    background: &'r Background,
    out: &'r mut Outcome,
}

/// So many words at most lie between "I had asked" and what was asked.
const TOLD_REACH: usize = 6;
/// So many words at most lie between "tell me when", "I do not think" and "it is done".
const WAITING_REACH: usize = 3;
const PERSONAL: [Class; 4] = [Class::Data, Class::File, Class::Account, Class::All];
const MAILING: [Class; 3] = [Class::List, Class::Marketing, Class::Messages];

impl Reader<'_, '_> {
    fn read(&mut self) {
        let clause = self.clause;
        let complaint = clause.has(Class::Complaint);
        for hit in &clause.hits {
            match hit.class {
                Class::Erase => self.erase(hit, false),
                Class::Remove => self.erase(hit, true),
                Class::Unsubscribe => self.unsubscribe(hit),
                Class::Stop => self.stop(hit),
                Class::Receive => self.receive(hit),
                Class::Contact => {
                    self.contact(hit);
                    if matches!(clause.text.norm(hit.words.start), "m" | "me" | "nous" | "send") {
                        self.ask_for_data(hit); // "send me my data"
                    }
                }
                Class::Enough => self.enough(hit),
                Class::Send | Class::Know => self.ask_for_data(hit),
                Class::Hold => self.hold(hit),
                Class::Correct => self.correct(hit),
                Class::Wrong | Class::Changed => self.wrong(hit),
                Class::Value
                    if matches!(clause.text.norm(hit.words.start), "et" | "au" | "instead" | "rather") =>
                {
                    self.wrong(hit)
                }
                Class::Freeze => self.freeze(hit),
                Class::Use => self.use_of_data(hit),
                Class::Oppose => self.oppose(hit),
                Class::Withdraw => self.withdraw(hit),
                Class::Share => self.share(hit),
                Class::Data => self.bare_wish(hit),
                Class::Purpose => self.purpose(hit),
                Class::Obtain => self.obtained(hit),
                Class::Export => self.export(hit),
                Class::Close => self.close(hit),
                Class::Source | Class::Recipients => self.source(hit),
                Class::SayUnsubscribe => self.say(hit, Right::OptOut, "says_stop", false),
                Class::SayErasure => self.say(hit, Right::Erasure, "says_erase", true),
                Class::SayAccess if !complaint => self.say(hit, Right::Access, "says_access", false),
                Class::SayRectification => self.say(hit, Right::Rectification, "says_rectify", true),
                Class::SayRestriction => self.say(hit, Right::Restriction, "says_restrict", true),
                Class::SayPortability => self.say(hit, Right::Portability, "says_port", true),
                Class::SayObjection => self.say_objection(hit),
                _ => {}
            }
        }
        if !complaint {
            self.article();
        }
    }

    fn finding(&self, right: Right, rule: &'static str, words: &Range<usize>, confidence: f32) -> Finding {
        let span = self.zone.text.span(words);
        let text = self.zone.source.get(span.clone()).unwrap_or("").to_owned();
        Finding {
            kind: Kind::Asks(right),
            rule,
            text,
            span: (self.zone.place == Place::Own).then_some(span),
            confidence,
        }
    }

    fn push(&mut self, right: Right, rule: &'static str, words: Range<usize>, mood: Mood, factor: f32) {
        let mood =
            if matches!(mood, Mood::Asked(_)) && self.only_told(&words) { Mood::Aside("done") } else { mood };
        let mood = match (self.follow_up(&words), mood) {
            (
                Some(Mood::Asked(chased)),
                Mood::Aside("done" | "background" | "only_mentioned" | "question_about"),
            ) => Mood::Asked(chased),
            (Some(Mood::Aside(reason)), Mood::Asked(_)) => Mood::Aside(reason),
            (_, mood) => mood,
        };
        let mood = if self.fulfilled(&words) { Mood::Aside("done") } else { mood };
        let mood = if self.zone.cites(&words) { Mood::Aside("cited") } else { mood };
        match mood {
            Mood::Asked(confidence) => {
                let finding = self.finding(right, rule, &words, confidence * factor);
                self.out.mine |= self.clause.speaks_of_self();
                self.out.findings.push(finding);
            }
            Mood::Aside(reason) => self.aside(right, rule, &words, reason),
        }
    }

    /// "Last year I had asked for the deletion": told, unless the mail says that nothing came of it.
    fn only_told(&self, words: &Range<usize>) -> bool {
        let Some(past) = self.clause.all(Class::Past).filter(|past| past.words.end <= words.start).last()
        else {
            return false;
        };
        // "I had asked" opens a reminder as often as a tale: it does not count for one here.
        let tale = |hit: &Hit| {
            self.clause
                .all(Class::Past)
                .any(|past| past.words.start <= hit.words.start && hit.words.start < past.words.end)
        };
        let again = |hit: &Hit| hit.class == Class::Still || hit.class == Class::Reminder && !tale(hit);
        self.clause.within(&[Class::Want, Class::Polite], &(past.words.end..words.start)).is_none()
            && !self.zone.found.hits.iter().any(again)
    }

    /// "I had asked to be taken off, and it worked."
    fn fulfilled(&self, words: &Range<usize>) -> bool {
        let hits = &self.zone.found.hits;
        let reach = words.start.saturating_sub(TOLD_REACH)..=words.start;
        self.clause.all(Class::Past).any(|past| reach.contains(&past.words.end))
            && hits.iter().any(|hit| hit.class == Class::Fulfilled && self.is_stated(hit))
            && !hits.iter().any(|hit| hit.class == Class::Still)
    }

    /// Not "tell me when it is done", "I doubt that it was done", "is it done?": these still wait.
    fn is_stated(&self, hit: &Hit) -> bool {
        let text = &self.zone.text;
        let near = |other: &Hit| {
            other.words.end <= hit.words.start && hit.words.start - other.words.end <= WAITING_REACH
        };
        let waits = |other: &Hit| {
            matches!(other.class, Class::If | Class::Not | Class::NoMore | Class::Polite | Class::Know)
                && near(other)
        };
        let told = hit.words.start.saturating_sub(2)..hit.words.start;
        let asked = told.map(|at| text.norm(at)).any(|word| {
            matches!(word, "que" | "qu" | "that" | "si" | "if" | "quand" | "when" | "once" | "until" | "sure")
                || word.starts_with("confirm")
        });
        let question = text.sentences.iter().any(|s| s.question && s.words.contains(&hit.words.start));
        !asked && !question && !self.zone.found.hits.iter().any(waits)
    }

    fn aside(&mut self, right: Right, rule: &'static str, words: &Range<usize>, reason: &'static str) {
        let finding = self.finding(right, rule, words, 0.5);
        self.out.set_aside.push(SetAside { finding, reason });
    }

    fn say(&mut self, hit: &Hit, right: Right, rule: &'static str, negation: bool) {
        let clause = self.clause;
        let noun = negation && is_noun_phrase(clause, hit);
        let mut mood = clause.mood(hit, noun, negation);
        if right == Right::Access {
            mood = self.access_mood(hit);
            let segment = clause.comma_start(hit.words.start).max(hit.words.start.saturating_sub(6));
            if clause
                .within(
                    &[Class::Erase, Class::Remove, Class::Stop, Class::Freeze, Class::Correct],
                    &(segment..hit.words.start),
                )
                .is_some()
            {
                return;
            }
            let first = clause.text.norm(hit.words.start);
            let bare_if = matches!(first, "if" | "si" | "whether")
                && clause
                    .within(
                        &[Class::Know, Class::Send, Class::Want, Class::Polite, Class::NotIf],
                        &(clause.words.start..hit.words.start),
                    )
                    .is_none()
                && !clause.question;
            let left = hit.words.start.saturating_sub(5).max(clause.words.start)..hit.words.start;
            let unknown = !clause.question
                && clause.within(&[Class::NotForget, Class::Not], &left).is_some()
                && clause
                    .within(&[Class::Want, Class::Polite], &(clause.words.start..hit.words.start))
                    .is_none();
            if bare_if
                || unknown
                || clause
                    .within(&[Class::Erase, Class::Remove, Class::Correct, Class::Stop], &hit.words)
                    .is_some()
            {
                return;
            }
            if clause.has_any(&[Class::NotOurs]) || clause.negated(hit) && !clause.question {
                return;
            }
        }
        if right == Right::OptOut {
            let contract = clause
                .within(&[Class::Contract], &(hit.words.end..(hit.words.end + 4).min(clause.words.end)))
                .is_some();
            if contract && !clause.has_any(&MAILING) || clause.other_list(hit) {
                return self.aside(right, rule, &hit.words, "contract");
            }
            // "Not interested? Tell me": a seller asks.
            let interest = |at: usize| clause.text.norm(at).starts_with("interes");
            if clause.question && clause.length() <= 4 && hit.words.clone().any(interest) {
                return self.aside(right, rule, &hit.words, "speaks_to_the_reader");
            }
            mood = match mood {
                // "as I asked you to stop": the wish stands.
                Mood::Aside("done" | "question_about") if !clause.has_any(&[Class::Did, Class::AskRight]) => {
                    Mood::Asked(0.8)
                }
                Mood::Aside("condition")
                    if clause.has(Class::Still)
                        || matches!(
                            clause.text.norm(hit.words.start),
                            "one" | "un" | "encore" | "another"
                        ) =>
                {
                    Mood::Asked(0.75)
                }
                other => other,
            };
        }
        let opens = hit.words.start <= clause.segment(hit.words.start) + 1;
        if right == Right::Rectification && clause.has(Class::Contract) && !clause.has(Class::Data) {
            return self.aside(right, rule, &hit.words, "contract");
        }
        let order = ["met", "modif", "corig", "chang", "rectif", "update", "corect", "amend", "fix"];
        let first = clause.text.norm(hit.words.start);
        let orders = order.iter().any(|verb| first.starts_with(verb));
        if right == Right::Rectification && orders && !opens && !clause.has_any(&[Class::Want, Class::Polite])
        {
            return self.aside(right, rule, &hit.words, "only_mentioned");
        }
        if right == Right::Erasure && clause.has_any(&[Class::NotOurs]) {
            return;
        }
        self.push(right, rule, hit.words.clone(), mood, 1.0);
    }

    /// "Request under Art. 17 GDPR": counts when no words say more.
    fn article(&mut self) {
        let clause = self.clause;
        let law = || {
            clause.words.clone().any(|i| {
                matches!(
                    clause.text.norm(i),
                    "gdpr" | "rgpd" | "dsgvo" | "avg" | "gdpra" | "reglement" | "kvkk"
                )
            })
        };
        for i in clause.words.clone() {
            let right = match clause.text.norm(i + 1) {
                "15" => Right::Access,
                "16" => Right::Rectification,
                "17" => Right::Erasure,
                "18" => Right::Restriction,
                "20" => Right::Portability,
                _ => continue,
            };
            let word = clause.text.norm(i);
            let opens = word.starts_with("art")
                || matches!(
                    word,
                    "cl" | "clanku"
                        | "clanka"
                        | "clankom"
                        | "čl"
                        | "αρθρο"
                        | "αρθρου"
                        | "члан"
                        | "статья"
                        | "статьи"
                );
            if !opens || !law() {
                continue;
            }
            let mood = clause.mood_of_reference();
            if mood {
                let finding = self.finding(right, "cites_an_article", &(i..i + 2), 0.65);
                self.out.weak.push(finding);
            }
            break;
        }
    }
}
