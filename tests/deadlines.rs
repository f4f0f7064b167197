//! The legal clock against worked examples: our own always, the shared table where it lies beside the project.

use jiff::tz::TimeZone;
use rightsd::case::deadline::deadline;
use rightsd::config::Holidays;

#[track_caller]
fn check(received_at: &str, due_on: &str, extended_due_on: &str) {
    let paris = TimeZone::get("Europe/Paris").unwrap();
    let found = deadline(received_at.parse().unwrap(), &paris, Holidays::France);
    assert_eq!(
        (found.due_on.to_string(), found.extended_due_on.to_string()),
        (due_on.to_owned(), extended_due_on.to_owned()),
        "received {received_at}: {:#?}",
        found.steps
    );
}

#[test]
fn own_worked_examples() {
    for row in [
        "2026-11-23T08:00:00Z 2026-12-23 2027-02-23",
        "2026-11-24T23:30:00Z 2026-12-28 2027-02-25",
        "2027-03-01T09:00:00Z 2027-04-01 2027-06-01",
        "2027-02-06T09:00:00Z 2027-03-08 2027-05-07",
        "2027-04-16T09:00:00Z 2027-05-18 2027-07-16",
        "2027-10-01T09:00:00Z 2027-11-02 2028-01-03",
        "2031-03-14T09:00:00Z 2031-04-15 2031-06-16",
    ] {
        let mut cells = row.split(' ');
        check(cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap());
    }
}

#[test]
fn every_row_of_the_shared_table() {
    let path = "../shared/deadline-cases.csv";
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("{path} is absent: only the project's own examples were checked");
        return;
    };
    let mut rows = 0;
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.splitn(5, ',').collect();
        check(cells[0], cells[2], cells[3]);
        check(cells[1], cells[2], cells[3]);
        rows += 1;
    }
    println!("{rows} rows of {path} checked, by both ways of writing the instant");
    assert!(rows >= 60);
}
