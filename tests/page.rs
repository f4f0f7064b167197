//! The confirmation page, over real sockets: what it shows, what it does, what nobody can make it do.

#[path = "page/browser.rs"]
mod browser;
#[path = "page/house.rs"]
mod house;
#[path = "page/limits.rs"]
mod limits;
mod servers;

use std::time::{Duration, Instant};

use house::{Answer, CODE, FakeDesk, House, controller, public};
use rightsd::classify::Right;
use rightsd::config::LetterLanguage;
use rightsd::identity::Token;
use rightsd::public::{Deadlines, Page};

fn path(token: &Token) -> String {
    format!("/c/{}", token.as_str())
}

#[tokio::test]
async fn a_person_confirms_with_the_code_of_the_letter() {
    let desk = FakeDesk::default();
    let house = House::open(&desk).await;
    let token = desk.erasure();
    let page = house.get(&path(&token)).await;
    assert_eq!(page.status, 200);
    for words in ["Est-ce bien vous", "effacer vos données", "lundi 23", "six chiffres", "lang=\"fr\""] {
        assert!(page.body.contains(words), "{words}");
    }
    assert!(house.get(&format!("{}?lang=en", path(&token))).await.body.contains("Was it you?"));

    let wrong = house.post(&path(&token), "code=123456&answer=yes").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("4&nbsp;essais"), "{}", wrong.body);
    assert_eq!(desk.of(&token).effects, 0);

    let right = house.post(&path(&token), &format!("code={CODE}&answer=yes")).await;
    assert_eq!((right.status, right.header("location")), (303, Some("https://droits.example/fr/confirmed")));
    assert_eq!(desk.of(&token).answer, Some(true));
    assert!(house.get("/fr/confirmed").await.body.contains("Merci"));
}

#[tokio::test]
async fn a_person_says_it_was_not_them() {
    let desk = FakeDesk::default();
    let house = House::open(&desk).await;
    let token = desk.give(3, &[Right::Erasure], LetterLanguage::En);
    let no = house.post(&path(&token), &format!("code={CODE}&answer=no")).await;
    assert_eq!(no.header("location"), Some("https://droits.example/en/declined"));
    assert_eq!(desk.of(&token).answer, Some(false));

    let token = desk.opt_out();
    assert_eq!(house.post(&path(&token), "answer=no").await.status, 422, "the box was not ticked");
    assert_eq!(desk.of(&token).acts, 0);
    let no = house.post(&path(&token), "answer=no&sure=yes").await;
    assert_eq!(no.header("location"), Some("https://droits.example/fr/declined"));
    assert_eq!(desk.of(&token).answer, Some(false));
}

#[tokio::test]
async fn t16_get_head_and_options_change_nothing() {
    let desk = FakeDesk::default();
    let house = House::open(&desk).await;
    let tokens = [desk.opt_out(), desk.erasure()];
    let mut paths: Vec<String> = tokens.iter().map(path).collect();
    paths.extend(["/", "/health", "/fr/stopped", "/en/declined", "/c/", "/c/x"].map(str::to_owned));
    paths.extend(tokens.iter().map(|token| format!("{}?answer=yes&code={CODE}&sure=yes", path(token))));
    for path in &paths {
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"] {
            for _ in 0..20 {
                house.method(method, path).await;
            }
        }
    }
    assert_eq!(desk.acts(), 0);
}

#[tokio::test]
async fn t17_no_robot_discloses_or_erases() {
    let desk = FakeDesk::default();
    let house = House::open(&desk).await;
    let token = desk.erasure();
    let at = path(&token);
    let fetches = [
        "User-Agent: Mozilla/5.0 (compatible; SafeLinks)\r\n",
        "Sec-Purpose: prefetch;prerender\r\nPurpose: prefetch\r\n",
        "X-Moz: prefetch\r\n",
        "User-Agent: Slackbot-LinkExpanding 1.0\r\n",
        "Range: bytes=0-100\r\n",
        "If-None-Match: *\r\n",
    ];
    for headers in fetches {
        let page = house.say(&format!("GET {at} HTTP/1.1\r\nHost: x\r\n{headers}\r\n")).await;
        assert_eq!(page.status, 200, "{headers}");
    }
    for body in [
        "",
        "answer=yes",
        "answer=no",
        "answer=yes&code=",
        "answer=no&code=",
        "answer=yes&code=test",
        "answer=yes&code=12345",
        "answer=yes&code=1234567",
        "answer=no&sure=yes",
        "answer=yes&sure=yes",
        "List-Unsubscribe=One-Click",
        "code=",
        "answer=yes&code=%00%00%00%00%00%00",
        "answer=yes&answer=no",
        "answer=yes&code=271828&code=271828",
        "answer=on",
        "yes=1",
        "answer=yes&code=%D9%A1%D9%A2%D9%A3%D9%A4%D9%A5%D9%A6",
        "%61nswer=yes",
        "answer=yes;code=271828",
    ] {
        let answer = house.post(&at, body).await;
        assert!(matches!(answer.status, 400 | 422), "{body}: {}", answer.status);
    }
    let known = desk.of(&token);
    assert_eq!((known.effects, known.acts, known.shown.locked), (0, 0, false), "no robot used up a try");
}

#[tokio::test]
async fn t17_one_click_stops_the_advertising_and_a_robot_cannot_keep_it_coming() {
    let desk = FakeDesk::default();
    let house = House::open(&desk).await;
    let token = desk.opt_out();
    let answer = house.post(&path(&token), "List-Unsubscribe=One-Click").await;
    assert_eq!((answer.status, answer.header("location")), (200, None), "RFC 8058: no redirect");
    assert_eq!(desk.of(&token).answer, Some(true));

    let token = desk.give(9, &[Right::OptOut], LetterLanguage::En);
    let body =
        "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    let answer = house
        .say(&format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n{body}",
            path(&token),
            body.len()
        ))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(desk.of(&token).answer, Some(true));
}

#[tokio::test]
async fn t17_five_wrong_codes_leave_the_reply_by_mail() {
    let desk = FakeDesk::default();
    let house = House::open(&desk).await;
    let token = desk.erasure();
    for left in (0..5).rev() {
        let answer = house.post(&path(&token), "code=000000&answer=yes").await;
        assert_eq!(answer.status, 422);
        match left {
            0 => assert!(answer.body.contains("Répondez plutôt à notre message")),
            1 => assert!(answer.body.contains("un essai.")),
            more => assert!(answer.body.contains(&format!("{more}&nbsp;essais"))),
        }
    }
    for answer in [
        house.get(&path(&token)).await,
        house.post(&path(&token), &format!("code={CODE}&answer=yes")).await,
        house.post(&path(&token), &format!("code={CODE}&answer=no")).await,
    ] {
        assert!(answer.body.contains("Répondez plutôt à notre message"));
    }
    assert_eq!(desk.of(&token).effects, 0);
}

#[tokio::test]
async fn t17_a_right_without_a_code_is_only_confirmed_by_mail() {
    let desk = FakeDesk::default();
    let house = House::open(&desk).await;
    let token = desk.erasure();
    desk.known.lock().unwrap().get_mut(token.as_str()).unwrap().shown.asks_code = false;
    let page = house.get(&path(&token)).await;
    assert!(page.body.contains("Répondez plutôt à notre message"));
    assert!(!page.body.contains("<form"));
    for body in ["answer=yes", "answer=no&sure=yes", "List-Unsubscribe=One-Click"] {
        house.post(&path(&token), body).await;
    }
    assert_eq!(desk.of(&token).acts, 0);

    let token = desk.opt_out();
    desk.known.lock().unwrap().get_mut(token.as_str()).unwrap().shown.asks_code = true;
    assert!(house.get(&path(&token)).await.body.contains("id=\"code\""));
    assert_eq!(house.post(&path(&token), "answer=yes").await.status, 422);
    assert_eq!(house.post(&path(&token), &format!("answer=yes&code={CODE}")).await.status, 303);
}

#[tokio::test]
async fn t18_a_link_shows_the_same_until_it_expires_and_acts_once() {
    let desk = FakeDesk::default();
    let house = House::open(&desk).await;
    let token = desk.erasure();
    let at = path(&token);
    let first = house.get(&at).await;
    let answer = format!("code={CODE}&answer=yes");
    for _ in 0..5 {
        let (before, done, meanwhile) =
            tokio::join!(house.get(&at), house.post(&at, &answer), house.get(&at));
        assert_eq!((&before, done.status, &meanwhile), (&first, 303, &first));
    }
    let changed = house.post(&path(&token), &format!("code={CODE}&answer=no")).await;
    assert_eq!(changed.status, 303);
    let known = desk.of(&token);
    assert_eq!((known.effects, known.answer), (1, Some(true)));
    desk.expire(&token);
    assert_eq!(house.get(&path(&token)).await, house.get("/c/unknown").await);
}

#[tokio::test]
async fn t19_tokens_that_confirm_nothing_are_told_the_same() {
    let desk = FakeDesk::default();
    let house = House::open(&desk).await;
    let spent = desk.erasure();
    house.post(&path(&spent), &format!("code={CODE}&answer=yes")).await;
    desk.expire(&spent);
    let expired = desk.opt_out();
    desk.expire(&expired);
    let live = desk.give(7, &[Right::Access], LetterLanguage::Fr);
    let mut dead: Vec<String> =
        [&spent, &expired, &Token::from_random([200; 20]), &Token::from_random([0; 20])].map(path).into();
    let live_text = live.as_str();
    dead.extend([
        "/c/short".to_owned(),
        format!("/c/{}", live_text.to_uppercase()),
        format!("/c/{}", &live_text[1..]),
        format!("/c/{live_text}a"),
        format!("/c/{live_text}%20"),
        format!("/c/%20{live_text}"),
        format!("/c/{live_text}/"),
        format!("/c/{live_text}%00"),
        format!("/c/%ff{live_text}"),
        format!("/c//{live_text}"),
        format!("/C/{live_text}"),
        "/c/".to_owned(),
        "/c/%".to_owned(),
        format!("/c/{}", "a".repeat(4000)),
    ]);
    let expected = house.get(&dead[0]).await;
    assert_eq!(expected.status, 404);
    for path in &dead {
        assert_eq!(house.get(path).await, expected, "{path}");
    }
    for method in ["HEAD"] {
        let expected = house.method(method, &dead[0]).await;
        for path in &dead {
            assert_eq!(house.method(method, path).await, expected, "{method} {path}");
        }
    }
    // Behind the last segment nothing is looked at, so these two are no routes at all.
    let routed: Vec<&String> =
        dead.iter().filter(|path| path.starts_with("/c/") && !path.ends_with('/')).collect();
    for body in
        ["answer=yes", &format!("answer=yes&code={CODE}"), "List-Unsubscribe=One-Click", "answer=no&sure=yes"]
    {
        for path in routed.iter().filter(|path| !path.contains("//")) {
            assert_eq!(house.post(path, body).await, expected, "{path} {body}");
        }
    }
    assert_eq!((desk.of(&live).acts, desk.of(&spent).effects), (0, 1));
}

/// Guessing from the time of an answer whether a token ever existed is no better than tossing a coin, although the
/// desk takes 3 ms longer for one of the two. A busy machine only makes guessing harder.
#[tokio::test]
async fn t19_the_time_of_an_answer_tells_nothing() {
    const PAIRS: usize = 300;
    let desk = FakeDesk { slow_unknown: Duration::from_millis(3), ..FakeDesk::default() };
    let house = House::open(&desk).await;
    let expired = desk.opt_out();
    desk.expire(&expired);
    let unknown = Token::from_random([99; 20]);
    let mut times: Vec<(Duration, bool)> = Vec::new();
    for _ in 0..PAIRS {
        for (token, known) in [(&expired, true), (&unknown, false)] {
            let asked = Instant::now();
            house.get(&path(token)).await;
            times.push((asked.elapsed(), known));
        }
    }
    times.sort();
    let mut right = PAIRS;
    let mut best = PAIRS;
    for (_, known) in &times {
        right = if *known { right + 1 } else { right - 1 };
        best = best.max(right).max(2 * PAIRS - right);
    }
    let share = best as f64 / (2 * PAIRS) as f64;
    assert!(share < 0.62, "guessed {:.0} % right", share * 100.0);
}

#[tokio::test]
async fn t20_a_token_is_in_no_answer_and_no_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());

    let desk = FakeDesk::default();
    let house = House::open(&desk).await;
    let tokens = [desk.opt_out(), desk.erasure()];
    let mut answers: Vec<Answer> = Vec::new();
    for token in &tokens {
        let at = path(token);
        answers.push(house.get(&at).await);
        answers.push(house.get(&format!("{at}?lang=en")).await);
        answers.push(house.get(&format!("{at}/")).await);
        answers.push(house.method("OPTIONS", &at).await);
        for body in
            ["", "answer=yes", "answer=no", "code=000000&answer=yes", &format!("code={CODE}&answer=yes")]
        {
            answers.push(house.post(&at, body).await);
        }
        answers.push(house.post(&at, &"a".repeat(9000)).await);
        answers.push(house.say(&format!("GET {at} HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(20_000))).await);
    }
    assert!(answers.iter().any(|answer| answer.status == 303));
    for answer in &answers {
        for token in &tokens {
            assert!(!answer.whole().contains(token.as_str()), "{}", answer.whole());
        }
        if !answer.body.is_empty() {
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert!(!answer.body.contains("src="), "nothing is loaded from anywhere");
        }
    }
    tracing::info!("the log is read");
    let log = log.0.lock().unwrap();
    let log = String::from_utf8_lossy(&log);
    assert!(log.contains("the log is read"));
    assert!(!tokens.iter().any(|token| log.contains(token.as_str())), "{log}");
    assert!(!log.contains("127.0.0.1"), "{log}");
}

#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn t23_forged_hosts_change_no_link() {
    let desk = FakeDesk::default();
    let house = House::open(&desk).await;
    let token = desk.erasure();
    let forged = "Host: evil.example\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\n\
                  Forwarded: host=evil.example\r\nX-Original-URL: /evil\r\nX-Forwarded-Prefix: /evil\r\n";
    for at in [path(&token), "/fr/stopped".to_owned(), "/en/declined".to_owned(), "/nothing".to_owned()] {
        let honest = house.get(&at).await;
        assert_eq!(house.say(&format!("GET {at} HTTP/1.1\r\n{forged}\r\n")).await, honest, "{at}");
        assert_eq!(house.say(&format!("GET http://evil.example{at} HTTP/1.1\r\n{forged}\r\n")).await, honest);
    }
    let body = format!("code={CODE}&answer=yes");
    let done = house
        .say(&format!(
            "POST {} HTTP/1.1\r\n{forged}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            path(&token),
            body.len()
        ))
        .await;
    assert_eq!(done.header("location"), Some("https://droits.example/fr/confirmed"));
}

#[tokio::test]
async fn t24_every_answer_has_its_headers_and_echoes_nothing() {
    let desk = FakeDesk::default();
    let house = House::open(&desk).await;
    let token = desk.erasure();
    let canary = "c4n4ryXSS";
    let headers = format!(
        "X-{canary}: {canary}\r\nUser-Agent: {canary}\r\nReferer: https://{canary}/\r\nCookie: {canary}={canary}\r\n\
         Accept-Language: {canary}\r\n"
    );
    let bodies = [
        format!("answer=yes&code={canary}"),
        format!("answer={canary}"),
        format!("{canary}={canary}&answer=yes&code=000000&next=https://{canary}/"),
    ];
    let mut answers = Vec::new();
    for at in [
        path(&token),
        format!("/c/{canary}"),
        format!("/{canary}"),
        "/fr/stopped".to_owned(),
        "/health".to_owned(),
    ] {
        let at = format!("{at}?lang={canary}&next=https://{canary}/");
        for method in ["GET", "HEAD", "OPTIONS", canary] {
            answers
                .push(house.say(&format!("{method} {at} HTTP/1.1\r\nHost: {canary}\r\n{headers}\r\n")).await);
        }
        for body in &bodies {
            answers.push(house.post_with(&at, &headers, body).await);
        }
    }
    let expected = [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("strict-transport-security", "max-age=31536000"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-robots-tag", "noindex, nofollow"),
        ("connection", "close"),
    ];
    for answer in &answers {
        assert!(!answer.whole().contains(canary), "{}", answer.whole());
        for (name, value) in expected {
            assert_eq!(answer.header(name), Some(value), "{name} of {answer:?}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(
            policy.ends_with("; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"),
            "{policy}"
        );
        assert_eq!(answer.header("set-cookie"), None);
        assert!(!answer.body.contains("<script"));
    }
}

#[tokio::test]
async fn t24_another_site_cannot_make_a_visitor_answer() {
    let desk = FakeDesk::default();
    let house = House::open(&desk).await;
    for (headers, allowed) in [
        ("", true),
        ("Origin: https://droits.example\r\n", true),
        ("Origin: null\r\n", true),
        ("Sec-Fetch-Site: same-origin\r\nOrigin: null\r\n", true),
        ("Sec-Fetch-Site: none\r\n", true),
        ("Origin: https://evil.example\r\n", false),
        ("Origin: https://droits.example.evil.example\r\n", false),
        ("Origin: http://droits.example\r\n", false),
        ("Sec-Fetch-Site: cross-site\r\n", false),
        ("Sec-Fetch-Site: same-site\r\nOrigin: https://other.droits.example\r\n", false),
        ("Sec-Fetch-Site: cross-site\r\nOrigin: null\r\n", false),
    ] {
        let token = desk.opt_out();
        let answer = house.post_with(&path(&token), headers, "answer=yes").await;
        let expected = if allowed { (303, 1) } else { (403, 0) };
        assert_eq!((answer.status, desk.of(&token).effects), expected, "{headers}");
    }
}

#[tokio::test]
async fn t49_these_are_all_routes() {
    let desk = FakeDesk::default();
    let house = House::open(&desk).await;
    let token = path(&desk.opt_out());
    let mut table = String::new();
    for at in [
        token.as_str(),
        "/fr/stopped",
        "/fr/confirmed",
        "/fr/declined",
        "/en/stopped",
        "/en/confirmed",
        "/en/declined",
        "/health",
        "/",
        "/c",
        "/cases",
        "/login",
        "/desk",
        "/style.css",
        "/favicon.ico",
        "/robots.txt",
        "/fr",
        "/de/stopped",
        "/metrics",
        "/../etc/passwd",
    ] {
        let name = if at == token { "/c/{token}" } else { at };
        let statuses = [
            house.get(at).await.status,
            house.post(at, "").await.status,
            house.method("DELETE", at).await.status,
        ];
        table.push_str(&format!("{name} {statuses:?}\n"));
    }
    assert_eq!(
        table,
        "/c/{token} [200, 400, 405]\n/fr/stopped [200, 405, 405]\n/fr/confirmed [200, 405, 405]\n\
         /fr/declined [200, 405, 405]\n/en/stopped [200, 405, 405]\n/en/confirmed [200, 405, 405]\n\
         /en/declined [200, 405, 405]\n/health [200, 405, 405]\n/ [404, 404, 404]\n/c [404, 404, 404]\n\
         /cases [404, 404, 404]\n/login [404, 404, 404]\n/desk [404, 404, 404]\n/style.css [404, 404, 404]\n\
         /favicon.ico [404, 404, 404]\n/robots.txt [404, 404, 404]\n/fr [404, 404, 404]\n/de/stopped [404, 404, 404]\n\
         /metrics [404, 404, 404]\n/../etc/passwd [404, 404, 404]\n"
    );
}

#[tokio::test]
async fn a_base_path_works_whether_the_proxy_takes_it_off_or_not() {
    let desk = FakeDesk::default();
    let settings = "base_url = \"https://www.example/vos-droits\"";
    let house = House::open_with(&desk, settings, Deadlines::default()).await;
    let token = desk.opt_out();
    for prefix in ["", "/vos-droits"] {
        assert_eq!(house.get(&format!("{prefix}{}", path(&token))).await.status, 200);
        assert_eq!(house.get(&format!("{prefix}/en/stopped")).await.status, 200);
        assert_eq!(house.get(&format!("{prefix}/health")).await.body, "ok\n");
        let done = house.post(&format!("{prefix}{}", path(&token)), "answer=yes").await;
        assert_eq!(done.header("location"), Some("https://www.example/vos-droits/fr/stopped"));
    }
    let done = house.get("/fr/stopped").await;
    assert!(done.body.contains("href=\"&#x2f;vos-droits&#x2f;en&#x2f;stopped\""), "{}", done.body);
    assert_eq!(house.get("/vos-droits/nothing").await, house.get("/nothing").await);
    assert_eq!(house.method("DELETE", "/vos-droits/health").await.status, 405);
}

#[tokio::test]
async fn t57_a_taken_port_or_an_odd_base_stops_the_start_with_a_sentence() {
    let desk = FakeDesk::default();
    let house = House::open(&desk).await;
    let mut settings = public("base_url = \"https://droits.example\"");
    settings.listen = house.address.to_string();
    let error = Page::bind(&settings, &controller()).await.err().unwrap();
    assert!(error.to_string().contains("public.listen"), "{error}");
    settings.base_url = "https://droits.example/{a}".to_owned();
    let error = Page::bind(&settings, &controller()).await.err().unwrap();
    assert!(error.to_string().contains("public.base_url"), "{error}");
}

#[tokio::test]
async fn t43_values_of_the_configuration_are_escaped() {
    let mut controller = controller();
    let payload = "<script>alert(1)</script>\"'&";
    controller.name = payload.to_owned();
    controller.postal_address = vec![payload.to_owned()];
    controller.privacy_notice_url = format!("https://x.example/{payload}");
    let page = Page::bind(&public("base_url = \"https://droits.example\""), &controller).await.unwrap();
    let address = page.local_addr().unwrap();
    let (asks, _questions) = tokio::sync::mpsc::channel(1);
    let stop = tokio_util::sync::CancellationToken::new();
    let served = tokio::spawn(page.serve(asks, || {}, stop.clone()));
    let house = House { address, stop, served: Some(served) };
    for at in ["/fr/stopped", "/en/declined", "/nothing"] {
        let body = house.get(at).await.body;
        assert!(body.contains("&lt;script&gt;") && !body.contains("<script"), "{at}");
    }
}
