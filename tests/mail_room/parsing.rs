//! Any bytes become a mail: charsets, encodings, headers that lie, parts in odd places.

use rightsd::mail::report::{Action, ReportKind};
use rightsd::mail::{Defect, InboundMail, ReturnPath};

use super::{message, parse};

const WORDS: &str = "Supprimez mes données, s'il vous plaît.";

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect()
}

fn joined(head: &str, body: &[u8]) -> InboundMail {
    let mut raw = message(head, "").into_bytes();
    raw.extend_from_slice(body);
    parse(raw)
}

#[test]
fn text_is_read_whatever_its_label_says() {
    let utf8 = WORDS.as_bytes();
    let cases: [(&str, Vec<u8>); 14] = [
        ("Content-Type: text/plain; charset=utf-8", utf8.to_vec()),
        ("Content-Type: text/plain; charset=\"UTF-8\"", utf8.to_vec()),
        ("Content-Type: text/plain; charset=iso-8859-1", latin1(WORDS)),
        ("Content-Type: text/plain; charset=windows-1252", latin1(WORDS)),
        ("Content-Type: text/plain; charset=ISO-8859-15", latin1(WORDS)),
        ("Content-Type: text/plain; charset=iso-8859-1", utf8.to_vec()),
        ("Content-Type: text/plain; charset=us-ascii", utf8.to_vec()),
        ("Content-Type: text/plain; charset=us-ascii", latin1(WORDS)),
        ("Content-Type: text/plain; charset=utf-8", latin1(WORDS)),
        ("Content-Type: text/plain; charset=x-unknown", utf8.to_vec()),
        ("Content-Type: text/plain; charset=x-unknown", latin1(WORDS)),
        ("Content-Type: text/plain charset=utf-8", utf8.to_vec()),
        ("X: no type", utf8.to_vec()),
        ("X: no type", latin1(WORDS)),
    ];
    for (head, body) in cases {
        assert_eq!(joined(&format!("From: a@example.net\n{head}"), &body).visible.own, WORDS, "{head}");
    }
    let utf16: Vec<u8> =
        std::iter::once(0xfeff).chain(WORDS.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    assert_eq!(
        joined("From: a@example.net\nContent-Type: text/plain; charset=utf-16", &utf16).visible.own,
        WORDS
    );
    let coded = |encoding: &str, body: &str| {
        joined(
            &format!(
                "From: a@example.net\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}"
            ),
            body.as_bytes(),
        )
    };
    assert_eq!(coded("base64", &data_encoding::BASE64.encode(utf8)).visible.own, WORDS);
    assert_eq!(coded("BASE64 ", &format!("{}!!", data_encoding::BASE64.encode(utf8))).visible.own, WORDS);
    assert_eq!(
        coded("quoted-printable", "Supprimez mes donn=C3=A9es, s'il=20=\r\nvous pla=c3=aet.").visible.own,
        WORDS
    );
    assert_eq!(coded("quoted-printable", "50 = 50, =ZZ, 100%=").visible.own, "50 = 50, =ZZ, 100%");
    assert_eq!(coded("8bit", WORDS).visible.own, WORDS);
    assert_eq!(coded("nonsense", WORDS).visible.own, WORDS);
}

#[test]
fn t37_utf_7_is_not_decoded() {
    let read = joined(
        "From: a@example.net\nSubject: =?utf-7?Q?+AFM-TOP?=\nContent-Type: text/plain; charset=utf-7",
        b"+AFM-TOP +ADw-b+AD4-",
    );
    assert_eq!(read.visible.own, "+AFM-TOP +ADw-b+AD4-");
    assert_eq!(read.subject, "+AFM-TOP");
}

#[test]
fn t37_no_charset_and_no_broken_byte_changes_the_decision() {
    let labels = [
        "utf-8",
        "utf8",
        "us-ascii",
        "ascii",
        "ansi_x3.4-1968",
        "iso-8859-1",
        "iso-8859-2",
        "iso-8859-3",
        "iso-8859-4",
        "iso-8859-5",
        "iso-8859-6",
        "iso-8859-7",
        "iso-8859-8",
        "iso-8859-8-i",
        "iso-8859-9",
        "iso-8859-10",
        "iso-8859-13",
        "iso-8859-14",
        "iso-8859-15",
        "iso-8859-16",
        "latin1",
        "l1",
        "windows-1250",
        "windows-1251",
        "windows-1252",
        "windows-1253",
        "windows-1254",
        "windows-1255",
        "windows-1256",
        "windows-1257",
        "windows-1258",
        "cp1252",
        "cp850",
        "ibm850",
        "cp437",
        "cp866",
        "koi8-r",
        "koi8-u",
        "macintosh",
        "x-mac-cyrillic",
        "gb2312",
        "gbk",
        "gb18030",
        "big5",
        "big5-hkscs",
        "shift_jis",
        "sjis",
        "euc-jp",
        "iso-2022-jp",
        "euc-kr",
        "ks_c_5601-1987",
        "iso-2022-kr",
        "tis-620",
        "windows-874",
        "viscii",
        "utf-7",
        "unicode-1-1-utf-7",
        "hz-gb-2312",
        "x-user-defined",
        "unknown-8bit",
        "default",
        "\"",
        "utf-8\0",
        "%%%",
        "",
    ];
    assert!(labels.len() >= 60);
    let broken: [&[u8]; 6] = [b"", b"\xff\xfe\xfd", b"\0\0", b"\xc3", b"\x1b$B", b"\x80\x81\x8d"];
    for label in labels {
        for junk in broken {
            let mut raw = b"From: a@example.net\r\nTo: b@example.net\r\nX-Name: ".to_vec();
            raw.extend_from_slice(junk);
            raw.extend_from_slice(format!("\r\nSubject: STOP =?{label}?Q?=FF=00?=\r\nContent-Type: text/plain; charset={label}; name=\"=?{label}?B?/w==?=\"\r\n\r\nSTOP.\n").as_bytes());
            raw.extend_from_slice(junk);
            let read = parse(&raw);
            assert!(read.subject.starts_with("STOP"), "{label:?} {junk:?}: {:?}", read.subject);
            assert!(read.visible.own.starts_with("STOP."), "{label:?} {junk:?}: {:?}", read.visible.own);
            assert!(!read.visible.own.contains('\0') && !read.subject.contains('\0'), "{label:?}");
        }
    }
}

#[test]
fn headers_are_read_as_they_are_written() {
    let read = parse(message(
        "Return-Path: <nadia@example.net>\nX-Twice: un\nFrom: Nadia <nadia@example.net>\nsubject :  =?iso-8859-1?Q?Acc=E8s_=E0?=\n =?iso-8859-1?Q?_mes?= donn=?utf-8?B?w6k=?=es\nX-Twice: deux\nMessage-ID: <a.b@example.net>\nIn-Reply-To: <c1@verger.example> (DPO's message)\nReferences: <c0@verger.example>\n <c1@verger.example>\nTo: \"DPO, Verger\" <dpo+c.abc@verger.example>, stop@verger.example\nCc: Amis: paul@example.org;",
        "x",
    ));
    assert_eq!(read.subject, "Accès à mes données");
    assert_eq!(read.headers.all("x-twice").collect::<Vec<_>>(), ["un", "deux"]);
    assert_eq!(read.headers.first("X-TWICE").as_deref(), Some("un"));
    assert_eq!(read.message_id.as_deref(), Some("a.b@example.net"));
    assert_eq!(read.in_reply_to, ["c1@verger.example"]);
    assert_eq!(read.references, ["c0@verger.example", "c1@verger.example"]);
    let recipients: Vec<&str> = read.recipients.iter().map(|address| address.as_str()).collect();
    assert_eq!(recipients, ["dpo+c.abc@verger.example", "stop@verger.example", "paul@example.org"]);
    assert!(matches!(read.return_path, ReturnPath::Address(_)));
    assert_eq!(parse(message("From: a@example.net\nReturn-Path: <>", "x")).return_path, ReturnPath::Null);
    assert_eq!(parse(message("From: a@example.net", "x")).return_path, ReturnPath::Absent);
}

#[test]
fn split_characters_in_encoded_words_are_joined() {
    let read = parse(message("From: a@example.net\nSubject: =?utf-8?B?w6nD?= =?utf-8?B?qQ==?= x", "x"));
    assert_eq!(read.subject, "éé x");
    let read = parse(message(
        "From: a@example.net\nSubject: =?utf-8?Q?a?= =?utf-8?Q?b?= c =?utf-8?Q?d_?= e =?bad",
        "x",
    ));
    assert_eq!(read.subject, "ab c d  e =?bad");
}

#[test]
fn long_threads_keep_their_first_and_last_ids() {
    let ids: Vec<String> = (0..200).map(|at| format!("<{at}@example.net>")).collect();
    let read = parse(message(&format!("From: a@example.net\nReferences: {}", ids.join("\n ")), "x"));
    assert_eq!(read.references.len(), 40);
    assert_eq!(read.references.first().map(String::as_str), Some("0@example.net"));
    assert_eq!(read.references.get(19).map(String::as_str), Some("19@example.net"));
    assert_eq!(read.references.get(20).map(String::as_str), Some("180@example.net"));
    assert_eq!(read.references.last().map(String::as_str), Some("199@example.net"));
}

#[test]
fn broken_mails_keep_their_words() {
    let cases = [
        ("no header", "Supprimez mes données.".to_owned(), "Supprimez mes données."),
        ("no blank line", "From: a@example.net\nSubject: x\nSupprimez mes données.\nMerci".to_owned(), "Supprimez mes données.\nMerci"),
        ("line feeds only", "From: a@example.net\nSubject: x\n\nSupprimez".to_owned(), "Supprimez"),
        ("junk between fields", "From: a@example.net\njunk\nSubject: x\n\nSupprimez".to_owned(), "Supprimez"),
        ("an mbox line", "From a@example.net Tue Mar  3 10:12:00 2026\nFrom: a@example.net\n\nSupprimez".to_owned(), "Supprimez"),
        ("no boundary", "From: a@example.net\nContent-Type: multipart/mixed\n\nSupprimez".to_owned(), "Supprimez"),
        ("a boundary that never comes", "From: a@example.net\nContent-Type: multipart/mixed; boundary=b\n\nSupprimez".to_owned(), "Supprimez"),
        ("a boundary lost from the header", "From: a@example.net\nContent-Type: multipart/mixed\n\n--b\nContent-Type: text/plain\n\nSupprimez\n--b--\n".to_owned(), "Supprimez"),
        ("no type at all", "From: a@example.net\n\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nSupprim=C3=A9\n--b--\n".to_owned(), "Supprimé"),
        ("no end", "From: a@example.net\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nSupprimez".to_owned(), "Supprimez"),
        ("words behind the end", "From: a@example.net\nContent-Type: multipart/mixed; boundary=b\n\nvor\n--b\n\nSupprimez\n--b--\nnach".to_owned(), "Supprimez"),
        ("html without a type", "From: a@example.net\n\n<html><body><p>Supprimez</p></body></html>".to_owned(), "Supprimez"),
        ("a type that is none", "From: a@example.net\nContent-Type: text\n\nSupprimez".to_owned(), "Supprimez"),
        ("only html", "From: a@example.net\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>Supprimez</p>\n--b--\n".to_owned(), "Supprimez"),
        ("an empty plain twin", "From: a@example.net\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n \n--b\nContent-Type: text/html\n\n<p>Supprimez</p>\n--b--\n".to_owned(), "Supprimez"),
        ("a plain twin that says nothing", "From: a@example.net\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nVotre client de messagerie ne prend pas en charge le format HTML.\n--b\nContent-Type: text/html\n\n<p>Supprimez</p>\n--b--\n".to_owned(), "Supprimez"),
        ("both", "From: a@example.net\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nSupprimez\n--b\nContent-Type: text/html\n\n<p>autre</p>\n--b--\n".to_owned(), "Supprimez"),
        ("text around a picture", "From: a@example.net\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSupprimez\n--b\nContent-Type: image/png\n\nxx\n--b\nContent-Type: text/plain\n\ntout.\n--b--\n".to_owned(), "Supprimez\ntout."),
        ("prefixed boundaries", "From: a@example.net\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=bb\n\n--bb\n\nSupprimez\n--bb--\n--b--\n".to_owned(), "Supprimez"),
        ("uuencoded", "From: a@example.net\nContent-Type: text/plain\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n)4W5P<')I;65Z\n`\nend\n".to_owned(), "Supprimez"),
        ("a blank line first", "\r\nFrom: a@example.net\n\nSupprimez".to_owned(), "Supprimez"),
    ];
    for (name, raw, own) in cases {
        assert_eq!(parse(&raw).visible.own, own, "{name}");
        assert_eq!(
            parse(raw.replace('\n', "\r\n").replace("\r\r", "\r")).visible.own,
            own,
            "{name}, with CR LF"
        );
    }
    assert!(parse("Supprimez").defects.contains(&Defect::NoHeader));
    assert!(parse("").defects.contains(&Defect::NoText));
    assert!(
        parse("From: a@example.net\nContent-Type: multipart/mixed\n\nx")
            .defects
            .contains(&Defect::BrokenMultipart)
    );
}

#[test]
fn t38_attachments_are_named_and_never_opened() {
    let read = parse(message(
        "From: a@example.net\nContent-Type: multipart/mixed; boundary=b",
        "--b\nContent-Type: text/plain\n\nVoir pièce jointe.\n--b\nContent-Type: application/pdf; name=\"=?utf-8?B?RMOpc2luc2NyaXB0aW9uLnBkZg==?=\"\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nQUJDRA==\n--b\nContent-Type: application/ms-tnef; name=winmail.dat\n\nxx\n--b\nContent-Type: image/png\nContent-Disposition: inline; filename*0*=utf-8''droit%20d; filename*1*=%27acc%C3%A8s.png\n\nxx\n--b\nContent-Type: application/zip; name=\"a\u{202e}b\u{200b}\u{7}.zip\"\n\nxx\n--b--\n",
    ));
    let names: Vec<(&str, usize)> =
        read.attachments.iter().map(|file| (file.name.as_str(), file.size)).collect();
    assert_eq!(
        names,
        [("Désinscription.pdf", 4), ("winmail.dat", 2), ("droit d'accès.png", 2), ("ab.zip", 2)]
    );
    assert_eq!(read.visible.own, "Voir pièce jointe.");
}

#[test]
fn one_mail_in_two_boxes_has_one_hash() {
    let head = "From: Nadia <nadia@example.net>\nTo: dpo@verger.example\nDate: Tue, 3 Mar 2026 10:12:00 +0100\nSubject: x\nMessage-ID: <a@example.net>";
    let hash = |head: &str, body: &str| parse(message(head, body)).content_hash;
    let base = hash(head, "Supprimez\nmerci");
    let traced = format!(
        "Return-Path: <nadia@example.net>\nReceived: from a by b\nDelivered-To: stop@verger.example\nX-Spam: no\n{head}"
    );
    assert_eq!(base, hash(&traced, "Supprimez\nmerci"));
    assert_eq!(base, parse(message(head, "Supprimez\nmerci").replace("\r\n", "\n")).content_hash);
    assert_eq!(base, hash(head, "Supprimez\nmerci\n"));
    for (from, to) in [
        ("Nadia <", "Nadja <"),
        ("dpo@", "stop@"),
        ("10:12", "10:13"),
        ("Subject: x", "Subject: y"),
        ("<a@", "<b@"),
    ] {
        assert_ne!(base, hash(&head.replace(from, to), "Supprimez\nmerci"), "{from}");
    }
    assert_ne!(base, hash(head, "Supprimez\n merci"));
    assert_ne!(hash("Subject: ab\nMessage-ID: c", ""), hash("Subject: a\nMessage-ID: bc", ""));
}

#[test]
fn t14_what_a_report_is_about_is_found_in_any_container() {
    let status = "Reporting-MTA: dns; mx.example.org\nOriginal-Envelope-Id: env-17\n\nOriginal-Recipient: rfc822;nadia@example.net\nFinal-Recipient: RFC822; Nadia@example.net\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 user\n unknown\n\nFinal-Recipient: rfc822; paul@example.org\nAction: delayed\nStatus: 4.4.1\n";
    let original = "Return-Path: <dpo+b.token@verger.example>\nFrom: dpo@verger.example\nTo: nadia@example.net\nMessage-ID: <c7@verger.example>\nSubject: Confirmez\n\nx\n";
    for (container, kind, returned) in [
        ("multipart/report; report-type=delivery-status", "message/delivery-status", "message/rfc822"),
        ("multipart/report", "message/global-delivery-status", "text/rfc822-headers"),
        ("multipart/mixed", "message/delivery-status", "message/rfc822"),
        ("multipart/mixed", "text/rfc822-headers", "message/rfc822"),
    ] {
        let read = parse(message(
            &format!("From: MAILER-DAEMON@example.org\nSubject: x\nContent-Type: {container}; boundary=b"),
            &format!(
                "--b\n\nSorry.\n--b\nContent-Type: {kind}\n\n{status}\n--b\nContent-Type: {returned}\n\n{original}--b--\n"
            ),
        ));
        let report = read.report.unwrap_or_else(|| panic!("{container} {kind}"));
        assert_eq!(report.kind, ReportKind::Delivery(Action::Failed), "{container} {kind}");
        assert_eq!(report.original_message_id.as_deref(), Some("c7@verger.example"), "{container} {kind}");
        assert_eq!(report.original_envelope_id.as_deref(), Some("env-17"));
        assert_eq!(report.recipients.len(), 2);
        let first = report.recipients.first().expect("two");
        assert_eq!(first.final_recipient.as_deref(), Some("Nadia@example.net"));
        assert_eq!((first.action, first.status.as_deref()), (Some(Action::Failed), Some("5.1.1")));
        assert_eq!(first.diagnostic.as_deref(), Some("smtp; 550 5.1.1 user unknown"));
        assert!(
            report.addresses.iter().any(|address| address.tag('+') == Some("b.token")),
            "{container} {kind}"
        );
    }
    let read = parse(message(
        "From: MAILER-DAEMON@example.org\nReturn-Path: <>\nSubject: failure notice",
        "Hi. This is the qmail-send program.\n<nadia@example.net>:\n550 5.1.1 no such user\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <dpo+b.token@verger.example>\nMessage-ID: <c7@verger.example>\n",
    ));
    let report = read.report.expect("in prose");
    assert!(report.from_text);
    assert_eq!(report.original_message_id.as_deref(), Some("c7@verger.example"));
    assert!(report.addresses.iter().any(|address| address.tag('+') == Some("b.token")));
    assert_eq!(parse(message("From: nadia@example.net\nSubject: x", "550 5.1.1 user unknown")).report, None);
}

#[test]
fn a_part_without_body_ends_at_the_next_delimiter() {
    let mail = parse(message(
        "From: a@example.org\nContent-Type: multipart/alternative; boundary=x",
        "--x\nContent-Type: text/plain\n--x\nContent-Type: text/html\n\n<p>Bonjour</p>\n--x--",
    ));
    assert_eq!(mail.visible.own.trim(), "Bonjour");
}
