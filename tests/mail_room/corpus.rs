//! The screening on mails that others wrote, where they are at hand beside the repository.

use std::path::Path;

use rightsd::mail::{self, Bounds, Origin, Ours};

/// Labels of messages that software sent, as far as the outside and the words of a mail can tell.
fn fits(kinds: &str, origin: Origin) -> bool {
    match origin {
        Origin::Person => !matches!(kinds, "bounce" | "auto-reply" | "list-mail"),
        Origin::AutoReply => kinds == "auto-reply",
        Origin::Bounce => kinds == "bounce",
        Origin::ListMail => matches!(kinds, "list-mail" | "spam"),
        Origin::ListUnsubscribe | Origin::FeedbackOptOut => kinds == "unsubscribe",
        Origin::OwnLetter => false,
    }
}

#[test]
fn mails_of_others_are_screened_as_they_are_labelled() {
    let folder = Path::new("../shared/corpus");
    let Ok(labels) = std::fs::read_to_string(folder.join("labels.csv")) else {
        println!("no corpus at {}: only the mails of this folder were tried", folder.display());
        return;
    };
    let (mut count, mut wrong, mut lost) = (0, Vec::new(), Vec::new());
    for line in labels.lines().skip(1) {
        let mut columns = line.split(',');
        let (file, kinds) = (columns.next().unwrap_or_default(), columns.next().unwrap_or_default());
        let Ok(raw) = std::fs::read(folder.join(file)) else { continue };
        let read = mail::parse(&raw, &Bounds::default()).unwrap_or_else(|bound| panic!("{file}: {bound}"));
        let screening = mail::screen(&read, &Ours::default());
        count += 1;
        if !fits(kinds, screening.origin) {
            wrong.push(format!("{file}: {kinds}, but {:?} {:?}", screening.origin, screening.signs));
        }
        let robot = matches!(screening.origin, Origin::AutoReply | Origin::Bounce | Origin::ListMail);
        if robot && !matches!(kinds, "bounce" | "auto-reply" | "list-mail" | "spam" | "other") {
            lost.push(file.to_owned());
        }
    }
    assert!(lost.is_empty(), "requests taken for a robot's: {lost:?}");
    assert!(wrong.len() * 50 <= count, "{} of {count} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
