//! From which address a request comes, where proxies stand before the gateway.
//!
//! `X-Forwarded-For` is what anybody can send, so it is read only as far as those who wrote it are trusted: from its end, where
//! the nearest proxy has put the address that it saw, up to the first one that is no proxy of ours.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Who has one address of IPv6 has 64 bits of them.
const SUBNET: u128 = !(u64::MAX as u128);

/// The proxies that are believed when they say for whom they ask; none unless set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Who asks: the peer, or whom trusted proxies name.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trust(client) {
            return client;
        }
        let lines = headers.get_all(&FORWARDED_FOR).iter().rev();
        let hops = lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
        for hop in hops {
            // What cannot be read is nobody's word: the last proxy that is known stands for what is behind it.
            let Some(address) = address(hop.trim()) else { break };
            client = address;
            if !self.trust(client) {
                break;
            }
        }
        client
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for TrustedProxies {
    type Err = String;

    /// Addresses and networks with commas between them: `10.0.0.0/8,fd00::1`.
    fn from_str(text: &str) -> Result<Self, String> {
        let named = text.split(',').map(str::trim).filter(|one| !one.is_empty());
        let networks = named.map(|one| {
            let network = one.parse().ok();
            let network = network.or_else(|| Some(one.parse::<IpAddr>().ok()?.to_canonical().into()));
            network.ok_or_else(|| format!("{one:?} is neither an address nor a network such as 10.0.0.0/8"))
        });
        networks.collect::<Result<_, _>>().map(Self)
    }
}

/// With a port or without, as proxies write it.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = hop
        .strip_prefix('[')
        .and_then(|hop| hop.strip_suffix(']'))
        .unwrap_or(hop);
    let address = bare.parse().ok();
    let address = address.or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()));
    Some(address?.to_canonical())
}

/// What one limit is for: an address of IPv4, or the /64 of one of IPv6.
pub(super) fn subnet(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & SUBNET).into(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn client(trusted: &str, peer: &str, lines: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(&FORWARDED_FOR, HeaderValue::from_static(line));
        }
        let trusted: TrustedProxies = trusted.parse().unwrap();
        trusted.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        for (trusted, peer, lines, expected) in [
            ("", "10.0.0.1", &["1.1.1.1"][..], "10.0.0.1"),
            ("10.0.0.0/8", "10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.0/8", "10.0.0.1", &["1.1.1.1"], "1.1.1.1"),
            ("10.0.0.0/8", "11.0.0.1", &["1.1.1.1"], "11.0.0.1"),
            // What the caller himself has sent stands before what the proxies add.
            (
                "10.0.0.0/8",
                "10.0.0.1",
                &["6.6.6.6, 1.1.1.1, 10.0.0.2"],
                "1.1.1.1",
            ),
            ("10.0.0.0/8", "10.0.0.1", &["6.6.6.6", "1.1.1.1"], "1.1.1.1"),
            ("10.0.0.0/8", "10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (
                "10.0.0.0/8",
                "10.0.0.1",
                &["1.1.1.1, unknown, 10.0.0.2"],
                "10.0.0.2",
            ),
            ("10.0.0.0/8", "10.0.0.1", &["unknown"], "10.0.0.1"),
            ("10.0.0.1", "::ffff:10.0.0.1", &["::ffff:1.1.1.1"], "1.1.1.1"),
            ("::1, 10.0.0.1", "::1", &["1.1.1.1:99, 10.0.0.1:80"], "1.1.1.1"),
            ("fd00::/8", "fd00::1", &["[2001:db8::1]:443"], "2001:db8::1"),
            ("fd00::/8", "fd00::1", &["[2001:db8::1]"], "2001:db8::1"),
        ] {
            assert_eq!(
                client(trusted, peer, lines),
                expected,
                "{trusted} {peer} {lines:?}"
            );
        }
    }

    #[test]
    fn what_is_no_network_is_said() {
        for text in ["10.0.0.0/33", "host", "10.0.0.1/8/9"] {
            let problem = format!("10.0.0.1,{text}").parse::<TrustedProxies>().unwrap_err();
            assert!(problem.contains(text), "{problem}");
        }
    }

    #[test]
    fn one_subnet_is_one_caller() {
        for (address, expected) in [
            ("1.2.3.4", "1.2.3.4"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff::", "2001:db8:1:2::"),
        ] {
            assert_eq!(subnet(address.parse().unwrap()).to_string(), expected);
        }
    }

    proptest! {
        /// Whatever a caller writes, he cannot be taken for another one than the proxy saw.
        #[test]
        fn nobody_speaks_for_another(forged in "[0-9a-f.:, \\[\\]]{0,60}") {
            let mut headers = HeaderMap::new();
            headers.append(&FORWARDED_FOR, HeaderValue::from_str(&format!("{forged},1.1.1.1")).unwrap());
            let trusted: TrustedProxies = "10.0.0.0/8".parse().unwrap();
            let found = trusted.client("10.0.0.1".parse().unwrap(), &headers);
            prop_assert_eq!(found.to_string(), "1.1.1.1");
        }
    }
}
