//! Real signatures against a real resolver: what our own check says of them.

use std::process::Command;

use data_encoding::BASE64;
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256, SigningKey};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::DkimSigner;
use rightsd::config::Identity;
use rightsd::identity::{Authentication, Method, OwnCheck};
use rightsd::intake::verify::Verifier;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

use super::dns::Dns;

const MAIL: &str = "From: Alice <alice@victim.example>\r\nTo: dpo@example.org\r\nSubject: Mes donn=C3=A9es\r\n\
                    Content-Type: text/plain\r\n\r\nSupprimez mes données, merci.\r\n";
const FIELDS: &[&str] = &["From", "To", "Subject", "Content-Type"];
const ALIGNED_DMARC: Authentication = Authentication::Aligned { by: Method::Dmarc };
const ALIGNED_DKIM: Authentication = Authentication::Aligned { by: Method::Dkim };

fn ed25519() -> (Ed25519Key, String) {
    let key = Ed25519Key::from_pkcs8_der(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
    let record = format!("v=DKIM1; k=ed25519; p={}", BASE64.encode(&key.public_key()));
    (key, record)
}

fn rsa() -> (RsaKey<Sha256>, String) {
    let made = Command::new("openssl").args(["genrsa", "2048"]).output().expect("openssl makes the key");
    let key = RsaKey::from_key_der(PrivateKeyDer::from_pem_slice(&made.stdout).unwrap()).unwrap();
    let record = format!("v=DKIM1; k=rsa; p={}", BASE64.encode(&key.public_key()));
    (key, record)
}

fn signed(key: impl SigningKey, domain: &str, fields: &[&str], mail: &str) -> String {
    let signer = DkimSigner::from_key(key).domain(domain).selector("s1");
    let signer = signer.headers(fields.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>());
    format!("{}{mail}", signer.sign(mail.as_bytes()).unwrap().to_header())
}

fn verifier(dns: &Dns) -> Verifier {
    let identity = Identity { dns_server: Some(dns.address.to_string()), ..Identity::default() };
    Verifier::new(&identity).unwrap()
}

async fn verify(dns: &Dns, mail: &str) -> Option<OwnCheck> {
    let stored = verifier(dns).verify(mail.as_bytes(), "victim.example").await?;
    Some(OwnCheck::parse(&stored).expect("what was stored can be read"))
}

#[track_caller]
fn check(name: &str, found: Option<OwnCheck>, expected: Option<Authentication>) {
    let expected =
        expected.map(|authentication| OwnCheck { domain: "victim.example".to_owned(), authentication });
    assert_eq!(found, expected, "{name}");
}

#[tokio::test]
async fn a_good_signature_shows_the_domain() {
    let (key, record) = ed25519();
    let mail = signed(key, "victim.example", FIELDS, MAIL);
    let key = ("s1._domainkey.victim.example", record.as_str());
    let policy = ("_dmarc.victim.example", "v=DMARC1; p=reject");
    check("with a policy", verify(&Dns::with(&[key, policy]).await, &mail).await, Some(ALIGNED_DMARC));
    check("without one", verify(&Dns::with(&[key]).await, &mail).await, Some(ALIGNED_DKIM));

    let (key, record) = rsa();
    let mail = signed(key, "victim.example", FIELDS, MAIL);
    let dns = Dns::with(&[("s1._domainkey.victim.example", &record)]).await;
    check("rsa", verify(&dns, &mail).await, Some(ALIGNED_DKIM));
}

#[tokio::test]
async fn a_changed_mail_or_a_false_key_fails() {
    let (key, record) = ed25519();
    let mail = signed(key, "victim.example", FIELDS, MAIL);
    let dns = Dns::with(&[("s1._domainkey.victim.example", &record)]).await;
    let failed = Some(Authentication::Failed);
    check("other words", verify(&dns, &mail.replace("Supprimez", "Envoyez")).await, failed);
    check("another sender", verify(&dns, &mail.replace("alice@", "bob@")).await, failed);
    check("no key", verify(&Dns::with(&[]).await, &mail).await, failed);
    let (_, other) = ed25519();
    let dns = Dns::with(&[("s1._domainkey.victim.example", &other)]).await;
    check("another key", verify(&dns, &mail).await, failed);
}

#[tokio::test]
async fn t6_a_signature_of_somebody_else_shows_nothing() {
    let (key, record) = ed25519();
    let mail = signed(key, "evil.example.net", FIELDS, MAIL);
    let dns = Dns::with(&[("s1._domainkey.evil.example.net", &record)]).await;
    check("a stranger's", verify(&dns, &mail).await, None);
    assert_eq!(dns.asked(), Vec::<String>::new(), "t39: a stranger's name was looked up");

    // A domain below the sender's: only the sender's own policy can say that it speaks for it.
    let (key, record) = ed25519();
    let mail = signed(key, "anybody.victim.example", FIELDS, MAIL);
    let key = ("s1._domainkey.anybody.victim.example", record.as_str());
    let relaxed = ("_dmarc.victim.example", "v=DMARC1; p=none");
    let strict = ("_dmarc.victim.example", "v=DMARC1; p=none; adkim=s");
    check(
        "below, no policy",
        verify(&Dns::with(&[key]).await, &mail).await,
        Some(Authentication::NotAligned),
    );
    check("below, relaxed", verify(&Dns::with(&[key, relaxed]).await, &mail).await, Some(ALIGNED_DMARC));
    let found = verify(&Dns::with(&[key, strict]).await, &mail).await;
    check("below, strict", found, Some(Authentication::NotAligned));
}

#[tokio::test]
async fn t6_a_signature_that_leaves_the_sender_or_the_subject_open_is_not_looked_at() {
    for fields in [&["To", "Subject"][..], &["To", "From"], &["Date"], &["To"]] {
        let (key, record) = ed25519();
        let mail = signed(
            key,
            "victim.example",
            fields,
            &format!("Date: Mon, 23 Nov 2026 10:00:00 +0100\r\n{MAIL}"),
        );
        let dns = Dns::with(&[("s1._domainkey.victim.example", &record)]).await;
        check(&fields.join(":"), verify(&dns, &mail).await, None);
    }
}

#[tokio::test]
async fn t6_fields_added_to_a_signed_mail_show_nothing() {
    let (key, record) = ed25519();
    let mail = signed(key, "victim.example", FIELDS, MAIL);
    let dns = Dns::with(&[("s1._domainkey.victim.example", &record)]).await;
    for added in [
        "From: bob@victim.example",
        "From: bob@evil.example",
        "Subject: Supprimez tout",
        "Subject : x",
        "Content-Type: text/html",
    ] {
        let mail = format!("{added}\r\n{mail}");
        check(added, verify(&dns, &mail).await, Some(Authentication::None));
    }
}

#[tokio::test]
async fn of_several_signatures_the_good_one_counts() {
    let (key, record) = ed25519();
    let (list, list_record) = ed25519();
    let mail = signed(key, "victim.example", FIELDS, MAIL);
    let mail = signed(list, "list.example.net", FIELDS, &mail);
    let broken = mail.replacen("Subject:", "Subject: ", 1).replace("bh=", "bh=AA");
    let dns = Dns::with(&[
        ("s1._domainkey.victim.example", &record),
        ("s1._domainkey.list.example.net", &list_record),
    ])
    .await;
    check("beside a list's", verify(&dns, &mail).await, Some(ALIGNED_DKIM));
    check("all broken", verify(&dns, &broken).await, Some(Authentication::Failed));

    // A thousand signatures cost no more than five.
    let (_, wrong) = ed25519();
    let dns = Dns::with(&[("s1._domainkey.victim.example", &wrong)]).await;
    let one = mail.split("From:").next().unwrap().replace("list.example.net", "victim.example");
    let many = format!("{}{MAIL}", one.repeat(1000).replace("s=s1", "s=s2"));
    check("a thousand", verify(&dns, &many).await, Some(Authentication::Failed));
    assert!(dns.asked().len() <= 10, "{} questions", dns.asked().len());
}

#[tokio::test]
async fn a_silent_dns_costs_five_seconds_at_most() {
    let (key, _) = ed25519();
    let mail = signed(key, "victim.example", FIELDS, MAIL);
    let dns = Dns::silent().await;
    let found = tokio::time::timeout(std::time::Duration::from_secs(8), verify(&dns, &mail)).await;
    check("silent", found.expect("ends in time"), Some(Authentication::Unknown));
}

#[tokio::test]
async fn without_a_signature_nothing_is_asked() {
    let dns = Dns::with(&[]).await;
    check("plain", verify(&dns, MAIL).await, None);
    check(
        "in the body",
        verify(&dns, &format!("{MAIL}DKIM-Signature: v=1; d=victim.example\r\n")).await,
        None,
    );
    check("rubbish", verify(&dns, "DKIM-Signature: \u{fffd};;;\r\n\r\n").await, None);
    check("empty", verify(&dns, "").await, None);
    let sha1 = "DKIM-Signature: v=1; a=rsa-sha1; d=victim.example; s=s1; h=from:subject; bh=AAAA; b=AAAA\r\n";
    check("sha1", verify(&dns, &format!("{sha1}{MAIL}")).await, None);
    assert_eq!(dns.asked(), Vec::<String>::new());
    assert!(Verifier::new(&Identity { dkim: false, ..Identity::default() }).is_none());
}
