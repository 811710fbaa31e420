//! Throttling: how failures are counted, and how long the next attempt has to wait for them.

use std::net::IpAddr;
use std::time::Duration;

use super::{AccountId, DeviceId, EmailAddress, Timestamp};

/// What failures are counted against. Kept as a hash, so that a store holds no address of people who have no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThrottleKey {
    /// The first 16 bytes of SHA-256 of what it is about.
    pub hash: [u8; 16],
    /// How many failures cost nothing.
    pub free: u32,
}

/// How attempts are throttled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottlePolicy {
    /// Whether they are at all.
    pub enabled: bool,
    /// Failures of one account, from devices that are not known, that cost nothing.
    pub account_free: u32,
    /// Failures of one device that has signed in to the account before.
    pub device_free: u32,
    /// Failures from one network, over all accounts.
    pub network_free: u32,
    /// Mails to one address, and registrations from one network, that cost nothing.
    pub mail_free: u32,
}

/// On: 5, 10, 50, 5.
impl Default for ThrottlePolicy {
    fn default() -> Self {
        Self { enabled: true, account_free: 5, device_free: 10, network_free: 50, mail_free: 5 }
    }
}

impl ThrottlePolicy {
    /// Attempts on an account by its address, whether there is one or not.
    #[must_use]
    pub fn account(&self, email: &EmailAddress) -> ThrottleKey {
        key(&[b"account", email.canonical().as_bytes()], self.account_free)
    }

    /// Attempts on an account from a device that has signed in to it before.
    #[must_use]
    pub fn device(&self, account: AccountId, device: DeviceId) -> ThrottleKey {
        key(&[b"device", account.as_uuid().as_bytes(), device.as_uuid().as_bytes()], self.device_free)
    }

    /// Second factors of an account.
    #[must_use]
    pub fn factor(&self, account: AccountId) -> ThrottleKey {
        key(&[b"factor", account.as_uuid().as_bytes()], self.account_free)
    }

    /// Attempts from a network: an IPv4 address, or a /64 of IPv6.
    #[must_use]
    pub fn network(&self, ip: IpAddr) -> ThrottleKey {
        key(&[b"network", &network(ip)], self.network_free)
    }

    /// Mails to an address.
    #[must_use]
    pub fn mail(&self, email: &EmailAddress) -> ThrottleKey {
        key(&[b"mail", email.canonical().as_bytes()], self.mail_free)
    }

    /// Requests from a network that make mails or accounts.
    #[must_use]
    pub fn mail_network(&self, ip: IpAddr) -> ThrottleKey {
        key(&[b"mail-network", &network(ip)], self.network_free)
    }
}

/// The bytes of an IPv4 address, or of an IPv6 network: who has one address of a /64 has them all.
fn network(ip: IpAddr) -> Vec<u8> {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().get(..8).unwrap_or_default().to_vec(),
    }
}

fn key(parts: &[&[u8]], free: u32) -> ThrottleKey {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let digest = context.finish();
    let hash = digest.as_ref().first_chunk().copied().unwrap_or_default();
    ThrottleKey { hash, free }
}

/// The failures of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// How many there were.
    pub failures: u32,
    /// When the last one was.
    pub last_at: Timestamp,
}

impl Tally {
    /// The longest that an attempt has to wait for the one before.
    pub const LONGEST: Duration = Duration::from_secs(15 * 60);

    /// After this long without a failure they are forgotten.
    pub const FORGOTTEN: Duration = Duration::from_secs(24 * 3_600);

    /// How long after this many failures the next attempt has to wait: nothing while they are free, then a second, and twice
    /// as long after each, up to [`LONGEST`](Self::LONGEST).
    #[must_use]
    pub fn delay(failures: u32, free: u32) -> Duration {
        match failures.checked_sub(free.max(1)) {
            None => Duration::ZERO,
            Some(beyond) => Duration::from_secs(2_u64.saturating_pow(beyond)).min(Self::LONGEST),
        }
    }

    /// How long an attempt at `now` has to wait; `None` when it has not.
    #[must_use]
    pub fn wait(&self, free: u32, now: Timestamp) -> Option<Duration> {
        let delay = Self::delay(self.failures, free);
        let until = self.last_at.plus(delay);
        // Of two attempts at once the later can be counted first: while failures are free neither waits for the other.
        (!delay.is_zero() && now < until).then(|| until.since(now))
    }

    /// The tally after one more attempt at `now`.
    #[must_use]
    pub fn and_one(self, now: Timestamp) -> Self {
        let forgotten = now.since(self.last_at) >= Self::FORGOTTEN;
        let failures = if forgotten { 1 } else { self.failures.saturating_add(1) };
        Self { failures, last_at: self.last_at.max(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failures_are_free_and_then_each_costs_twice_as_much_up_to_a_quarter_of_an_hour() {
        let seconds = |failures| Tally::delay(failures, 5).as_secs();
        assert_eq!([0, 4, 5, 6, 7, 10, 14, 15, 1_000].map(seconds), [0, 0, 1, 2, 4, 32, 512, 900, 900]);
    }

    #[test]
    fn s8_an_ipv6_network_is_one_and_two_ipv4_addresses_are_two() {
        let policy = ThrottlePolicy::default();
        let of = |ip: &str| policy.network(ip.parse().unwrap()).hash;
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
    }

    #[test]
    fn attempts_that_are_counted_in_another_order_than_they_came_do_not_wait_while_they_are_free() {
        let at = Timestamp::from_secs;
        let tally = Tally { failures: 4, last_at: at(10) };
        assert_eq!(tally.wait(5, at(9)), None);
        assert_eq!(tally.and_one(at(9)), Tally { failures: 5, last_at: at(10) });
        assert_eq!(tally.and_one(at(9)).wait(5, at(9)), Some(Duration::from_secs(2)));
    }

    #[test]
    fn failures_are_forgotten_after_a_day() {
        let at = Timestamp::from_secs;
        let tally = Tally { failures: 50, last_at: at(0) };
        assert_eq!(tally.and_one(at(86_399)).failures, 51);
        assert_eq!(tally.and_one(at(86_400)).failures, 1);
    }
}
