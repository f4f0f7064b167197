//! Prints what is understood of the outside of mails: `cargo run --example visible -- FILE…`.

use rightsd::mail::{self, Bounds, Ours};

fn main() {
    for path in std::env::args().skip(1) {
        let Ok(raw) = std::fs::read(&path) else { continue };
        println!("================ {path}");
        match mail::parse(&raw, &Bounds::default()) {
            Ok(mail) => {
                let screening = mail::screen(&mail, &Ours::default());
                println!(
                    "{screening:?} sender {:?} subject {:?} defects {:?}",
                    mail.sender, mail.subject, mail.defects
                );
                println!("---- own\n{}\n---- cuts", mail.visible.own);
                for cut in &mail.visible.cuts {
                    let text = mail.visible.full.get(cut.span.clone()).unwrap_or_default();
                    let short: String = text.chars().take(160).collect();
                    println!("{:?}: {:?}", cut.reason, short);
                }
                if let Some(forwarded) = &mail.forwarded {
                    println!("---- forwarded\n{}", forwarded.chars().take(300).collect::<String>());
                }
                if let Some(report) = &mail.report {
                    println!("---- report {report:?}");
                }
            }
            Err(error) => println!("out of bounds: {error}"),
        }
    }
}
