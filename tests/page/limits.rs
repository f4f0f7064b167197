//! Slow, many and greedy visitors: each is bounded, and none of them stops the others.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use rightsd::public::Deadlines;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::house::{Answer, FakeDesk, House};
use super::path;

const BASE: &str = "base_url = \"https://droits.example\"";
/// A long time on any machine; what is awaited with it never needs it.
const EVER: Duration = Duration::from_secs(20);

fn short() -> Deadlines {
    Deadlines {
        header: Duration::from_millis(200),
        body: Duration::from_millis(300),
        desk: Duration::from_millis(200),
        whole: Duration::from_millis(1500),
        goodbye: Duration::from_millis(500),
    }
}

/// Waits until the server has closed; the bytes it said.
async fn until_closed(mut stream: TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    let _ = tokio::time::timeout(EVER, stream.read_to_end(&mut said)).await.expect("closed in time");
    said
}

/// Says the beginning at once and then a byte every 20 ms for as long as the server listens.
async fn drip(house: &House, beginning: &str) -> Vec<u8> {
    let (mut read, mut write) = house.connect().await.into_split();
    write.write_all(beginning.as_bytes()).await.unwrap();
    let dripping = tokio::spawn(async move {
        while write.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let mut said = Vec::new();
    let _ = tokio::time::timeout(EVER, read.read_to_end(&mut said)).await.expect("closed in time");
    dripping.abort();
    said
}

#[tokio::test]
async fn t22_slow_visitors_are_shown_out() {
    let desk = FakeDesk::default();
    let house = House::open_with(&desk, BASE, short()).await;
    let token = path(&desk.opt_out());
    let form = format!(
        "POST {token} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8000\r\n\r\n"
    );
    assert_eq!(until_closed(house.connect().await).await, b"", "silent");
    let mut half = house.connect().await;
    half.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.unwrap();
    until_closed(half).await;
    drip(&house, "GET / HTTP/1.1\r\nX-Long: ").await;
    let mut stalled = house.connect().await;
    stalled.write_all(form.as_bytes()).await.unwrap();
    let said = String::from_utf8(until_closed(stalled).await).unwrap();
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    let said = String::from_utf8(drip(&house, &form).await).unwrap();
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    let mut pipelining = house.connect().await;
    for _ in 0..50 {
        let _ = pipelining.write_all(format!("GET {token} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await;
    }
    let _ = until_closed(pipelining).await;
    assert_eq!(*desk.looks.lock().unwrap(), 1, "one connection, one request");
    assert_eq!(house.get(&token).await.status, 200);
    assert_eq!(desk.acts(), 0);
}

#[tokio::test]
async fn t22_large_headers_and_forms_are_refused() {
    let desk = FakeDesk::default();
    let house = House::open(&desk).await;
    let token = path(&desk.opt_out());
    let header = |size: usize| format!("GET {token} HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(size));
    assert_eq!(house.say(&header(15_000)).await.status, 200);
    assert_eq!(house.say(&header(17_000)).await.status, 431);
    let many = "X: a\r\n".repeat(65);
    assert_eq!(house.say(&format!("GET {token} HTTP/1.1\r\n{many}\r\n")).await.status, 431);
    assert_eq!(house.get(&format!("/{}", "a".repeat(20_000))).await.status / 100, 4);
    let padded = |size: usize| format!("answer=yes&pad={}", "a".repeat(size));
    assert_eq!(house.post(&token, &padded(9_000)).await.status, 413);
    assert_eq!(desk.acts(), 0);
    assert_eq!(house.post(&token, &padded(8_000)).await.status, 303);
}

#[tokio::test]
async fn t21_an_address_has_its_allowance_and_forged_fields_do_not_lift_it() {
    let desk = FakeDesk::default();
    let house = limited_house(&desk, BASE).await;
    let token = path(&desk.opt_out());
    let mut statuses = Vec::new();
    for number in 0..20 {
        let forged = format!(
            "X-Forwarded-For: 203.0.113.{number}\r\nForwarded: for=203.0.113.{number}\r\nX-Real-IP: 203.0.113.{number}\r\n"
        );
        statuses.push(house.say(&format!("GET {token} HTTP/1.1\r\nHost: x\r\n{forged}\r\n")).await.status);
    }
    let admitted = statuses.iter().filter(|status| **status == 200).count();
    assert!((6..=8).contains(&admitted), "{statuses:?}");
    assert!(statuses.ends_with(&[429, 429]));
    let refused = house.get(&token).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")));
    assert_eq!(house.post(&token, "answer=yes").await.status, 429);
    assert_eq!(desk.acts(), 0);
    assert_eq!(house.get("/fr/stopped").await.status, 200, "pages that cost nothing stay open");
}

#[tokio::test]
async fn t21_behind_the_configured_proxy_each_client_has_its_own() {
    let desk = FakeDesk::default();
    let house = limited_house(&desk, &format!("{BASE}\ntrusted_proxy = \"127.0.0.1\"\n")).await;
    let token = path(&desk.opt_out());
    let visit = |forwarded: String| {
        let request = format!("GET {token} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {forwarded}\r\n\r\n");
        async { house.say(&{ request }).await.status }
    };
    for client in 0..20 {
        assert_eq!(visit(format!("203.0.{client}.7")).await, 200);
    }
    let mut statuses = Vec::new();
    for number in 0..20 {
        statuses.push(visit(format!("198.51.100.{number}, 203.0.113.7")).await);
    }
    assert!(
        statuses.contains(&429),
        "what the client itself wrote before the proxy's entry counts for nothing"
    );
}

/// Six visits a minute for each address.
async fn limited_house(desk: &FakeDesk, settings: &str) -> House {
    let (asks, questions) = mpsc::channel(64);
    let mut public = super::house::public(settings);
    public.visits_per_address_minute = 6;
    tokio::spawn(desk.clone().run(questions));
    House::open_as(asks, &public, Deadlines::default()).await
}

#[tokio::test]
async fn t22_one_network_holds_only_its_share_of_connections() {
    let desk = FakeDesk::default();
    let house = House::open_with(&desk, BASE, Deadlines::default()).await;
    let token = path(&desk.opt_out());
    let mut held = Vec::new();
    for _ in 0..20 {
        held.push(house.connect().await);
    }
    assert_eq!(until_closed(house.connect().await).await, b"", "the twenty-first");
    let other: IpAddr = Ipv4Addr::new(127, 9, 9, 9).into();
    let mut stream = house.connect_from(other).await;
    stream.write_all(format!("GET {token} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
    assert_eq!(Answer::read(&mut stream).await.status, 200, "another network is not concerned");
    held.clear();
    // The server notices the farewells in its own time.
    let mut again = 0;
    for _ in 0..100 {
        again = house.get(&token).await.status;
        if again == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(again, 200);
}

#[tokio::test]
async fn r29_slow_connections_do_not_stop_others() {
    let desk = FakeDesk::default();
    let settings = format!("{BASE}\nconnections = 100");
    let house = House::open_with(&desk, &settings, Deadlines::default()).await;
    let token = path(&desk.opt_out());
    let mut slow = Vec::new();
    for number in 0..500_u16 {
        let [high, low] = number.to_be_bytes();
        let mut stream = house.connect_from(Ipv4Addr::new(127, 1 + high, low, 1).into()).await;
        stream.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
        slow.push(stream);
        if number % 10 == 0 {
            assert_eq!(house.get(&token).await.status, 200, "after {number} slow connections");
        }
    }
}

#[tokio::test]
async fn r28_an_overloaded_or_silent_desk_sheds_visitors() {
    let desk = FakeDesk::default();
    let token = path(&desk.opt_out());
    let (asks, mut questions) = mpsc::channel(2);
    let house = House::open_to(asks, BASE, short()).await;
    let answers =
        futures::future::join_all((0..10).map(|_| tokio::time::timeout(EVER, house.get(&token)))).await;
    for answer in answers {
        let answer = answer.expect("answered in time");
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("60")));
        assert!(answer.body.contains("Rien n’est perdu"));
    }
    let mut waiting = 0;
    while questions.try_recv().is_ok() {
        waiting += 1;
    }
    assert_eq!(waiting, 2, "the desk was never asked more than it has room for");
    drop(questions);
    assert_eq!(house.get(&token).await.status, 503);
    assert_eq!(house.post(&token, "answer=yes").await.status, 503);
    assert_eq!(house.get("/health").await.status, 200);
}

#[tokio::test]
async fn r31_the_page_ends_when_it_is_told_to() {
    let desk = FakeDesk::default();
    let mut house = House::open_with(&desk, BASE, short()).await;
    let _silent = house.connect().await;
    let token = path(&desk.opt_out());
    assert_eq!(house.get(&token).await.status, 200);
    house.stop.cancel();
    let served = house.served.take().unwrap();
    tokio::time::timeout(EVER, served).await.expect("ends in time").unwrap();
    assert!(TcpStream::connect(house.address).await.is_err(), "nobody is let in any more");
}
