//! What an answer to our confirmation letter says, from one word to a page.

use super::Answer;
use super::lexicon::{Class, Hit};
use super::rules::Zone;
use super::words::Break;

/// Reads yes or no in the sender's own words.
pub(super) fn read(zone: &Zone<'_>) -> Answer {
    if zone.text.words.is_empty() {
        return if zone.source.chars().any(|c| matches!(c, '👍' | '✅' | '✔')) {
            Answer::Yes
        } else if zone.source.trim().is_empty() {
            Answer::Empty
        } else {
            Answer::Unclear
        };
    }
    let hits = &zone.found.hits;
    let mut yes: Option<&Hit> = None;
    let mut no: Option<&Hit> = None;
    let mut plain_no: Option<&Hit> = None;
    let mut own_yes = false;
    for hit in hits {
        match hit.class {
            Class::Yes | Class::Confirm if !denied(zone, hit) => {
                own_yes |= hit.class == Class::Yes && names_oneself(zone, hit);
                yes = yes.or(Some(hit));
            }
            Class::No if hit.words.len() >= 2 => no = no.or(Some(hit)),
            Class::No => {
                let opens = zone.text.words.get(hit.words.start).is_some_and(|w| w.before == Break::Sentence)
                    || hit.words.start == 0;
                let closes = zone.text.words.get(hit.words.end).is_none_or(|w| w.before > Break::None);
                if opens || closes {
                    plain_no = plain_no.or(Some(hit));
                }
            }
            _ => {}
        }
    }
    let doubt = hits.iter().any(|h| h.class == Class::Doubt);
    match (yes, no.or(plain_no)) {
        (Some(_), None) if doubt && zone.text.sentences.iter().any(|s| s.question) => Answer::Unclear,
        (Some(_), None) => Answer::Yes,
        (None, Some(_)) => Answer::No,
        (Some(yes), Some(denial)) => {
            if no.is_some() && !own_yes {
                // "I confirm that I never asked for this."
                Answer::No
            } else if no.is_none() && yes.words.start < denial.words.start {
                // "Yes. No need to call me back."
                Answer::Yes
            } else if no.is_none() && denial.words.start < yes.words.start && !own_yes {
                Answer::No
            } else {
                Answer::Unclear
            }
        }
        (None, None) => Answer::Unclear,
    }
}

/// "I cannot confirm", "je ne peux pas confirmer".
fn denied(zone: &Zone<'_>, hit: &Hit) -> bool {
    let hits = &zone.found.hits;
    let from = hits.partition_point(|other| other.words.start + 8 < hit.words.start);
    // "I did not make": the yes lies inside a no.
    let mut near = hits.iter().skip(from).take_while(|other| other.words.start < hit.words.end);
    if near.any(|no| {
        no.class == Class::No
            && no.words.len() > 1
            && no.words.end > hit.words.end
            && no.words.start < hit.words.end
    }) {
        return true;
    }
    hits.iter().skip(from).take_while(|other| other.words.start < hit.words.start).any(|not| {
        matches!(not.class, Class::Not | Class::Cannot)
            && not.words.end <= hit.words.start
            && hit.words.start - not.words.end <= 2
            && (not.words.end..=hit.words.start)
                .all(|i| i == not.words.end || zone.text.words.get(i).is_none_or(|w| w.before == Break::None))
    })
}

/// "it was me" says who, "I confirm" does not.
fn names_oneself(zone: &Zone<'_>, hit: &Hit) -> bool {
    hit.words
        .clone()
        .any(|i| matches!(zone.text.norm(i), "moi" | "me" | "auteur" | "did" | "sent" | "made" | "owner"))
}
