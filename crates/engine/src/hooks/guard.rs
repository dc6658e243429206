//! Where a webhook may go: only out, to the public internet. Whoever can name an address could
//! otherwise make this house call its own neighbours (databases, consoles, a cloud's metadata).
//!
//! A name proves nothing: what it resolves to is judged, every address of it, and the connection
//! is made to a judged address, never to the name again.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::uri::{Scheme, Uri};

/// The longest address of an endpoint, in bytes.
const URL_BYTES_MAX: usize = 2_048;

/// Where a webhook goes, in the only forms that are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) tls: bool,
    /// A name or an address, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Host and port as they stand in the address.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: String,
}

/// Why an address is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forbidden {
    /// It is no address we can read.
    Unreadable,
    /// It is not `https`.
    NotHttps,
    /// It has a user name or a password in it.
    Credentials,
    /// It leads to a machine that is not on the public internet.
    Internal,
}

impl Forbidden {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "address_unreadable",
            Self::NotHttps => "address_not_https",
            Self::Credentials => "address_with_credentials",
            Self::Internal => "address_internal",
        }
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "this is no address that can be read",
            Self::NotHttps => "only https addresses are called",
            Self::Credentials => "an address with a user name or password in it is not called",
            Self::Internal => "this leads to a machine that is not on the public internet",
        })
    }
}

/// What may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Guard {
    /// Whether this very machine may be called, and without TLS: for a sandbox and tests.
    pub(crate) loopback: bool,
}

impl Guard {
    /// An endpoint's address, as far as it can be judged without asking anybody.
    pub(crate) fn target(self, url: &str) -> Result<Target, Forbidden> {
        let plain = |b: u8| b.is_ascii_graphic() && b != b'#' && b != b'\\';
        if url.len() > URL_BYTES_MAX || !url.bytes().all(plain) {
            return Err(Forbidden::Unreadable);
        }
        let uri: Uri = url.parse().map_err(|_| Forbidden::Unreadable)?;
        let tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP && self.loopback => false,
            _ => return Err(Forbidden::NotHttps),
        };
        let authority = uri.authority().ok_or(Forbidden::Unreadable)?;
        if authority.as_str().contains('@') {
            return Err(Forbidden::Credentials);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() || authority.port_u16() == Some(0) {
            return Err(Forbidden::Unreadable);
        }
        let target = Target {
            tls,
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            authority: authority.as_str().to_owned(),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            host,
        };
        // An address in the place of a name needs nobody's answer to be judged.
        if let Ok(address) = target.host.parse::<IpAddr>() {
            self.judge(&target, address)?;
        }
        Ok(target)
    }

    /// What a name resolved to, if all of it may be called. One internal address among public ones
    /// is no accident.
    pub(crate) fn checked(
        self,
        target: &Target,
        resolved: &[SocketAddr],
    ) -> Result<Vec<SocketAddr>, Forbidden> {
        for address in resolved {
            self.judge(target, address.ip())?;
        }
        Ok(resolved.iter().map(|found| SocketAddr::new(found.ip(), target.port)).collect())
    }

    fn judge(self, target: &Target, address: IpAddr) -> Result<(), Forbidden> {
        let here = self.loopback && is_loopback(address);
        if here || (target.tls && is_public(address)) { Ok(()) } else { Err(Forbidden::Internal) }
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Whether an address is one of the public internet: not our own machine or network, nobody's
/// private one, no group, nothing reserved, and no other of these in an IPv6 dress.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// IPv4 ranges that are not public (IANA's special-purpose registry, RFC 6890), and what clouds
/// answer their machines on outside of them.
const INTERNAL_V4: &[([u8; 4], u8)] = &[
    ([0, 0, 0, 0], 8),        // this network
    ([10, 0, 0, 0], 8),       // private
    ([100, 64, 0, 0], 10),    // carrier-grade NAT; 100.100.100.200 is a cloud's metadata
    ([127, 0, 0, 0], 8),      // loopback
    ([168, 63, 129, 16], 32), // a cloud's own services
    ([169, 254, 0, 0], 16),   // link-local; 169.254.169.254 is metadata
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // protocol assignments
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 88, 99, 0], 24),   // 6to4 relays
    ([192, 168, 0, 0], 16),   // private
    ([198, 18, 0, 0], 15),    // benchmarks
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 4),      // groups
    ([240, 0, 0, 0], 4),      // reserved, and everybody at once
];

/// Within the one block of IPv6 that is public (`2000::/3`), what is not.
const INTERNAL_V6: &[([u16; 4], u8)] = &[
    ([0x2001, 0, 0, 0], 23), // protocol assignments, Teredo and benchmarks among them
    ([0x2001, 0xdb8, 0, 0], 32), // documentation
    ([0x2002, 0, 0, 0], 16), // 6to4: an IPv4 address inside
    ([0x3fff, 0, 0, 0], 20), // documentation
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |(network, bits): &([u8; 4], u8)| {
        let mask = u32::MAX.checked_shl(32 - u32::from(*bits)).unwrap_or(0);
        (u32::from(address) ^ u32::from(Ipv4Addr::from(*network))) & mask == 0
    };
    !INTERNAL_V4.iter().any(within)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let [p, q] = high.to_be_bytes();
    let [r, s] = low.to_be_bytes();
    let inside = Ipv4Addr::new(p, q, r, s);
    match [a, b, c, d, e, f] {
        // IPv4 in an IPv6 dress, and IPv4 behind a translator (NAT64): what is inside counts.
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => is_public_v4(inside),
        _ if a & 0xe000 != 0x2000 => false,
        _ => {
            let within = |(network, bits): &([u16; 4], u8)| {
                let [w, x, y, z] = *network;
                let network = u128::from(Ipv6Addr::new(w, x, y, z, 0, 0, 0, 0));
                let mask = u128::MAX.checked_shl(128 - u32::from(*bits)).unwrap_or(0);
                (u128::from(address) ^ network) & mask == 0
            };
            !INTERNAL_V6.iter().any(within)
        }
    }
}

#[cfg(test)]
mod tests;
