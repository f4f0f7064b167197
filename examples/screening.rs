//! Compares the screening of a labelled corpus with its labels: `cargo run --example screening -- LABELS.csv`.

use std::path::Path;

use rightsd::mail::{self, Bounds, Origin, Ours};

fn main() {
    let Some(labels) = std::env::args().nth(1) else { return };
    let folder = Path::new(&labels).parent().map(Path::to_path_buf).unwrap_or_default();
    let text = std::fs::read_to_string(&labels).unwrap_or_default();
    let (mut right, mut wrong) = (0, 0);
    for line in text.lines().skip(1) {
        let mut columns = line.split(',');
        let (file, kinds) = (columns.next().unwrap_or_default(), columns.next().unwrap_or_default());
        let Ok(raw) = std::fs::read(folder.join(file)) else { continue };
        let screening = match mail::parse(&raw, &Bounds::default()) {
            Ok(mail) => mail::screen(&mail, &Ours::default()),
            Err(error) => {
                println!("{file}: {error}");
                continue;
            }
        };
        let found = match screening.origin {
            Origin::Person => "person",
            Origin::AutoReply => "auto-reply",
            Origin::Bounce => "bounce",
            Origin::ListMail => "list-mail",
            Origin::ListUnsubscribe | Origin::FeedbackOptOut => "unsubscribe",
            Origin::OwnLetter => "own",
        };
        let robot = matches!(kinds, "auto-reply" | "bounce" | "list-mail");
        let fits = if robot { found == kinds } else { found == "person" || found == kinds };
        if fits {
            right += 1;
        } else {
            wrong += 1;
            println!("{file}: {kinds} but {found} {:?} | {line}", screening.signs);
        }
    }
    println!("{right} right, {wrong} wrong");
}
