//! Machines and strangers that the outside of a mail does not betray, by their words.

use super::Kind;
use super::lexicon::{Class, Hit};
use super::rules::Zone;

/// What the words of `subject` and `own` say about who wrote them, with the deciding hit, and whether it is in
/// the subject.
pub(super) fn automatic<'z>(
    subject: &'z Zone<'_>,
    own: &'z Zone<'_>,
    reply: bool,
) -> Option<(Kind, &'static str, &'z Hit, bool)> {
    let first = |zone: &'z Zone<'_>, class: Class| zone.found.hits.iter().find(|hit| hit.class == class);
    let count =
        |zone: &Zone<'_>, class: Class| zone.found.hits.iter().filter(|hit| hit.class == class).count();
    if let Some(hit) = first(subject, Class::Bounce)
        && (first(own, Class::Bounce).is_some() || own.text.words.len() < 4 || hit.words.len() >= 3)
    {
        return Some((Kind::Bounce, "says_undeliverable", hit, true));
    }
    if let Some(hit) = first(own, Class::Bounce)
        && count(own, Class::Bounce) >= 2
    {
        return Some((Kind::Bounce, "says_undeliverable", hit, false));
    }
    if let Some(hit) = first(subject, Class::AutoReply)
        && hit.words.start <= 1
    {
        return Some((Kind::AutoReply, "says_automatic", hit, true));
    }
    let (replies, absent) = (count(own, Class::AutoReply), count(own, Class::Absence));
    if let Some(hit) = first(own, Class::AutoReply) {
        // Newsletters forbid to answer, people thank and set terms ("business days", squeezed): alone these say nothing.
        let first = own.text.norm(hit.words.start);
        let anybody =
            matches!(first, "thank" | "thanks" | "please" | "do" | "ne" | "merci" | "busines" | "response");
        if replies >= 2 || absent >= 1 || !anybody {
            return Some((Kind::AutoReply, "says_automatic", hit, false));
        }
    }
    if let Some(hit) = first(own, Class::Absence) {
        let subject_says = count(subject, Class::Absence) > 0;
        if absent >= 3 || (absent >= 1 && subject_says) || (absent >= 2 && reply) {
            return Some((Kind::AutoReply, "says_absent", hit, false));
        }
    } else if let Some(hit) = first(subject, Class::Absence) {
        return Some((Kind::AutoReply, "says_absent", hit, true));
    }
    None
}

/// How much it smells of fraud or a stranger's sale: the weight, and the hit that weighs most.
pub(super) fn spam<'z>(subject: &'z Zone<'_>, own: &'z Zone<'_>) -> (usize, Option<&'z Hit>, bool) {
    let mut strong = 0;
    let mut smell = 0;
    let mut first = None;
    let mut in_subject = false;
    for (zone, is_subject) in [(subject, true), (own, false)] {
        for hit in &zone.found.hits {
            match hit.class {
                Class::Spam => {
                    strong += 1;
                    if first.is_none() {
                        first = Some(hit);
                        in_subject = is_subject;
                    }
                }
                Class::Smell => smell += 1,
                _ => {}
            }
        }
    }
    (strong * 2 + smell.min(4), first, in_subject)
}

/// A newsletter's own words.
pub(super) fn bulk<'z>(own: &'z Zone<'_>) -> (usize, Option<&'z Hit>) {
    let mut hits = own.found.hits.iter().filter(|hit| hit.class == Class::Bulk);
    let first = hits.next();
    (first.map_or(0, |_| 1 + hits.count()), first)
}
