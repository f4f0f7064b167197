//! What a word is about, roughly: the topics of `topics.txt`, found by the beginning of words.

use std::sync::LazyLock;

use super::super::words::{normal_form, normal_stem};

const FILE: &str = include_str!("topics.txt");
static TREE: LazyLock<Tree> = LazyLock::new(|| Tree::of(FILE));

/// A bit for each topic, in the order of the file.
pub(super) type Topics = u64;

/// The topics of a normalised word.
pub(super) fn of(word: &str) -> Topics {
    TREE.of_word(word)
}

#[derive(Clone, Copy, Default)]
struct Node {
    next: [u16; 26],
    /// Of every word that begins so.
    stem: Topics,
    /// Of this word alone.
    whole: Topics,
}

struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    fn of(file: &str) -> Self {
        let mut tree = Self { nodes: vec![Node::default()] };
        let mut bit: Topics = 0;
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            let words = match line.split_once(':') {
                Some((_, words)) => {
                    bit = if bit == 0 { 1 } else { bit << 1 };
                    words
                }
                None => line,
            };
            for word in words.split_whitespace() {
                tree.keep(word, bit);
            }
        }
        tree
    }

    fn keep(&mut self, word: &str, bit: Topics) {
        let (norm, stem) = match word.strip_suffix('*') {
            Some(stem) => (normal_stem(stem), true),
            None => (normal_form(word), false),
        };
        let mut at = 0_usize;
        for b in norm.bytes().filter(u8::is_ascii_lowercase) {
            let fresh = u16::try_from(self.nodes.len()).unwrap_or(0);
            let Some(slot) = self.nodes.get_mut(at).and_then(|n| n.next.get_mut(usize::from(b - b'a')))
            else {
                return;
            };
            if *slot == 0 {
                *slot = fresh;
                at = usize::from(fresh);
                self.nodes.push(Node::default());
            } else {
                at = usize::from(*slot);
            }
        }
        if let Some(node) = self.nodes.get_mut(at) {
            if stem {
                node.stem |= bit;
            } else {
                node.whole |= bit;
            }
        }
    }

    fn of_word(&self, word: &str) -> Topics {
        let (mut at, mut topics) = (0_usize, 0);
        for b in word.bytes() {
            let slot = if b.is_ascii_lowercase() { usize::from(b - b'a') } else { return topics };
            at = match self.nodes.get(at).and_then(|node| node.next.get(slot)) {
                Some(&next) if next != 0 => usize::from(next),
                _ => return topics,
            };
            topics |= self.nodes.get(at).map_or(0, |node| node.stem);
        }
        topics | self.nodes.get(at).map_or(0, |node| node.whole)
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
