//! What a word is about, roughly: the topics of `topics.txt`, found by the beginning of words.

use super::super::words::{normal_form, normal_stem};

pub(super) const FILE: &str = include_str!("topics.txt");
/// A topic is a bit of a word this wide.
pub(super) const TOPICS_MAX: usize = 64;

/// Every word of `file`, normalised, `true` beside one that stands for all that begin so, and the topic's place.
pub(super) fn words(file: &str) -> Vec<(String, bool, u16)> {
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
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_about_what_the_file_says() {
        let told = words("# a comment\npost: timbre* facteur\n  mailman\nmoney: prix\n");
        let told: Vec<_> = told.iter().map(|(word, stem, topic)| (word.as_str(), *stem, *topic)).collect();
        assert_eq!(
            told,
            [("timbre", true, 0), ("facteur", false, 0), ("mailman", false, 0), ("prix", false, 1)]
        );
        let count = FILE.lines().filter(|line| !line.starts_with('#') && line.contains(':')).count();
        assert!(count <= TOPICS_MAX, "a topic is a bit of {TOPICS_MAX}");
    }
}
