//! Letting visitors in, one request each, and getting rid of those who dawdle (T22, R28, R29).

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::Deadlines;
use super::limits::Network;
use super::routes::{App, Peer};
use crate::config::Public;

/// Bytes of a header, request line included; hyper answers 431 to more.
const HEADER_BYTES_MAX: usize = 16 << 10;
/// Header fields.
const HEADER_COUNT_MAX: usize = 64;
/// How often the loop shows that it lives, when nobody comes.
const PULSE: Duration = Duration::from_secs(5);
/// Files the rest of the program may have open.
const FILES_KEPT_FREE: usize = 256;

/// Serves visitors until `stop`.
pub(super) async fn accept(
    listener: TcpListener,
    app: Arc<App>,
    public: &Public,
    deadlines: Deadlines,
    pulse: impl Fn() + Send,
    stop: CancellationToken,
) {
    let proxy = public.trusted_proxy.map(|proxy| proxy.to_canonical());
    let total = public.connections.min(open_files_max().saturating_sub(FILES_KEPT_FREE)).max(8);
    let lobby = Arc::new(Lobby::new(total, public.connections_per_network));
    let router = App::router(app);
    let visits = TaskTracker::new();
    let mut beat = tokio::time::interval(PULSE);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            _ = beat.tick() => {
                pulse();
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        pulse();
        match accepted {
            Ok((stream, peer)) => {
                // Behind the proxy everybody has the same address; the proxy keeps its own count of connections.
                let counted = (Some(peer.ip().to_canonical()) != proxy).then(|| Network::of(peer.ip()));
                if let Some(guest) = Lobby::admit(&lobby, counted) {
                    visits.spawn(visit(stream, peer, guest, router.clone(), deadlines));
                }
            }
            Err(error) => {
                // A visitor who is gone already, or no file left: never a reason to stop letting others in.
                tracing::warn!(kind = ?error.kind(), "the page could not let a visitor in");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    visits.close();
    let _ = tokio::time::timeout(deadlines.goodbye, visits.wait()).await;
}

/// One connection, one request: nobody keeps a place by saying nothing.
async fn visit(stream: TcpStream, peer: SocketAddr, guest: Guest, router: Router, deadlines: Deadlines) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer.ip()));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(deadlines.header)
        .max_header_size(HEADER_BYTES_MAX)
        .max_headers(HEADER_COUNT_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // What a client does wrong is not worth a line: anybody could fill the log.
        _ = connection => {}
        () = guest.shown_out() => {}
        () = tokio::time::sleep(deadlines.whole) => {}
    }
}

/// Who is in: at most so many in all and from one network.
struct Lobby {
    guests: Mutex<Guests>,
    total: usize,
    per_network: usize,
}

#[derive(Default)]
struct Guests {
    /// By order of arrival.
    open: BTreeMap<u64, Place>,
    of_network: HashMap<Network, usize>,
    next: u64,
}

struct Place {
    network: Option<Network>,
    leave: Arc<Notify>,
}

/// A place in the lobby, free again when dropped.
struct Guest {
    lobby: Arc<Lobby>,
    number: u64,
    leave: Arc<Notify>,
}

impl Lobby {
    fn new(total: usize, per_network: usize) -> Self {
        Self { guests: Mutex::default(), total, per_network }
    }

    /// A place, or `None` for a network that has all of its own. When all places are taken the oldest guest must go:
    /// an ordinary visit is over in milliseconds, so that one is dawdling (R29).
    fn admit(lobby: &Arc<Self>, network: Option<Network>) -> Option<Guest> {
        let mut guests = lobby.lock();
        if let Some(network) = network
            && guests.of_network.get(&network).is_some_and(|open| *open >= lobby.per_network)
        {
            return None;
        }
        if guests.open.len() >= lobby.total
            && let Some((_, oldest)) = guests.open.pop_first()
        {
            oldest.leave.notify_one();
            guests.forget(oldest.network);
        }
        let number = guests.next;
        guests.next += 1;
        let leave = Arc::new(Notify::new());
        guests.open.insert(number, Place { network, leave: Arc::clone(&leave) });
        if let Some(network) = network {
            *guests.of_network.entry(network).or_default() += 1;
        }
        drop(guests);
        Some(Guest { lobby: Arc::clone(lobby), number, leave })
    }

    fn lock(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guests {
    fn forget(&mut self, network: Option<Network>) {
        let Some(network) = network else { return };
        if let Some(open) = self.of_network.get_mut(&network) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                self.of_network.remove(&network);
            }
        }
    }
}

impl Guest {
    async fn shown_out(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut guests = self.lobby.lock();
        if let Some(place) = guests.open.remove(&self.number) {
            guests.forget(place.network);
        }
    }
}

/// How many files this process may have open, as Linux tells it; a thousand where it does not.
fn open_files_max() -> usize {
    std::fs::read_to_string("/proc/self/limits")
        .ok()
        .and_then(|limits| {
            let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
            line.split_whitespace().next()?.parse().ok()
        })
        .unwrap_or(1024)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn r29_the_oldest_guest_makes_room_and_a_network_has_its_share() {
        let lobby = Arc::new(Lobby::new(4, 2));
        let network = |last: u8| Some(Network::of(IpAddr::from([10, 0, last, 1])));
        let first = Lobby::admit(&lobby, network(1)).unwrap();
        let _second = Lobby::admit(&lobby, network(1)).unwrap();
        assert!(Lobby::admit(&lobby, network(1)).is_none(), "a third of one network");
        let third = Lobby::admit(&lobby, network(2)).unwrap();
        drop(third);
        let _others: Vec<Guest> = (3..5).map(|last| Lobby::admit(&lobby, network(last)).unwrap()).collect();
        let _one_more = Lobby::admit(&lobby, network(6)).unwrap();
        assert_eq!(lobby.lock().open.len(), 4);
        let out = futures::FutureExt::now_or_never(first.shown_out());
        assert_eq!(out, Some(()), "the first was shown out");
        drop(first);
        assert_eq!(lobby.lock().of_network.get(&network(1).unwrap()), Some(&1));
        let _again = Lobby::admit(&lobby, network(1)).unwrap();
        let _behind_the_proxy: Vec<Guest> = (0..10).map(|_| Lobby::admit(&lobby, None).unwrap()).collect();
        assert_eq!(lobby.lock().open.len(), 4);
    }
}
