//! The beginnings of words, laid out flat: which numbers a word carries, in one look at memory a letter.
//!
//! Every mail walks through it with every word, so that the layout counts. It is a double array (J. Aoe, 1989): the
//! nodes below one lie at its base plus their symbol, and each knows the node above it.

use std::collections::{BTreeMap, VecDeque};

/// Numbers by whole words and by their beginnings.
#[derive(Debug, Default)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    /// What each node tells, beside `nodes` and not in it: most words look at many nodes and are told little.
    told: Vec<Told>,
    values: Vec<u16>,
}

/// Symbols: letters, digits, the signs of [`super::super::words`], and halves of bytes beyond ASCII; 0 is none.
const SYMBOLS: usize = 64;

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// Where the node below by symbol 0 would be, and [`HEADS`].
    base: u32,
    /// The place of the node above, plus one; 0 for a place that is free.
    above: u32,
}

/// Set in a base: every word that begins so is told something here.
const HEADS: u32 = 1 << 31;

/// The numbers of a node.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// Where they begin: those of every word that begins so, then those of this word alone.
    from: u32,
    heads: u16,
    wholes: u16,
}

/// A tree as it grows.
#[derive(Default)]
struct Branch {
    below: BTreeMap<u8, usize>,
    heads: Vec<u16>,
    wholes: Vec<u16>,
}

impl Trie {
    /// Of normalised words; `true` beside one that stands for all that begin so.
    pub(super) fn of<'w>(words: impl Iterator<Item = (&'w str, bool, u16)>) -> Self {
        let mut tree = vec![Branch::default()];
        for (word, stem, value) in words {
            let mut at = 0;
            for symbol in word.bytes().flat_map(symbols).filter(|symbol| *symbol != 0) {
                let fresh = tree.len();
                let Some(branch) = tree.get_mut(at) else { break };
                at = *branch.below.entry(symbol).or_insert(fresh);
                if at == fresh {
                    tree.push(Branch::default());
                }
            }
            if let Some(branch) = tree.get_mut(at) {
                if stem { branch.heads.push(value) } else { branch.wholes.push(value) }
            }
        }
        Self::flat(&tree)
    }

    #[allow(clippy::cast_possible_truncation, reason = "a lexicon has far less than 65,536 words")]
    fn flat(tree: &[Branch]) -> Self {
        let root = Node { above: 1, ..Node::default() };
        let mut trie = Self { nodes: vec![root], told: vec![Told::default()], values: Vec::new() };
        // Branches and the places they have got, nearest to the root first.
        let mut coming = VecDeque::from([(0_usize, 0_usize)]);
        let mut free = 1;
        while let Some((branch, at)) = coming.pop_front() {
            let Some(branch) = tree.get(branch) else { continue };
            while trie.nodes.get(free).is_some_and(|node| node.above != 0) {
                free += 1;
            }
            let base = trie.room(free, branch);
            let places = trie.nodes.len().max(base + SYMBOLS);
            trie.nodes.resize(places, Node::default());
            trie.told.resize(places, Told::default());
            if let (Some(node), Some(told)) = (trie.nodes.get_mut(at), trie.told.get_mut(at)) {
                node.base = base as u32 | if branch.heads.is_empty() { 0 } else { HEADS };
                let (heads, wholes) = (branch.heads.len() as u16, branch.wholes.len() as u16);
                *told = Told { from: trie.values.len() as u32, heads, wholes };
            }
            trie.values.extend(branch.heads.iter().chain(&branch.wholes));
            for (symbol, next) in &branch.below {
                let place = base + usize::from(*symbol);
                if let Some(node) = trie.nodes.get_mut(place) {
                    node.above = at as u32 + 1;
                }
                coming.push_back((*next, place));
            }
        }
        trie
    }

    /// A base at which all nodes below `branch` find free places, from `free` on.
    fn room(&self, free: usize, branch: &Branch) -> usize {
        let Some(first) = branch.below.keys().next() else { return 0 };
        let taken = |place: usize| self.nodes.get(place).is_some_and(|node| node.above != 0);
        let mut base = free.saturating_sub(usize::from(*first));
        while branch.below.keys().any(|symbol| taken(base + usize::from(*symbol))) {
            base += 1;
        }
        base
    }

    /// Gives every number of `word` to `tell`, those of shorter beginnings first. Returns the letters it looked at.
    pub(super) fn each(&self, word: &str, mut tell: impl FnMut(u16)) -> usize {
        let Some(mut node) = self.nodes.first() else { return 0 };
        let mut place = 0;
        let mut steps = 0;
        for b in word.bytes() {
            steps += 1;
            for symbol in symbols(b) {
                let below = (node.base & !HEADS) + u32::from(symbol);
                let Some(next) = self.nodes.get(below as usize).filter(|next| next.above == place + 1) else {
                    return steps;
                };
                (node, place) = (next, below);
            }
            if node.base & HEADS != 0 {
                self.heads_and_wholes(place).0.iter().for_each(|value| tell(*value));
            }
        }
        self.heads_and_wholes(place).1.iter().for_each(|value| tell(*value));
        steps
    }

    fn heads_and_wholes(&self, place: u32) -> (&[u16], &[u16]) {
        let Some(told) = self.told.get(place as usize) else { return (&[], &[]) };
        let (from, heads) = (told.from as usize, usize::from(told.heads));
        let all = self.values.get(from..from + heads + usize::from(told.wholes)).unwrap_or_default();
        all.split_at_checked(heads).unwrap_or_default()
    }
}

/// One symbol for ASCII, two halves for any other byte.
fn symbols(b: u8) -> impl Iterator<Item = u8> {
    let (one, two) = match b {
        b'a'..=b'z' => (1 + b - b'a', None),
        b'0'..=b'9' => (27 + b - b'0', None),
        b'@' => (37, None),
        b':' => (38, None),
        b'/' => (39, None),
        128.. => (40 + (b >> 4) - 8, Some(48 + (b & 15))),
        // No word holds it, and nothing is below by it.
        _ => (0, None),
    };
    std::iter::once(one).chain(two)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(trie: &Trie, word: &str) -> Vec<u16> {
        let mut told = Vec::new();
        trie.each(word, |value| told.push(value));
        told
    }

    #[test]
    fn a_word_carries_its_own_numbers_and_those_of_its_beginnings() {
        let words = [
            ("stop", false, 1),
            ("sto", true, 2),
            ("s", true, 3),
            ("отпис", true, 4),
            ("://", false, 5),
            ("stop", true, 6),
        ];
        let trie = Trie::of(words.into_iter());
        assert_eq!(told(&trie, "stop"), [3, 2, 6, 1]);
        assert_eq!(told(&trie, "stopped"), [3, 2, 6]);
        assert_eq!(told(&trie, "st"), [3]);
        assert_eq!(told(&trie, "отписаться"), [4]);
        assert_eq!(told(&trie, "://"), [5]);
        for none in ["", "top", "STOP", "отпи"] {
            assert!(told(&trie, none).is_empty(), "{none}");
        }
        assert!(told(&Trie::default(), "stop").is_empty());
    }
}
