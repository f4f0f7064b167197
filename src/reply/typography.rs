//! Apostrophes, quotes and spaces, so that whoever edits a letter may type as on any keyboard.
//!
//! Applied once, to a template's own words at load: values keep what they are.

/// The source with `’` for typewriter apostrophes between its tags, and "article 21" in one piece; in French with a
/// non-breaking space before `: ; ? ! %` and inside `« »`, in English with `“ ”` for straight quotes. Lines and
/// their number stay.
pub(super) fn set(source: &str, french: bool) -> String {
    let mut out = String::with_capacity(source.len() + 64);
    let mut rest = source;
    while let Some(start) = rest.find("{{").into_iter().chain(rest.find("{%")).chain(rest.find("{#")).min() {
        let (words, tag) = rest.split_at(start);
        set_words(words, french, &mut out);
        let close = match tag.as_bytes().get(1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            _ => "#}",
        };
        let end = tag.find(close).map_or(tag.len(), |at| at + close.len());
        let (tag, after) = tag.split_at(end);
        out.push_str(tag);
        rest = after;
    }
    set_words(rest, french, &mut out);
    out
}

fn set_words(words: &str, french: bool, out: &mut String) {
    let mut characters = words.chars().peekable();
    let mut before = ' ';
    while let Some(c) = characters.next() {
        let next = characters.peek().copied();
        let french_space = || before == '«' || matches!(next, Some(':' | ';' | '?' | '!' | '»' | '%'));
        let article = || {
            next.is_some_and(|next| next.is_ascii_digit())
                && (out.ends_with("rticle") || out.ends_with("rticles"))
        };
        let set = match c {
            ' ' if (french && french_space()) || article() => '\u{a0}',
            '\'' if before.is_alphabetic() => '’',
            '"' if !french && matches!(before, ' ' | '(' | '\n') => '“',
            '"' if !french => '”',
            c => c,
        };
        out.push(set);
        before = c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_english_keeps_its_spaces() {
        assert_eq!(set("It's {{ a }} : \"b\" ?", false), "It’s {{ a }} : “b” ?");
        assert_eq!(
            set("(\"a\")\n\"b\", Article 21 {% if a == \"b\" %}", false),
            "(“a”)\n“b”, Article\u{a0}21 {% if a == \"b\" %}"
        );
    }

    #[test]
    fn typed_french_becomes_set_french() {
        for (typed, wanted) in [
            ("C'est vous ?", "C’est vous\u{a0}?"),
            ("« oui » : oui ; non !", "«\u{a0}oui\u{a0}»\u{a0}: oui\u{a0}; non\u{a0}!"),
            ("« {{ a }} » {{ b }} : x", "«\u{a0}{{ a }}\u{a0}» {{ b }}\u{a0}: x"),
            ("{% if a == 'b' %}l'an{% endif %}", "{% if a == 'b' %}l’an{% endif %}"),
            ("Subject: Bonjour", "Subject: Bonjour"),
            ("https://example.org/a?b", "https://example.org/a?b"),
            ("a {{ never closed", "a {{ never closed"),
            ("a\n  b\n", "a\n  b\n"),
        ] {
            assert_eq!(set(typed, true), wanted);
        }
    }
}
