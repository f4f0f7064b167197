//! The beginnings of words, laid out flat: which numbers a word carries, in one look at memory a letter.
//!
//! Every mail walks through it with every word, so that the layout counts. It is a double array (J. Aoe, 1989): the
//! nodes below one lie at its base plus their symbol, and each knows the symbol that leads to it.

use std::collections::{BTreeMap, HashSet, VecDeque};

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

/// In the lowest bits its base, where the node below by symbol 0 would be; then the symbol that leads here; then
/// [`HEADS`]. No two nodes have one base, so that the symbol tells whether a node lies below another.
#[derive(Clone, Copy, Debug)]
struct Node(u32);

/// Set where every word that begins so is told something.
const HEADS: u32 = 1 << 31;
const SYMBOL_SHIFT: u32 = 24;
/// The base of a node with nothing below: no table is so long.
const NOTHING: u32 = (1 << SYMBOL_SHIFT) - 1;
/// A place that no symbol leads to: the root's, and those that are free.
const FREE: Node = Node(127 << SYMBOL_SHIFT | NOTHING);

impl Node {
    const fn base(self) -> u32 {
        self.0 & NOTHING
    }

    const fn symbol(self) -> u32 {
        self.0 >> SYMBOL_SHIFT & 127
    }
}

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
        let mut trie = Self { nodes: vec![FREE], told: vec![Told::default()], values: Vec::new() };
        let mut bases = HashSet::new();
        // Branches, the places they have got, and the symbols that lead there, nearest to the root first.
        let mut coming = VecDeque::from([(0_usize, 0_usize, FREE.symbol())]);
        let mut taken = vec![true];
        // Where to look for room next, by the first symbol below: what lies before is taken.
        let mut next_base = [0_u32; SYMBOLS];
        while let Some((branch, at, symbol)) = coming.pop_front() {
            let Some(branch) = tree.get(branch) else { continue };
            let next_base =
                branch.below.keys().next().and_then(|first| next_base.get_mut(usize::from(*first)));
            let base = next_base.map(|least| {
                *least = room(&taken, &bases, *least, branch);
                *least
            });
            let places = trie.nodes.len().max(base.map_or(0, |base| base as usize + SYMBOLS));
            trie.nodes.resize(places, FREE);
            trie.told.resize(places, Told::default());
            taken.resize(places, false);
            bases.extend(base);
            let heads = if branch.heads.is_empty() { 0 } else { HEADS };
            if let (Some(node), Some(told)) = (trie.nodes.get_mut(at), trie.told.get_mut(at)) {
                *node = Node(heads | symbol << SYMBOL_SHIFT | base.unwrap_or(NOTHING));
                let (heads, wholes) = (branch.heads.len() as u16, branch.wholes.len() as u16);
                *told = Told { from: trie.values.len() as u32, heads, wholes };
            }
            trie.values.extend(branch.heads.iter().chain(&branch.wholes));
            for (symbol, next) in &branch.below {
                let place = base.unwrap_or(NOTHING) as usize + usize::from(*symbol);
                if let Some(taken) = taken.get_mut(place) {
                    *taken = true;
                }
                coming.push_back((*next, place, u32::from(*symbol)));
            }
        }
        trie
    }

    /// Gives every number of `word` to `tell`, those of shorter beginnings first. Returns the letters it looked at.
    pub(super) fn each(&self, word: &str, mut tell: impl FnMut(u16)) -> usize {
        let Some(mut node) = self.nodes.first().copied() else { return 0 };
        let mut place = 0;
        for (steps, b) in (1..).zip(word.bytes()) {
            let Some(next) = self.below(node, FIRST.get(usize::from(b)).copied().unwrap_or(0)) else {
                return steps;
            };
            (node, place) = next;
            if b >= 128 {
                let Some(next) = self.below(node, second(b)) else { return steps };
                (node, place) = next;
            }
            if node.0 & HEADS != 0 {
                self.heads_and_wholes(place).0.iter().for_each(|value| tell(*value));
            }
        }
        self.heads_and_wholes(place).1.iter().for_each(|value| tell(*value));
        word.len()
    }

    /// The node below `node` by `symbol`, and its place.
    fn below(&self, node: Node, symbol: u8) -> Option<(Node, u32)> {
        let at = node.base() + u32::from(symbol);
        let next = *self.nodes.get(at as usize)?;
        (next.symbol() == u32::from(symbol)).then_some((next, at))
    }

    fn heads_and_wholes(&self, place: u32) -> (&[u16], &[u16]) {
        let Some(told) = self.told.get(place as usize) else { return (&[], &[]) };
        let (from, heads) = (told.from as usize, usize::from(told.heads));
        let all = self.values.get(from..from + heads + usize::from(told.wholes)).unwrap_or_default();
        all.split_at_checked(heads).unwrap_or_default()
    }
}

/// The least base from `least` on that no other node has, and at which all nodes below `branch` find free places.
fn room(taken: &[bool], bases: &HashSet<u32>, least: u32, branch: &Branch) -> u32 {
    let taken = |place: usize| taken.get(place).is_some_and(|taken| *taken);
    let mut base = least;
    while bases.contains(&base)
        || branch.below.keys().any(|symbol| taken(base as usize + usize::from(*symbol)))
    {
        base += 1;
    }
    base
}

/// The symbol of each byte: a whole one for ASCII, the upper half of any other byte.
static FIRST: [u8; 256] = {
    let mut symbols = [0; 256];
    let mut b = 0_usize;
    while b < 256 {
        #[allow(clippy::cast_possible_truncation, reason = "counted to 255")]
        let byte = b as u8;
        symbols[b] = match byte {
            b'a'..=b'z' => 1 + byte - b'a',
            b'0'..=b'9' => 27 + byte - b'0',
            b'@' => 37,
            b':' => 38,
            b'/' => 39,
            128.. => 40 + (byte >> 4) - 8,
            // No word holds it, and nothing is below by it.
            _ => 0,
        };
        b += 1;
    }
    symbols
};

/// The symbol of the lower half of a byte beyond ASCII.
const fn second(b: u8) -> u8 {
    48 + (b & 15)
}

/// One symbol for ASCII, two halves for any other byte.
fn symbols(b: u8) -> impl Iterator<Item = u8> {
    let first = FIRST.get(usize::from(b)).copied().unwrap_or(0);
    std::iter::once(first).chain((b >= 128).then(|| second(b)))
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
