//! Where somebody else's words begin: `>` lines, "X wrote:", a copied header block, a forward's marker.

use super::{CutReason, Hints, Line, fold};

/// Lines of a copied header block, its blank and folded lines included.
const BLOCK_LINES_MAX: usize = 16;
/// Lines over which mail programs fold an attribution.
const ATTRIBUTION_LINES_MAX: usize = 4;

/// Phrases that mail programs put between dashes above the mail that is answered; folded.
const ORIGINAL: [&str; 15] = [
    "original message",
    "message d'origine",
    "message original",
    "message initial",
    "mail original",
    "message precedent",
    "reply message",
    "ursprungliche nachricht",
    "originalnachricht",
    "mensaje original",
    "messaggio originale",
    "messaggio originario",
    "oorspronkelijk bericht",
    "mensagem original",
    "reponse au message",
];

/// The same above a mail that is passed on.
const FORWARDED: [&str; 17] = [
    "forwarded message",
    "forwarded by",
    "message transfere",
    "message reexpedie",
    "mail transfere",
    "courriel transfere",
    "message transmis",
    "transferred message",
    "weitergeleitete nachricht",
    "weitergeleitete mail",
    "mensaje reenviado",
    "messaggio inoltrato",
    "doorgestuurd bericht",
    "doorgestuurde bericht",
    "mensagem encaminhada",
    "mensagem reencaminhada",
    "fwd message",
];

/// Markers that stand without dashes; Apple's in its languages.
const FORWARDED_PLAIN: [&str; 11] = [
    "begin forwarded message",
    "debut du message reexpedie",
    "debut du message transfere",
    "debut du message",
    "anfang der weitergeleiteten nachricht",
    "anfang der weitergeleiteten e-mail",
    "inicio del mensaje reenviado",
    "inizio messaggio inoltrato",
    "inicio da mensagem reencaminhada",
    "inicio da mensagem encaminhada",
    "begin doorgestuurd bericht",
];

/// Verbs of "X wrote:"; folded.
const WROTE: [&str; 20] = [
    "a ecrit",
    "ont ecrit",
    "wrote",
    "writes",
    "schrieb",
    "hat geschrieben",
    "geschrieben",
    "escribio",
    "ha escrito",
    "ha scritto",
    "scrive",
    "schreef",
    "heeft geschreven",
    "geschreven",
    "escreveu",
    "skrev",
    "napisal",
    "napsal",
    "написал",
    "пишет",
];

/// How the last line of our letters begins, in each of their languages (`templates/mail/*/_foot.txt`); folded.
const LETTER_ENDS: [&str; 2] = [
    "vous pouvez a tout moment adresser une reclamation a la cnil",
    "you may complain to the french supervisory authority",
];

/// The fields that programs copy above the mail they answer or forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Copied {
    From,
    Date,
    To,
    Copy,
    Subject,
    ReplyTo,
}

/// The same labels in eight languages; folded, without the colon.
const LABELS: [(&str, Copied); 49] = [
    ("from", Copied::From),
    ("de", Copied::From),
    ("von", Copied::From),
    ("da", Copied::From),
    ("van", Copied::From),
    ("expediteur", Copied::From),
    ("sender", Copied::From),
    ("от", Copied::From),
    ("fra", Copied::From),
    ("fran", Copied::From),
    ("od", Copied::From),
    ("sent", Copied::Date),
    ("date", Copied::Date),
    ("envoye", Copied::Date),
    ("envoye le", Copied::Date),
    ("date d'envoi", Copied::Date),
    ("gesendet", Copied::Date),
    ("datum", Copied::Date),
    ("enviado", Copied::Date),
    ("enviado el", Copied::Date),
    ("enviada em", Copied::Date),
    ("fecha", Copied::Date),
    ("data", Copied::Date),
    ("inviato", Copied::Date),
    ("verzonden", Copied::Date),
    ("to", Copied::To),
    ("a", Copied::To),
    ("an", Copied::To),
    ("para", Copied::To),
    ("aan", Copied::To),
    ("pour", Copied::To),
    ("destinataire", Copied::To),
    ("destinataires", Copied::To),
    ("recipient", Copied::To),
    ("кому", Copied::To),
    ("cc", Copied::Copy),
    ("copie", Copied::Copy),
    ("copie a", Copied::Copy),
    ("kopie", Copied::Copy),
    ("subject", Copied::Subject),
    ("objet", Copied::Subject),
    ("sujet", Copied::Subject),
    ("betreff", Copied::Subject),
    ("asunto", Copied::Subject),
    ("oggetto", Copied::Subject),
    ("onderwerp", Copied::Subject),
    ("assunto", Copied::Subject),
    ("reply-to", Copied::ReplyTo),
    ("repondre a", Copied::ReplyTo),
];

/// Marks every line that is somebody else's.
pub(super) fn cut(lines: &mut [Line<'_>], hints: Hints) {
    let mut own_before = false;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if !line.is_own() || line.is_blank() {
            at += 1;
            continue;
        }
        if line.is_quoted() {
            at = quoted_run(lines, at, hints, own_before);
            continue;
        }
        let found = forward_mark(lines, at)
            .or_else(|| original_mark(lines, at))
            .or_else(|| header_block(lines, at, hints, own_before))
            .or_else(|| inline_block(lines, at, hints))
            .or_else(|| attribution(lines, at));
        let Some(found) = found else {
            own_before = true;
            at += 1;
            continue;
        };
        let forward = found.forward || hints.forward && !own_before;
        let reason = if forward { CutReason::Forward } else { CutReason::Quote };
        let after = found.end;
        let bounded = !found.forward && next_filled(lines, after).is_some_and(|next| is_quote(lines, next));
        if bounded {
            // A program that marks each line with ">" leaves what follows unmarked to the writer.
            mark(lines, at, after, reason);
            at = after;
        } else if found.to_end {
            let start = above_separator(lines, at);
            let end = if forward { None } else { behind_our_letter(lines, after) }.unwrap_or(lines.len());
            mark(lines, start, end, reason);
            at = end;
        } else {
            own_before = true;
            at += 1;
        }
    }
}

/// Marks lines that markup calls a quote, as what their first words say they are.
pub(super) fn marked(lines: &mut [Line<'_>], start: usize, end: usize, hints: Hints, own_before: bool) {
    let first = (start..end).find(|at| lines.get(*at).is_some_and(|line| !line.is_blank()));
    let marked = first.is_some_and(|first| forward_mark(lines, first).is_some());
    let reason = if marked || hints.forward && !own_before { CutReason::Forward } else { CutReason::Quote };
    let start = if end == lines.len() { above_separator(lines, start) } else { start };
    mark(lines, start, end, reason);
}

/// A place where a quote begins.
struct Found {
    /// The line behind the marker, the attribution or the header block.
    end: usize,
    /// Strong enough to cut all that follows, even without `>`.
    to_end: bool,
    forward: bool,
}

fn mark(lines: &mut [Line<'_>], start: usize, end: usize, reason: CutReason) {
    for line in lines.iter_mut().take(end).skip(start) {
        line.cut = line.cut.or(Some(reason));
    }
}

/// Marks a run of `>` lines with the blank lines inside it; returns the line behind it.
fn quoted_run(lines: &mut [Line<'_>], start: usize, hints: Hints, own_before: bool) -> usize {
    let mut end = start;
    let mut last = start;
    while let Some(line) = lines.get(end) {
        if line.is_quoted() && line.is_own() {
            last = end;
        } else if !line.is_blank() {
            break;
        }
        end += 1;
    }
    // What Apple Mail forwards is quoted too; a mail of nothing else that is no answer is a forward.
    let forward = hints.forward && !own_before;
    mark(lines, start, last + 1, if forward { CutReason::Forward } else { CutReason::Quote });
    last + 1
}

fn next_filled(lines: &[Line<'_>], from: usize) -> Option<usize> {
    (from..lines.len().min(from + 6)).find(|at| lines.get(*at).is_some_and(|line| !line.is_blank()))
}

fn is_quote(lines: &[Line<'_>], at: usize) -> bool {
    lines.get(at).is_some_and(|line| line.is_quoted() || !line.is_own())
}

/// The line behind a quoted letter of ours, which ends with the way to the supervisory authority. Programs that do
/// not mark what they quote let people answer below it, and only there do we know where it ends.
fn behind_our_letter(lines: &[Line<'_>], from: usize) -> Option<usize> {
    (from..lines.len())
        .find(|at| {
            lines.get(*at).is_some_and(|line| {
                line.folded.contains("cnil.fr/") && LETTER_ENDS.iter().any(|end| line.folded.starts_with(end))
            })
        })
        .map(|at| at + 1)
}

/// The line of dashes or underscores, and the blank lines, that stand above a header block belong to it.
fn above_separator(lines: &[Line<'_>], at: usize) -> usize {
    let mut start = at;
    for back in 1..=3 {
        let Some(line) = at.checked_sub(back).and_then(|above| lines.get(above)) else { break };
        if is_rule(line.text) {
            start = at - back;
        } else if !line.is_blank() {
            break;
        }
    }
    start
}

/// A line of nothing but dashes, underscores, equals signs or stars.
fn is_rule(text: &str) -> bool {
    text.len() >= 5 && text.bytes().all(|b| matches!(b, b'-' | b'_' | b'=' | b'*' | b' '))
        || text.chars().count() >= 5 && text.chars().all(|c| matches!(c, '─' | '━' | '—' | '–' | '_' | '-'))
}

/// "---------- Forwarded message ---------", "Début du message réexpédié :".
fn forward_mark(lines: &[Line<'_>], at: usize) -> Option<Found> {
    let line = lines.get(at)?;
    let dashed = between_dashes(&line.folded).is_some_and(|inner| {
        let rest = FORWARDED.iter().find_map(|phrase| inner.strip_prefix(phrase));
        // What follows on the same line, because breaks were lost, is behind more dashes.
        rest.is_some_and(|rest| inner.len() < 120 && !line.long || rest.trim_start().starts_with("--"))
    });
    let plain = || {
        let bare = line.folded.trim_end_matches([':', ' ', '.']);
        line.folded.ends_with(':') && !line.long && FORWARDED_PLAIN.contains(&bare)
    };
    (dashed || plain()).then(|| Found { end: at + 1, to_end: true, forward: true })
}

/// "-----Message d'origine-----".
fn original_mark(lines: &[Line<'_>], at: usize) -> Option<Found> {
    let line = lines.get(at)?;
    let inner = between_dashes(&line.folded)?;
    let rest = ORIGINAL.iter().find_map(|phrase| inner.strip_prefix(phrase));
    let original =
        rest.is_some_and(|rest| inner.len() < 80 && !line.long || rest.trim_start().starts_with("--"));
    original.then(|| {
        let end = block_end(lines, at + 1).unwrap_or(at + 1);
        Found { end, to_end: true, forward: false }
    })
}

/// What stands between at least two dashes (or underscores, stars, equals signs) before, and some behind.
fn between_dashes(folded: &str) -> Option<&str> {
    let dash = |c: char| matches!(c, '-' | '_' | '=' | '~' | '#');
    if !folded.starts_with(dash) {
        return None;
    }
    let inner = folded.trim_start_matches(dash);
    let before = folded.len() - inner.len();
    (before >= 2).then(|| inner.trim_end_matches(dash).trim())
}

/// The label of a copied header line, if that is what `folded` is.
fn label(folded: &str) -> Option<Copied> {
    let (name, _) = folded.split_once(':')?;
    let name = name.trim_end();
    if name.len() > 14 {
        return None;
    }
    LABELS.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
}

/// A header block that a program copied: `From` and at least two more, one of them with a time of day. Without the
/// time it may be the head of a letter that a person wrote ("Objet : …", "À : …").
fn header_block(lines: &[Line<'_>], at: usize, hints: Hints, own_before: bool) -> Option<Found> {
    let line = lines.get(at)?;
    label(&line.folded)?;
    let end = block_end(lines, at)?;
    let mut seen: Vec<Copied> = Vec::new();
    let mut timed = false;
    let mut addressed = false;
    for line in lines.get(at..end)?.iter() {
        if let Some(field) = label(&line.folded) {
            timed |= field == Copied::Date && has_time(&line.folded);
            addressed |= field == Copied::From && line.text.contains('@');
            if !seen.contains(&field) {
                seen.push(field);
            }
        }
    }
    let ruled = above_separator(lines, at) < at;
    let context = hints.reply || hints.forward || own_before;
    let machine = seen.contains(&Copied::From)
        && (seen.len() >= 3 && (timed || ruled || addressed && context)
            || seen.len() >= 2 && timed && (ruled || context));
    machine.then_some(Found { end, to_end: true, forward: hints.forward })
}

/// The same block on one line, after a program lost the line breaks.
fn inline_block(lines: &[Line<'_>], at: usize, hints: Hints) -> Option<Found> {
    let line = lines.get(at)?;
    if !line.text.contains('@') {
        return None;
    }
    let folded = line.folded.trim_start_matches(['_', '-', '=', ' ']);
    label(folded)?;
    let mut seen: Vec<Copied> = Vec::new();
    for (colon, _) in folded.match_indices(':') {
        let before = folded.get(..colon).unwrap_or_default().trim_end();
        let name = before.rsplit([' ', '>', ';', ',', '"']).next().unwrap_or_default();
        let name = name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '+');
        if let Some((_, field)) = LABELS.iter().find(|(known, _)| *known == name)
            && !seen.contains(field)
        {
            seen.push(*field);
        }
    }
    let machine =
        seen.contains(&Copied::From) && seen.contains(&Copied::Date) && seen.len() >= 3 && has_time(folded);
    machine.then_some(Found { end: at + 1, to_end: true, forward: hints.forward })
}

/// The line behind a run of header lines that starts at `at`, folded values and single blank lines included.
fn block_end(lines: &[Line<'_>], at: usize) -> Option<usize> {
    let mut end = None;
    let mut labels = 0;
    let mut gap = 0;
    for here in at..lines.len().min(at + BLOCK_LINES_MAX) {
        let line = lines.get(here)?;
        if label(&line.folded).is_some() {
            labels += 1;
            gap = 0;
            end = Some(here + 1);
        } else {
            gap += 1;
            // Long recipient lists run over several lines; two blank lines end every block.
            let folded_value = line.text.contains('@') || line.text.ends_with([';', ',']);
            if gap > 1 && !folded_value {
                break;
            }
        }
    }
    (labels >= 2).then_some(end).flatten()
}

/// A clock's time: `10:12`, `10h12`.
fn has_time(folded: &str) -> bool {
    let bytes = folded.as_bytes();
    bytes.windows(4).any(|four| {
        matches!(four, [hour, b':' | b'h' | b'.', tens, ones]
            if hour.is_ascii_digit() && (b'0'..=b'5').contains(tens) && ones.is_ascii_digit())
    })
}

/// "Le lun. 3 mars 2026 à 10:12, X <x@y> a écrit :", over up to four lines.
fn attribution(lines: &[Line<'_>], at: usize) -> Option<Found> {
    let first = lines.get(at)?;
    let opens = opens_attribution(&first.folded);
    let may_stand_alone = first.folded.ends_with(':');
    if !opens && !may_stand_alone && !first.text.contains('@') {
        return None;
    }
    let mut joined = String::new();
    for here in at..lines.len().min(at + ATTRIBUTION_LINES_MAX) {
        let line = lines.get(here)?;
        // Some programs leave a blank line where they fold.
        if line.is_blank() {
            if joined.ends_with(',') { continue } else { break }
        }
        if line.is_quoted() || !line.is_own() || line.long {
            break;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(&line.folded);
        if joined.len() > MACHINE_LINE_BYTES {
            break;
        }
        if let Some(strong) = is_attribution(&joined, opens) {
            return Some(Found { end: here + 1, to_end: strong, forward: false });
        }
        let folds = opens || line.text.ends_with(['<', ',']);
        if !folds {
            break;
        }
    }
    None
}

const MACHINE_LINE_BYTES: usize = super::MACHINE_LINE_BYTES_MAX;

/// Words that attributions start with in the languages of [`WROTE`], and dates in digits.
fn opens_attribution(folded: &str) -> bool {
    const OPENERS: [&str; 15] = [
        "on ", "le ", "am ", "el ", "il ", "op ", "em ", "den ", "w dniu ", "dne ", "a ", "em", "date:",
        "na ", "--- on ",
    ];
    OPENERS.iter().any(|opener| folded.starts_with(opener))
        || folded.starts_with(|c: char| c.is_ascii_digit())
        || folded.starts_with('"')
}

/// Whether `joined` is an attribution, and then whether it is certainly a program's.
fn is_attribution(joined: &str, opens: bool) -> Option<bool> {
    let address = joined.contains('@');
    let timed = has_time(joined);
    let dated = joined.bytes().filter(u8::is_ascii_digit).count() >= 3;
    let colon = joined.ends_with(':') || joined.ends_with(": ") || joined.ends_with(":-");
    let bare = joined.trim_end_matches([':', ' ', '"', '-', '>', ']', ')']);
    let wrote = WROTE.iter().any(|verb| bare.ends_with(verb))
        || colon && (address || timed) && WROTE.iter().any(|verb| contains_word(joined, verb));
    if wrote {
        // "Le 3 mars vous avez écrit :" is a person speaking to us.
        let addressed_to_us = [
            "vous avez ecrit",
            "vous m'avez ecrit",
            "tu as ecrit",
            "you wrote",
            "j'ai ecrit",
            "i wrote",
            "sie schrieben",
        ]
        .iter()
        .any(|words| joined.contains(words));
        if addressed_to_us && !timed {
            return None;
        }
        if colon && (address || timed && dated) {
            return Some(true);
        }
        if colon && (opens && dated || joined.len() < 80) {
            return Some(opens && dated && !addressed_to_us);
        }
        return (address && dated).then_some(false);
    }
    // Gmail without a verb: "2026-03-03 10:12 GMT+01:00 X <x@example.org>:".
    let numeric = joined.starts_with(|c: char| c.is_ascii_digit()) && dated && address;
    (numeric && (joined.ends_with(">:") || joined.ends_with('>'))).then(|| joined.ends_with(">:"))
}

fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// A forward without its marker, its header block (whose subject is kept) and its `>` signs.
pub(super) fn without_marks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut head = true;
    let mut lines_seen = 0;
    for line in text.lines() {
        let bare = line.trim_start();
        let bare = bare.strip_prefix("> ").or_else(|| bare.strip_prefix('>')).unwrap_or(line);
        if head {
            let folded = fold(bare);
            lines_seen += 1;
            let field = label(&folded);
            let marker = between_dashes(&folded).is_some()
                || FORWARDED_PLAIN.contains(&folded.trim_end_matches([':', ' ']));
            if field == Some(Copied::Subject) {
                if let Some((_, subject)) = bare.split_once([':', '：']) {
                    out.push_str(subject.trim().trim_matches('*').trim());
                    out.push_str("\n\n");
                }
                continue;
            }
            let folded_value = lines_seen < BLOCK_LINES_MAX
                && (folded.is_empty() || folded.ends_with([';', ',']) || is_rule(bare.trim()));
            if field.is_some() || marker || folded_value {
                continue;
            }
            head = false;
        }
        out.push_str(bare);
        out.push('\n');
    }
    out
}
