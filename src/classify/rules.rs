//! The rules that combine acts, objects and moods into rights. Each has a name that the DPO and the journal see.

use std::ops::Range;

use super::clause::{Clause, Mood, Owner, Place};
use super::language;
use super::lexicon::{Class, Found, Hit, Lexicon};
use super::words::{Break, Text};
use super::{Finding, Kind, Language, Right, SetAside};

/// Words and what the lexicon found in them.
pub(super) struct Zone<'z> {
    pub(super) place: Place,
    pub(super) source: &'z str,
    pub(super) text: Text,
    pub(super) found: Found,
}

impl<'z> Zone<'z> {
    pub(super) fn read(place: Place, source: &'z str, lexicon: &Lexicon) -> Self {
        let text = Text::read(source);
        let found = lexicon.find(&text);
        Self { place, source, text, found }
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
    for sentence in &zone.text.sentences {
        let hits = &zone.found.hits;
        while hits.get(first).is_some_and(|hit| hit.words.start < sentence.words.start) {
            first += 1;
        }
        let inside: Vec<&Hit> = hits
            .iter()
            .skip(first)
            .take_while(|hit| hit.words.start < sentence.words.end)
            .filter(|hit| hit.class != Class::Common)
            .collect();
        if inside.is_empty() {
            continue;
        }
        for language in language::of_sentence(zone, sentence, first, main) {
            let mine: Vec<&Hit> = inside.iter().copied().filter(|hit| hit.language == language).collect();
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
        }
    }
}

struct Reader<'r, 't> {
    clause: &'r Clause<'t>,
    zone: &'r Zone<'r>,
    background: &'r Background,
    out: &'r mut Outcome,
}

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
                Class::Contact => self.contact(hit),
                Class::Enough => self.enough(hit),
                Class::Send | Class::Know => self.ask_for_data(hit),
                Class::Hold => self.hold(hit),
                Class::Correct => self.correct(hit),
                Class::Wrong | Class::Changed => self.wrong(hit),
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

    fn finding(&self, right: Right, rule: &str, words: &Range<usize>, confidence: f32) -> Finding {
        let span = self.zone.text.span(words);
        let text = self.zone.source.get(span.clone()).unwrap_or("").to_owned();
        Finding {
            kind: Kind::Asks(right),
            rule: rule.to_owned(),
            text,
            span: (self.zone.place == Place::Own).then_some(span),
            confidence,
        }
    }

    fn push(&mut self, right: Right, rule: &str, words: Range<usize>, mood: Mood, factor: f32) {
        match mood {
            Mood::Asked(confidence) => {
                let finding = self.finding(right, rule, &words, confidence * factor);
                self.out.mine |= self.clause.speaks_of_self();
                self.out.findings.push(finding);
            }
            Mood::Aside(reason) => self.aside(right, rule, &words, reason),
        }
    }

    fn aside(&mut self, right: Right, rule: &str, words: &Range<usize>, reason: &'static str) {
        let finding = self.finding(right, rule, words, 0.5);
        self.out.set_aside.push(SetAside { finding, reason });
    }

    /// The objects that an act reaches: to the right, or to the left of a passive when nothing is to the right.
    fn objects(&self, hit: &Hit) -> Vec<&Hit> {
        let wanted = |class: Class| {
            PERSONAL.contains(&class)
                || MAILING.contains(&class)
                || matches!(
                    class,
                    Class::Email
                        | Class::Identity
                        | Class::Contract
                        | Class::Me
                        | Class::Them
                        | Class::NotOurs
                        | Class::Policy
                )
        };
        let clause = self.clause;
        let in_range = |range: Range<usize>| -> Vec<&Hit> {
            let hits = clause.hits.iter().copied();
            hits.filter(|h| wanted(h.class) && h.words.start >= range.start && h.words.end <= range.end)
                .collect()
        };
        let right = in_range(clause.reach(hit));
        let solid = |hits: &[&Hit]| hits.iter().any(|h| !matches!(h.class, Class::Me | Class::Them));
        if solid(&right) {
            return right;
        }
        let mut left = in_range(clause.reach_left(hit));
        if solid(&left) || right.is_empty() {
            left.extend(right);
            return left;
        }
        right
    }

    fn all_counts(&self, all: &Hit, objects: &[&Hit]) -> bool {
        // "all your lists": a determiner, not an object.
        !objects.iter().any(|o| {
            o.class != Class::All
                && o.class != Class::Me
                && o.words.start >= all.words.end
                && o.words.start - all.words.end <= 2
        })
    }

    fn erase(&mut self, hit: &Hit, remove: bool) {
        let clause = self.clause;
        let word = clause.text.norm(hit.words.start);
        if clause.has(Class::Format) && (word.starts_with("sort") || word.starts_with("extr")) {
            return self.export(hit); // "get my history out as CSV"
        }
        if clause.hits.iter().any(|h| {
            h.class == Class::Withdraw && h.words.start <= hit.words.start && hit.words.end <= h.words.end
        }) {
            return;
        }
        let noun = is_noun(clause.text.norm(hit.words.start));
        let objects = self.objects(hit);
        let end = objects.iter().map(|o| o.words.end).max().unwrap_or(hit.words.end);
        let start =
            objects.iter().map(|o| o.words.start).min().unwrap_or(hit.words.start).min(hit.words.start);
        let words = start..end.max(hit.words.end);
        let has = |class: Class| objects.iter().any(|o| o.class == class);
        let own = |o: &Hit| clause.owner(o) != Owner::Yours;
        let mine_messages =
            objects.iter().any(|o| o.class == Class::Messages && clause.owner(o) == Owner::Mine);
        let personal = objects
            .iter()
            .filter(|o| match o.class {
                Class::Data | Class::Account => own(o),
                Class::File => true,
                Class::All => self.all_counts(o, &objects),
                _ => false,
            })
            .count()
            > 0;
        let foreign = objects
            .iter()
            .any(|o| matches!(o.class, Class::Data | Class::Account) && clause.owner(o) == Owner::Yours);
        let piece = objects.iter().any(|o| o.class == Class::Identity && own(o));
        let address = has(Class::Email);
        let mailing = objects.iter().any(|o| o.class == Class::Messages && clause.owner(o) == Owner::Yours);
        let list = has(Class::List) || has(Class::Marketing) || mailing && remove;
        let me = !noun && clause.beside(hit, Class::Me);
        let contract = has(Class::Contract);
        let replaced = (piece || address)
            && clause.has(Class::Value)
            && (clause.has(Class::Wrong) || clause.has(Class::Changed))
            && !personal;
        let mood = if clause.has(Class::Complaint) && noun {
            Mood::Aside("reported")
        } else {
            clause.mood(hit, noun, true)
        };
        if has(Class::NotOurs) || (has(Class::Policy) && !personal && !list) {
            return;
        }
        if replaced {
            self.push(Right::Rectification, "replace_a_value", words, mood, 0.9);
        } else if list {
            // R7: a list alone is marketing; data and a list are both.
            let data = objects.iter().any(|o| {
                matches!(o.class, Class::Data | Class::Account | Class::File)
                    && clause.owner(o) != Owner::Yours
                    || o.class == Class::File
            }) || !remove
                && objects.iter().any(|o| o.class == Class::All && self.all_counts(o, &objects));
            if data {
                self.push(Right::Erasure, "erase_data", words.clone(), mood, 1.0);
            }
            self.push(Right::OptOut, "off_the_list", words, mood, 1.0);
        } else if personal {
            if contract && !has(Class::Data) && !has(Class::Account) && !me && !has(Class::File) {
                return self.aside(Right::Erasure, "erase_data", &words, "contract");
            }
            let spoken = objects.iter().any(|o| clause.owner(o) == Owner::Mine)
                || clause.has_any(&[
                    Class::Want,
                    Class::Polite,
                    Class::Me,
                    Class::My,
                    Class::AboutMe,
                    Class::Lead,
                    Class::Cannot,
                ])
                || hit.words.start <= clause.segment(hit.words.start) + 1
                || self.zone.place != Place::Own;
            if !spoken {
                return self.aside(Right::Erasure, "erase_data", &words, "only_mentioned");
            }
            self.push(Right::Erasure, "erase_data", words, mood, 1.0);
        } else if foreign {
            self.aside(Right::Erasure, "erase_data", &words, "not_their_own");
        } else if contract {
            self.aside(Right::Erasure, "erase_data", &words, "contract");
        } else if piece || mine_messages {
            self.push(Right::Erasure, "erase_a_piece_of_data", words, mood, 0.9);
        } else if address {
            if remove || self.background.mailing {
                self.push(Right::OptOut, "remove_my_address", words, mood, 0.85);
            } else {
                self.push(Right::Erasure, "erase_my_address", words, mood, 0.8);
            }
        } else if has(Class::Messages) {
            if remove && me {
                self.push(Right::OptOut, "off_the_list", words, mood, 0.85);
            }
        } else if me && word.starts_with("forg") {
            self.push(Right::Erasure, "forget_me", words, mood, 0.85);
        } else if me {
            self.push(Right::OptOut, "remove_me", words.clone(), mood, 0.85);
            if !remove && !self.background.mailing && !self.background.list {
                self.push(Right::Erasure, "erase_me", words, mood, 0.75);
            }
        } else {
            let near = hit.words.start.saturating_sub(3).max(clause.words.start)
                ..(hit.words.end + 3).min(clause.words.end);
            let pronoun = clause.within(&[Class::Them], &near).is_some();
            let opens = hit.words.start <= clause.segment(hit.words.start) + 1 && !noun;
            let asks = opens
                || noun && clause.length() <= 4
                || clause.has_any(&[Class::Want, Class::Polite, Class::Cannot]);
            if !asks {
                return self.aside(Right::Erasure, "erase_alone", &hit.words, "no_object");
            }
            if self.background.personal && (pronoun || clause.length() <= 8 || self.background.identity) {
                self.push(Right::Erasure, "erase_what_was_named", hit.words.clone(), mood, 0.8);
            } else if self.background.list && (pronoun || remove) && !self.background.personal {
                self.push(Right::OptOut, "remove_from_what_was_named", hit.words.clone(), mood, 0.75);
            } else if clause.length() <= 3 && !remove {
                self.push(Right::Erasure, "erase_alone", hit.words.clone(), mood, 0.65);
            } else if remove
                && (clause.length() <= 3 || hit.words.end == clause.words.end && clause.length() <= 7)
            {
                self.push(Right::OptOut, "remove_alone", hit.words.clone(), mood, 0.7);
            } else {
                self.aside(Right::Erasure, "erase_alone", &hit.words, "no_object");
            }
        }
    }

    fn unsubscribe(&mut self, hit: &Hit) {
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
        if mood == Mood::Aside("only_mentioned") && clause.length() <= 12 {
            mood = Mood::Asked(0.75);
        }
        if mood == Mood::Aside("done") && (clause.has(Class::Still) || clause.has(Class::Asked)) {
            mood = Mood::Asked(0.8);
        }
        if mood == Mood::Aside("question_about") && !clause.has(Class::AskRight) {
            mood = Mood::Asked(0.7);
        }
        if mood == Mood::Aside("done") && clause.has(Class::Past) && !self.background.thanks {
            // "I opted out in May!": they were not heard.
            mood = Mood::Asked(0.65);
        }
        self.push(Right::OptOut, "unsubscribe", words, mood, 1.0);
    }

    fn stop(&mut self, hit: &Hit) {
        let clause = self.clause;
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

    fn receive(&mut self, hit: &Hit) {
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

    fn contact(&mut self, hit: &Hit) {
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

    fn enough(&mut self, hit: &Hit) {
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

    /// "Send me my data", "I want to know what you hold on me".
    fn ask_for_data(&mut self, hit: &Hit) {
        let clause = self.clause;
        let other = [Class::Erase, Class::Remove, Class::Unsubscribe, Class::Correct];
        if clause.hits.iter().any(|h| {
            other.contains(&h.class) && h.words.start < hit.words.end && hit.words.start < h.words.end
        }) {
            return;
        }
        if first_person(clause, hit) {
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
    fn access_mood(&self, hit: &Hit) -> Mood {
        match self.clause.mood(hit, false, true) {
            Mood::Aside("question_about") if !self.clause.has(Class::AskRight) => Mood::Asked(0.85),
            Mood::Aside("done" | "only_mentioned" | "condition" | "reported") => Mood::Asked(0.7),
            other => other,
        }
    }

    fn hold(&mut self, hit: &Hit) {
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

    fn source(&mut self, hit: &Hit) {
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
    fn obtained(&mut self, hit: &Hit) {
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

    fn correct(&mut self, hit: &Hit) {
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
    fn wrong(&mut self, hit: &Hit) {
        let clause = self.clause;
        let corrects = clause
            .all(Class::Correct)
            .any(|c| c.words.start < hit.words.start || c.words.end > hit.words.end);
        if corrects || clause.has_any(&[Class::Contract, Class::Erase, Class::NotOurs]) {
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

    fn freeze(&mut self, hit: &Hit) {
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

    fn use_of_data(&mut self, hit: &Hit) {
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

    fn oppose(&mut self, hit: &Hit) {
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

    fn withdraw(&mut self, hit: &Hit) {
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

    fn share(&mut self, hit: &Hit) {
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
    fn purpose(&mut self, hit: &Hit) {
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

    /// "I want my data (as CSV)": a wish with its object and no verb.
    fn bare_wish(&mut self, hit: &Hit) {
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

    fn export(&mut self, hit: &Hit) {
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

    fn close(&mut self, hit: &Hit) {
        let clause = self.clause;
        let account = clause
            .within(&[Class::Account], &clause.reach(hit))
            .or_else(|| clause.within(&[Class::Account], &clause.reach_left(hit)));
        if let Some(account) = account
            && clause.owner(account) != Owner::Yours
            && !clause.has(Class::NotOurs)
        {
            let noun = is_noun(clause.text.norm(hit.words.start));
            let words = hit.words.start.min(account.words.start)..hit.words.end.max(account.words.end);
            let mood = clause.mood(hit, noun, true);
            self.push(Right::Erasure, "close_account", words, mood, 0.85);
        }
    }

    fn say(&mut self, hit: &Hit, right: Right, rule: &str, negation: bool) {
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
            if contract && !clause.has_any(&MAILING) {
                return self.aside(right, rule, &hit.words, "contract");
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

    fn say_objection(&mut self, hit: &Hit) {
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

    /// "Request under Art. 17 GDPR": counts when no words say more.
    fn article(&mut self) {
        let clause = self.clause;
        let law = (clause.words.clone()).any(|i| {
            matches!(clause.text.norm(i), "gdpr" | "rgpd" | "dsgvo" | "avg" | "gdpra" | "reglement" | "kvkk")
        });
        if !law {
            return;
        }
        for i in clause.words.clone() {
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
            if !opens {
                continue;
            }
            let right = match clause.text.norm(i + 1) {
                "15" => Right::Access,
                "16" => Right::Rectification,
                "17" => Right::Erasure,
                "18" => Right::Restriction,
                "20" => Right::Portability,
                _ => continue,
            };
            let mood = clause.mood_of_reference(i);
            if mood {
                let finding = self.finding(right, "cites_an_article", &(i..i + 2), 0.65);
                self.out.weak.push(finding);
            }
            break;
        }
    }
}

impl Clause<'_> {
    /// "remove me", "me retirer": a word of `class` just beside the act.
    fn beside(&self, hit: &Hit, class: Class) -> bool {
        let before = hit.words.start.saturating_sub(1).max(self.words.start)..hit.words.start;
        let after = hit.words.end..(hit.words.end + 2).min(self.words.end);
        let inside = matches!(self.text.norm(hit.words.end.saturating_sub(1)), "me" | "us" | "moi" | "nous")
            && hit.words.len() > 1
            || matches!(self.text.norm(hit.words.start + 1), "me" | "us" | "moi") && hit.words.len() > 1;
        inside || self.within(&[class], &before).is_some() || self.within(&[class], &after).is_some()
    }

    /// "my", "me", and not the "us" of a firm.
    fn speaks_of_self(&self) -> bool {
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

    /// "I no longer use": the sender is the one who acts, and does not ask another to.
    fn sender_acts(&self, hit: &Hit) -> bool {
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

    fn comma_start(&self, at: usize) -> usize {
        (self.words.start..=at)
            .rev()
            .find(|i| self.text.words.get(*i).is_some_and(|w| w.before > Break::None))
            .unwrap_or(self.words.start)
    }

    fn done_like(&self, hit: &Hit) -> bool {
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
    fn word_is_passive(&self, hit: &Hit) -> bool {
        self.text.norm(hit.words.start).starts_with("ref") && self.has(Class::Aux)
    }

    fn mood_of_reference(&self, _at: usize) -> bool {
        !self.question || self.has_any(&[Class::Want, Class::Polite])
    }
}

/// A noun made of a verb: it asks only where something says so.
fn is_noun(word: &str) -> bool {
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

fn is_noun_phrase(clause: &Clause<'_>, hit: &Hit) -> bool {
    let word = clause.text.norm(hit.words.start);
    (is_noun(word) || hit.words.len() > 1 && is_noun(clause.text.norm(hit.words.end - 1)))
        && !matches!(word, "demande" | "demandes" | "request")
}

/// "I send you", "we update": the sender does it.
fn first_person(clause: &Clause<'_>, hit: &Hit) -> bool {
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
fn orders(clause: &Clause<'_>, hit: &Hit) -> bool {
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
