//! T7, T8: one strict grammar. Wherever two other parsers read differently, nothing is read.

use std::str::FromStr;

use mail_parser::parsers::MessageStream;
use mail_parser::{Address as Parsed, HeaderValue};
use rightsd::mail::{Address, Sender};

use super::{message, parse};

/// Addresses that people have.
const PLAIN: [&str; 34] = [
    "nadia@example.net",
    "nadia.verdier@example.net",
    "n@example.net",
    "nadia+tag@example.net",
    "nadia+a+b@example.net",
    "nadia_verdier@example.net",
    "nadia-verdier@example.net",
    "NADIA@example.net",
    "Nadia.Verdier@Example.Net",
    "1984@example.net",
    "nadia@mail.example.net",
    "nadia@a.b.c.d.example.net",
    "nadia@example.co.uk",
    "nadia@exa-mple.net",
    "nadia@123.example",
    "nadia@1and1.example",
    "nadia@xn--exmple-cua.net",
    "o'hara@example.net",
    "a!b@example.net",
    "a#b@example.net",
    "a$b@example.net",
    "a%b@example.net",
    "a&b@example.net",
    "a*b@example.net",
    "a/b@example.net",
    "a=b@example.net",
    "a?b@example.net",
    "a^b@example.net",
    "a`b@example.net",
    "a{b}@example.net",
    "a|b@example.net",
    "a~b@example.net",
    "-a-@example.net",
    "nadia@example.museum",
];

/// Forms that the grammar of mail allows or that programs write, and that are read differently.
const TRICKY: [&str; 78] = [
    "",
    " ",
    "@",
    "nadia",
    "nadia@",
    "@example.net",
    "nadia@@example.net",
    "a@b@example.net",
    "nadia@localhost",
    "nadia@example",
    "nadia@example.",
    "nadia@.example.net",
    "nadia@example..net",
    "nadia@-example.net",
    "nadia@example-.net",
    "nadia@exa_mple.net",
    "nadia@example.net.",
    "nadia@[192.0.2.1]",
    "nadia@[IPv6:2001:db8::1]",
    "nadia@192.0.2.1",
    "nadia@example.1",
    "nadia@example.123",
    ".nadia@example.net",
    "nadia.@example.net",
    "na..dia@example.net",
    "\"nadia\"@example.net",
    "\"na dia\"@example.net",
    "\"na@dia\"@example.net",
    "\"\"@example.net",
    "na\\dia@example.net",
    "na\"dia@example.net",
    "nadia(x)@example.net",
    "nadia@example.net(x)",
    "(x)nadia@example.net",
    "nadia@(x)example.net",
    "<nadia@example.net>",
    "<nadia@example.net",
    "nadia@example.net>",
    "Nadia <nadia@example.net>",
    "nadia@example.net, b@example.net",
    "nadia@example.net;b@example.net",
    "mailto:nadia@example.net",
    "@relay.example:nadia@example.net",
    "group:nadia@example.net;",
    "nadia @example.net",
    "nadia@ example.net",
    "nadia@example .net",
    " nadia@example.net",
    "nadia@example.net ",
    "na dia@example.net",
    "nadia@exam,ple.net",
    "nadia,@example.net",
    "nadia:@example.net",
    "nadia;@example.net",
    "na<dia@example.net",
    "na>dia@example.net",
    "na[dia@example.net",
    "na]dia@example.net",
    "=?utf-8?Q?nadia?=@example.net",
    "=?utf-8?B?bmFkaWFAZXhhbXBsZS5uZXQ=?=",
    "nadia=40example.net",
    "nadia%40example.net",
    "nadia&#64;example.net",
    "nadia＠example.net",
    "nadia﹫example.net",
    "nadiа@example.net",
    "nadia@exаmple.net",
    "prénom@example.net",
    "nadia@exâmple.net",
    "nadia@例え.jp",
    "nadia@example。net",
    "nadia@example．net",
    "иван@example.net",
    "nadia@example.рф",
    "\u{202e}ten.elpmaxe@aidan",
    "nadia@\u{1d41e}xample.net",
    "ﬁona@example.net",
    "nadia@ｅxample.net",
];

/// Letters that cannot be seen, that end a line or that turn the direction.
const INTRUDERS: [char; 26] = [
    '\0',
    '\u{1}',
    '\u{8}',
    '\t',
    '\n',
    '\u{b}',
    '\r',
    '\u{1b}',
    '\u{7f}',
    '\u{85}',
    '\u{a0}',
    '\u{ad}',
    '\u{200b}',
    '\u{200d}',
    '\u{200e}',
    '\u{2028}',
    '\u{202a}',
    '\u{202e}',
    '\u{2060}',
    '\u{2066}',
    '\u{3000}',
    '\u{3164}',
    '\u{fe0f}',
    '\u{feff}',
    '\u{e0041}',
    ' ',
];

fn tricky() -> Vec<String> {
    let mut all: Vec<String> = TRICKY.iter().map(|text| (*text).to_owned()).collect();
    let whole = "nadia@example.net";
    for intruder in INTRUDERS {
        for at in [0, 2, 5, 6, 9, 13, 14, whole.len()] {
            let (before, after) = whole.split_at(at);
            all.push(format!("{before}{intruder}{after}"));
        }
    }
    all.push(format!("{}@example.net", "a".repeat(65)));
    all.push(format!("nadia@{}.net", "a".repeat(64)));
    all.push(format!("nadia@{}net", "abcdefgh.".repeat(30)));
    all
}

/// What mail-parser finds when `value` is all there is in a `From` field.
fn by_mail_parser(value: &str) -> Option<String> {
    let line = format!("{value}\n");
    match MessageStream::new(line.as_bytes()).parse_address() {
        HeaderValue::Address(Parsed::List(list)) if list.len() == 1 => {
            list.first().and_then(|one| one.address.as_ref()).map(ToString::to_string)
        }
        _ => None,
    }
}

#[test]
fn t7_where_two_parsers_disagree_nothing_is_read() {
    let all: Vec<String> = PLAIN.iter().map(|text| (*text).to_owned()).chain(tricky()).collect();
    assert!(all.len() >= 300, "{}", all.len());
    let mut disagreements = 0;
    for text in &all {
        let lettre = lettre::Address::from_str(text).ok().map(|address| address.to_string());
        let other = by_mail_parser(text);
        let ours = Address::parse(text);
        if lettre != other {
            disagreements += 1;
            assert_eq!(ours, None, "{text:?}: lettre {lettre:?}, mail-parser {other:?}");
        }
        if let Some(ours) = ours {
            let lettre = lettre.unwrap_or_default();
            assert!(lettre.eq_ignore_ascii_case(ours.as_str()), "{text:?}");
            assert_eq!(
                lettre.split('@').next(),
                Some(ours.local()),
                "{text:?}: the local part is kept as written"
            );
        }
    }
    assert!(disagreements > 50, "{disagreements} disagreements: the table is not tricky enough");
}

#[test]
fn t7_plain_addresses_are_read_and_tricky_ones_are_not() {
    for text in PLAIN {
        let read = Address::parse(text).unwrap_or_else(|| panic!("{text} is plain"));
        let (local, domain) = text.split_once('@').expect("plain");
        assert_eq!(read.as_str(), format!("{local}@{}", domain.to_ascii_lowercase()));
    }
    for text in tricky() {
        assert_eq!(Address::parse(&text), None, "{text:?}");
    }
}

#[test]
fn t7_the_sender_is_one_plain_address_or_nobody() {
    let one = [
        ("nadia@example.net", "nadia@example.net"),
        ("<nadia@example.net>", "nadia@example.net"),
        ("Nadia <nadia@example.net>", "nadia@example.net"),
        ("Nadia Verdier <Nadia@EXAMPLE.net>", "Nadia@example.net"),
        ("\"Verdier, Nadia\" <nadia@example.net>", "nadia@example.net"),
        ("\"nadia@example.net\" <nadia@example.net>", "nadia@example.net"),
        ("\"dpo@verger.example\" <nadia@example.net>", "nadia@example.net"),
        ("\"Nadia \\\"la DPO\\\"\" <nadia@example.net>", "nadia@example.net"),
        ("=?utf-8?Q?Nadia_Verdi=C3=A9?= <nadia@example.net>", "nadia@example.net"),
        ("=?iso-8859-1?Q?Ren=E9e?=\n =?iso-8859-1?Q?_Ch=EAne?= <renee@example.net>", "renee@example.net"),
        ("Renée <renee@example.net>", "renee@example.net"),
        ("\n Nadia\n <nadia@example.net>", "nadia@example.net"),
        ("\"Nadia\"<nadia@example.net>", "nadia@example.net"),
    ];
    for (value, expected) in one {
        let Sender::One(address) = parse(message(&format!("From: {value}\nSubject: x"), "x")).sender else {
            panic!("{value} is one plain address");
        };
        assert_eq!(address.as_str(), expected);
    }
    let nobody = [
        "",
        " ",
        "Nadia",
        "undisclosed-recipients:;",
        "a@example.net, b@example.net",
        "a@example.net; b@example.net",
        "<a@example.net> <b@example.net>",
        "a@example.net <b@example.net>",
        "a@example.net b@example.net",
        "Nadia <nadia@example.net",
        "Nadia nadia@example.net>",
        "Nadia <nadia@example.net> x",
        "Nadia <nadia@example.net>, ",
        "Nadia <<nadia@example.net>>",
        "Nadia < nadia@example.net >",
        "Nadia <nadia@example.net >",
        "Nadia <na dia@example.net>",
        "Nadia <nadia@[192.0.2.1]>",
        "Nadia <\"nadia\"@example.net>",
        "Nadia <@relay.example:nadia@example.net>",
        "Nadia <nadia@example>",
        "Nadia <>",
        "nadia@example.net (Nadia)",
        "(Nadia) nadia@example.net",
        "Nadia (dpo) <nadia@example.net>",
        "Nadia <nadia(x)@example.net>",
        "Verdier, Nadia <nadia@example.net>",
        "\"Nadia <nadia@example.net>",
        "Nadia\" <nadia@example.net>",
        "Amis: nadia@example.net;",
        "Amis: nadia@example.net, b@example.net;",
        "Nadia <prénom@example.net>",
        "Nadia <nadia@exâmple.net>",
        "Nadia <=?utf-8?Q?nadia?=@example.net>",
        "=?utf-8?Q?nadia=40example.net?=",
        "=?utf-8?Q?a=40example.net=20=3Cb=40example.net=3E?= <nadia@example.net>",
        "Nadia <nadia@example.net\u{200b}>",
        "Nadia <nadia@example.net\u{202e}>",
        "Nadia\0 <nadia@example.net>",
        "Nadia \\ <nadia@example.net>",
        "<nadia@example.net>Nadia",
    ];
    for value in nobody {
        let read = parse(message(&format!("From: {value}\nSubject: x"), "x"));
        assert!(matches!(read.sender, Sender::Ambiguous(_)), "{value:?} is nobody");
    }
    for head in [
        "Subject: x",
        "From: a@example.net\nFrom: b@example.net",
        "From: a@example.net\nfrom : a@example.net",
    ] {
        assert!(matches!(parse(message(head, "x")).sender, Sender::Ambiguous(_)), "{head}");
    }
}

#[test]
fn t8_what_deceives_the_eye_is_written_out() {
    let cases = [
        ("Nadia\u{202e}Verdier <nadia@example.net>", "NadiaU+202EVerdier", true, false),
        ("\"Na\u{200b}dia\" <nadia@example.net>", "NaU+200Bdia", true, false),
        ("Раypal <nadia@example.net>", "Раypal", false, true),
        ("Ивaн <nadia@example.net>", "Ивaн", false, true),
        ("Иван Petrov <nadia@example.net>", "Иван Petrov", false, false),
        ("\"dpo@verger.example\" <nadia@example.net>", "dpo@verger.example", false, false),
        ("Nadia Verdié <nadia@example.net>", "Nadia Verdié", false, false),
    ];
    for (value, name, hidden, mixed) in cases {
        let shown = parse(message(&format!("From: {value}"), "x")).sender_shown;
        assert_eq!(
            (shown.name.as_str(), shown.hidden_characters, shown.mixed_scripts),
            (name, hidden, mixed),
            "{value}"
        );
        assert_eq!(shown.address, "nadia@example.net");
        assert_eq!(shown.name_shows_other_address, value.contains("dpo@"), "{value}");
    }
}

#[test]
fn t8_aliases_are_never_merged() {
    let written = ["nadia+a@example.net", "nadia@example.net", "Nadia@example.net", "na.dia@example.net"];
    for (at, one) in written.iter().enumerate() {
        for other in written.iter().skip(at + 1) {
            assert_ne!(Address::parse(one), Address::parse(other));
        }
    }
    let tag = |text: &str, separator| Address::parse(text).and_then(|a| a.tag(separator).map(str::to_owned));
    assert_eq!(tag("dpo+c.abc@verger.example", '+'), Some("c.abc".to_owned()));
    assert_eq!(tag("dpo-b-c@verger.example", '-'), Some("b-c".to_owned()));
    assert_eq!(tag("dpo@verger.example", '+'), None);
    assert_eq!(tag("+x@verger.example", '+'), None);
}

#[test]
fn nobody_reads_an_address_in_a_debug_line() {
    let read = parse(message(
        "From: Nadia Verdier <nadia@example.net>\nTo: dpo@verger.example\nSubject: Secret",
        "Parole",
    ));
    let line = format!(
        "{read:?} {:?} {:?} {:?} {:?}",
        read.sender, read.recipients, read.sender_shown, read.headers
    );
    for word in ["nadia", "Nadia", "Secret", "Parole", "verger"] {
        assert!(!line.contains(word), "{word} in {line}");
    }
}
