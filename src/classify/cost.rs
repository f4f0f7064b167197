//! T36: what a text costs grows with its length and nothing else. Counted in the engine's steps, not in time.

use super::Language;
use super::clause::Place;
use super::lexicon::LEXICON;
use super::rules::{Background, Outcome, Zone, read_zone};

/// Steps of the automaton, and of the rules at their worst: each phrase of a sentence looked at from each other.
fn steps(text: &str) -> usize {
    let zone = Zone::read(Place::Own, text, &LEXICON);
    let mut out = Outcome::default();
    let all = Background {
        personal: true,
        list: true,
        value: true,
        identity: true,
        keep: true,
        ..Background::default()
    };
    read_zone(&zone, Language::Fr, &all, &mut out);
    let mut rules = 0;
    let mut first = 0;
    for sentence in &zone.text.sentences {
        let hits =
            zone.found.hits.iter().skip(first).take_while(|hit| hit.words.start < sentence.words.end).count();
        first += hits;
        rules += hits * (hits + sentence.words.len());
    }
    text.len() + zone.text.words.len() + zone.found.steps + rules + out.findings.len() + out.set_aside.len()
}

#[test]
fn t36_doubling_any_text_at_most_doubles_its_cost() {
    let shapes: [(&str, &str); 36] = [
        ("one word", "supprimez "),
        ("all stops", "stop "),
        ("no space", "supprimez"),
        ("all negations", "ne pas plus jamais "),
        ("all pronouns", "je me les le la vous "),
        ("gaps", "quelles données avez vous "),
        ("gap openers", "si vous détenez "),
        ("gap openers, English", "what do you have if you hold "),
        ("nested gaps", "je confirme je je confirme être être "),
        ("want", "je veux je souhaite merci de "),
        ("conditions", "si quand lorsque si "),
        ("objects", "mes données mon compte mon fichier "),
        ("acts", "supprimer effacer retirer envoyer "),
        ("questions", "pourquoi ? "),
        ("full stops", ". . . "),
        ("commas", "a,b,"),
        ("line ends", "\n"),
        ("quoted lines", "> a\n"),
        ("single letters", "s t o p "),
        ("dotted letters", "s.t.o.p."),
        ("elongated", "ooooooooooo"),
        ("doubled", "aabbccdd"),
        ("addresses", "a@example.com "),
        ("one long address", "a.b-c_d+"),
        ("links", "http://example.com/a?b=c "),
        ("at signs", "@"),
        ("slashes", "://"),
        ("accents", "éèêëàùç"),
        ("combining", "e\u{301}"),
        ("invisible", "\u{200b}a"),
        ("ligatures", "\u{fb01}\u{fb02}"),
        ("CJK", "削除してください"),
        ("Greek", "διαγραφή "),
        ("near words", "desabonnner desinscrirr "),
        ("apostrophes", "l'd'n't'"),
        ("emoji", "👍🏽"),
    ];
    for (name, shape) in shapes {
        let once: String = shape.repeat(40_000_usize.div_ceil(shape.len()));
        let twice = once.repeat(2);
        let (a, b) = (steps(&once), steps(&twice));
        assert!(b * 10 <= a * 22, "{name}: {a} steps, {b} for twice the text");
        assert!(a < once.len() * 4_000, "{name}: {a} steps for {} bytes", once.len());
    }
}
