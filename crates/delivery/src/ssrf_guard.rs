//! Whether a webhook goes where its name leads. A name that leads to an address inside may be a
//! mistake or an attack (SSRF, DNS rebinding), and is followed only if its channel says so. An
//! address that its author wrote in figures is their word.

use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;
use url::{Host, Url};

/// The way out, for whoever means it.
pub(crate) const WAY_OUT: &str =
    "if that is meant, write `allow_private: true` at the channel; nothing was sent";

/// Looks up the name of one receiver.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    /// The name that must not lead inside, if any must not: a proxy's name may.
    guarded: Option<String>,
}

/// A name that leads inside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{host}` leads to {address}, {kind}")]
pub(crate) struct Inside {
    host: String,
    address: IpAddr,
    kind: &'static str,
}

impl Guard {
    /// The guard of a receiver; `localhost` says itself where it leads.
    pub(crate) fn of(url: &Url, allow_private: bool) -> Self {
        let name = match url.host() {
            Some(Host::Domain(name)) if !allow_private => Some(name),
            _ => None,
        };
        let is_local = |name: &&str| {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        };
        Self { guarded: name.filter(|name| !is_local(name)).map(str::to_owned) }
    }

    /// The addresses of a host, unless it must not lead where one of them does.
    pub(crate) async fn addresses(
        &self,
        host: &str,
        port: u16,
    ) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
        let addresses: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
        if self.guarded.as_deref() == Some(host)
            && let Some(inside) = led_inside(host, &addresses)
        {
            return Err(inside.into());
        }
        Ok(addresses)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            // Port 0 becomes the one of the URL.
            let addresses = guard.addresses(name.as_str(), 0).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// What a failed request says of a name that leads inside.
pub(crate) fn blamed<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Inside> {
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(inside) = error.downcast_ref::<Inside>() {
            return Some(inside);
        }
        at = error.source();
    }
    None
}

/// Where a name leads that it must not; one address of many is enough.
fn led_inside(host: &str, addresses: &[SocketAddr]) -> Option<Inside> {
    addresses.iter().find_map(|address| {
        let kind = inside(address.ip())?;
        Some(Inside { host: host.to_owned(), address: address.ip(), kind })
    })
}

/// The address inside that a URL's host means and does not show: `2130706433` is 127.0.0.1.
pub fn hidden(written: &str, url: &Url) -> Option<(IpAddr, &'static str)> {
    let address = match url.host()? {
        Host::Domain(_) => return None,
        Host::Ipv4(address) => {
            let (_, rest) = written.trim().split_once("://")?;
            let authority = rest.split(['/', '?', '#', '\\']).next()?;
            let host = authority.rsplit('@').next()?.split(':').next()?;
            if host == address.to_string() {
                return None;
            }
            address
        }
        Host::Ipv6(address) => within(address)?,
    };
    Some((address.into(), inside(address.into())?))
}

/// What kind of address inside it is; `None` for one anybody can reach.
fn inside(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => inside_v4(address),
        IpAddr::V6(address) => match within(address) {
            Some(address) => inside_v4(address),
            None => inside_v6(address),
        },
    }
}

fn inside_v4(address: Ipv4Addr) -> Option<&'static str> {
    Some(match address.octets() {
        [127, ..] | [0, ..] => "this machine itself",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "a private address",
        [169, 254, ..] => "a link-local address, where clouds keep their metadata",
        [100, 64..=127, ..] => "an address behind a provider's NAT",
        [192, 0, 0, _] | [198, 18..=19, ..] | [224..=255, ..] => "an address of no host outside",
        _ => return None,
    })
}

fn inside_v6(address: Ipv6Addr) -> Option<&'static str> {
    Some(match address.segments() {
        _ if address.is_loopback() || address.is_unspecified() => "this machine itself",
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] | [0x64, 0xff9b, 1, ..] => {
            "a private address"
        }
        [0xfe80..=0xfebf, ..] => "a link-local address",
        [0xff00..=0xffff, ..] => "an address of no host outside",
        _ => return None,
    })
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, by NAT64 or by 6to4.
fn within(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(join(high, low))
        }
        [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_inside_are_known_in_every_family() {
        for (address, is_inside) in [
            ("127.0.0.1", true),
            ("127.255.255.254", true),
            ("0.0.0.0", true),
            ("10.0.0.5", true),
            ("172.15.255.255", false),
            ("172.16.0.1", true),
            ("172.31.255.255", true),
            ("172.32.0.1", false),
            ("192.168.1.1", true),
            ("192.169.1.1", false),
            ("169.254.169.254", true),
            ("100.63.255.255", false),
            ("100.64.0.1", true),
            ("100.128.0.1", false),
            ("192.0.0.1", true),
            ("198.18.0.1", true),
            ("224.0.0.1", true),
            ("255.255.255.255", true),
            ("93.184.215.14", false),
            ("::1", true),
            ("::", true),
            ("fc00::1", true),
            ("fd00:ec2::254", true),
            ("fe80::1", true),
            ("fec0::1", true),
            ("ff02::1", true),
            ("::ffff:127.0.0.1", true),
            ("::ffff:93.184.215.14", false),
            ("::10.0.0.1", true),
            ("64:ff9b::a00:1", true),
            ("64:ff9b::5db8:d70e", false),
            ("64:ff9b:1::1", true),
            ("2002:7f00:1::1", true),
            ("2002:5db8:d70e::1", false),
            ("2606:2800:21f:cb07::1", false),
        ] {
            let parsed: IpAddr = address.parse().unwrap();
            assert_eq!(inside(parsed).is_some(), is_inside, "{address}: {:?}", inside(parsed));
        }
    }

    #[test]
    fn an_address_must_not_hide() {
        for (written, address) in [
            ("http://127.0.0.1:8080/hook", None),
            ("http://user:word@10.0.0.5/hook?a=b@c", None),
            ("http://[::1]:8080/", None),
            ("http://[fd00::1]/", None),
            ("http://hooks.internal/", None),
            ("http://localhost/", None),
            ("http://93.184.215.14/", None),
            ("http://1572395790/", None),
            ("http://2130706433/", Some("127.0.0.1")),
            ("http://0x7f000001/", Some("127.0.0.1")),
            ("http://0177.0.0.1/", Some("127.0.0.1")),
            ("http://127.1/", Some("127.0.0.1")),
            ("http://me@127.1:80/", Some("127.0.0.1")),
            ("http://127.0.0.1./", Some("127.0.0.1")),
            ("http://%31%32%37.0.0.1/", Some("127.0.0.1")),
            ("http://0xa9fea9fe/latest/meta-data/", Some("169.254.169.254")),
            ("http://[::ffff:127.0.0.1]/", Some("127.0.0.1")),
            ("http://[::ffff:a9fe:a9fe]/", Some("169.254.169.254")),
            ("http://[64:ff9b::10.0.0.1]/", Some("10.0.0.1")),
        ] {
            let url = written.parse().unwrap();
            let found = hidden(written, &url).map(|(address, _)| address.to_string());
            assert_eq!(found.as_deref(), address, "{written} is {url}");
        }
    }

    #[test]
    fn a_name_may_not_lead_inside_with_any_of_its_addresses() {
        let of = |addresses: &[&str]| {
            let addresses: Vec<SocketAddr> =
                addresses.iter().map(|address| address.parse().unwrap()).collect();
            led_inside("hooks.example", &addresses).map(|inside| inside.to_string())
        };
        assert_eq!(of(&["93.184.215.14:443"]), None);
        assert_eq!(
            of(&["93.184.215.14:443", "[fd00::7]:443"]).as_deref(),
            Some("`hooks.example` leads to fd00::7, a private address")
        );
    }

    #[test]
    fn what_says_itself_where_it_leads_is_not_guarded() {
        let guarded = |url: &str, allow: bool| Guard::of(&url.parse().unwrap(), allow).guarded;
        assert_eq!(guarded("https://hooks.internal/a", false).as_deref(), Some("hooks.internal"));
        for url in ["http://localhost:1/", "http://kpid.localhost./", "http://127.0.0.1/"] {
            assert_eq!(guarded(url, false), None, "{url}");
        }
        assert_eq!(guarded("https://hooks.internal/a", true), None);
    }
}
