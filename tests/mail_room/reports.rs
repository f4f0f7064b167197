//! T13, T25: reports and programs that a field or a part of their mail betrays, and what forbids an answer.

use rightsd::mail::Origin;

use super::{message as mail, screen};

#[track_caller]
fn check(name: &str, head: &str, body: &str, expected: Origin) {
    let screening = screen(mail(head, body));
    assert_eq!(screening.origin, expected, "{name}: {:?}", screening.signs);
    assert!(screening.may_answer.is_err(), "{name} would be answered");
}

#[test]
fn t13_reports_with_parts_of_their_own() {
    let dsn = "--b\nContent-Type: text/plain\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; nadia@example.net\nAction: failed\nStatus: 5.1.1\n\n--b\nContent-Type: message/rfc822\n\nSubject: Supprimez mes donnees\nMessage-ID: <c7@verger.example>\n\nSupprimez toutes mes donnees.\n--b--\n";
    for kind in ["multipart/report; report-type=delivery-status", "multipart/mixed", "MULTIPART/Report"] {
        check(
            kind,
            &format!("From: x@example.org\nSubject: hm\nContent-Type: {kind}; boundary=b"),
            dsn,
            Origin::Bounce,
        );
    }
    check(
        "read receipt",
        "From: Nadia <nadia@example.net>\nSubject: Lu : Confirmez\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b",
        "--b\n\nVotre message a ete lu. Supprimez mes donnees.\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;nadia@example.net\nOriginal-Message-ID: <c7@verger.example>\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n",
        Origin::AutoReply,
    );
    for (feedback, expected) in [
        ("abuse", Origin::Bounce),
        ("fraud", Origin::Bounce),
        ("auth-failure", Origin::Bounce),
        ("opt-out", Origin::FeedbackOptOut),
        ("opt-out-list", Origin::FeedbackOptOut),
    ] {
        check(
            feedback,
            "From: fbl@isp.example\nSubject: complaint\nContent-Type: multipart/report; report-type=feedback-report; boundary=b",
            &format!(
                "--b\n\nThis is an email abuse report.\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: {feedback}\nUser-Agent: x/1\n--b\nContent-Type: message/rfc822\n\nSubject: Offre\n\nSe desabonner\n--b--\n"
            ),
            expected,
        );
    }
    check(
        "dmarc aggregate",
        "From: noreply-dmarc@isp.example\nSubject: Report Domain: verger.example Submitter: isp.example Report-ID: 1\nContent-Type: multipart/mixed; boundary=b",
        "--b\nContent-Type: application/gzip; name=\"isp.example!verger.example!1!2.xml.gz\"\nContent-Transfer-Encoding: base64\n\nAAAA\n--b--\n",
        Origin::Bounce,
    );
    check(
        "calendar answer",
        "From: Nadia <nadia@example.net>\nSubject: Accepte : Reunion\nContent-Type: multipart/alternative; boundary=b",
        "--b\n\nD'accord.\n--b\nContent-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR\n--b--\n",
        Origin::AutoReply,
    );
}

#[test]
fn t13_bounces_of_systems_that_follow_no_standard() {
    let cases = [
        (
            "qmail",
            "From: MAILER-DAEMON@mx.example.org\nReturn-Path: <>\nSubject: failure notice",
            "Hi. This is the qmail-send program at mx.example.org.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<nadia@example.net>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nSubject: Supprimez mes donnees\n\nMerci de me desinscrire.\n",
        ),
        (
            "exim",
            "From: Mail Delivery System <Mailer-Daemon@mx.example.org>\nSubject: Mail delivery failed: returning message to sender",
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its recipients.\n",
        ),
        (
            "notes",
            "From: Postmaster@example.org\nSubject: DELIVERY FAILURE: User nadia (nadia@example.net) not listed",
            "Your message\n\n  Subject: x\n\nwas not delivered to:\n\n  nadia@example.net\n",
        ),
        (
            "opensmtpd",
            "From: Mailer Daemon <MAILER-DAEMON@mx.example.org>\nSubject: Delivery status notification: error",
            "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n    An error has occurred while attempting to deliver a message\n",
        ),
        (
            "japanese",
            "From: <MAILER-DAEMON@example.co.jp>\nReturn-Path: <>\nSubject: =?UTF-8?B?6YCB5L+h44Ko44Op44O8?=",
            "以下のメールは配信できませんでした。\n",
        ),
        (
            "russian",
            "From: mailer-daemon@mail.example.ru\nSubject: =?UTF-8?B?0J3QtdC00L7RgdGC0LDQstC70LXQvdC90L7QtSDRgdC+0L7QsdGJ0LXQvdC40LU=?=",
            "Ваше сообщение не доставлено.\n",
        ),
        (
            "sendmail warning",
            "From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example.org>\nSubject: Warning: could not send message for past 4 hours",
            "    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n    **********************************************\n\nThe original message was received at Tue, 3 Mar 2026 10:12:00 +0100\n",
        ),
        (
            "blocked by filter",
            "From: postmaster@example.net\nReturn-Path: <>\nSubject: Message rejected: spam",
            "Your message was rejected by our filter. 550 5.7.1\nIt was not delivered to nadia@example.net.\n",
        ),
        (
            "orange",
            "From: Mail Delivery System <mailer-daemon@smtp.example.fr>\nSubject: Courriel non distribue : adresse inconnue",
            "Bonjour,\nVotre courriel n'a pas pu être distribué : adresse inconnue.\n",
        ),
    ];
    for (name, head, body) in cases {
        check(name, head, body, Origin::Bounce);
    }
}

#[test]
fn t13_challenges_and_moved_addresses() {
    check(
        "mailinblack",
        "From: Mailinblack <noreply@filtre.example>\nSubject: Votre e-mail est en attente",
        "Bonjour,\n\nVotre message est mis en attente car Marc Verdier utilise Mailinblack. Merci de vous authentifier en cliquant sur ce lien : https://filtre.example/x\n",
        Origin::AutoReply,
    );
    check(
        "boxtrapper",
        "From: marc@example.org\nSubject: Your email requires verification verify#abc\nX-Autorespond: verify",
        "The message you sent requires that you verify that you are a real live human being and not a spam source.\n",
        Origin::AutoReply,
    );
    check(
        "moved",
        "From: Marc Verdier <marc@example.org>\nSubject: Re: Confirmez\nAuto-Submitted: auto-replied",
        "Bonjour, cette adresse n'est plus utilisée. Merci d'écrire à contact@example.org.\n",
        Origin::AutoReply,
    );
    check(
        "left",
        "From: Marc Verdier <marc@example.org>\nSubject: Réponse automatique : Confirmez",
        "Marc Verdier a quitté la société. Merci de contacter ines@example.org.\n",
        Origin::AutoReply,
    );
}

#[test]
fn t13_programs_that_unsubscribe_for_their_user_are_applied_without_an_answer() {
    let cases = [
        ("gmail", "Subject: unsubscribe", "This message was automatically generated by Gmail."),
        ("gmail fr", "Subject: unsubscribe", "Ce message a été généré automatiquement par Gmail."),
        (
            "apple",
            "Subject: unsubscribe",
            "Apple Mail sent this email to unsubscribe from the message “Les nouveautés”.",
        ),
        ("marked", "Subject: Unsubscribe\nAuto-Submitted: auto-generated", ""),
    ];
    for (name, subject, body) in cases {
        check(
            name,
            &format!("From: Nadia <nadia@example.net>\nTo: stop@verger.example\n{subject}"),
            body,
            Origin::ListUnsubscribe,
        );
    }
}

#[test]
fn t25_each_rule_alone_forbids_an_answer() {
    let rules = [
        ("null_return_path", "Return-Path: <>"),
        ("auto_submitted", "Auto-Submitted: auto-generated"),
        ("auto_submitted", "Auto-Submitted: auto-replied (vacation)"),
        ("auto_submitted", "Auto-Submitted: auto-notified; owner-email=x@example.org"),
        ("list_or_bulk", "Precedence: bulk"),
        ("list_or_bulk", "Precedence: LIST"),
        ("list_or_bulk", "Precedence: junk"),
        ("list_or_bulk", "List-Id: <a.lists.example>"),
        ("list_or_bulk", "List-Unsubscribe: <mailto:u@lists.example>"),
        ("list_or_bulk", "List-Post: <mailto:a@lists.example>"),
        ("auto_response_suppress", "X-Auto-Response-Suppress: All"),
        ("auto_response_suppress", "X-Auto-Response-Suppress: OOF, AutoReply"),
        ("own_mark", "X-Rightsd: abc"),
    ];
    let body = "Bonjour, merci de supprimer mes données.\n";
    let plain = screen(mail("From: nadia@example.net\nSubject: Mes donnees", body));
    assert_eq!((plain.origin, plain.may_answer), (Origin::Person, Ok(())));
    for (reason, field) in rules {
        let screening =
            screen(mail(&format!("From: nadia@example.net\nSubject: Mes donnees\n{field}"), body));
        assert_eq!(screening.may_answer, Err(reason), "{field}");
    }
    for from in [
        "MAILER-DAEMON@example.net",
        "noreply@example.net",
        "ne-pas-repondre@example.net",
        "no-reply@example.net",
        "owner-list@lists.example",
        "list-request@lists.example",
        "bounce-17@lists.example",
        "do.not.reply@example.net",
    ] {
        let screening = screen(mail(&format!("From: {from}\nSubject: Mes donnees"), body));
        assert!(screening.may_answer.is_err(), "{from}");
    }
    assert_eq!(screen(mail("From: dpo@verger.example\nSubject: x", body)).may_answer, Err("own_address"));
    assert_eq!(
        screen(mail("From: a@example.net, b@example.net\nSubject: x", body)).may_answer,
        Err("ambiguous_sender")
    );
    // "Do not answer me" is not "a machine wrote this": the request stands.
    let suppressed =
        screen(mail("From: nadia@example.net\nSubject: Mes donnees\nX-Auto-Response-Suppress: All", body));
    assert_eq!(suppressed.origin, Origin::Person);
}
