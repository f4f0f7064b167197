//! How many visits a client may make, in memory that never grows (T21).
//!
//! Per process: after a restart everybody starts afresh, which costs little, because what must survive, the wrong
//! codes of a token, is counted in the store.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::config::Public;

/// Cells in each table; two tables of 8-byte cells take 512 KiB. Clients that share both their cells share their
/// allowance; which ones do is decided by a key made at the start.
const CELLS: usize = 32 << 10;

/// The network a client counts with: /24 of IPv4, /56 of IPv6, which is what one subscriber is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Network(IpAddr);

impl Network {
    pub(super) fn of(client: IpAddr) -> Self {
        match client.to_canonical() {
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                Self(Ipv4Addr::new(a, b, c, 0).into())
            }
            IpAddr::V6(ip) => {
                let mask = !0_u128 << 72;
                Self(Ipv6Addr::from_bits(ip.to_bits() & mask).into())
            }
        }
    }
}

/// The client's address: the peer's, or, when the peer is the configured proxy, the last one that this proxy added.
pub(super) fn client(peer: IpAddr, proxy: Option<IpAddr>, forwarded: Option<&str>) -> IpAddr {
    let peer = peer.to_canonical();
    if proxy.map(|proxy| proxy.to_canonical()) != Some(peer) {
        return peer;
    }
    forwarded
        .and_then(|value| value.rsplit(',').next())
        .and_then(|last| last.trim().parse::<IpAddr>().ok())
        .map_or(peer, |ip| ip.to_canonical())
}

/// Allowances per address, per network and in total.
pub(super) struct Limits {
    tables: Mutex<Tables>,
    keys: RandomState,
    started: Instant,
}

struct Tables {
    address: Table,
    network: Table,
    total: Rate,
    total_until: u64,
}

struct Table {
    rate: Rate,
    /// For each cell the microsecond until which its allowance is used up.
    cells: Box<[u64]>,
}

/// `burst` visits at once, then one each `interval` (microseconds).
#[derive(Clone, Copy)]
struct Rate {
    interval: u64,
    burst: u64,
}

impl Rate {
    fn per(count: u32, period: Duration) -> Self {
        let count = u64::from(count.max(1));
        let period = u64::try_from(period.as_micros()).unwrap_or(u64::MAX);
        Self { interval: period / count, burst: count }
    }

    /// The new mark of a client whose mark is `until`, or `None` when its allowance is used up.
    fn take(self, until: u64, now: u64, cost: u64) -> Option<u64> {
        let next = until.max(now).saturating_add(self.interval.saturating_mul(cost));
        (next <= now.saturating_add(self.interval.saturating_mul(self.burst.max(cost)))).then_some(next)
    }
}

impl Table {
    fn new(rate: Rate) -> Self {
        Self { rate, cells: vec![0; CELLS].into_boxed_slice() }
    }

    fn places(hash: u64) -> [usize; 2] {
        let low = usize::try_from(hash & 0xffff_ffff).unwrap_or(0) % CELLS;
        let high = usize::try_from(hash >> 32).unwrap_or(0) % CELLS;
        [low, high]
    }

    fn until(&self, places: [usize; 2]) -> u64 {
        places.iter().filter_map(|place| self.cells.get(*place)).copied().min().unwrap_or(0)
    }

    fn put(&mut self, places: [usize; 2], until: u64) {
        for place in places {
            if let Some(cell) = self.cells.get_mut(place) {
                *cell = until.max(*cell);
            }
        }
    }
}

impl Limits {
    pub(super) fn new(public: &Public) -> Self {
        let minute = Duration::from_secs(60);
        Self {
            tables: Mutex::new(Tables {
                address: Table::new(Rate::per(public.visits_per_address_minute, minute)),
                network: Table::new(Rate::per(public.visits_per_network_minute, minute)),
                total: Rate::per(public.visits_per_second, Duration::from_secs(1)),
                total_until: 0,
            }),
            keys: RandomState::new(),
            started: Instant::now(),
        }
    }

    /// Whether `client` may do something of this cost now; if so it is counted.
    pub(super) fn admits(&self, client: IpAddr, cost: u64) -> bool {
        let now = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.admits_at(client, cost, now)
    }

    fn admits_at(&self, client: IpAddr, cost: u64, now: u64) -> bool {
        let address = Table::places(self.keys.hash_one(client));
        let network = Table::places(self.keys.hash_one(Network::of(client)));
        let Ok(mut guard) = self.tables.lock() else { return false };
        let tables = &mut *guard;
        let taken = (
            tables.address.rate.take(tables.address.until(address), now, cost),
            tables.network.rate.take(tables.network.until(network), now, cost),
            tables.total.take(tables.total_until, now, cost),
        );
        let (Some(by_address), Some(by_network), Some(total)) = taken else { return false };
        tables.address.put(address, by_address);
        tables.network.put(network, by_network);
        tables.total_until = total;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public() -> Public {
        toml::from_str(
            "listen = \"127.0.0.1:0\"\nbase_url = \"https://example.org\"\nvisits_per_address_minute = 60\n\
             visits_per_network_minute = 300\nvisits_per_second = 1000",
        )
        .unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn t21_an_address_a_network_and_all_have_their_allowance() {
        let limits = Limits::new(&public());
        let taken = |client: &str, count: usize, now: u64| {
            (0..count).filter(|_| limits.admits_at(ip(client), 1, now)).count()
        };
        assert_eq!(taken("192.0.2.1", 100, 0), 60);
        assert_eq!(taken("192.0.2.1", 100, 1_000_000), 1);
        assert_eq!(taken("192.0.2.2", 100, 1_000_000), 60);
        let rest: usize = (3..100).map(|host| taken(&format!("192.0.2.{host}"), 100, 1_000_000)).sum();
        assert!((175..=190).contains(&rest), "the network had {rest} left");
        assert_eq!(taken("2001:db8:0:aa01::1", 1, 1_000_000), 1, "others are not concerned");
        let all: usize = (0..=255)
            .flat_map(|a| (0..20).map(move |b| (a, b)))
            .map(|(a, b)| taken(&format!("10.{a}.{b}.1"), 1, 2_000_000))
            .sum();
        assert!((990..=1000).contains(&all), "in all {all}");
    }

    #[test]
    fn t21_a_million_clients_take_no_more_memory_and_do_not_lift_a_limit() {
        let mut public = public();
        public.visits_per_second = u32::MAX;
        let limits = Limits::new(&public);
        assert_eq!((0..100).filter(|_| limits.admits_at(ip("192.0.2.1"), 1, 0)).count(), 60);
        for client in 0..1_000_000_u32 {
            limits.admits_at(Ipv4Addr::from_bits(0x0a00_0000 | client << 4).into(), 1, 0);
        }
        assert!(!limits.admits_at(ip("192.0.2.1"), 1, 0));
        assert_eq!(limits.tables.lock().unwrap().address.cells.len(), CELLS);
    }

    #[test]
    fn t21_networks_are_24_and_56_bits() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.254", true),
            ("192.0.2.1", "192.0.3.1", false),
            ("::ffff:192.0.2.1", "192.0.2.9", true),
            ("2001:db8:1:2a00::1", "2001:db8:1:2aff:ffff::9", true),
            ("2001:db8:1:2a00::1", "2001:db8:1:2b00::1", false),
        ] {
            assert_eq!(Network::of(ip(one)) == Network::of(ip(other)), same, "{one} {other}");
        }
    }

    #[test]
    fn t21_only_the_configured_proxy_is_believed() {
        let proxy = Some(ip("127.0.0.1"));
        for (peer, proxy, forwarded, expected) in [
            ("192.0.2.1", None, Some("203.0.113.9"), "192.0.2.1"),
            ("192.0.2.1", proxy, Some("203.0.113.9"), "192.0.2.1"),
            ("127.0.0.1", proxy, Some("203.0.113.9"), "203.0.113.9"),
            ("::ffff:127.0.0.1", proxy, Some("203.0.113.9"), "203.0.113.9"),
            ("127.0.0.1", proxy, Some("198.51.100.1, 203.0.113.9"), "203.0.113.9"),
            ("127.0.0.1", proxy, Some("203.0.113.9, rubbish"), "127.0.0.1"),
            ("127.0.0.1", proxy, None, "127.0.0.1"),
        ] {
            assert_eq!(client(ip(peer), proxy, forwarded), ip(expected), "{peer} {forwarded:?}");
        }
    }
}
