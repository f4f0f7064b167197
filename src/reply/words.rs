//! Dates, lists and rights as people say them, in French and English.

use jiff::civil::{Date, Weekday};

use crate::case::DpoAlertReason;
use crate::classify::Right;
use crate::config::LetterLanguage::{self, En, Fr};

const DAYS_FR: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
const DAYS_EN: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS_FR: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `vendredi 1er janvier 2027`, `Friday 1 January 2027`. A line never ends between day and month.
#[must_use]
pub fn date_in_words(date: Date, language: LetterLanguage) -> String {
    let weekday = match language {
        Fr => at(&DAYS_FR, weekday_index(date.weekday())),
        En => at(&DAYS_EN, weekday_index(date.weekday())),
    };
    format!("{weekday} {}", day_in_words(date, language))
}

/// `1er janvier 2027`, `1 January 2027`.
pub(super) fn day_in_words(date: Date, language: LetterLanguage) -> String {
    let (day, year) = (date.day(), date.year());
    let month = usize::try_from(date.month()).unwrap_or(1).saturating_sub(1);
    match language {
        Fr if day == 1 => format!("1er\u{a0}{} {year}", at(&MONTHS_FR, month)),
        Fr => format!("{day}\u{a0}{} {year}", at(&MONTHS_FR, month)),
        En => format!("{day}\u{a0}{} {year}", at(&MONTHS_EN, month)),
    }
}

fn weekday_index(weekday: Weekday) -> usize {
    usize::try_from(weekday.to_monday_zero_offset()).unwrap_or(0)
}

fn at(names: &[&'static str], index: usize) -> &'static str {
    names.get(index).copied().unwrap_or_default()
}

/// `A`, `A et B`, `A, B et C`; `and` in English. Empty for an empty list.
#[must_use]
pub fn list_in_words<S: AsRef<str>>(items: &[S], language: LetterLanguage) -> String {
    let and = match language {
        Fr => " et ",
        En => " and ",
    };
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{}{and}{}", first.join(", "), last.as_ref())
        }
    }
}

/// What the right lets a person do, with its name's article in brackets (law.md §8.4).
pub(super) fn right_with_article(right: Right, language: LetterLanguage) -> &'static str {
    match (right, language) {
        (Right::OptOut, Fr) => {
            "ne plus recevoir de messages publicitaires (droit d’opposition, article\u{a0}21 du RGPD)"
        }
        (Right::Access, Fr) => {
            "savoir quelles données vous concernent et en recevoir une copie (droit d’accès, article\u{a0}15 du RGPD)"
        }
        (Right::Rectification, Fr) => {
            "faire corriger vos données (droit de rectification, article\u{a0}16 du RGPD)"
        }
        (Right::Erasure, Fr) => "faire effacer vos données (droit à l’effacement, article\u{a0}17 du RGPD)",
        (Right::Restriction, Fr) => {
            "faire geler l’utilisation de vos données (droit à la limitation du traitement, article\u{a0}18 du RGPD)"
        }
        (Right::Portability, Fr) => {
            "récupérer vos données dans un format réutilisable (droit à la portabilité, article\u{a0}20 du RGPD)"
        }
        (Right::Objection, Fr) => {
            "vous opposer à une utilisation de vos données ou retirer un accord que vous aviez donné (droits \
             d’opposition et de retrait du consentement, articles\u{a0}21 et\u{a0}7 du RGPD)"
        }
        (Right::OptOut, En) => "stop receiving our advertising (right to object, Article\u{a0}21 GDPR)",
        (Right::Access, En) => {
            "find out which data concern you and receive a copy (right of access, Article\u{a0}15 GDPR)"
        }
        (Right::Rectification, En) => {
            "have your data corrected (right to rectification, Article\u{a0}16 GDPR)"
        }
        (Right::Erasure, En) => "have your data erased (right to erasure, Article\u{a0}17 GDPR)",
        (Right::Restriction, En) => {
            "have the use of your data frozen (right to restriction of processing, Article\u{a0}18 GDPR)"
        }
        (Right::Portability, En) => {
            "receive your data in a reusable format (right to data portability, Article\u{a0}20 GDPR)"
        }
        (Right::Objection, En) => {
            "object to a use of your data, or withdraw a consent you had given (rights to object and to withdraw \
             consent, Articles\u{a0}21 and\u{a0}7 GDPR)"
        }
    }
}

/// The right's short name, for the DPO's lists.
pub(super) fn right_name(right: Right, language: LetterLanguage) -> &'static str {
    match (right, language) {
        (Right::OptOut, Fr) => "désinscription",
        (Right::Access, Fr) => "accès",
        (Right::Rectification, Fr) => "rectification",
        (Right::Erasure, Fr) => "effacement",
        (Right::Restriction, Fr) => "limitation",
        (Right::Portability, Fr) => "portabilité",
        (Right::Objection, Fr) => "opposition",
        (Right::OptOut, En) => "opt-out",
        (Right::Access, En) => "access",
        (Right::Rectification, En) => "rectification",
        (Right::Erasure, En) => "erasure",
        (Right::Restriction, En) => "restriction",
        (Right::Portability, En) => "portability",
        (Right::Objection, En) => "objection",
    }
}

/// Where identity stands, for the DPO; an unknown word is said as it is.
pub(super) fn identity_in_words(state: &'static str, language: LetterLanguage) -> &'static str {
    match (state, language) {
        ("confirmed", Fr) => "identité confirmée",
        ("asked", Fr) => "confirmation demandée, pas encore reçue",
        ("unconfirmed", Fr) => "la personne n’a pas confirmé",
        ("denied", Fr) => "la personne dit que ce n’était pas elle",
        ("not-asked", Fr) => "sans demande de confirmation",
        ("confirmed", En) => "identity confirmed",
        ("asked", En) => "confirmation asked for, not yet received",
        ("unconfirmed", En) => "the person has not confirmed",
        ("denied", En) => "the person says it was not them",
        ("not-asked", En) => "confirmation not asked for",
        (other, _) => other,
    }
}

/// The alert's name in templates: `{% if reason == "denied" %}`.
pub(super) const fn alert_name(reason: DpoAlertReason) -> &'static str {
    match reason {
        DpoAlertReason::LetterUndeliverable => "letter-undeliverable",
        DpoAlertReason::Quarantined => "quarantined",
        DpoAlertReason::BreakerOpen => "breaker-open",
        DpoAlertReason::Denied => "denied",
        DpoAlertReason::Unconfirmed => "unconfirmed",
        DpoAlertReason::Authority => "authority",
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[track_caller]
    fn check(day: Date, french: &str, english: &str) {
        let plain = |text: String| text.replace('\u{a0}', " ");
        assert_eq!(plain(date_in_words(day, Fr)), french);
        assert_eq!(plain(date_in_words(day, En)), english);
    }

    #[test]
    fn dates_are_said_in_words() {
        check(date(2027, 1, 1), "vendredi 1er janvier 2027", "Friday 1 January 2027");
        check(date(2026, 2, 28), "samedi 28 février 2026", "Saturday 28 February 2026");
        check(date(2028, 2, 29), "mardi 29 février 2028", "Tuesday 29 February 2028");
        check(date(2026, 3, 2), "lundi 2 mars 2026", "Monday 2 March 2026");
        check(date(2026, 4, 1), "mercredi 1er avril 2026", "Wednesday 1 April 2026");
        check(date(2026, 5, 21), "jeudi 21 mai 2026", "Thursday 21 May 2026");
        check(date(2026, 6, 30), "mardi 30 juin 2026", "Tuesday 30 June 2026");
        check(date(2026, 7, 14), "mardi 14 juillet 2026", "Tuesday 14 July 2026");
        check(date(2026, 8, 31), "lundi 31 août 2026", "Monday 31 August 2026");
        check(date(2026, 9, 11), "vendredi 11 septembre 2026", "Friday 11 September 2026");
        check(date(2026, 10, 4), "dimanche 4 octobre 2026", "Sunday 4 October 2026");
        check(date(2026, 11, 22), "dimanche 22 novembre 2026", "Sunday 22 November 2026");
        check(date(2026, 12, 31), "jeudi 31 décembre 2026", "Thursday 31 December 2026");
    }

    #[test]
    fn a_line_never_ends_between_day_and_month() {
        assert_eq!(date_in_words(date(2027, 1, 1), Fr), "vendredi 1er\u{a0}janvier 2027");
    }

    #[test]
    fn lists_end_with_and() {
        for (items, french, english) in [
            (&[][..], "", ""),
            (&["A"][..], "A", "A"),
            (&["A", "B"][..], "A et B", "A and B"),
            (&["A", "B", "C"][..], "A, B et C", "A, B and C"),
        ] {
            assert_eq!(list_in_words(items, Fr), french);
            assert_eq!(list_in_words(items, En), english);
        }
    }
}
