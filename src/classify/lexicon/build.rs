//! From the lexicon's files, or an installation's own phrases, to what a text is matched against.

use super::*;

/// Builds a [`Lexicon`] from files or single phrases.
#[derive(Default)]
pub(in crate::classify) struct Builder {
    items: BTreeMap<(String, bool), u16>,
    phrases: Vec<Phrase>,
    keys: Vec<(Vec<u16>, String)>,
    /// Words and the topics that they are about.
    topics: Vec<(String, bool, u16)>,
}

impl Builder {
    /// Adds a file of the lexicon, or says in one sentence what is wrong with it.
    pub(in crate::classify) fn file(&mut self, language: Language, text: &str) -> Result<(), String> {
        let table: toml::Table = text.parse().map_err(|fault: toml::de::Error| fault.to_string())?;
        let mut keys = Vec::new();
        for (group, classes) in &table {
            let classes = classes.as_table().ok_or_else(|| format!("[{group}] is not a table"))?;
            for (name, entries) in classes {
                let full = format!("{group}.{name}");
                let entries = entries.as_array().ok_or_else(|| format!("{full} is not a list"))?;
                let entries = entries
                    .iter()
                    .map(|e| e.as_str().ok_or_else(|| format!("{full} holds something else than words")));
                if full == "key_words.misspelled" {
                    keys = entries.collect::<Result<_, _>>()?;
                    continue;
                }
                let class = Class::ALL.iter().find(|(_, text)| *text == full).map(|(class, _)| *class);
                let class = class.ok_or_else(|| format!("there is no class {full}"))?;
                for entry in entries {
                    self.phrase(language, class, entry?)?;
                }
            }
        }
        for key in keys {
            self.key_word(key);
        }
        Ok(())
    }

    /// Adds one phrase.
    pub(in crate::classify) fn phrase(
        &mut self,
        language: Language,
        class: Class,
        entry: &str,
    ) -> Result<(), String> {
        let words: Vec<&str> = entry.split_whitespace().collect();
        let optional: Vec<usize> =
            (0..words.len()).filter(|&i| words.get(i).is_some_and(|w| w.ends_with('?'))).collect();
        if optional.len() > 3 {
            return Err(format!("\"{entry}\" has more than three words that may be missing"));
        }
        for mask in 0..1_usize << optional.len() {
            let kept = words
                .iter()
                .enumerate()
                .filter(|(i, _)| optional.iter().position(|o| o == i).is_none_or(|bit| mask >> bit & 1 == 1));
            let kept: Vec<&str> = kept.map(|(_, word)| word.trim_end_matches('?')).collect();
            self.plain_phrase(language, class, entry, &kept)?;
        }
        Ok(())
    }

    fn plain_phrase(
        &mut self,
        language: Language,
        class: Class,
        entry: &str,
        words: &[&str],
    ) -> Result<(), String> {
        let mut parts = Vec::new();
        for word in words {
            parts.push(if *word == "_" {
                Part::Any
            } else if let Some(most) = word.strip_prefix("..") {
                let most = if most.is_empty() {
                    3
                } else {
                    most.parse().map_err(|_| format!("\"{entry}\": what is {word}?"))?
                };
                if most > 12 {
                    return Err(format!("\"{entry}\" jumps over more than twelve words"));
                }
                Part::Gap(most)
            } else {
                {
                    let any: Vec<u16> =
                        word.split('|').map(|one| self.item(one, entry)).collect::<Result<_, _>>()?;
                    let bits = super::matching::bits(&any);
                    Part::Word(any, bits)
                }
            });
        }
        let gaps = parts.iter().filter(|part| matches!(part, Part::Gap(_))).count();
        if gaps > 3 {
            return Err(format!("\"{entry}\" has more than three gaps"));
        }
        if !matches!((parts.first(), parts.last()), (Some(Part::Word(..)), Some(Part::Word(..)))) {
            return Err(format!("\"{entry}\" must begin and end with a word"));
        }
        self.phrases.push(Phrase { class, language, parts, anchor: 0, gap: gaps > 0 });
        Ok(())
    }

    fn item(&mut self, word: &str, entry: &str) -> Result<u16, String> {
        if word == ADDRESS || word == LINK {
            return self.number((word.to_owned(), false), entry);
        }
        let stem = word.strip_suffix('*');
        let norm = stem.map_or_else(|| normal_form(word), normal_stem);
        if stem.is_some_and(|stem| norm.chars().count() < 4 && normal_form(stem) != norm) {
            return Err(format!("\"{entry}\": \"{word}\" is too short to hold a doubled letter"));
        }
        if norm.is_empty() || norm.chars().any(|c| !c.is_alphanumeric()) {
            return Err(format!("\"{entry}\": \"{word}\" is not one word"));
        }
        self.number((norm, stem.is_some()), entry)
    }

    fn number(&mut self, key: (String, bool), entry: &str) -> Result<u16, String> {
        let next = u16::try_from(self.items.len()).ok().filter(|next| *next < TOPIC);
        let next = next.ok_or_else(|| format!("\"{entry}\" is one word too many"))?;
        Ok(*self.items.entry(key).or_insert(next))
    }

    /// A word that is also recognised with one letter wrong.
    fn key_word(&mut self, word: &str) {
        let norm = normal_form(word);
        let items = self
            .items
            .iter()
            .filter(|((text, stem), _)| if *stem { norm.starts_with(text.as_str()) } else { norm == *text });
        let items: Vec<u16> = items.map(|(_, item)| *item).collect();
        self.keys.push((items, norm));
    }

    /// Adds what words are about, see `topics.txt`.
    pub(super) fn topics(&mut self, file: &str) {
        self.topics.extend(topics::words(file));
    }

    pub(in crate::classify) fn build(self) -> Lexicon {
        let items = self.items.iter().map(|((word, stem), item)| (word.as_str(), *stem, *item));
        let topics = self.topics.iter().map(|(word, stem, topic)| (word.as_str(), *stem, TOPIC + topic));
        let mut lexicon = Lexicon { words: Trie::of(items.chain(topics)), ..Lexicon::default() };
        let mut anchors: Vec<(Vec<Anchor>, Vec<Anchor>)> = vec![Default::default(); self.items.len()];
        // The rarest word of a phrase is its anchor: few phrases are tried at each word of a text.
        let mut uses = vec![0_usize; self.items.len()];
        for phrase in &self.phrases {
            for part in &phrase.parts {
                if let Part::Word(any, _) = part {
                    any.iter().for_each(|item| {
                        if let Some(n) = uses.get_mut(*item as usize) {
                            *n += 1
                        }
                    });
                }
            }
        }
        lexicon.common = vec![0; self.items.len()];
        for mut phrase in self.phrases {
            if let (Class::Common, [Part::Word(any, _)]) = (phrase.class, phrase.parts.as_slice()) {
                for item in any {
                    if let Some(mask) = lexicon.common.get_mut(*item as usize) {
                        *mask |= 1 << phrase.language as u8;
                    }
                }
            }
            let cost = |part: &Part| match part {
                Part::Word(any, _) => {
                    any.iter().map(|item| uses.get(*item as usize).copied().unwrap_or(0)).sum()
                }
                _ => usize::MAX,
            };
            phrase.anchor =
                phrase.parts.iter().enumerate().min_by_key(|(_, part)| cost(part)).map_or(0, |(i, _)| i);
            let Some(Part::Word(any, _)) = phrase.parts.get(phrase.anchor).cloned() else { continue };
            let neighbour = |part: Option<&Part>| match part {
                Some(Part::Word(_, bits)) => *bits,
                _ => u64::MAX,
            };
            let anchor = Anchor {
                phrase: u32::try_from(lexicon.phrases.len()).unwrap_or(u32::MAX),
                class: phrase.class,
                language: phrase.language,
                alone: phrase.parts.len() == 1,
                before: neighbour(phrase.anchor.checked_sub(1).and_then(|at| phrase.parts.get(at))),
                after: neighbour(phrase.parts.get(phrase.anchor + 1)),
            };
            let little = phrase.class == Class::Common;
            for item in any {
                if let Some((anchors, littles)) = anchors.get_mut(item as usize) {
                    if little { littles.push(anchor) } else { anchors.push(anchor) }
                }
            }
            lexicon.phrases.push(phrase);
        }
        let place = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        for (own, littles) in anchors {
            let from = lexicon.anchors.len();
            lexicon.anchors.extend(&own);
            lexicon.anchors.extend(&littles);
            let (little, end) = (from + own.len(), lexicon.anchors.len());
            lexicon.by_item.push((place(from), place(little), place(end)));
        }
        let (mut shortest, mut longest) = (usize::MAX, 0);
        lexicon.sieve = vec![0; 1024];
        for (items, word) in self.keys {
            shortest = shortest.min(word.len() - 1);
            longest = longest.max(word.len() + 2);
            let whole = std::iter::once(hash(word.bytes()));
            let shorter =
                (1..word.len()).map(|skip| hash(word.bytes().take(skip).chain(word.bytes().skip(skip + 1))));
            for key in whole.chain(shorter) {
                lexicon.near.entry(key).or_default().extend_from_slice(&items);
                let (at, bit) = sieve_place(key);
                if let Some(bits) = lexicon.sieve.get_mut(at) {
                    *bits |= bit;
                }
            }
        }
        for list in lexicon.near.values_mut() {
            list.sort_unstable();
            list.dedup();
        }
        lexicon.near_lengths = shortest..longest;
        lexicon
    }
}
