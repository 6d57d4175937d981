//! From where a request came, also when it came through proxies.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client of a request that `peer` sent: `peer` itself, or, if that is a trusted proxy, the last address in
/// `X-Forwarded-For` that is none. Whatever stands before it the client may have written itself.
pub(crate) fn client_address(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> SocketAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    if !is_trusted(peer.ip().to_canonical()) {
        return peer;
    }
    let mut nearest = peer;
    let lines: Vec<&str> = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    for text in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        // What is no address was not written by a proxy: the last one known is the best answer.
        let Ok(address) = text.trim().parse::<IpAddr>() else { return nearest };
        nearest = SocketAddr::new(address.to_canonical(), 0);
        if !is_trusted(nearest.ip()) {
            return nearest;
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().expect("a header"));
        }
        let trusted = ["10.0.0.0/8".parse().expect("a net"), "fd00::1/128".parse().expect("a net")];
        client_address(SocketAddr::new(peer.parse().expect("an address"), 4711), &headers, &trusted).ip().to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed_and_only_about_the_one_before_them() {
        assert_eq!(seen("192.0.2.7", &["198.51.100.1"]), "192.0.2.7", "nobody of ours");
        assert_eq!(seen("10.1.2.3", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen("::ffff:10.1.2.3", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen("fd00::1", &["2001:db8::5"]), "2001:db8::5");
        assert_eq!(seen("10.1.2.3", &["203.0.113.9, 198.51.100.1, 10.9.9.9"]), "198.51.100.1", "written by the client: 203.0.113.9");
        assert_eq!(seen("10.1.2.3", &["203.0.113.9", "198.51.100.1"]), "198.51.100.1", "the last line was added last");
        assert_eq!(seen("10.1.2.3", &[]), "10.1.2.3");
        assert_eq!(seen("10.1.2.3", &["198.51.100.1, unknown, 10.9.9.9"]), "10.9.9.9");
    }
}
