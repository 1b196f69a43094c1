//! From where a request came.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// In which proxies name whom they ask for, each after those before it.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peer(pub(super) IpAddr);

impl Peer {
    /// Whether it is one of the proxies that are believed, or this machine itself.
    pub(super) fn is_trusted(self, proxies: &[IpNet]) -> bool {
        self.0.is_loopback() || proxies.iter().any(|known| known.contains(&self.0))
    }
}

/// Who asks, as far as somebody who is believed says so: the last address that is none of the proxies. What
/// stands before it is whatever the asker wrote.
pub(super) fn client(peer: Peer, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let named = headers.get_all(FORWARDED_FOR).iter().rev();
    let named = named.filter_map(|value| value.to_str().ok()).flat_map(|value| value.rsplit(','));
    let mut asker = peer;
    for name in named {
        if !asker.is_trusted(proxies) {
            break;
        }
        let Ok(address) = name.trim().parse::<IpAddr>() else { break };
        asker = Peer(address.to_canonical());
    }
    asker.0
}

/// The network that one subscriber has: of IPv6 they have as many addresses as they like.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_whom_the_last_proxy_that_is_believed_names() {
        let proxies = ["10.1.0.0/16".parse().unwrap()];
        for (peer, forwarded, asker) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.1.2.3", &[], "10.1.2.3"),
            ("10.1.2.3", &["198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["6.6.6.6, 198.51.100.1, 10.1.9.9"], "198.51.100.1"),
            ("127.0.0.1", &["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", &["6.6.6.6, nonsense"], "10.1.2.3"),
            ("10.1.2.3", &["2001:db8::1"], "2001:db8::1"),
            ("10.1.2.3", &["::ffff:198.51.100.1"], "198.51.100.1"),
        ] {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append(FORWARDED_FOR, value.parse().unwrap());
            }
            let found = client(Peer(peer.parse().unwrap()), &headers, &proxies);
            assert_eq!(found, asker.parse::<IpAddr>().unwrap(), "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn a_subscriber_has_one_network() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("198.51.100.1"), "198.51.100.1");
    }
}
