//! The words of each language, as data: what `lexicon/*.toml` say, compiled into one automaton.
//!
//! An entry is a phrase of words. `word*` is any word that starts so, `a|b` one or the other, `word?` may be
//! missing, `..` is up to three words of any sort (`..5`: up to five), `_` exactly one. Accents, capitals and
//! doubled letters do not matter. Each entry stands under its class, and what the classes do is in the rules.

mod build;
mod matching;
mod topics;
mod trie;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::LazyLock;

pub(super) use build::Builder;

use super::Language;
use super::words::{ADDRESS, LINK, Text, normal_form, normal_stem};
use matching::{Met, bits};
use topics::TOPICS_MAX;
use trie::Trie;

macro_rules! classes {
    ($($name:ident = $text:literal: $doc:literal,)*) => {
        /// What a phrase of the lexicon means. The texts are the keys of the TOML files.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub(super) enum Class { $(#[doc = $doc] $name,)* }
        impl Class {
            const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, $text),)*];

            /// Every class.
            pub(super) fn all() -> impl Iterator<Item = Self> {
                Self::ALL.iter().map(|(class, _)| *class)
            }

            /// Its key in the lexicon's files.
            pub(super) fn name(self) -> &'static str {
                Self::ALL.get(self as usize).map_or("", |(_, name)| name)
            }
        }
    };
}

classes! {
    // What is done.
    Erase = "act.erase": "delete, erase, forget",
    Remove = "act.remove": "take off, remove: from a list or a file, as its object says",
    Unsubscribe = "act.unsubscribe": "unsubscribe, opt out",
    Stop = "act.stop": "stop, cease",
    Receive = "act.receive": "receive, get",
    Contact = "act.contact": "write to, call, solicit",
    Send = "act.send": "send, give, communicate",
    Know = "act.know": "know, see, consult",
    Hold = "act.hold": "hold, keep, store, have",
    Correct = "act.correct": "correct, update, change",
    Freeze = "act.freeze": "freeze, suspend, restrict",
    Use = "act.use": "use, process, exploit",
    Export = "act.export": "export, recover, take along",
    Oppose = "act.object": "object to, oppose",
    Withdraw = "act.withdraw": "withdraw a consent",
    Share = "act.share": "share with others, sell",
    Close = "act.close": "close, deactivate",
    // What it is done to.
    Data = "object.data": "data, information about a person",
    File = "object.file": "file, database, records, systems",
    Account = "object.account": "account, profile",
    All = "object.everything": "everything",
    Email = "object.email_address": "an e-mail address",
    Identity = "object.identity": "name, telephone, photo, postal address…: one piece of personal data",
    List = "object.list": "list, newsletter",
    Marketing = "object.marketing": "advertising, offers, prospecting",
    Messages = "object.messages": "mails, messages, calls",
    Contract = "object.contract": "order, parcel, subscription, invoice, password",
    Me = "object.me": "me",
    Them = "object.pronoun": "it, them",
    Others = "object.third_parties": "partners, third parties",
    Provider = "object.provider": "another provider",
    Format = "object.format": "a machine format",
    Purpose = "object.other_purpose": "profiling, statistics, personalisation, legitimate interest",
    Processing = "object.processing": "processing, use (as nouns)",
    Source = "object.source": "where data come from",
    Recipients = "object.recipients": "who receives data",
    Retention = "object.retention": "how long, why, on what basis",
    Copy = "object.copy": "a copy, a list of",
    Policy = "object.policy": "policy, DPO, law: questions about these are no requests",
    NotOurs = "object.not_ours": "authorities' files, search engines, medical files…: another door",
    // What colours it.
    Not = "mark.not": "negation",
    NoMore = "mark.no_more": "no longer, not any more",
    Want = "mark.want": "I want, please, I demand",
    Polite = "mark.polite": "could you…?",
    Right = "mark.right": "right to, request for",
    AskRight = "mark.ask_about": "do I have the right, is it true that, what happens if",
    How = "mark.how": "how to",
    Why = "mark.why": "why",
    Which = "mark.which": "which, what, who, where from",
    If = "mark.if": "if, when, unless",
    NotIf = "mark.not_if": "if you please, if possible: no condition",
    Later = "mark.later": "one day, later, perhaps",
    Aux = "mark.past": "have, has been: what follows has happened",
    Did = "mark.done": "phrases that say that it is done",
    Reported = "mark.reported": "you say, your site says",
    After = "mark.after": "after, following, since: what follows is background",
    Still = "mark.still": "still, again, despite",
    Enough = "mark.enough": "enough of, fed up with",
    Cannot = "mark.cannot": "cannot, does not work",
    NotForget = "mark.not_forget": "do not forget, do not hesitate: a negation that is none",
    Reader = "mark.to_reader": "click, you may, reply STOP: speaks to us as readers of a mailing",
    My = "mark.my": "my, our",
    Your = "mark.your": "your",
    AboutMe = "mark.about_me": "about me, concerning me",
    Also = "mark.also": "also, in addition",
    Ground = "mark.ground": "under article, because: grounds",
    Temporary = "mark.temporary": "until, for the time being",
    But = "mark.but": "but, and, then: a new thought begins",
    Thanks = "mark.thanks": "thanks",
    Reminder = "mark.reminder": "my request of, without answer",
    Settled = "mark.settled": "dealt with: what an earlier request came to",
    Complaint = "mark.complaint": "I lodge a complaint with the authority",
    Value = "mark.new_value": "the right one is, instead of",
    Wrong = "mark.wrong": "is wrong, is out of date",
    Changed = "mark.changed": "has changed, I have moved",
    Lead = "mark.you_subject": "you, as the one who acts",
    Third = "mark.they_subject": "others who act or want",
    Noise = "mark.noise": "phrases whose words mean something else here",
    Past = "mark.i_asked": "I had asked",
    Fulfilled = "mark.fulfilled": "and it was done: what I had asked came true",
    Keep = "mark.keep_it": "keep it, do not delete",
    Elsewhere = "mark.other_business": "journalists, students, applicants, suppliers, authorities: they speak of rights without asking one",
    Vendor = "mark.vendor": "sells something",
    Refusal = "mark.refusal": "roundabout ways of having had enough",
    Faint = "mark.faint_refusal": "words that refusals like, weak alone",
    Glad = "mark.glad": "pleased, or wants more of it",
    Obtain = "mark.obtain": "got, found, were given",
    Stay = "mark.stay": "keep me on, put me back, forget what I asked: the contrary of a request",
    // Signs that weigh little alone (`weigh`).
    Vanish = "sign.vanish": "roundabout ways of wishing something away",
    Thing = "sign.thing": "what a firm may keep of a person beside data, file and account",
    Show = "sign.show": "roundabout ways of asking to see",
    Amiss = "sign.amiss": "roundabout ways of saying that a value is wrong",
    Repair = "sign.repair": "roundabout ways of asking to put it right",
    Shelve = "sign.shelve": "put aside, under seal, nobody may use it",
    Meanwhile = "sign.meanwhile": "until the judge, the expert, the check",
    Carry = "sign.carry": "take along, hand to the next one",
    LeaveOut = "sign.leave_out": "leave me out of it, not mine, I say no to it",
    Aim = "sign.aim": "scores, categories, training, tracking, sharing: what one is left out of",
    // Whole sayings.
    SayUnsubscribe = "say.unsubscribe": "a whole way of saying: stop writing to me",
    SayErasure = "say.erasure": "a whole way of saying: delete",
    SayAccess = "say.access": "a whole way of saying: what do you hold",
    SayRectification = "say.rectification": "a whole way of saying: correct",
    SayRestriction = "say.restriction": "a whole way of saying: keep but do not use",
    SayPortability = "say.portability": "a whole way of saying: hand me my data",
    SayObjection = "say.objection": "a whole way of saying: I object",
    // Answers to our letters.
    Yes = "answer.yes": "yes, it was me",
    No = "answer.no": "no, it was not me",
    Asked = "answer.asked_to_confirm": "words of a letter that asks to confirm",
    Confirm = "answer.i_confirm": "I confirm, here is my identity",
    Doubt = "answer.doubt": "I do not understand, who are you",
    // Machines and strangers.
    AutoReply = "robot.auto_reply": "software answers",
    Absence = "robot.absence": "away: software when it looks like software, a person otherwise",
    Bounce = "robot.bounce": "undeliverable",
    Spam = "robot.spam": "fraud, or a stranger's sale",
    Smell = "robot.spam_smell": "weak sign of the same",
    Bulk = "robot.bulk": "a newsletter's own words",
    Adopt = "forward.adopt": "please process the request below",
    // Facets of those who are no persons with a request (outsiders_*.toml).
    Pay = "stranger.pay": "sums, accounts, fees",
    Threat = "stranger.threat": "what happens otherwise",
    Hurry = "stranger.hurry": "by when, very soon",
    Bait = "stranger.bait": "click, open, send your details",
    Windfall = "stranger.windfall": "won, inherited, refunded, free",
    Secret = "stranger.secret": "confidential, hacked, filmed",
    Nobody = "stranger.nobody": "dear customer: speaks to whoever reads",
    Pitch = "stranger.pitch": "our solution, we offer, I come back to you",
    Prospect = "stranger.prospect": "your site, your customers, as a DPO",
    Gain = "stranger.gain": "cheaper, faster, guaranteed",
    Meet = "stranger.meet": "a call, a demo, a quotation",
    Trade = "stranger.trade": "what is sold or pretended",
    Gone = "machine.gone": "away, closed, left",
    Until = "machine.until": "dates of a return",
    Instead = "machine.instead": "whom to ask meanwhile",
    Unread = "machine.unread": "mail is not read, or late",
    Received = "machine.received": "your message has arrived",
    Queue = "machine.queue": "it will be dealt with",
    Automatic = "machine.automatic": "says that it is a machine",
    Challenge = "machine.challenge": "prove that you are human",
    Failed = "postmaster.failed": "refused, unknown, full",
    Carried = "postmaster.carried": "your message, the delivery",
    Technical = "postmaster.technical": "server, recipient, status",
    Own = "person.own": "somebody's own matter: my order, you sent me",
    // Language.
    Common = "language.common": "frequent little words that tell the language",
}

/// The files. Of the two of a language, the second holds weak signs and roundabout ways.
const FILES: [(Language, &str, &str); 10] = [
    (Language::Fr, "fr.toml", include_str!("lexicon/fr.toml")),
    (Language::Fr, "fr_signs.toml", include_str!("lexicon/fr_signs.toml")),
    (Language::En, "en.toml", include_str!("lexicon/en.toml")),
    (Language::En, "en_signs.toml", include_str!("lexicon/en_signs.toml")),
    (Language::De, "de.toml", include_str!("lexicon/de.toml")),
    (Language::Es, "es.toml", include_str!("lexicon/es.toml")),
    (Language::It, "it.toml", include_str!("lexicon/it.toml")),
    (Language::Nl, "nl.toml", include_str!("lexicon/nl.toml")),
    (Language::Pt, "pt.toml", include_str!("lexicon/pt.toml")),
    (Language::Unknown, "other.toml", include_str!("lexicon/other.toml")),
];

/// The built-in lexicon; its files are checked by a test, so a fault here is a fault of the build.
pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut builder = Builder::default();
    for (language, name, text) in FILES {
        if let Err(fault) = builder.file(language, text) {
            // Read at build time and tested: an unreadable file cannot reach a release.
            panic!("lexicon/{name}: {fault}");
        }
    }
    builder.topics(topics::FILE);
    builder.build()
});

/// A phrase of the lexicon met in a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hit {
    pub(super) class: Class,
    pub(super) language: Language,
    pub(super) words: Range<usize>,
    gap: bool,
}

/// All phrases, compiled.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    words: Trie,
    /// Every word pattern, by its anchor.
    phrases: Vec<Phrase>,
    anchors: Vec<Anchor>,
    /// Where those of an item begin among `anchors`, where its little words begin, which are counted in longer texts and
    /// no hits, and where they end.
    by_item: Vec<(u32, u32, u32)>,
    /// Words one letter away from a key word.
    near: HashMap<u64, Vec<u16>>,
    /// Which hashes may be in `near`: most words are not, and this tells without looking.
    sieve: Vec<u64>,
    /// The languages, as bits, of which a word is a little word.
    common: Vec<u8>,
    near_lengths: Range<usize>,
}

/// Where a phrase may stand: what a look at the neighbouring words tells before the phrase itself is asked.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    phrase: u32,
    class: Class,
    language: Language,
    /// The phrase is this one word.
    alone: bool,
    /// Bits of which the word before must share one; all when anything may stand there.
    before: u64,
    /// The same for the word after.
    after: u64,
}

#[derive(Clone, Debug)]
struct Phrase {
    class: Class,
    language: Language,
    parts: Vec<Part>,
    anchor: usize,
    gap: bool,
}

#[derive(Clone, Debug)]
enum Part {
    /// One of these items, and their bits: most words are told apart by those alone.
    Word(Vec<u16>, u64),
    Any,
    Gap(usize),
}

/// Numbers of words from here on are topics, lower ones are items of phrases.
const TOPIC: u16 = 0xff00;
/// A mail says early what it is about.
const ABOUT_WORDS: usize = 400;

/// What was met in a text, and what it cost.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) hits: Vec<Hit>,
    /// Little words of each language, in the order of [`Language`].
    pub(super) votes: [u32; 8],
    /// The one language of a longer text: its little words are then counted in `votes`, and are no hits.
    pub(super) only: Option<Language>,
    /// How often each topic is met in the first words, in the order of `topics.txt`.
    pub(super) about: [u8; TOPICS_MAX],
    /// Steps of the automaton: grows linearly with the text.
    pub(super) steps: usize,
}

impl Default for Found {
    fn default() -> Self {
        Self { hits: Vec::new(), votes: [0; 8], only: None, about: [0; TOPICS_MAX], steps: 0 }
    }
}

impl Found {
    fn count(&mut self, mut topics: u64) {
        while topics != 0 {
            if let Some(times) = self.about.get_mut(topics.trailing_zeros() as usize) {
                *times = times.saturating_add(1);
            }
            topics &= topics - 1;
        }
    }
}

impl Lexicon {
    /// Every phrase in `text`, in order of place; a phrase inside a longer one is not told.
    pub(super) fn find(&self, text: &Text) -> Found {
        self.find_first(text, text.words.len())
    }

    /// The same in the first `most` words.
    pub(super) fn find_first(&self, text: &Text, most: usize) -> Found {
        let most = most.min(text.words.len());
        let mut found = Found::default();
        let mut items: Vec<u16> = Vec::with_capacity(most * 3);
        let mut ranges: Vec<(u32, u32, u64)> = Vec::with_capacity(most);
        for at in 0..most {
            let from = items.len();
            let topics = self.walk(text.norm(at), &mut items, &mut found.steps);
            if at < ABOUT_WORDS {
                found.count(topics);
            }
            #[allow(clippy::cast_possible_truncation, reason = "mails are bounded far below 4 GiB")]
            ranges.push((from as u32, items.len() as u32, bits(items.get(from..).unwrap_or_default())));
        }
        let met = Met { items: &items, ranges: &ranges };
        found.votes = self.little_words(&items);
        let spoken = spoken(&found.votes, most);
        found.only = only(&spoken);
        for at in 0..most {
            let before = at.checked_sub(1).map_or(0, |at| met.at(at).1);
            let after = met.at(at + 1).1;
            for &item in met.at(at).0 {
                let Some(&(from, little, end)) = self.by_item.get(item as usize) else { continue };
                let end = if found.only.is_some() { little } else { end };
                let anchors = self.anchors.get(from as usize..end as usize).unwrap_or_default();
                found.steps += anchors.len();
                for anchor in anchors {
                    if (anchor.before != u64::MAX && anchor.before & before == 0)
                        || (anchor.after != u64::MAX && anchor.after & after == 0)
                        || !spoken.get(anchor.language as usize).copied().unwrap_or(true)
                    {
                        continue;
                    }
                    let (class, language) = (anchor.class, anchor.language);
                    if anchor.alone {
                        keep(&mut found.hits, Hit { class, language, words: at..at + 1, gap: false });
                        continue;
                    }
                    let Some(phrase) = self.phrases.get(anchor.phrase as usize) else { continue };
                    if let Some(words) = phrase.matched(at, text, &met, &mut found.steps) {
                        keep(&mut found.hits, Hit { class, language, words, gap: phrase.gap });
                    }
                }
            }
        }
        drop_inner(&mut found.hits);
        found
    }

    fn little_words(&self, items: &[u16]) -> [u32; 8] {
        let mut votes = [0; 8];
        for item in items {
            let mut mask = self.common.get(*item as usize).copied().unwrap_or(0);
            while mask != 0 {
                if let Some(vote) = votes.get_mut(mask.trailing_zeros() as usize) {
                    *vote += 1;
                }
                mask &= mask - 1;
            }
        }
        votes
    }

    /// Gives the items of `word`; returns a bit for each topic that it is about.
    fn walk(&self, word: &str, items: &mut Vec<u16>, steps: &mut usize) -> u64 {
        let from = items.len();
        let mut topics = 0;
        *steps += self.words.each(word, |item| match item.checked_sub(TOPIC) {
            Some(topic) => topics |= 1 << (topic & 63),
            None => items.push(item),
        });
        if items.len() == from && self.near_lengths.contains(&word.len()) && word.is_ascii() {
            *steps += word.len();
            self.walk_near(word, items);
        }
        topics
    }

    /// A word that nothing knows: is it a key word with one letter wrong, missing, added or swapped?
    fn walk_near(&self, word: &str, items: &mut Vec<u16>) {
        if let Some(list) = self.near(word.bytes()) {
            items.extend_from_slice(list);
            return;
        }
        for skip in 1..word.len() {
            if let Some(list) = self.near(word.bytes().take(skip).chain(word.bytes().skip(skip + 1))) {
                items.extend_from_slice(list);
                return;
            }
        }
    }

    fn near(&self, word: impl Iterator<Item = u8>) -> Option<&[u16]> {
        let hash = hash(word);
        let (at, bit) = sieve_place(hash);
        if self.sieve.get(at).is_none_or(|bits| bits & bit == 0) {
            return None;
        }
        self.near.get(&hash).map(Vec::as_slice)
    }
}

const TOLD: [Language; 7] =
    [Language::Fr, Language::En, Language::De, Language::Es, Language::It, Language::Nl, Language::Pt];

/// The languages that a longer text may be written in, by its little words: the others' phrases need no look.
fn spoken(votes: &[u32; 8], words: usize) -> [bool; 8] {
    let mut spoken = [true; 8];
    let most = votes.iter().copied().max().unwrap_or(0);
    if words < 15 || most as usize * 8 < words {
        return spoken;
    }
    for language in TOLD {
        // A French mail may close in English; Italian little words are in every French mail.
        let least = if matches!(language, Language::Fr | Language::En) { 8 } else { 2 };
        let at = language as usize;
        if let (Some(slot), Some(vote)) = (spoken.get_mut(at), votes.get(at)) {
            *slot = vote * least >= most;
        }
    }
    spoken
}

fn only(spoken: &[bool; 8]) -> Option<Language> {
    let mut told =
        TOLD.into_iter().filter(|language| spoken.get(*language as usize).copied().unwrap_or(true));
    let first = told.next()?;
    told.next().is_none().then_some(first)
}

/// FNV-1a. A clash would take one word for a misspelling of another: at 64 bits none is expected.
fn hash(word: impl Iterator<Item = u8>) -> u64 {
    word.fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

fn sieve_place(hash: u64) -> (usize, u64) {
    (((hash >> 6) & 1023) as usize, 1 << (hash & 63))
}

impl Hit {
    /// By place, the longer first.
    fn order(&self) -> u64 {
        let length = (self.words.len() as u64).min(0xff_ffff);
        ((self.words.start as u64) << 32) | ((0xff_ffff - length) << 8) | self.class as u64
    }
}

/// Puts a hit in its place, once. They come nearly in order: a phrase begins a few words before its anchor at most.
fn keep(hits: &mut Vec<Hit>, hit: Hit) {
    let order = hit.order();
    let mut at = hits.len();
    while let Some(before) = at.checked_sub(1).and_then(|before| hits.get(before)) {
        if *before == hit {
            return;
        }
        if before.order() < order {
            break;
        }
        at -= 1;
    }
    while hits.get(at).is_some_and(|other| other.order() == order) {
        at += 1;
    }
    hits.insert(at, hit);
}

/// Drops hits that lie wholly inside a longer one of their language: "prospecting file" is no file.
fn drop_inner(hits: &mut Vec<Hit>) {
    let mut cover: [Option<(Range<usize>, bool)>; 9] = Default::default();
    hits.retain(|hit| {
        if hit.class == Class::Common {
            return true;
        }
        let Some(seen) = cover.get_mut(hit.language as usize) else { return true };
        // An act hides acts only: "transmit my data" is still about data.
        let inside = seen.as_ref().is_some_and(|(c, acts_only)| {
            c.start <= hit.words.start
                && hit.words.end <= c.end
                && hit.words.len() < c.len()
                && !(*acts_only && hit.class > Class::Close)
                && !matches!(hit.class, Class::My | Class::Your)
        });
        if !inside && !hit.gap && hides(hit.class) && seen.as_ref().is_none_or(|(c, _)| hit.words.end > c.end)
        {
            *seen = Some((hit.words.clone(), hit.class <= Class::Close));
        }
        !inside
    });
}

/// Phrases that mean something else than their words. What colours or sums up leaves the words inside alone.
fn hides(class: Class) -> bool {
    (class <= Class::NotOurs
        && !matches!(
            class,
            Class::Source | Class::Recipients | Class::Retention | Class::Copy | Class::Purpose
        ))
        || matches!(
            class,
            Class::Noise
                | Class::NotForget
                | Class::Reader
                | Class::AskRight
                | Class::Cannot
                | Class::Reported
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_sound() {
        for (language, name, text) in FILES {
            let mut builder = Builder::default();
            builder.file(language, text).unwrap_or_else(|fault| panic!("lexicon/{name}: {fault}"));
            builder.build();
        }
    }

    #[test]
    fn a_wrong_entry_is_told_in_one_sentence() {
        let told = |text: &str| Builder::default().file(Language::Fr, text).expect_err("wrong");
        assert_eq!(told("[act]\nfly = ['voler']"), "there is no class act.fly");
        assert!(told("[act]\nerase = ['a@b']").contains("is not one word"));
        assert!(told("[act]\nerase = ['.. a']").contains("begin and end"));
    }

    fn found(text: &str) -> Vec<(Class, Range<usize>)> {
        let text = Text::read(text);
        LEXICON
            .find(&text)
            .hits
            .into_iter()
            .filter(|h| h.language == Language::Fr && h.class != Class::Common)
            .map(|h| (h.class, h.words))
            .collect()
    }

    #[test]
    fn misspelled_key_words_are_met() {
        for text in [
            "desabonez",
            "désabonné",
            "suprimer",
            "supprimmer",
            "effacé",
            "desinscrir",
            "désincrire",
            "desinscivez",
        ] {
            assert!(
                found(text).iter().any(|(c, _)| matches!(c, Class::Erase | Class::Unsubscribe)),
                "{text}: {:?}",
                found(text)
            );
        }
    }
}
