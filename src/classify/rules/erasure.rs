//! Delete, remove, close: a file or a list, as the object says (GDPR Art. 17; R7).

use super::super::Right;
use super::super::clause::{Mood, Owner, Place};
use super::super::lexicon::{Class, Hit};
use super::{MAILING, PERSONAL, Reader, is_noun};
use std::ops::Range;

impl Reader<'_, '_> {
    /// The objects that an act reaches: to the right, or to the left of a passive when nothing is to the right.
    pub(super) fn objects(&self, hit: &Hit) -> Vec<&Hit> {
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

    pub(super) fn all_counts(&self, all: &Hit, objects: &[&Hit]) -> bool {
        // "all your lists": a determiner, not an object.
        !objects.iter().any(|o| {
            o.class != Class::All
                && o.class != Class::Me
                && o.words.start >= all.words.end
                && o.words.start - all.words.end <= 2
        })
    }

    pub(super) fn erase(&mut self, hit: &Hit, remove: bool) {
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
        // "Off the waiting list", "de la liste des participants".
        if clause.other_list(hit) && !personal {
            return self.aside(Right::OptOut, "off_the_list", &words, "contract");
        }
        // "One word and I take you off my list": a seller's, who speaks to us.
        let my_list = |o: &&Hit| {
            o.class == Class::List
                && clause.owner(o) == Owner::Mine
                && clause.text.norm(o.words.start).starts_with("list")
        };
        if objects.iter().any(my_list) && !personal {
            return self.aside(Right::OptOut, "off_the_list", &words, "speaks_to_the_reader");
        }
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
            let named = self.background.personal || self.background.identity && pronoun;
            if named && (pronoun || clause.length() <= 8 || self.background.identity) {
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

    pub(super) fn close(&mut self, hit: &Hit) {
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
}
