//! Who is asking, as far as a mail's own evidence goes: the company server's verdict, our own look at the
//! signatures, and every trick by which a stranger would like to be believed.

#[path = "identity/dns.rs"]
mod dns;
#[path = "identity/own_check.rs"]
mod own_check;

use rightsd::identity::{
    Authentication, Evidence, Method, NO_AUTHSERV_ID, OwnCheck, Source, authentication_results, weigh,
};
use rightsd::mail::{Address, Headers, Sender};

const ALIGNED_DMARC: Authentication = Authentication::Aligned { by: Method::Dmarc };
const ALIGNED_DKIM: Authentication = Authentication::Aligned { by: Method::Dkim };

/// What the server `mx.example.org` is understood to say of a mail from alice@victim.example.
#[track_caller]
fn check(name: &str, header: &str, expected: Option<Authentication>) {
    check_id(name, "mx.example.org", header, expected);
}

#[track_caller]
fn check_id(name: &str, id: &str, header: &str, expected: Option<Authentication>) {
    let raw = format!("{header}\r\nFrom: alice@victim.example\r\n\r\nhello\r\n");
    let (headers, _) = Headers::read(raw.as_bytes());
    let verdict = authentication_results(&headers, id);
    let found = verdict.map(|verdict| verdict.authentication("victim.example"));
    assert_eq!(found, expected, "{name}:\n{header}");
}

fn ours(results: &str) -> String {
    format!("Authentication-Results: mx.example.org{results}")
}

#[test]
fn real_servers_fields_are_read() {
    for (name, results, expected) in [
        ("opendmarc", "; dmarc=pass (p=reject dis=none) header.from=victim.example", ALIGNED_DMARC),
        (
            "opendkim",
            ";\r\n\tdkim=pass (2048-bit key; unprotected) header.d=victim.example header.i=@victim.example \
             header.a=rsa-sha256 header.s=s1 header.b=AbC/d+f=;\r\n\tdkim-atps=neutral",
            ALIGNED_DKIM,
        ),
        (
            "rspamd",
            ";\r\n\tdkim=pass header.d=victim.example header.s=2024 header.b=\"a/b=c\";\r\n\tdmarc=pass \
             (policy=quarantine) header.from=victim.example;\r\n\tspf=pass (mx: domain of alice@victim.example \
             designates 2001:db8::1 as permitted sender) smtp.mailfrom=alice@victim.example",
            ALIGNED_DMARC,
        ),
        (
            "gmail",
            ";\r\n       dkim=pass header.i=@victim.example header.s=s1 header.b=\"x9/Q+\";\r\n       spf=pass \
             (google.com: domain of bounce@mailer.example designates 192.0.2.1 as permitted sender) \
             smtp.mailfrom=\"bounce@mailer.example\"",
            ALIGNED_DKIM,
        ),
        ("a version", " 1; dmarc=pass header.from=victim.example", ALIGNED_DMARC),
        ("a method's version", "; dmarc/1=pass header.from=victim.example", ALIGNED_DMARC),
        ("capitals", "; DMARC=Pass Header.From=Victim.EXAMPLE", ALIGNED_DMARC),
        ("a reason", "; dmarc=pass reason=\"good; really\" header.from=victim.example", ALIGNED_DMARC),
        ("blanks everywhere", " ; dmarc = pass header . from = victim.example ;", ALIGNED_DMARC),
        (
            "comments everywhere",
            "(a)1(b);(c)dmarc(d)=(e)pass(f)header(g).(h)from(i)=(j)victim.example(k)",
            ALIGNED_DMARC,
        ),
        (
            "folded in every place",
            "\r\n ;\r\n dmarc\r\n =\r\n pass\r\n header.from\r\n =\r\n victim.example",
            ALIGNED_DMARC,
        ),
        ("nothing found", "; none", Authentication::None),
        ("only a name", "", Authentication::None),
        ("dmarc failed", "; dmarc=fail header.from=victim.example", Authentication::Failed),
        (
            "dmarc failed, a signature holds",
            "; dkim=pass header.d=victim.example; dmarc=fail header.from=victim.example",
            Authentication::Failed,
        ),
        (
            "no policy, no signature",
            "; dmarc=none header.from=victim.example; spf=pass smtp.mailfrom=a@victim.example",
            Authentication::NotAligned,
        ),
        ("spf alone", "; spf=pass smtp.mailfrom=alice@victim.example", Authentication::NotAligned),
        ("spf failed", "; spf=fail smtp.mailfrom=alice@victim.example", Authentication::Failed),
        (
            "signature broken on the way",
            "; dkim=fail (body hash did not verify) header.d=victim.example",
            Authentication::Failed,
        ),
        ("another domain signed", "; dkim=pass header.d=mailer.example", Authentication::NotAligned),
        (
            "a list's signature stands beside",
            "; dkim=fail header.d=list.example; dkim=pass header.d=victim.example",
            ALIGNED_DKIM,
        ),
        ("dns was away", "; dkim=temperror header.d=victim.example", Authentication::Unknown),
        (
            "unknown methods",
            "; x-tls=pass x-tls.subject=\"/CN=a\"; iprev=pass policy.iprev=2001:db8::1",
            Authentication::None,
        ),
    ] {
        check(name, &ours(results), Some(expected));
    }
}

#[test]
fn a_signature_of_a_domain_above_is_as_good_and_one_below_is_not() {
    for (signer, expected) in [
        ("victim.example", ALIGNED_DKIM),
        ("VICTIM.example", ALIGNED_DKIM),
        ("anybody.victim.example", Authentication::NotAligned),
        ("notvictim.example", Authentication::NotAligned),
        ("example", Authentication::NotAligned),
        ("victim.example.evil.example", Authentication::NotAligned),
    ] {
        check(signer, &ours(&format!("; dkim=pass header.d={signer}")), Some(expected));
    }
    let (headers, _) =
        Headers::read(b"Authentication-Results: mx; dkim=pass header.d=victim.example\r\n\r\n");
    let verdict = authentication_results(&headers, "mx").unwrap();
    assert_eq!(verdict.authentication("news.victim.example"), ALIGNED_DKIM);
}

#[test]
fn t6_forged_authentication_results_are_ignored() {
    let pass = "; dmarc=pass header.from=victim.example";
    let fail = ours("; dmarc=fail header.from=victim.example");
    let forged = ours(pass);
    for (name, header, expected) in [
        ("another server's", format!("Authentication-Results: mx.evil.example{pass}"), None),
        ("a name that ends like ours", format!("Authentication-Results: evil.mx.example.org{pass}"), None),
        ("a name that begins like ours", format!("Authentication-Results: mx.example.org.evil{pass}"), None),
        ("our name as a comment", format!("Authentication-Results: evil (mx.example.org){pass}"), None),
        ("our name as a value", format!("Authentication-Results: evil; x=mx.example.org{pass}"), None),
        ("no name", "Authentication-Results: dmarc=pass header.from=victim.example".to_owned(), None),
        ("another field", format!("X-Authentication-Results: mx.example.org{pass}"), None),
        ("arc", format!("ARC-Authentication-Results: i=1; mx.example.org{pass}"), None),
        ("original", format!("Authentication-Results-Original: mx.example.org{pass}"), None),
        ("below ours", format!("{fail}\r\n{forged}"), Some(Authentication::Failed)),
        (
            "below ours that found nothing",
            format!("{}\r\n{forged}", ours("; none")),
            Some(Authentication::None),
        ),
        ("twice below ours", format!("{fail}\r\n{forged}\r\n{forged}"), Some(Authentication::Failed)),
        (
            "below another's and ours",
            format!("Authentication-Results: other{pass}\r\n{fail}\r\n{forged}"),
            Some(Authentication::Failed),
        ),
        (
            "ours cannot be read",
            format!("{}\r\n{forged}", ours("; dmarc=fail (open")),
            Some(Authentication::None),
        ),
        (
            "ours in a new language",
            format!("{}\r\n{forged}", ours(" 2; dmarc=fail")),
            Some(Authentication::None),
        ),
        (
            "ours with rubbish behind the name",
            format!("{}\r\n{forged}", ours(" x; dmarc=fail")),
            Some(Authentication::None),
        ),
        (
            "ours in capitals",
            format!("{}\r\n{forged}", fail.to_ascii_uppercase()),
            Some(Authentication::Failed),
        ),
        (
            "ours quoted",
            format!("Authentication-Results: \"mx.example.org\"; dmarc=fail\r\n{forged}"),
            Some(Authentication::Failed),
        ),
        ("in the body", format!("X: y\r\n\r\n{forged}"), None),
    ] {
        check(name, &header, expected);
    }
}

#[test]
fn t6_a_pass_counts_only_with_its_own_domain() {
    for (name, results, expected) in [
        ("two signatures", "; dkim=fail header.d=victim.example; dkim=pass", Authentication::Failed),
        ("two signatures, turned", "; dkim=pass; dkim=fail header.d=victim.example", Authentication::Failed),
        (
            "the pass is the other's",
            "; dkim=pass header.d=evil.example; dkim=fail header.d=victim.example",
            Authentication::Failed,
        ),
        ("dmarc of another domain", "; dmarc=pass header.from=evil.example", Authentication::NotAligned),
        ("dmarc without domain", "; dmarc=pass", Authentication::NotAligned),
        (
            "dmarc of two domains",
            "; dmarc=pass header.from=victim.example header.from=evil.example",
            Authentication::NotAligned,
        ),
        ("dmarc by the envelope", "; dmarc=pass smtp.mailfrom=victim.example", Authentication::NotAligned),
        (
            "two dmarc results",
            "; dmarc=pass header.from=victim.example; dmarc=fail header.from=victim.example",
            Authentication::Failed,
        ),
        (
            "two dmarc results, turned",
            "; dmarc=fail header.from=victim.example; dmarc=pass header.from=victim.example",
            Authentication::Failed,
        ),
        (
            "two dmarc domains",
            "; dmarc=pass header.from=evil.example; dmarc=pass header.from=victim.example",
            Authentication::NotAligned,
        ),
        (
            "two spf results",
            "; spf=pass smtp.mailfrom=victim.example; spf=fail smtp.mailfrom=victim.example",
            Authentication::Failed,
        ),
        (
            "a signature with two domains",
            "; dkim=pass header.d=evil.example header.d=victim.example",
            Authentication::NotAligned,
        ),
        (
            "d and i differ",
            "; dkim=pass header.d=evil.example header.i=@victim.example",
            Authentication::NotAligned,
        ),
        ("a word we do not know", "; dmarc=passed header.from=victim.example", Authentication::Failed),
        ("a version we do not know", "; dmarc/2=pass header.from=victim.example", Authentication::None),
        (
            "in a comment",
            "; dkim=fail (; dkim=pass header.d=victim.example) header.d=evil.example",
            Authentication::None,
        ),
        (
            "in a nested comment",
            "; spf=none (a (b) ; dmarc=pass header.from=victim.example (c)) smtp.mailfrom=x",
            Authentication::None,
        ),
        (
            "behind an escaped parenthesis",
            "; spf=none (a \\) ; dmarc=pass header.from=victim.example) smtp.mailfrom=x",
            Authentication::None,
        ),
        (
            "in a quoted local part",
            "; spf=none smtp.mailfrom=\"x;dmarc=pass header.from=victim.example \"@evil.example",
            Authentication::None,
        ),
        (
            "in a quoted local part with an escaped quote",
            "; spf=none smtp.mailfrom=\"x\\\";dmarc=pass header.from=victim.example \"@e",
            Authentication::None,
        ),
        (
            "quote within comment",
            "; spf=none (\") smtp.mailfrom=x (\"; dmarc=pass header.from=victim.example)",
            Authentication::None,
        ),
        (
            "in a reason",
            "; spf=none reason=\"; dmarc=pass header.from=victim.example\"",
            Authentication::None,
        ),
        (
            "an open quote",
            "; dmarc=pass header.from=victim.example; spf=none reason=\"x",
            Authentication::None,
        ),
        ("an open comment", "; dmarc=pass header.from=victim.example (", Authentication::None),
        ("a stray parenthesis", "; spf=none ) ; dmarc=pass header.from=victim.example", Authentication::None),
        ("no semicolon", " dmarc=pass header.from=victim.example", Authentication::None),
        ("a value without a name", "; dmarc=pass victim.example", Authentication::None),
        ("a comma", "; dmarc=pass, header.from=victim.example", Authentication::None),
        ("nothing behind the sign", "; dmarc= ; header.from=victim.example", Authentication::None),
    ] {
        check(name, &ours(results), Some(expected));
    }
}

#[test]
fn t6_bounds_hold_and_what_is_beyond_proves_nothing() {
    let good = "; dmarc=pass header.from=victim.example";
    let nested = |depth: usize| format!("; spf=none {}{}{good}", "(".repeat(depth), ")".repeat(depth));
    check("comments at the bound", &ours(&nested(16)), Some(ALIGNED_DMARC));
    check("comments above it", &ours(&nested(17)), Some(Authentication::None));
    check("a million parentheses", &ours(&nested(500_000)), Some(Authentication::None));
    let many = |count: usize| format!("{}{good}", "; x=pass".repeat(count - 1));
    check("results at the bound", &ours(&many(64)), Some(ALIGNED_DMARC));
    check("results above it", &ours(&many(65)), Some(Authentication::None));
    let long = format!("; x=pass reason={}{good}", "a".repeat(16 << 10));
    check("a field too long", &ours(&long), Some(Authentication::None));
}

#[test]
fn exchange_online_writes_no_name() {
    let field = "Authentication-Results: spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=victim.example; \
                 dkim=pass (signature was verified)\r\n header.d=victim.example;dmarc=pass action=none\r\n \
                 header.from=victim.example;compauth=pass reason=100";
    check_id("exchange", NO_AUTHSERV_ID, field, Some(ALIGNED_DMARC));
    check_id("exchange, unless configured", "mx.example.org", field, None);
    let named = "Authentication-Results: mx.example.org; none";
    check_id("below a named field", NO_AUTHSERV_ID, &format!("{named}\r\n{field}"), None);
    let fail =
        "Authentication-Results: spf=fail smtp.mailfrom=a; dmarc=fail action=none header.from=victim.example";
    check_id("below its own", NO_AUTHSERV_ID, &format!("{fail}\r\n{field}"), Some(Authentication::Failed));
    check_id("nothing at all", NO_AUTHSERV_ID, "X: y", None);
    check_id("an open comment", NO_AUTHSERV_ID, &format!("Authentication-Results: (\r\n{field}"), None);
}

#[test]
fn any_bytes_are_survived() {
    let alphabet = b"mx.example.org;=()\"\\ \t/@,dmarcpass=1header.from=victim.example\xe9\x00\r";
    let mut state = 1_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    for _ in 0..20_000 {
        let mut raw = b"Authentication-Results: mx.example.org; ".to_vec();
        raw.extend((0..next() % 80).map(|_| alphabet[next() % alphabet.len()]));
        raw.extend_from_slice(b"\r\n\r\n");
        let (headers, _) = Headers::read(&raw);
        if let Some(verdict) = authentication_results(&headers, "mx.example.org") {
            let _ = verdict.authentication("victim.example");
        }
    }
}

#[test]
fn the_servers_word_counts_before_ours() {
    let alice = Sender::One(Address::parse("alice@victim.example").unwrap());
    let own = |authentication| OwnCheck { domain: "victim.example".to_owned(), authentication };
    let verdict = |results: &str| {
        let raw = format!("{}\r\n\r\n", ours(results));
        authentication_results(&Headers::read(raw.as_bytes()).0, "mx.example.org")
    };
    let pass = verdict("; dmarc=pass header.from=victim.example");
    let fail = verdict("; dmarc=fail header.from=victim.example");
    let none = verdict("; none");
    let other = verdict("; dkim=pass header.d=mailer.example");
    let aligned = own(ALIGNED_DKIM);
    let broken = own(Authentication::Failed);
    let rows = [
        ("nobody knows", None, None, (Authentication::None, Source::Nobody)),
        ("only the server", pass.as_ref(), None, (ALIGNED_DMARC, Source::Server)),
        ("only we", None, Some(&aligned), (ALIGNED_DKIM, Source::OwnCheck)),
        ("it passes, ours is broken", pass.as_ref(), Some(&broken), (ALIGNED_DMARC, Source::Server)),
        ("it fails, ours holds", fail.as_ref(), Some(&aligned), (Authentication::Failed, Source::Server)),
        ("it found nothing, ours holds", none.as_ref(), Some(&aligned), (ALIGNED_DKIM, Source::OwnCheck)),
        ("it saw another, ours holds", other.as_ref(), Some(&aligned), (ALIGNED_DKIM, Source::OwnCheck)),
        (
            "it saw another, ours is broken",
            other.as_ref(),
            Some(&broken),
            (Authentication::NotAligned, Source::Server),
        ),
        (
            "it found nothing, ours is broken",
            none.as_ref(),
            Some(&broken),
            (Authentication::Failed, Source::OwnCheck),
        ),
    ];
    for (name, server, own, (authentication, source)) in rows {
        assert_eq!(weigh(&alice, server, own), Evidence { authentication, source }, "{name}");
    }
}

#[test]
fn t6_an_ambiguous_sender_is_never_aligned() {
    let (headers, _) = Headers::read(ours("; dmarc=pass header.from=victim.example\r\n\r\n").as_bytes());
    let verdict = authentication_results(&headers, "mx.example.org");
    let own = OwnCheck { domain: "victim.example".to_owned(), authentication: ALIGNED_DKIM };
    let found = weigh(&Sender::Ambiguous("from_repeated"), verdict.as_ref(), Some(&own));
    assert_eq!(found, Evidence::NONE);
    assert!(!found.is_aligned());
    // Our own check of another reading of `From` says nothing either.
    let bob = Sender::One(Address::parse("bob@other.example").unwrap());
    assert_eq!(weigh(&bob, None, Some(&own)), Evidence::NONE);
    assert_eq!(weigh(&bob, verdict.as_ref(), None).authentication, Authentication::NotAligned);
}
