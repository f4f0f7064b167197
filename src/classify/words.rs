//! Text into words that can be compared: lower case, no accents, no ligatures, no invisible characters,
//! no elongation ("STOOOP"), one spelling of doubled letters ("suprimer"), each with its place in the original.
//!
//! One pass, no look-back further than one word: the cost is linear in the bytes.

use std::ops::Range;

use unicode_normalization::char::decompose_compatible;

/// How strongly two neighbouring words are parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Break {
    /// A space, a hyphen, an apostrophe.
    None,
    /// A comma, a dash, a colon, a parenthesis, a line end inside a sentence.
    Comma,
    /// A full stop, a semicolon, a blank line.
    Sentence,
}

/// One word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    norm: (u32, u32),
    start: u32,
    end: u32,
    /// What parts it from the word before it.
    pub(super) before: Break,
}

/// A stretch of words up to a full stop.
#[derive(Clone, Debug)]
pub(super) struct Sentence {
    pub(super) words: Range<usize>,
    /// It ends with a question mark.
    pub(super) question: bool,
}

/// A text, split and normalised.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    /// The text in lower case, then the words that are compared in another spelling.
    norms: String,
    pub(super) words: Vec<Word>,
    pub(super) sentences: Vec<Sentence>,
}

/// Longest sentence, in words.
const SENTENCE_MAX: usize = 70;

/// Stands for an e-mail address in the words.
pub(super) const ADDRESS: &str = "@";
/// Stands for a link in the words.
pub(super) const LINK: &str = "://";

impl Text {
    /// Splits `text`.
    pub(super) fn read(text: &str) -> Self {
        // Most words are as long as here, or longer; most stand in lower case as they are to be compared.
        let mut norms = String::with_capacity(text.len() + text.len() / 4);
        norms.push_str(text);
        norms.make_ascii_lowercase();
        let out = Self { norms, words: Vec::with_capacity(text.len() / 5), sentences: Vec::new() };
        let mut reader = Reader { text, out, pending: Break::Sentence, question: None, first: 0 };
        reader.run();
        reader.out
    }

    pub(super) fn norm(&self, at: usize) -> &str {
        self.words
            .get(at)
            .and_then(|word| self.norms.get(word.norm.0 as usize..word.norm.1 as usize))
            .unwrap_or("")
    }

    /// Where words `range` stand in the original, in bytes.
    pub(super) fn span(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.words.get(range.start).map_or(0, |word| word.start as usize);
        let end = self.words.get(range.end.saturating_sub(1)).map_or(start, |word| word.end as usize);
        start..end.max(start)
    }
}

/// One spelling for every spelling of a word: what [`Text::read`] does to each, for the lexicon's entries.
pub(super) fn normal_form(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        push_normal(c, &mut out);
    }
    squeeze(&mut out, 0, false);
    out
}

/// The same for the beginning of a word: it stands for longer words, whose doubled letters are undone.
pub(super) fn normal_stem(stem: &str) -> String {
    let mut out = String::with_capacity(stem.len());
    for c in stem.chars() {
        push_normal(c, &mut out);
    }
    squeeze(&mut out, 0, true);
    out
}

struct Reader<'t> {
    text: &'t str,
    out: Text,
    pending: Break,
    /// The sentence that is being read ended with `?`.
    question: Option<bool>,
    first: usize,
}

impl Reader<'_> {
    fn run(&mut self) {
        let text = self.text;
        let (mut at, mut run_end, mut line_start) = (0, 0, 0);
        while let Some(&b) = text.as_bytes().get(at) {
            // What parts most words.
            if b == b' ' {
                at += 1;
                continue;
            }
            let Some(c) = (if b.is_ascii() { Some(char::from(b)) } else { char_at(text, at) }) else { break };
            if is_word(c) {
                let plain = plain_of(text, at);
                if at >= run_end {
                    let run = run_of(text, at, plain.length);
                    run_end = run.end;
                    if let Some(sign) = run.sign {
                        let from = self.out.norms.len();
                        self.out.norms.push_str(sign);
                        self.finish_word(from..self.out.norms.len(), at, run.end);
                        at = run.end;
                        continue;
                    }
                }
                at = self.letters(at, plain);
                continue;
            }
            let here = at;
            at += c.len_utf8();
            let next = char_at(text, at);
            match c {
                '\n' => {
                    self.line_end(here.saturating_sub(line_start), text.get(at..).unwrap_or(""));
                    line_start = at;
                }
                '?' | '\u{37e}' => {
                    self.question = Some(true);
                    self.pending = Break::Sentence;
                }
                '!' | '…' | ';' | '。' | '！' => self.pending = Break::Sentence,
                '.' => {
                    let spaced =
                        next.is_none_or(|c| c.is_whitespace() || c.is_uppercase() || c == '"' || c == '»');
                    if spaced && !self.after_abbreviation(next) {
                        self.pending = Break::Sentence;
                    }
                }
                ',' | ':' | '(' | ')' | '—' | '–' | '/' | '«' | '»' | '"' | '“' | '”' | '|' | '*' | '•'
                | '+' | '=' => {
                    self.pending = self.pending.max(Break::Comma);
                }
                '-' if next.is_none_or(char::is_whitespace) => self.pending = self.pending.max(Break::Comma),
                _ => {}
            }
        }
        self.end_sentence();
        self.join_spaced_letters();
    }

    /// The word at `start`, which begins with `plain`; returns where it ends.
    fn letters(&mut self, start: usize, mut plain: Plain) -> usize {
        let text = self.text;
        let mut at = start + plain.length;
        if !plain.twice && plain.length > 0 && ends_plainly(text, at) {
            // Letters without accents are most of any mail.
            self.finish_word(start..at, start, at);
            return at;
        }
        let from = self.out.norms.len();
        at = start;
        loop {
            let (end, first) = (at + plain.length, self.out.norms.len());
            self.out.norms.push_str(text.get(at..end).unwrap_or(""));
            if let Some(pushed) = self.out.norms.get_mut(first..) {
                pushed.make_ascii_lowercase();
            }
            at = end;
            if text.as_bytes().get(at) == Some(&b' ') {
                break;
            }
            let Some(c) = char_at(text, at) else { break };
            if is_word(c) {
                push_normal(c, &mut self.out.norms);
            } else if !is_invisible(c) && !(is_apostrophe(c) && joins_t(text, at, c, &self.out.norms)) {
                break;
            }
            at += c.len_utf8();
            plain = plain_of(text, at);
        }
        squeeze(&mut self.out.norms, from, false);
        self.finish_word(from..self.out.norms.len(), start, at);
        at
    }

    /// Ends the word that stands at `start` to `end`, and is compared as `norm` says.
    #[allow(clippy::cast_possible_truncation, reason = "mails are bounded far below 4 GiB")]
    fn finish_word(&mut self, norm: Range<usize>, start: usize, end: usize) {
        if norm.is_empty() {
            return;
        }
        // Without full stops a text is cut all the same: what the rules compare stays within bounds (T36).
        let long = self.out.words.len() - self.first >= SENTENCE_MAX;
        if self.pending == Break::Sentence || long {
            self.end_sentence();
            self.pending = if long { Break::Sentence } else { self.pending };
        }
        if let Some(last) = self.out.words.last_mut()
            && last.end as usize + 1 == start
            && self.out.norms.get(last.norm.0 as usize..last.norm.1 as usize) == Some("e")
            && let Some(word) = self.out.norms.get(norm.clone()).filter(|word| word.starts_with("mail"))
        {
            // "e-mail" is one word.
            let (word, from) = (format!("e{word}"), self.out.norms.len());
            self.out.norms.push_str(&word);
            last.norm = (from as u32, self.out.norms.len() as u32);
            last.end = end as u32;
            return;
        }
        let norm = (norm.start as u32, norm.end as u32);
        self.out.words.push(Word { norm, start: start as u32, end: end as u32, before: self.pending });
        self.pending = Break::None;
        self.question = None;
    }

    fn end_sentence(&mut self) {
        let end = self.out.words.len();
        if end > self.first {
            let question = self.question.unwrap_or(false);
            self.out.sentences.push(Sentence { words: self.first..end, question });
        }
        self.first = end;
        self.question = None;
    }

    /// A line end parts sentences when a blank line, a list or a new thought follows; otherwise text was wrapped.
    fn line_end(&mut self, length: usize, rest: &str) {
        let head = rest.trim_start_matches([' ', '\t', '\r', '\u{a0}']);
        let next = head.chars().next();
        let strength = match next {
            None | Some('\n') => Break::Sentence,
            Some('-' | '*' | '•' | '·' | '–' | '>' | '|') => Break::Sentence,
            Some(c) if c.is_ascii_digit() && listed(head) => Break::Sentence,
            Some(c) if length < 45 && !c.is_lowercase() => Break::Sentence,
            Some(_) if length < 45 => Break::Comma,
            Some(_) => Break::None,
        };
        self.pending = self.pending.max(strength);
    }

    fn after_abbreviation(&self, next: Option<char>) -> bool {
        let last = self.out.words.len().saturating_sub(1);
        let word = self.out.norm(last);
        let digits = word.bytes().all(|b| b.is_ascii_digit()) && !word.is_empty();
        let single = word.len() == 1 && !digits;
        (single && next.is_some_and(|c| !c.is_whitespace()))
            || matches!(
                word,
                "art"
                    | "arts"
                    | "nr"
                    | "abs"
                    | "m"
                    | "mr"
                    | "mme"
                    | "mlle"
                    | "dr"
                    | "st"
                    | "al"
                    | "cf"
                    | "bzw"
                    | "vgl"
                    | "lit"
                    | "ca"
                    | "cl"
                    | "čl"
                    | "odst"
                    | "ref"
                    | "ext"
                    | "tel"
                    | "p"
                    | "num"
                    | "inc"
                    | "ltd"
                    | "mrs"
                    | "ms"
                    | "sig"
                    | "n"
            )
    }

    /// "S T O P" and "s.t.o.p" are one word.
    fn join_spaced_letters(&mut self) {
        let single = |out: &Text, i: usize| {
            let norm = out.norm(i);
            norm.len() == 1 && norm.bytes().all(|b| b.is_ascii_alphabetic())
        };
        let mut at = 0;
        while at < self.out.words.len() {
            let mut end = at;
            while end < self.out.words.len()
                && single(&self.out, end)
                && (end == at || self.out.words.get(end).is_some_and(|word| word.before < Break::Sentence))
            {
                end += 1;
            }
            if end - at >= 4 {
                let joined: String = (at..end).map(|i| self.out.norm(i)).collect();
                let from = self.out.norms.len();
                self.out.norms.push_str(&joined);
                let last = self.out.words.get(end - 1).map(|word| word.end);
                #[allow(clippy::cast_possible_truncation, reason = "mails are bounded far below 4 GiB")]
                if let (Some(word), Some(last)) = (self.out.words.get_mut(at), last) {
                    word.norm = (from as u32, self.out.norms.len() as u32);
                    word.end = last;
                }
                // Emptied rather than removed, so that the sentences' bounds stay true.
                for i in at + 1..end {
                    if let Some(word) = self.out.words.get_mut(i) {
                        word.norm = (0, 0);
                    }
                }
            }
            at = end.max(at + 1);
        }
    }
}

fn char_at(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

struct Run {
    end: usize,
    sign: Option<&'static str>,
}

/// The letters and digits of ASCII at a place.
#[derive(Clone, Copy)]
struct Plain {
    length: usize,
    /// One stands beside itself, in either case.
    twice: bool,
}

fn plain_of(text: &str, at: usize) -> Plain {
    let mut plain = Plain { length: 0, twice: false };
    let mut last = 0;
    for b in text.as_bytes().get(at..).unwrap_or_default() {
        if !b.is_ascii_alphanumeric() {
            break;
        }
        let lower = b | 0x20;
        plain.twice |= lower == last;
        last = lower;
        plain.length += 1;
    }
    plain
}

/// Whether the word that ends before `at` ends there whatever follows: no sign of ASCII goes on but "n't".
fn ends_plainly(text: &str, at: usize) -> bool {
    match text.as_bytes().get(at.saturating_sub(1)..) {
        Some([b'n' | b'N', b'\'' | b'`', ..]) => false,
        Some([_, sign, ..]) => sign.is_ascii(),
        _ => true,
    }
}

/// The run of address and link characters at `at`, of which the first so many are letters and digits, and whether it is
/// an address or a link.
fn run_of(text: &str, at: usize, length: usize) -> Run {
    let rest = text.get(at..).unwrap_or("");
    let bytes = rest.as_bytes();
    let (mut length, mut at_sign, mut link, mut plain) = (length, false, false, true);
    for (i, &b) in bytes.iter().enumerate().skip(length) {
        if !b.is_ascii_alphanumeric() {
            if !matches!(
                b,
                b'.' | b'_' | b'%' | b'+' | b'-' | b'@' | b':' | b'/' | b'?' | b'=' | b'&' | b'#' | b'~'
            ) {
                break;
            }
            plain = false;
            at_sign |= b == b'@' && i > 0;
            link |= b == b'/' && i >= 2 && bytes.get(i - 2..i) == Some(b":/");
        }
        length = i + 1;
    }
    if plain {
        return Run { end: at + length.max(1), sign: None }; // Most words.
    }
    let run = rest.get(..length).unwrap_or("");
    let run = run.trim_end_matches(['.', ':', '/', '?', '-', '=', '&', '#', '~', '+']);
    let sign = if link || run.starts_with("www.") || run.starts_with("WWW.") {
        Some(LINK)
    } else if at_sign && run.len() > 4 {
        Some(ADDRESS)
    } else {
        None
    };
    Run { end: at + run.len().max(1), sign }
}

fn is_word(c: char) -> bool {
    match c {
        '\0'..='\x7f' => c.is_ascii_alphanumeric(),
        'À'..='ɏ' => c != '×' && c != '÷',
        _ => c.is_alphanumeric(),
    }
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | '`' | '´' | 'ʼ' | '′')
}

/// "don't" stays one word, "j'ai" becomes two.
fn joins_t(text: &str, at: usize, c: char, norms: &str) -> bool {
    let mut after = text.get(at + c.len_utf8()..).unwrap_or("").chars();
    norms.ends_with('n') && matches!(after.next(), Some('t' | 'T')) && !after.next().is_some_and(is_word)
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{fe00}'..='\u{fe0f}')
        || ('\u{300}'..='\u{36f}').contains(&c)
}

fn listed(head: &str) -> bool {
    let digits = head.bytes().take_while(u8::is_ascii_digit).count();
    digits <= 2 && head.as_bytes().get(digits).is_some_and(|b| matches!(b, b'.' | b')' | b'-' | b'/'))
}

fn push_normal(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    let plain = match c {
        'à' | 'â' | 'ä' | 'á' | 'ã' | 'å' | 'À' | 'Â' | 'Ä' | 'Á' => 'a',
        'é' | 'è' | 'ê' | 'ë' | 'É' | 'È' | 'Ê' | 'Ë' => 'e',
        'î' | 'ï' | 'í' | 'ì' | 'Î' | 'Ï' | 'Í' => 'i',
        'ô' | 'ö' | 'ó' | 'ò' | 'õ' | 'Ô' | 'Ö' | 'Ó' => 'o',
        'ù' | 'û' | 'ü' | 'ú' | 'Ù' | 'Û' | 'Ü' | 'Ú' => 'u',
        'ç' | 'Ç' => 'c',
        'ñ' | 'Ñ' => 'n',
        'ø' | 'Ø' => 'o',
        'ł' | 'Ł' => 'l',
        'đ' | 'Đ' => 'd',
        'ı' => 'i',
        'ς' => 'σ',
        'œ' | 'Œ' => {
            out.push_str("oe");
            return;
        }
        'æ' | 'Æ' => {
            out.push_str("ae");
            return;
        }
        'ß' => {
            out.push_str("ss");
            return;
        }
        _ => {
            for lower in c.to_lowercase() {
                decompose_compatible(lower, |part| {
                    if !is_invisible(part) && is_word(part) {
                        out.extend(part.to_lowercase());
                    }
                });
            }
            return;
        }
    };
    out.push(plain);
}

/// Undoes elongation (three letters or more become one) and, in words of five letters or more, doubled letters:
/// nobody agrees on them ("suprimer", "addresse", "desaboner").
fn squeeze(norms: &mut String, from: usize, stem: bool) {
    let Some(word) = norms.get(from..) else { return };
    let bytes = word.as_bytes();
    let repeated = bytes.windows(2).any(|pair| matches!(pair, [a, b] if a == b && a.is_ascii_alphabetic()));
    if !repeated {
        return;
    }
    // Length with longer runs as two: it tells long words from short ones.
    let mut length = 0;
    let (mut last, mut count) = (None, 0);
    for c in word.chars() {
        count = if last == Some(c) { count + 1 } else { 1 };
        last = Some(c);
        length += usize::from(count <= 2);
    }
    let all = stem || length >= 5;
    // What is read is copied aside, nearly always without asking for memory.
    let (mut short, mut long) = ([0_u8; 64], Vec::new());
    let copy = if let Some(copy) = short.get_mut(..bytes.len()) {
        copy
    } else {
        long.resize(bytes.len(), 0);
        long.as_mut_slice()
    };
    copy.copy_from_slice(bytes);
    norms.truncate(from);
    let mut rest: &str = std::str::from_utf8(copy).unwrap_or_default();
    while let Some(c) = rest.chars().next() {
        let run = rest.chars().take_while(|other| *other == c).count();
        let single = c.is_ascii_alphabetic() && (run >= 3 || all && run == 2);
        for _ in 0..if single { 1 } else { run } {
            norms.push(c);
        }
        rest = rest.get(run * c.len_utf8()..).unwrap_or("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let read = Text::read(text);
        let words: Vec<&str> =
            (0..read.words.len()).map(|i| read.norm(i)).filter(|word| !word.is_empty()).collect();
        assert_eq!(words.join(" "), expected, "{text:?}");
    }

    #[test]
    fn one_spelling_for_every_spelling() {
        check("STOOOOP !!!", "stop");
        check("S.T.O.P.", "stop");
        check("s t o p", "stop");
        check("Désabonnez-moi", "desabonez moi");
        check("supprimer, suprimer", "suprimer suprimer");
        check("J\u{2019}ai\u{a0}dit", "j ai dit");
        check("don't won’t", "dont wont");
        check("c\u{153}ur \u{fb01}chier", "coeur fichier");
        check("un\u{200b}sub\u{ad}scribe", "unsubscribe");
        check("e\u{301}te\u{301}", "ete");
        check("ＳＴＯＰ", "stop");
        check("écrivez à bob@example.com ou http://example.com/a?b", "ecrivez a @ ou ://");
    }

    #[test]
    fn sentences_end_where_people_end_them() {
        let count = |text: &str| Text::read(text).sentences.len();
        assert_eq!(count("Bonjour,\n\nsupprimez mon compte. Merci"), 3);
        assert_eq!(count("selon l'art. 17 du RGPD"), 1);
        assert_eq!(count("M. Durand demande cela"), 1);
        assert_eq!(
            count("ligne qui est assez longue pour avoir été coupée par le\nprogramme de courrier"),
            1
        );
        assert!(Text::read("Pouvez-vous ? Merci").sentences.first().is_some_and(|s| s.question));
    }

    #[test]
    fn spans_point_into_the_original() {
        let text = "Bonjour, désabonnez-moi svp";
        let read = Text::read(text);
        assert_eq!(text.get(read.span(&(1..3))), Some("désabonnez-moi"));
    }
}
