//! How often a sign-in may fail: ten times a minute from one address, whichever of the server's tenants it tries, and ten times
//! for one name of a tenant.

use jiff::{SignedDuration, Timestamp};
use lockstep_model::TenantId;
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Failures within [`WINDOW`] that are let pass.
const FAILURES: usize = 10;
const WINDOW: SignedDuration = SignedDuration::from_secs(60);
/// Addresses and names remembered; when there are more, the oldest are forgotten.
const REMEMBERED: usize = 20_000;

/// Counts failed sign-ins.
#[derive(Debug, Default)]
pub(crate) struct SignInLimit(Mutex<BTreeMap<Key, VecDeque<Timestamp>>>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Address(IpAddr),
    Name(Option<TenantId>, String),
}

/// An attempt that counts as failed until it is taken back.
#[derive(Debug)]
pub(crate) struct Attempt {
    keys: Vec<Key>,
    at: Timestamp,
}

impl SignInLimit {
    /// Counts an attempt, by a name of a tenant where one is given, before it is made, so that many at once do not pass together.
    ///
    /// # Errors
    /// The seconds to wait.
    pub(crate) fn begin(
        &self,
        address: Option<IpAddr>,
        name: Option<(Option<TenantId>, &str)>,
        now: Timestamp,
    ) -> Result<Attempt, u64> {
        let keys: Vec<Key> = address
            .map(|address| Key::Address(network(address)))
            .into_iter()
            .chain(name.map(|(tenant, name)| Key::Name(tenant, name.to_lowercase())))
            .collect();
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wait = 0;
        for key in &keys {
            let Some(times) = counts.get_mut(key) else { continue };
            while times.front().is_some_and(|at| now.duration_since(*at) >= WINDOW) {
                times.pop_front();
            }
            if times.len() >= FAILURES
                && let Some(first) = times.front()
            {
                let rest = WINDOW - now.duration_since(*first);
                wait = wait.max(u64::try_from(rest.as_secs()).unwrap_or(0) + 1);
            }
        }
        if wait > 0 {
            return Err(wait);
        }
        for key in &keys {
            counts.entry(key.clone()).or_default().push_back(now);
        }
        if counts.len() > REMEMBERED {
            forget(&mut counts, now);
        }
        Ok(Attempt { keys, at: now })
    }

    /// The attempt was a good one: it does not count.
    pub(crate) fn succeeded(&self, attempt: &Attempt) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &attempt.keys {
            if let Some(times) = counts.get_mut(key) {
                if let Some(at) = times.iter().rposition(|at| *at == attempt.at) {
                    times.remove(at);
                }
                if times.is_empty() {
                    counts.remove(key);
                }
            }
        }
    }
}

/// Forgets what is over; if that is not enough, names before addresses: an address is harder to change.
fn forget(counts: &mut BTreeMap<Key, VecDeque<Timestamp>>, now: Timestamp) {
    counts.retain(|_, times| times.back().is_some_and(|at| now.duration_since(*at) < WINDOW));
    while counts.len() > REMEMBERED / 2 {
        counts.pop_last();
    }
}

/// The network that one person has: an IPv6 customer holds at least a /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn named(name: &str) -> Option<(Option<TenantId>, &str)> {
        Some((None, name))
    }

    #[test]
    fn the_eleventh_failure_in_a_minute_waits() {
        let limit = SignInLimit::default();
        let home: IpAddr = "192.0.2.1".parse().unwrap();
        for second in 0..10 {
            // Good ones between do not count.
            let good = limit.begin(Some(home), named("bob"), at(second)).unwrap();
            limit.succeeded(&good);
            limit.begin(Some(home), named("ann"), at(second)).unwrap();
        }
        assert_eq!(limit.begin(Some(home), named("carl"), at(10)).unwrap_err(), 51, "the address waits");
        let other: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(limit.begin(Some(other), named("ANN"), at(10)).unwrap_err(), 51, "so does the name");
        assert!(limit.begin(Some(other), named("carl"), at(10)).is_ok());
        let elsewhere = Some((Some(TenantId::generate(at(0))), "ann"));
        assert!(limit.begin(Some(other), elsewhere, at(10)).is_ok(), "another tenant's Ann is another");
        assert!(limit.begin(Some(home), elsewhere, at(10)).is_err(), "the address is the same");
        assert!(limit.begin(Some(home), named("ann"), at(61)).is_ok());
    }

    #[test]
    fn one_network_is_one_address() {
        let limit = SignInLimit::default();
        for host in 1..=10 {
            let address: IpAddr = format!("2001:db8:0:7::{host}").parse().unwrap();
            limit.begin(Some(address), None, at(1)).unwrap();
        }
        assert!(limit.begin("2001:db8:0:7::ffff".parse().ok(), None, at(1)).is_err());
        assert!(limit.begin("2001:db8:0:8::1".parse().ok(), None, at(1)).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let limit = SignInLimit::default();
        for name in 0..REMEMBERED * 2 {
            let _ = limit.begin(None, named(&name.to_string()), at(1));
        }
        assert!(limit.0.lock().unwrap().len() <= REMEMBERED);
    }
}
