//! The confirmation page under load (R28, R29): `cargo bench --bench page_load -- [visits a second] [slow
//! connections]`. Visitor and page share the machine; slow connections come from as many networks.

#[path = "../tests/page/house.rs"]
#[allow(dead_code)]
mod house;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use house::{Answer, FakeDesk, House};
use rightsd::public::Deadlines;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

const SECONDS: u64 = 10;

#[tokio::main]
async fn main() {
    let mut figures = std::env::args().skip(1).filter_map(|figure| figure.parse::<u64>().ok());
    let rate = figures.next().unwrap_or(1000);
    let slow = figures.next().unwrap_or(0);
    let desk = FakeDesk::default();
    let page = House::open_with(&desk, "base_url = \"https://droits.example\"", Deadlines::default()).await;
    let page = Arc::new(page);
    let request = format!("GET /c/{} HTTP/1.1\r\nHost: x\r\n\r\n", desk.erasure().as_str());
    let mut held = Vec::new();
    for number in 0..slow {
        let mut stream = page.connect_from(network(number, 128).into()).await;
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nX: ").await;
        held.push(stream);
    }
    let start = Instant::now();
    let mut visits = Vec::new();
    for number in 0..rate * SECONDS {
        tokio::time::sleep_until(start + Duration::from_micros(number * 1_000_000 / rate)).await;
        let (page, request) = (Arc::clone(&page), request.clone());
        visits.push(tokio::spawn(async move {
            let asked = Instant::now();
            let mut stream = page.connect_from(network(number, 1).into()).await;
            let _ = stream.write_all(request.as_bytes()).await;
            (Answer::read(&mut stream).await.status, asked.elapsed())
        }));
    }
    let mut statuses: BTreeMap<u16, u32> = BTreeMap::new();
    let mut times = Vec::new();
    for visit in visits {
        let (status, time) = visit.await.expect("a visit ends");
        *statuses.entry(status).or_default() += 1;
        times.push(time);
    }
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 1000).copied().unwrap_or_default();
    println!("{rate} visits a second, {slow} slow connections: status {statuses:?}");
    println!("half within {:.1?}, 99 % within {:.1?}, all within {:.1?}", at(500), at(990), at(999));
}

/// One address in each of many networks of this machine.
fn network(number: u64, first: u8) -> Ipv4Addr {
    let [.., high, low] = (number % 20_000).to_be_bytes();
    Ipv4Addr::new(127, first + high, low, 1)
}
