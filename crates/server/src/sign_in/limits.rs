//! How many password checks one address may ask for.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{extract::ConnectInfo, http::request::Parts};
use domain::{Timestamp, ports::Clock};

/// So many failed checks may come at once …
const BURST: u32 = 30;
/// … and then one in this time.
const EVERY: Duration = Duration::from_secs(4);
/// So many addresses are remembered before those that have recovered are forgotten.
const REMEMBERED: usize = 10_000;

/// Counts failed checks by address. A check is taken before it is made and given back when it succeeds.
pub(super) struct Addresses {
    clock: Arc<dyn Clock>,
    /// When each address will have recovered fully (a "generic cell rate" counter).
    recovered_at: Mutex<HashMap<IpAddr, Timestamp>>,
}

impl Addresses {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, recovered_at: Mutex::default() }
    }

    /// Takes one check; the error says how long to wait.
    pub(super) fn take(&self, address: IpAddr) -> Result<(), Duration> {
        let now = self.clock.now();
        let mut recovered_at = self.lock();
        if recovered_at.len() >= REMEMBERED {
            recovered_at.retain(|_, recovered_at| *recovered_at > now);
        }
        let entry = recovered_at.entry(network(address)).or_insert(now);
        let next = (*entry).max(now).plus(EVERY);
        let over = next.since(now.plus(EVERY * BURST));
        if over > Duration::ZERO {
            return Err(over);
        }
        *entry = next;
        Ok(())
    }

    /// Gives a check back that succeeded.
    pub(super) fn give_back(&self, address: IpAddr) {
        if let Some(entry) = self.lock().get_mut(&network(address)) {
            *entry = entry.minus(EVERY);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Timestamp>> {
        self.recovered_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One subscriber has a whole /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

/// Where a request came from. Requests without a known address share one.
pub(super) fn address_of(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    peer.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED))
}

#[cfg(test)]
mod tests {
    use testkit::FixedClock;

    use super::*;

    #[test]
    fn a_burst_is_taken_then_one_in_a_while_and_success_costs_nothing() {
        let clock = Arc::new(FixedClock::default());
        let addresses = Addresses::new(clock.clone());
        let address: IpAddr = "2001:db8::1".parse().expect("an address");
        let neighbour: IpAddr = "2001:db8::2".parse().expect("an address");
        for _ in 0..100 {
            addresses.take(address).expect("taken");
            addresses.give_back(address);
        }
        for _ in 0..BURST {
            addresses.take(address).expect("within the burst");
        }
        assert_eq!(addresses.take(neighbour), Err(EVERY), "the same subscriber");
        assert_eq!(addresses.take("192.0.2.1".parse().expect("an address")), Ok(()));
        clock.advance(EVERY);
        assert_eq!(addresses.take(address), Ok(()));
        assert_eq!(addresses.take(address), Err(EVERY));
    }
}
