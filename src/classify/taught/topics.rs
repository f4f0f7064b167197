//! What a word is about, roughly: the topics of `topics.txt`, found by the beginning of words.

use std::sync::LazyLock;

use super::super::lexicon::Trie;
use super::super::words::{normal_form, normal_stem};

const FILE: &str = include_str!("topics.txt");
static TREE: LazyLock<Tree> = LazyLock::new(|| Tree::of(FILE));

/// A bit for each topic, in the order of the file.
pub(super) type Topics = u64;

/// The topics of a normalised word.
pub(super) fn of(word: &str) -> Topics {
    TREE.of_word(word)
}

struct Tree(Trie);

impl Tree {
    fn of(file: &str) -> Self {
        let mut words: Vec<(String, bool, u16)> = Vec::new();
        let mut topics = 0;
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            let said = line.split_once(':').map_or(line, |(_, said)| {
                topics += 1;
                said
            });
            words.extend(said.split_whitespace().map(|word| match word.strip_suffix('*') {
                Some(stem) => (normal_stem(stem), true, topics - 1),
                None => (normal_form(word), false, topics - 1),
            }));
        }
        Self(Trie::of(words.iter().map(|(word, stem, topic)| (word.as_str(), *stem, *topic))))
    }

    fn of_word(&self, word: &str) -> Topics {
        let mut topics = 0;
        self.0.each(word, |topic| topics |= 1 << (topic & 63));
        topics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_about_what_the_file_says() {
        let tree = Tree::of("# a comment\npost: timbre* facteur\n  mailman\nmoney: prix pri*\n");
        assert_eq!(tree.of_word("timbres"), 1);
        assert_eq!(tree.of_word("facteurs"), 0);
        assert_eq!(tree.of_word("mailman"), 1);
        assert_eq!(tree.of_word("prix"), 2);
        assert_eq!(tree.of_word(""), 0);
        let count = FILE.lines().filter(|line| !line.starts_with('#') && line.contains(':')).count();
        assert!(count <= 64, "a topic is a bit of 64");
    }
}
