//! The legal clock: when an answer is due, and every step by which that was found (law.md §2.2).
//!
//! The period is a date, never a number of days: one month from the civil day of receipt, to the same day
//! number, else the month's last day; then forward over Saturdays, Sundays and public holidays.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::config::Holidays;

/// When an answer is due, and how that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// Civil day of receipt in the controller's zone; not counted (Reg. 1182/71 Art. 3(1)).
    pub received_on: Date,
    /// Latest day for the answer, a refusal, or the notice of extension (GDPR Art. 12(3) s. 1, 12(4)).
    pub due_on: Date,
    /// Latest day once an extension was notified with reasons by `due_on` (GDPR Art. 12(3) s. 2).
    pub extended_due_on: Date,
    /// The calculation, in order, to be shown.
    pub steps: Vec<Step>,
}

/// One step of the calculation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The date it arrived at.
    pub date: Date,
    /// What was done, as a sentence.
    pub text: String,
    /// Where the law says so.
    pub source: &'static str,
}

/// The deadline of a request that the company's own server took at `received_at`.
///
/// Sources: GDPR Art. 12(3); Reg. 1182/71 Art. 3(1), 3(2)(c), 3(4); CJEU C-171/03; EDPB 01/2022 §§159–161.
#[must_use]
pub fn deadline(received_at: Timestamp, zone: &TimeZone, holidays: Holidays) -> Deadline {
    let local = received_at.to_zoned(zone.clone());
    let received_on = local.date();
    let mut steps = vec![Step {
        date: received_on,
        text: format!(
            "received {} {} ({}), the day of the event, which is not counted",
            weekday(received_on),
            local.strftime("%Y-%m-%d %H:%M %:z"),
            zone.iana_name().unwrap_or("UTC")
        ),
        source: "Reg. 1182/71 Art. 3(1)",
    }];
    let due_on = period(received_on, 1, "one month", "GDPR Art. 12(3) s. 1", holidays, &mut steps);
    let extended_due_on = period(
        received_on,
        3,
        "three months in total, if extended",
        "GDPR Art. 12(3) s. 2",
        holidays,
        &mut steps,
    );
    Deadline { received_on, due_on, extended_due_on, steps }
}

/// The day `months` after `from`, moved forward to a working day; both recorded in `steps`.
fn period(
    from: Date,
    months: i64,
    name: &str,
    source: &'static str,
    holidays: Holidays,
    steps: &mut Vec<Step>,
) -> Date {
    // jiff clamps to the month's last day, as Art. 3(2)(c) asks; always from the receipt, so it never sticks.
    let nominal = from.saturating_add(Span::new().months(months));
    let clamped = nominal.day() != from.day();
    steps.push(Step {
        date: nominal,
        text: if clamped {
            format!(
                "{name}: {} has no day {}, so its last day, {}",
                nominal.strftime("%Y-%m"),
                from.day(),
                shown(nominal)
            )
        } else {
            format!("{name}: the same day number, {}", shown(nominal))
        },
        source: if clamped { "Reg. 1182/71 Art. 3(2)(c)" } else { source },
    });
    let mut day = nominal;
    while let Some(why) = day_off(day, holidays) {
        let next = day.saturating_add(Span::new().days(1));
        steps.push(Step {
            date: next,
            text: format!("{day} is {why}: on to {}", shown(next)),
            source: "Reg. 1182/71 Art. 3(4)",
        });
        day = next;
    }
    day
}

/// Why `day` is no working day (Reg. 1182/71 Art. 2(2)); `None` when it is one.
#[must_use]
pub fn day_off(day: Date, holidays: Holidays) -> Option<&'static str> {
    match (public_holiday(day, holidays), day.weekday()) {
        (Some(name), _) => Some(name),
        (None, Weekday::Saturday) => Some("a Saturday"),
        (None, Weekday::Sunday) => Some("a Sunday"),
        (None, _) => None,
    }
}

/// The public holiday on `day` (Code du travail L3133-1; L3134-13 for Alsace-Moselle).
#[must_use]
pub fn public_holiday(day: Date, holidays: Holidays) -> Option<&'static str> {
    let fixed = match (day.month(), day.day()) {
        (1, 1) => Some("New Year's Day"),
        (5, 1) => Some("Labour Day (1 May)"),
        (5, 8) => Some("Victory Day (8 May)"),
        (7, 14) => Some("Bastille Day (14 July)"),
        (8, 15) => Some("Assumption Day (15 August)"),
        (11, 1) => Some("All Saints' Day (1 November)"),
        (11, 11) => Some("Armistice Day (11 November)"),
        (12, 25) => Some("Christmas Day"),
        (12, 26) if holidays == Holidays::AlsaceMoselle => Some("Saint Stephen's Day (Alsace-Moselle)"),
        _ => None,
    };
    if fixed.is_some() {
        return fixed;
    }
    let days_after_easter = easter(day.year()).until(day).map(|span| span.get_days()).unwrap_or(0);
    match days_after_easter {
        1 => Some("Easter Monday"),
        39 => Some("Ascension Day"),
        50 => Some("Whit Monday"),
        -2 if holidays == Holidays::AlsaceMoselle => Some("Good Friday (Alsace-Moselle)"),
        _ => None,
    }
}

/// Easter Sunday of the Gregorian calendar, by the anonymous algorithm (law.md §2.7).
#[must_use]
pub fn easter(year: i16) -> Date {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e, f) = (b / 4, b % 4, (b + 8) / 25);
    let g = (b - f + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    let (month, day) = (n / 31, n % 31 + 1);
    Date::new(year, i8::try_from(month).unwrap_or(4), i8::try_from(day).unwrap_or(1)).unwrap_or(Date::MIN)
}

fn shown(day: Date) -> String {
    format!("{} {day}", weekday(day))
}

fn weekday(day: Date) -> &'static str {
    match day.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[track_caller]
    fn check(received_at: &str, due_on: Date, extended_due_on: Date) {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let found = deadline(received_at.parse().unwrap(), &paris, Holidays::France);
        assert_eq!((found.due_on, found.extended_due_on), (due_on, extended_due_on), "{received_at}");
        assert_eq!(found.steps.last().map(|step| step.date), Some(extended_due_on));
    }

    #[test]
    fn a_month_ends_on_the_same_number_or_the_last_day() {
        check("2026-01-31T12:00:00Z", date(2026, 3, 2), date(2026, 4, 30));
        check("2028-01-31T07:00:00Z", date(2028, 2, 29), date(2028, 5, 2));
        check("2028-02-29T12:00:00Z", date(2028, 3, 29), date(2028, 5, 29));
        check("2026-08-31T12:00:00Z", date(2026, 9, 30), date(2026, 11, 30));
        check("2025-12-31T22:59:59Z", date(2026, 2, 2), date(2026, 3, 31));
        check("2025-12-31T23:00:00Z", date(2026, 2, 2), date(2026, 4, 1));
    }

    #[test]
    fn easter_as_the_tables_have_it() {
        for (year, month, day) in [
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
            (2027, 3, 28),
            (2030, 4, 21),
            (2038, 4, 25),
            (2285, 3, 22),
        ] {
            assert_eq!(easter(year), date(year, month, day));
        }
    }

    #[test]
    fn alsace_moselle_has_two_days_more() {
        assert_eq!(public_holiday(date(2026, 4, 3), Holidays::France), None);
        assert!(public_holiday(date(2026, 4, 3), Holidays::AlsaceMoselle).is_some());
        assert_eq!(public_holiday(date(2025, 12, 26), Holidays::France), None);
        assert!(public_holiday(date(2025, 12, 26), Holidays::AlsaceMoselle).is_some());
    }

    #[test]
    fn r23_every_half_hour_of_three_years_is_due_on_a_working_day_after_its_own_month() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let mut at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let end: Timestamp = "2029-01-01T00:00:00Z".parse().unwrap();
        while at < end {
            let found = deadline(at, &paris, Holidays::France);
            assert_eq!(day_off(found.due_on, Holidays::France), None);
            let days = found.received_on.until(found.due_on).unwrap().get_days();
            assert!((28..=35).contains(&days), "{at}: {days}");
            at = at.checked_add(jiff::SignedDuration::from_mins(30)).unwrap();
        }
    }
}
