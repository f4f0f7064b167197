//! T33, T34: what is beyond a bound is never read; what is at it is.

use rightsd::mail::bounds::check;
use rightsd::mail::{self, Bounds, OutOfBounds};

use super::message;

const HEAD: &str = "From: nadia@example.net\nTo: dpo@verger.example\nSubject: x";

fn small() -> Bounds {
    Bounds {
        raw_bytes: 4_000,
        header_bytes: 600,
        header_fields: 12,
        line_bytes: 200,
        text_bytes: 900,
        ..Bounds::default()
    }
}

/// `at` is read within `bounds`, `above` is not, for the reason given.
#[track_caller]
fn edge(bounds: &Bounds, at: impl AsRef<[u8]>, above: impl AsRef<[u8]>, reason: OutOfBounds) {
    assert_eq!(check(at.as_ref(), bounds), Ok(()), "at {}", reason.name());
    assert!(mail::parse(at.as_ref(), bounds).is_ok());
    assert_eq!(check(above.as_ref(), bounds), Err(reason), "above {}", reason.name());
    assert_eq!(mail::parse(above.as_ref(), bounds).err(), Some(reason));
}

fn padded(len: usize) -> Vec<u8> {
    let mut raw = message(HEAD, "").into_bytes();
    while raw.len() < len {
        raw.push(if raw.len() % 80 == 79 { b'\n' } else { b'x' });
    }
    raw
}

/// A multipart with `parts` children, all flat.
fn flat(parts: usize) -> String {
    let body = "--b\n\nx\n".repeat(parts);
    message(&format!("{HEAD}\nContent-Type: multipart/mixed; boundary=b"), &format!("{body}--b--\n"))
}

/// `depth` multiparts around one text.
fn nested(depth: usize) -> String {
    let open: String = (1..depth)
        .map(|at| format!("--b{}\nContent-Type: multipart/mixed; boundary=b{at}\n\n", at - 1))
        .collect();
    message(
        &format!("{HEAD}\nContent-Type: multipart/mixed; boundary=b0"),
        &format!("{open}--b{}\n\nx\n", depth - 1),
    )
}

/// `count` messages beside one another.
fn attached(count: usize) -> String {
    let body = "--b\nContent-Type: message/rfc822\n\nSubject: y\n\nx\n".repeat(count);
    message(&format!("{HEAD}\nContent-Type: multipart/mixed; boundary=b"), &format!("{body}--b--\n"))
}

#[test]
fn t33_each_bound_holds_exactly() {
    let bounds = small();
    edge(&Bounds { text_bytes: 9_000, ..small() }, padded(4_000), padded(4_001), OutOfBounds::RawBytes);
    let fields = |count: usize| message(&format!("From: a@example.net{}", "\nX-A: b".repeat(count - 1)), "x");
    edge(&bounds, fields(12), fields(13), OutOfBounds::HeaderFields);
    let long = |len: usize| message("From: a@example.net", &format!("x\n{}\nx", "y".repeat(len - 2)));
    edge(&bounds, long(200), long(201), OutOfBounds::LineBytes);
    let block = |len: usize| {
        let mut head = String::from("From: a@example.net\r\n");
        for (at, room) in std::iter::repeat_n(100, (len - 23) / 100).chain([(len - 23) % 100]).enumerate() {
            if room > 8 {
                head.push_str(&format!("X-{at:02}: {}\r\n", "v".repeat(room - 8)));
            }
        }
        format!("{head}\r\nx")
    };
    let at = block(600);
    let end = at.find("\r\n\r\n").expect("a blank line") + 4;
    let above = at.replacen("X-00: v", &format!("X-00: {}v", "v".repeat(601 - end)), 1);
    edge(&bounds, &at, &above, OutOfBounds::HeaderBytes);
}

#[test]
fn t33_parts_depth_messages_and_texts() {
    let bounds = Bounds::default();
    edge(&bounds, flat(499), flat(500), OutOfBounds::Parts);
    edge(&bounds, nested(20), nested(21), OutOfBounds::Depth);
    edge(&bounds, attached(100), attached(101), OutOfBounds::Messages);
    let to = |count: usize| {
        let list: Vec<String> = (0..count).map(|at| format!("p{at}@example.net")).collect();
        message(&format!("From: a@example.net\nTo: {}", list.join(",\n ")), "x")
    };
    edge(&bounds, to(499), to(500), OutOfBounds::Addresses);
    let parameters = |count: usize| {
        let list: String = (0..count).map(|at| format!(";\n p{at}=v")).collect();
        message(&format!("{HEAD}\nContent-Type: text/plain{list}"), "x")
    };
    edge(&bounds, parameters(100), parameters(101), OutOfBounds::Parameters);
    let texts = Bounds { text_bytes: 1_000, ..Bounds::default() };
    let text = |len: usize| message(HEAD, &"x".repeat(len));
    edge(&texts, text(1_000), text(1_001), OutOfBounds::TextBytes);
    let decoded = Bounds { decoded_bytes: 999, ..Bounds::default() };
    let coded = |len: usize| {
        message(
            &format!("{HEAD}\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64"),
            &data_encoding::BASE64.encode(&vec![b'x'; len]),
        )
    };
    edge(&decoded, coded(999), coded(1_002), OutOfBounds::DecodedBytes);
}

#[test]
fn t34_messages_nested_in_any_way_are_counted() {
    let deep = 60_000;
    let ways = [
        ("plain", "Content-Type: message/rfc822\r\n\r\n".repeat(deep)),
        ("line feeds only", "Content-Type: message/rfc822\n\n".repeat(deep)),
        ("odd case", "cOnTeNt-TyPe: MESSAGE/RFC822\n\n".repeat(deep)),
        ("folded", "Content-Type:\n message/rfc822\n\n".repeat(deep)),
        ("folded and blanks", "Content-Type :\t message / rfc822 ;\n x=y\n\n".repeat(deep)),
        ("comment", "Content-Type: (a) message/rfc822 (b)\n\n".repeat(deep)),
        ("global", "Content-Type: message/global\n\n".repeat(deep)),
        ("repeated field", "Content-Type: message/rfc822\nContent-Type: text/plain\n\n".repeat(deep)),
        ("with other fields", "Subject: x\nContent-Type: message/rfc822; a=b\nX: y\n\n".repeat(deep)),
        (
            "multiparts",
            (0..deep)
                .map(|at| format!("Content-Type: multipart/mixed; boundary=b{at}\n\n--b{at}\n"))
                .collect(),
        ),
        ("one boundary", "Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(deep)),
        ("digest", "Content-Type: multipart/digest; boundary=b\n\n--b\n\n".repeat(deep)),
        (
            "digests",
            (0..deep)
                .map(|at| format!("Content-Type: multipart/digest; boundary=b{at}\n\n--b{at}\n\n"))
                .collect(),
        ),
        (
            "lost boundary",
            "Content-Type: multipart/mixed\n\n--b\nContent-Type: message/rfc822\n\n".repeat(deep),
        ),
        (
            "continued boundary",
            (0..deep)
                .map(|at| {
                    format!("Content-Type: multipart/mixed; boundary*0=b; boundary*1={at}\n\n--b{at}\n")
                })
                .collect(),
        ),
    ];
    for (name, body) in ways {
        let raw = format!("From: a@example.net\n{body}x");
        let found = check(raw.as_bytes(), &Bounds::default());
        assert!(
            matches!(found, Err(OutOfBounds::Depth | OutOfBounds::Messages | OutOfBounds::Parts)),
            "{name}: {found:?}"
        );
    }
}

#[test]
fn t34_messages_inside_encoded_messages_are_counted() {
    let head = |encoding: &str| {
        format!("{HEAD}\nContent-Type: message/rfc822\nContent-Transfer-Encoding: {encoding}")
    };
    let inner = "Content-Type: message/rfc822\n\n".repeat(60_000);
    let coded: String = data_encoding::BASE64
        .encode(inner.as_bytes())
        .as_bytes()
        .chunks(76)
        .map(|line| format!("{}\n", String::from_utf8_lossy(line)))
        .collect();
    assert_eq!(
        check(message(&head("base64"), &coded).as_bytes(), &Bounds::default()),
        Err(OutOfBounds::Depth)
    );
    let quoted = inner.replace('/', "=2F").replace("m", "=6D");
    let found = check(message(&head("Quoted-Printable"), &quoted).as_bytes(), &Bounds::default());
    assert_eq!(found, Err(OutOfBounds::Depth));
    // One honest message, encoded against the rule, is read.
    let honest = data_encoding::BASE64.encode("Subject: Mes donnees\n\nSupprimez mon compte.\n".as_bytes());
    let read = super::parse(message(&head("base64"), &honest));
    assert!(read.forwarded.unwrap_or_default().contains("Supprimez mon compte."));
    // Messages that each encode the next end with the levels that are followed.
    let mut matryoshka = "Subject: x\n\nx".to_owned();
    for _ in 0..8 {
        matryoshka = message(&head("base64"), &data_encoding::BASE64.encode(matryoshka.as_bytes()));
    }
    assert_eq!(check(matryoshka.as_bytes(), &Bounds::default()), Ok(()));
}
