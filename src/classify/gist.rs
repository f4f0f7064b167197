//! The opt-out between the lines: no order was met, yet the mail speaks of mailings and of having had enough.
//!
//! "Give me back my peace: let your next mail go out without me" asks as clearly as "unsubscribe". Every word here
//! is a small weight, the sum decides, and the weights are few so that the reason can be told. Only the opt-out is
//! guessed so: it is the one right where doubt may favour acting.

use super::lexicon::{Class, Hit};
use super::rules::Zone;
use super::words::Break;

/// Least sum that is taken for an opt-out.
const ENOUGH: i32 = 5;
/// Longer mails say in clear what they want.
const WORDS_MAX: usize = 160;

/// The word that weighs most, and whether it stands in the subject, when the sum is enough.
pub(super) fn opt_out<'z>(
    subject: &'z Zone<'_>,
    own: &'z Zone<'_>,
    mailing: bool,
) -> Option<(&'z Hit, bool)> {
    if own.text.words.len() > WORDS_MAX || own.text.words.is_empty() {
        return None;
    }
    let (mut mailing, mut refusal, mut against) = (if mailing { 3 } else { 0 }, 0, 0);
    let (mut faint, mut plain) = (0, 0);
    let mut best: Option<(&Hit, bool)> = None;
    let mut last = (usize::MAX, usize::MAX);
    for (zone, in_subject) in [(subject, true), (own, false)] {
        for (index, hit) in zone.found.hits.iter().enumerate() {
            let yours = zone.found.hits.iter().skip(index.saturating_sub(3)).take(3).any(|before| {
                before.class == Class::Your
                    && before.words.end <= hit.words.start
                    && hit.words.start - before.words.end <= 1
            });
            if zone.cites(&hit.words) {
                continue;
            }
            match hit.class {
                Class::List | Class::Marketing => mailing += 2 + i32::from(yours),
                Class::Messages if yours => mailing += 2,
                Class::Messages => plain = 1,
                Class::Receive => mailing += 1,
                Class::Contact if !zone.text.norm(hit.words.start).starts_with("contact") => mailing += 1,
                Class::Enough if only_none(zone, hit) => faint += 1,
                Class::Refusal | Class::Enough
                    if last.1 != hit.words.start || last.0 != usize::from(in_subject) =>
                {
                    refusal += if hit.class == Class::Refusal { 2 } else { 1 };
                    last = (usize::from(in_subject), hit.words.start);
                    if best.is_none() || !in_subject {
                        best = Some((hit, in_subject));
                    }
                }
                Class::NoMore | Class::Stop | Class::Still => refusal += 1,
                Class::Faint => faint += 1,
                Class::Glad => against += 3,
                Class::Contract => against += 2,
                Class::NotOurs
                | Class::Policy
                | Class::Elsewhere
                | Class::Vendor
                | Class::AskRight
                | Class::Correct => against += 2,
                Class::Send | Class::Know | Class::Export | Class::Polite | Class::Thanks => against += 1,
                _ => {}
            }
        }
    }
    let (mailing, refusal) = ((mailing + plain).min(5), (refusal + (faint / 2).min(2)).min(6));
    ((mailing >= 2 && refusal >= 2 || mailing >= 1 && refusal >= 4) && mailing + refusal - against >= ENOUGH)
        .then_some(best)
        .flatten()
}

/// "no", "sans", "plus d'": says what is not there as often as what one has had enough of, but where it opens.
fn only_none(zone: &Zone<'_>, hit: &Hit) -> bool {
    let opens = zone.text.words.get(hit.words.start).is_some_and(|word| word.before > Break::None);
    let word = zone.text.norm(hit.words.start);
    match hit.words.len() {
        1 => matches!(word, "no" | "zero" | "sans" | "aucun" | "aucune"),
        2 => matches!(word, "plus" | "plu" | "pas" | "trop") && !opens,
        _ => false,
    }
}
