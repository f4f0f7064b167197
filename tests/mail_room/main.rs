//! The mail room from outside: whole mails in, what is understood of them out. Everybody here is invented.

mod addresses;
mod bounds;
mod corpus;
mod hostile;
mod parsing;
mod persons;
mod reports;
mod robot_words;
mod robots;
mod second_reader;
mod visible;

use rightsd::mail::{self, Bounds, InboundMail, Ours, Screening};

/// A mail from its header lines and its body.
fn message(head: &str, body: &str) -> String {
    format!("{}\r\n\r\n{}", head.trim().replace('\n', "\r\n"), body.replace('\n', "\r\n"))
}

#[track_caller]
fn parse(raw: impl AsRef<[u8]>) -> InboundMail {
    mail::parse(raw.as_ref(), &Bounds::default()).expect("within bounds")
}

fn screen(raw: impl AsRef<[u8]>) -> Screening {
    let ours = Ours {
        addresses: ["dpo@verger.example", "stop@verger.example"]
            .iter()
            .filter_map(|a| mail::Address::parse(a))
            .collect(),
        mark: "X-Rightsd".to_owned(),
    };
    mail::screen(&parse(raw), &ours)
}

/// A header's text as a word of RFC 2047.
fn encoded(text: &str) -> String {
    format!("=?UTF-8?B?{}?=", data_encoding::BASE64.encode(text.as_bytes()))
}
