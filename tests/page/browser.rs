//! The page in a real browser: what a person sees and does, and what a robot that renders and clicks can do.
//!
//! `PAGE_PICTURES=dir` keeps a picture of every state, `PAGE_SHAPE=phone` or `dark` as it looks there. Without chromedriver these tests say so
//! and end.

use std::time::Duration;

use fantoccini::Locator;
use rightsd::classify::Right;
use rightsd::config::LetterLanguage;
use rightsd::identity::Token;
use rightsd::public::Deadlines;
use serde_json::json;

use super::house::{CODE, FakeDesk, House};
use super::path;
use super::servers::Browser;

/// A page whose configured address is the one it really has, as redirects go there.
async fn open(desk: &FakeDesk) -> House {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (asks, questions) = tokio::sync::mpsc::channel(64);
    tokio::spawn(desk.clone().run(questions));
    let mut public = super::house::public(&format!("base_url = \"http://127.0.0.1:{port}\""));
    public.listen = format!("127.0.0.1:{port}");
    House::open_as(asks, &public, Deadlines::default()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_confirms_in_a_browser_without_script() {
    let Some(browser) = Browser::open(false).await else { return };
    let desk = FakeDesk::default();
    let house = open(&desk).await;
    let token = desk.erasure();
    let secret = token.as_str();

    browser.goto(&house.at(&path(&token))).await;
    browser.heading("Est-ce bien vous").await;
    browser.picture("1-question-fr").await;
    assert!(!browser.client.title().await.unwrap().contains(secret));

    // The browser itself asks for the code first.
    browser.click("button.yes").await;
    assert_eq!(desk.of(&token).acts, 0);

    browser.type_code("123 456").await;
    browser.click("button.yes").await;
    browser.heading("Est-ce bien vous").await;
    assert!(browser.text().await.contains("4 essais") || browser.text().await.contains("4\u{a0}essais"));
    browser.picture("2-wrong-code-fr").await;

    browser.click(".top a").await;
    browser.heading("Was it you?").await;
    browser.picture("3-question-en").await;
    browser.type_code(CODE).await;
    browser.click("button.yes").await;
    browser.heading("Thank you").await;
    browser.picture("4-confirmed-en").await;
    assert!(browser.url().await.ends_with("/en/confirmed"), "{}", browser.url().await);
    assert_eq!((desk.of(&token).effects, desk.of(&token).answer), (1, Some(true)));

    // T18: the link goes on showing the same.
    browser.goto(&house.at(&path(&token))).await;
    browser.heading("Est-ce bien vous").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_stops_the_advertising_in_a_browser() {
    let Some(browser) = Browser::open(false).await else { return };
    let desk = FakeDesk::default();
    let house = open(&desk).await;
    let token = desk.opt_out();
    browser.goto(&house.at(&path(&token))).await;
    browser.picture("5-opt-out-fr").await;
    browser.click("button.yes").await;
    browser.heading("C’est fait").await;
    browser.picture("6-stopped-fr").await;
    assert_eq!(desk.of(&token).answer, Some(true));

    let token = desk.give(20, &[Right::OptOut], LetterLanguage::En);
    browser.goto(&house.at(&path(&token))).await;
    browser.heading("Stop receiving").await;
    browser.click("summary").await;
    browser.picture("7-opt-out-not-me-en").await;
    browser.click("button.no").await;
    assert_eq!(desk.of(&token).acts, 0, "the box comes first");
    browser.click("input[name=sure]").await;
    browser.click("button.no").await;
    browser.heading("Thank you for telling us").await;
    browser.picture("8-declined-en").await;
    assert_eq!(desk.of(&token).answer, Some(false));

    let everything = [
        Right::OptOut,
        Right::Access,
        Right::Rectification,
        Right::Erasure,
        Right::Restriction,
        Right::Portability,
        Right::Objection,
    ];
    let token = desk.give(21, &everything, LetterLanguage::Fr);
    browser.goto(&house.at(&path(&token))).await;
    browser.picture("9-everything-fr").await;
    for _ in 0..5 {
        house.post(&path(&token), "code=000000&answer=yes").await;
    }
    browser.goto(&house.at(&path(&token))).await;
    browser.heading("Répondez plutôt").await;
    browser.picture("10-locked-fr").await;
    browser.goto(&house.at("/c/unknown")).await;
    browser.heading("Il n’y a rien").await;
    browser.picture("11-gone").await;
    browser.goto(&house.at("/fr/declined")).await;
    browser.picture("12-declined-fr").await;
    browser.close().await;
}

/// T17: a robot that renders, runs script, presses every button and sends every form.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t17_a_robot_that_presses_every_button_erases_nothing() {
    let Some(browser) = Browser::open(true).await else { return };
    let desk = FakeDesk::default();
    let house = open(&desk).await;
    let rights = desk.erasure();
    let opt_out = desk.opt_out();
    let press = [
        "document.querySelectorAll('button').forEach(b => b.click())",
        "document.querySelectorAll('form').forEach(f => f.submit())",
        "document.querySelectorAll('form').forEach(f => { f.noValidate = true; \
         f.querySelectorAll('button').forEach(b => f.requestSubmit(b)) })",
        "document.querySelectorAll('button').forEach(b => { const f = b.form; f.noValidate = true; b.click() })",
        "document.querySelectorAll('input').forEach(i => { i.value = 'test@robot.example' }); \
         document.querySelectorAll('button').forEach(b => { b.form.noValidate = true; b.click() })",
        "document.querySelectorAll('a,summary').forEach(a => a.click())",
    ];
    for token in [&rights, &opt_out] {
        for script in press {
            browser.goto(&house.at(&path(token))).await;
            let _ = browser.client.execute(script, Vec::new()).await;
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }
    let known = desk.of(&rights);
    assert_eq!((known.effects, known.acts), (0, 0), "nothing was disclosed or erased, and no try used up");
    assert_ne!(desk.of(&opt_out).answer, Some(false), "no robot keeps the advertising coming");
    browser.close().await;
}

/// T20, T24: in a real browser nothing of the token goes on, and nothing is fetched from anywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t20_a_browser_carries_the_token_nowhere() {
    let Some(browser) = Browser::open(true).await else { return };
    let desk = FakeDesk::default();
    let house = open(&desk).await;
    let token = desk.opt_out();
    browser.goto(&house.at(&path(&token))).await;
    assert_eq!(loaded(&browser).await, 0, "the page loads nothing");
    browser.click("button.yes").await;
    browser.heading("C’est fait").await;
    let page = browser
        .client
        .execute("return document.referrer + location.href + document.documentElement.outerHTML", Vec::new());
    let page = page.await.unwrap().to_string();
    assert!(!page.contains(token.as_str()), "{page}");
    assert_eq!(loaded(&browser).await, 0);

    let injected = "const s = document.createElement('script'); s.textContent = 'window.ran = true'; \
                    document.body.append(s); const i = new Image(); i.src = '/health'; \
                    const f = document.createElement('iframe'); f.src = '/health'; document.body.append(f); \
                    return window.ran === true";
    let ran = browser.client.execute(injected, Vec::new()).await.unwrap();
    assert_eq!(ran, json!(false), "the content policy lets no script of the page run");
    assert_eq!(loaded(&browser).await, 0, "and nothing be loaded");
    browser.close().await;
}

async fn loaded(browser: &Browser) -> u64 {
    let count = "return performance.getEntriesByType('resource').filter(r => r.responseStatus > 0).length";
    browser.client.execute(count, Vec::new()).await.unwrap().as_u64().unwrap()
}

/// Everything can be reached and done with the keyboard alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keyboard_is_enough() {
    let Some(browser) = Browser::open(true).await else { return };
    let desk = FakeDesk::default();
    let house = open(&desk).await;
    let token: Token = desk.give(30, &[Right::Access], LetterLanguage::En);
    browser.goto(&house.at(&path(&token))).await;
    let mut reached = Vec::new();
    for _ in 0..8 {
        let element = browser.client.active_element().await.unwrap();
        element.send_keys("\u{e004}").await.unwrap();
        let name = "const e = document.activeElement; return e.id || e.value || e.textContent";
        let name = browser.client.execute(name, Vec::new()).await.unwrap();
        reached.push(name.as_str().unwrap_or_default().to_owned());
    }
    let position = |name: &str| reached.iter().position(|found| found == name);
    assert!(position("Français") < position("code"), "{reached:?}");
    assert!(position("code") < position("yes") && position("yes") < position("no"), "{reached:?}");
    assert!(position("no").is_some(), "{reached:?}");

    // Enter in the field is the first button's.
    browser.type_code(CODE).await;
    let field = browser.client.find(Locator::Css("#code")).await.unwrap();
    field.send_keys("\u{e007}").await.unwrap();
    browser.heading("Thank you, noted").await;
    assert_eq!(desk.of(&token).answer, Some(true));
    browser.close().await;
}
