//! Where a request comes from, when proxies stand before the server.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The proxies whose word counts for where a request comes from: none by default, so that `X-Forwarded-For`, which anybody can
/// send, is ignored.
///
/// Behind them it is the right-most hop of `X-Forwarded-For` that is none of them, since each proxy adds on the right the address
/// that it saw, and whatever stands further left came with the request. `Forwarded` (RFC 7239) is not read: a proxy that writes one
/// of the two headers passes the other one on as a client sent it.
///
/// ```
/// use api_axum::TrustedProxies;
///
/// let proxies = TrustedProxies::parse(["10.0.0.0/8", "fd00::/8", "192.0.2.7"])?;
/// # let _ = proxies;
/// # Ok::<(), api_axum::InvalidProxy>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// The text names no address and no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an address nor a network; write it like 192.0.2.7, 10.0.0.0/8 or fd00::/8")]
pub struct InvalidProxy(pub String);

impl TrustedProxies {
    /// Takes addresses and networks (CIDR).
    ///
    /// # Errors
    /// When one of them is neither.
    pub fn parse<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Result<Self, InvalidProxy> {
        let one = |text: T| {
            let text = text.as_ref().trim();
            let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| InvalidProxy(text.to_owned()))
        };
        texts.into_iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// Whether what came over a connection of `peer` was passed on by one of them.
    pub(crate) fn sent(&self, peer: IpAddr) -> bool {
        self.contains(peer.to_canonical())
    }

    fn contains(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&ip))
    }

    /// Where a request comes from that came over a connection of `peer`.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        let mut nearest = peer;
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let mut hops = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        while self.contains(nearest) {
            // Where a proxy says nothing that is an address, nothing is known of what lies behind it.
            let Some(hop) = hops.next().and_then(address) else { break };
            nearest = hop;
        }
        nearest
    }
}

/// The address of a hop: with or without a port, an IPv6 address in brackets or not.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let hop = str::from_utf8(hop).ok()?.trim();
    let bracketed = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let ip = bracketed.unwrap_or(hop).parse().ok().or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()));
    ip.map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a request comes from that came over `peer` with these lines.
    fn client(proxies: &[&str], peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, axum::http::HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let proxies = TrustedProxies::parse(proxies).unwrap();
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn s8_without_trusted_proxies_the_header_is_ignored() {
        assert_eq!(client(&[], "192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
    }

    #[test]
    fn s8_the_header_of_who_is_no_trusted_proxy_is_ignored() {
        assert_eq!(client(&["10.0.0.0/8"], "192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
    }

    #[test]
    fn s8_what_stands_left_of_the_right_most_untrusted_hop_is_never_believed() {
        for lines in [
            &["1.1.1.1, 203.0.113.9"] as &[_],
            &["10.0.0.7, 203.0.113.9"],
            &["1.1.1.1", "203.0.113.9"],
            &["1.1.1.1, 203.0.113.9, 10.0.0.2"],
            &["nonsense, 203.0.113.9,10.0.0.2"],
            &["\u{e9}, 203.0.113.9", "10.0.0.2 , 10.0.0.3"],
        ] {
            assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", lines), "203.0.113.9", "{lines:?}");
        }
    }

    #[test]
    fn s8_a_hop_is_read_with_and_without_a_port_and_brackets() {
        for (hop, expected) in [
            ("203.0.113.9:4711", "203.0.113.9"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            (" 203.0.113.9 ", "203.0.113.9"),
        ] {
            assert_eq!(client(&["fd00::/8"], "fd00::1", &[hop]), expected, "{hop}");
        }
    }

    #[test]
    fn s8_where_a_trusted_proxy_names_no_address_its_own_is_the_last_that_is_known() {
        for hop in
            ["unknown", "_hidden", "", "203.0.113.9:", "203.0.113", "[2001:db8::1", "203.0.113.9:99999", "1.1.1.1;"]
        {
            let line = format!("203.0.113.9, {hop}");
            assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[&line]), "10.0.0.1", "{hop}");
            let line = format!("203.0.113.9, {hop}, 10.0.0.2");
            assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[&line]), "10.0.0.2", "{hop}");
        }
    }

    #[test]
    fn s8_a_proxy_that_adds_nothing_is_where_the_request_comes_from() {
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    }

    #[test]
    fn a_proxy_over_an_ipv4_mapped_address_is_the_proxy() {
        assert_eq!(client(&["10.0.0.1"], "::ffff:10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
    }

    #[test]
    fn what_is_no_address_and_no_network_is_refused_by_name() {
        for text in ["", "proxy", "10.0.0.0/33", "10.0.0", "10.0.0.1:80"] {
            assert_eq!(TrustedProxies::parse([text]), Err(InvalidProxy(text.to_owned())));
        }
    }
}
