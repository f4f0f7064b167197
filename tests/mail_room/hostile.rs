//! T36: twice the input costs twice the work, whatever its shape. Nothing panics.

use std::time::Duration;

use proptest::prelude::*;
use rightsd::mail::{self, Bounds};

use super::message;

/// Twice the input may cost this much more. Linear work costs 2, quadratic 4: the room between is for caches.
const RATIO_MAX: f64 = 3.2;
/// Below this a doubling measures the machine, not the work.
const TOO_SHORT: Duration = Duration::from_millis(3);

/// Time that this thread was really running, so that a busy machine changes nothing; by the kernel's account, which
/// a yield brings up to date.
fn running() -> Duration {
    std::thread::yield_now();
    let account = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux keeps account");
    Duration::from_nanos(account.split(' ').next().and_then(|nanos| nanos.parse().ok()).expect("a number"))
}

fn work(raw: &[u8]) -> Duration {
    let bounds = Bounds::default();
    let start = running();
    if let Ok(read) = mail::parse(raw, &bounds) {
        std::hint::black_box(mail::screen(&read, &mail::Ours::default()));
    }
    running().saturating_sub(start)
}

/// Compares the best of a few tries at a size and at twice that size, from where there is something to measure.
#[track_caller]
fn check(name: &str, shape: impl Fn(usize) -> String) {
    let best = |raw: &str| (0..3).map(|_| work(raw.as_bytes())).min().unwrap_or_default();
    let sizes = (0..12).map(|doublings| 1_000 << doublings);
    let Some((size, raw)) = sizes.map(|size| (size, shape(size))).find(|(_, raw)| best(raw) >= TOO_SHORT)
    else {
        return;
    };
    let double = shape(size * 2);
    let mut ratios = (0..5).map(|_| best(&double).as_secs_f64() / best(&raw).as_secs_f64());
    assert!(ratios.any(|ratio| ratio < RATIO_MAX), "{name}: quadratic from {} bytes", raw.len());
}

fn text(body: String) -> String {
    message("From: a@example.net\nSubject: Re: x\nContent-Type: text/plain; charset=utf-8", &body)
}

fn html(body: String) -> String {
    message("From: a@example.net\nSubject: Re: x\nContent-Type: text/html; charset=utf-8", &body)
}

#[test]
fn t36_plain_text_of_any_shape_is_linear() {
    check("quote signs", |n| text(">".repeat(n)));
    check("quoted lines", |n| text("> > > x\ny\n".repeat(n)));
    check("openers", |n| text("Le 3 mars 2026 à 10:12,\n".repeat(n)));
    check("attributions", |n| text("Le 3 mars 2026, X <x@example.net> a écrit\n".repeat(n)));
    check("attributions that end", |n| text("Le 3 mars X a écrit :\nx\n".repeat(n)));
    check("labels", |n| text("De : x\nEnvoyé : y\n\n".repeat(n)));
    check("colons on one line", |n| text(format!("De : x@y {}", "à : objet : ".repeat(n))));
    check("rules", |n| text("----------\n".repeat(n)));
    check("dashes", |n| text("-".repeat(n)));
    check("closing formulas", |n| text("Cordialement\n".repeat(n)));
    check("delimiters", |n| text("-- \nx\n".repeat(n)));
    check("telephones", |n| text("Envoyé de mon iPhone\n".repeat(n)));
    check("notices", |n| text("Ce message et ses pièces jointes\n\n".repeat(n)));
    check("one long notice", |n| text(format!("Ce message et {}", "destinataire confidentiel ".repeat(n))));
    check("one long line", |n| text("désabonnez ".repeat(n)));
    check("blank lines", |n| text("\n".repeat(n)));
    check("carriage returns", |n| text("\r".repeat(n)));
    check("forwards", |n| text("---------- Forwarded message ---------\n".repeat(n)));
    check("machines' words", |n| text("je suis absent en cas d'urgence n'a pas pu etre remis ".repeat(n)));
    check("soft breaks", |n| {
        let body = "> donnees donnees donnees donnees donnees donnees donnees donnees x \ny \n".repeat(n);
        message("From: a@example.net\nContent-Type: text/plain; format=flowed", &body)
    });
}

#[test]
fn t36_html_of_any_shape_is_linear() {
    check("angles", |n| html("<".repeat(n)));
    check("open tags", |n| html("<a ".repeat(n)));
    check("open quotes", |n| html("<a b=\"".repeat(n)));
    check("open comments", |n| html("<!--".repeat(n)));
    check("open declarations", |n| html("<!x".repeat(n)));
    check("open scripts", |n| html("<script>".repeat(n)));
    check("end tags", |n| html("</".repeat(n)));
    check("divisions", |n| html("<div>".repeat(n)));
    check("blockquotes", |n| html("<blockquote>x".repeat(n)));
    check("blockquotes that end", |n| html("<blockquote>x</blockquote>y".repeat(n)));
    check("quote containers", |n| html("<div class=gmail_quote>x".repeat(n)));
    check("signatures", |n| html("<div class=gmail_signature>x</div>".repeat(n)));
    check("quotes between signatures", |n| {
        html("<div class=yahoo_quoted>x</div><p class=signature>y</p>".repeat(n))
    });
    check("hidden", |n| html("<p style='display:none'>x".repeat(n)));
    check("ampersands", |n| html("&".repeat(n)));
    check("entities", |n| html("&#x41;&eacute;&nosuch;".repeat(n)));
    check("attributes", |n| html(format!("<a {}>x", "b=c ".repeat(n))));
    check("classes", |n| html(format!("<a class='{}'>x", "b ".repeat(n))));
    check("styles", |n| html(format!("<a style='{}'>x", "color:#fff;".repeat(n))));
    check("lists", |n| html("<ul><li>x".repeat(n)));
    check("tables", |n| html("<table><tr><td>x".repeat(n)));
}

#[test]
fn t36_headers_and_parts_of_any_shape_are_linear() {
    let room = |n: usize| n.min(60_000);
    let head = |value: String| message(&format!("From: a@example.net\n{value}"), "x");
    check("encoded words that never end", |n| head(format!("Subject: {}", "=?a?q?".repeat(room(n)))));
    check("encoded words", |n| head(format!("Subject: {}", "=?utf-8?q?a?= ".repeat(room(n)))));
    check("question marks", |n| head(format!("Subject: =?{}", "?".repeat(room(n)))));
    check("ids", |n| head(format!("References: {}", "<a@b> ".repeat(room(n)))));
    check("open ids", |n| head(format!("References: {}", "<".repeat(room(n)))));
    check("folds", |n| head(format!("Subject: x{}", "\n y".repeat(room(n)))));
    check("comments", |n| head(format!("Content-Type: text/plain {}", "(".repeat(room(n)))));
    check("open quotes", |n| head(format!("Content-Type: text/plain; a={}", "\"".repeat(room(n)))));
    check("from", |n| message(&format!("From: {}", "\"a\" ".repeat(room(n))), "x"));
    check("boundaries that never come", |n| {
        message("From: a@example.net\nContent-Type: multipart/mixed; boundary=b", &"--c\n\nx\n".repeat(n))
    });
    let coded = "From: a@example.net\nContent-Type: text/plain\nContent-Transfer-Encoding: ";
    check("equals signs", |n| message(&format!("{coded}quoted-printable"), &"=".repeat(n)));
    check("equals and blanks", |n| message(&format!("{coded}quoted-printable"), &"= \t ".repeat(n)));
    check("base64 padding", |n| message(&format!("{coded}base64"), &"=".repeat(n)));
    check("base64", |n| message(&format!("{coded}base64"), &"QUJD\n".repeat(n)));
    check("uuencode", |n| message(&format!("{coded}x-uuencode"), &"#0V%T\n".repeat(n)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_mail_or_beyond_a_bound(raw in proptest::collection::vec(any::<u8>(), 0..3_000)) {
        let _ = work(&raw);
    }

    #[test]
    fn pieces_of_mails_in_any_order_are_a_mail(pieces in proptest::collection::vec(piece(), 0..60)) {
        let raw: String = pieces.concat();
        if let Ok(read) = mail::parse(raw.as_bytes(), &Bounds::default()) {
            let screening = mail::screen(&read, &mail::Ours::default());
            prop_assert!(screening.signs.len() < 20);
            for cut in &read.visible.cuts {
                prop_assert!(read.visible.full.get(cut.span.clone()).is_some());
            }
        }
    }
}

/// Fragments of which broken mails are made.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "\r\n",
        "\n",
        "\r\n\r\n",
        " ",
        "\t",
        "\0",
        "From: ",
        "From ",
        "To: a@example.net",
        "Subject: =?utf-8?B?",
        "?=",
        "=?x?q?=E9?=",
        "Content-Type: ",
        "text/plain",
        "text/html",
        "multipart/mixed; boundary=b",
        "multipart/alternative; boundary=\"c\"",
        "multipart/digest; boundary=d",
        "message/rfc822",
        "message/delivery-status",
        "; charset=utf-16",
        "; charset=\"utf-7\"",
        "; format=flowed",
        "--b",
        "--c",
        "--d",
        "--",
        "Content-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: quoted-printable",
        "=C3=A9",
        "=\r\n",
        "w6k=",
        "é",
        "\u{202e}",
        "> ",
        ">>",
        "Le 3 mars 2026 à 10:12, X <x@example.net> a écrit :",
        "De : X",
        "Envoyé : 10:12",
        "-----Message d'origine-----",
        "-- ",
        "Cordialement",
        "<div>",
        "</div>",
        "<blockquote>",
        "<style>",
        "<!--",
        "&eacute;",
        "<p style=\"display:none\">",
        "Final-Recipient: rfc822; a@example.net",
        "Feedback-Type: abuse",
        "Supprimez mes données.",
        "Return-Path: <>",
        "Auto-Submitted: auto-replied",
        "begin 644 x",
        "%",
        "''",
        "*0*=",
    ])
}
