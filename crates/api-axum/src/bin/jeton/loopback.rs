//! Which hosts are this machine: what goes to one crosses no network, and need not be encrypted.

use std::net::IpAddr;

/// Whether the host of an address is this machine's own loopback interface. An IPv6 address may stand in brackets.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for here in ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"] {
            assert!(is_loopback(here), "{here}");
        }
        for elsewhere in ["localhost.example.com", "10.0.0.1", "[::2]", "0.0.0.0", "example.com", "[localhost]", ""] {
            assert!(!is_loopback(elsewhere), "{elsewhere}");
        }
    }
}
