//! Every range by its first and last address and the neighbours outside, and the forms an address
//! may have.

use super::*;

const OUT: Guard = Guard { loopback: false };
const SANDBOX: Guard = Guard { loopback: true };

fn public(text: &str) -> bool {
    is_public(text.parse().unwrap())
}

/// First and last of a range, then the public neighbours where there are any.
#[test]
fn no_ipv4_address_inside_a_range_is_public_and_its_neighbours_are() {
    let ranges: &[(&str, &[&str], &[&str])] = &[
        ("this network", &["0.0.0.0", "0.255.255.255"], &["1.0.0.0"]),
        ("private 10", &["10.0.0.0", "10.255.255.255"], &["9.255.255.255", "11.0.0.0"]),
        ("carrier", &["100.64.0.0", "100.127.255.255"], &["100.63.255.255", "100.128.0.0"]),
        ("carrier metadata", &["100.100.100.200"], &[]),
        (
            "loopback",
            &["127.0.0.0", "127.0.0.1", "127.255.255.255"],
            &["126.255.255.255", "128.0.0.0"],
        ),
        ("cloud services", &["168.63.129.16"], &["168.63.129.15", "168.63.129.17"]),
        ("link-local", &["169.254.0.0", "169.254.255.255"], &["169.253.255.255", "169.255.0.0"]),
        ("metadata", &["169.254.169.254", "169.254.0.23"], &[]),
        ("private 172", &["172.16.0.0", "172.31.255.255"], &["172.15.255.255", "172.32.0.0"]),
        (
            "assignments",
            &["192.0.0.0", "192.0.0.192", "192.0.0.255"],
            &["191.255.255.255", "192.0.1.0"],
        ),
        ("documentation 1", &["192.0.2.0", "192.0.2.255"], &["192.0.1.255", "192.0.3.0"]),
        ("relays", &["192.88.99.0", "192.88.99.255"], &["192.88.98.255", "192.88.100.0"]),
        ("private 192", &["192.168.0.0", "192.168.255.255"], &["192.167.255.255", "192.169.0.0"]),
        ("benchmarks", &["198.18.0.0", "198.19.255.255"], &["198.17.255.255", "198.20.0.0"]),
        (
            "documentation 2",
            &["198.51.100.0", "198.51.100.255"],
            &["198.51.99.255", "198.51.101.0"],
        ),
        ("documentation 3", &["203.0.113.0", "203.0.113.255"], &["203.0.112.255", "203.0.114.0"]),
        ("groups", &["224.0.0.0", "239.255.255.255"], &["223.255.255.255"]),
        ("reserved", &["240.0.0.0", "255.255.255.254", "255.255.255.255"], &[]),
    ];
    for (name, inside, outside) in ranges {
        for address in *inside {
            assert!(!public(address), "{name}: {address}");
        }
        for address in *outside {
            assert!(public(address), "beside {name}: {address}");
        }
    }
}

#[test]
fn no_ipv6_address_inside_a_range_is_public_and_its_neighbours_are() {
    let ranges: &[(&str, &[&str], &[&str])] = &[
        ("unspecified, loopback", &["::", "::1"], &[]),
        ("IPv4-compatible", &["::10.0.0.1", "::8.8.8.8"], &[]),
        (
            "mapped",
            &["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"],
            &["::ffff:8.8.8.8"],
        ),
        (
            "translated",
            &["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::c0a8:1"],
            &["64:ff9b::808:808"],
        ),
        ("local translation", &["64:ff9b:1::808:808", "64:ff9b:1::1"], &[]),
        ("discard", &["100::", "100::ffff:ffff:ffff:ffff"], &[]),
        ("assignments", &["2001::", "2001:1ff:ffff::"], &["2001:200::1"]),
        ("Teredo", &["2001:0:4136:e378:8000:63bf:3fff:fdd2"], &[]),
        ("benchmarks", &["2001:2::1"], &[]),
        ("documentation", &["2001:db8::", "2001:db8:ffff::1"], &["2001:db7::1", "2001:db9::1"]),
        ("6to4", &["2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1"], &["2003::1"]),
        ("documentation 2", &["3fff::1", "3fff:fff::1"], &["3ffe::1"]),
        ("beyond", &["4000::1", "1fff::1"], &["2400:3200::1", "2606:4700::1111"]),
        ("segment routing", &["5f00::1"], &[]),
        ("unique local", &["fc00::1", "fd00:ec2::254", "fdff::1"], &[]),
        ("link-local", &["fe80::1", "febf::1"], &[]),
        ("site-local", &["fec0::1"], &[]),
        ("groups", &["ff00::1", "ff02::1", "ff0e::1"], &[]),
    ];
    for (name, inside, outside) in ranges {
        for address in *inside {
            assert!(!public(address), "{name}: {address}");
        }
        for address in *outside {
            assert!(public(address), "beside {name}: {address}");
        }
    }
}

#[test]
fn only_https_and_nothing_that_hides_where_it_leads() {
    for (url, why) in [
        ("http://example.com/x", Forbidden::NotHttps),
        ("ftp://example.com/x", Forbidden::NotHttps),
        ("file:///etc/passwd", Forbidden::Unreadable),
        ("file://host/etc/passwd", Forbidden::NotHttps),
        ("gopher://example.com", Forbidden::NotHttps),
        ("/only/a/path", Forbidden::NotHttps),
        ("", Forbidden::Unreadable),
        ("https://", Forbidden::Unreadable),
        ("https://exa mple.com", Forbidden::Unreadable),
        ("https://例子.中国/", Forbidden::Unreadable),
        ("https://example.com:0/", Forbidden::Unreadable),
        ("https://example.com/#x", Forbidden::Unreadable),
        ("https://example.com\\@127.0.0.1/", Forbidden::Unreadable),
        ("https://user:secret@example.com/", Forbidden::Credentials),
        ("https://example.com@127.0.0.1/", Forbidden::Credentials),
        ("https://127.0.0.1/", Forbidden::Internal),
        ("https://[::1]:8443/", Forbidden::Internal),
        ("https://[::ffff:10.0.0.1]/", Forbidden::Internal),
        ("https://169.254.169.254/latest/meta-data/", Forbidden::Internal),
    ] {
        assert_eq!(OUT.target(url), Err(why), "{url}");
    }
    let target = OUT.target("https://hooks.example.com:8443/mingka?a=b").unwrap();
    assert_eq!((target.host.as_str(), target.port), ("hooks.example.com", 8443));
    assert_eq!((target.path.as_str(), target.tls), ("/mingka?a=b", true));
    assert_eq!(OUT.target("https://hooks.example.com").unwrap().port, 443);
    let long = format!("https://example.com/{}", "x".repeat(2_048));
    assert_eq!(OUT.target(&long), Err(Forbidden::Unreadable));
}

/// Names for loopback that are no dotted quad are judged by what they resolve to.
#[test]
fn what_a_name_resolves_to_is_judged_all_of_it() {
    let target = OUT.target("https://2130706433/").unwrap();
    let resolved = |addresses: &[&str]| {
        let all: Vec<SocketAddr> =
            addresses.iter().map(|a| SocketAddr::new(a.parse().unwrap(), 1)).collect();
        OUT.checked(&target, &all)
    };
    assert_eq!(resolved(&["127.0.0.1"]), Err(Forbidden::Internal));
    assert_eq!(resolved(&["8.8.8.8", "10.0.0.1"]), Err(Forbidden::Internal));
    assert_eq!(resolved(&["8.8.8.8", "fd00::1"]), Err(Forbidden::Internal));
    let both = resolved(&["8.8.8.8", "2606:4700::1111"]).unwrap();
    assert!(both.iter().all(|address| address.port() == 443));
}

#[test]
fn loopback_only_where_it_is_allowed_and_http_only_there() {
    for url in ["http://127.0.0.1:8000/x", "http://[::1]:8000/x", "https://127.0.0.1/"] {
        assert!(SANDBOX.target(url).is_ok(), "{url}");
        assert!(OUT.target(url).is_err(), "{url}");
    }
    for url in ["http://10.0.0.1/", "http://169.254.169.254/", "https://192.168.1.1/"] {
        assert_eq!(SANDBOX.target(url), Err(Forbidden::Internal), "{url}");
    }
    assert_eq!(SANDBOX.target("http://8.8.8.8/"), Err(Forbidden::Internal), "clear text leaves");
    let named = SANDBOX.target("http://somewhere.example/").unwrap();
    let out = [SocketAddr::from(([8, 8, 8, 8], 80))];
    assert_eq!(SANDBOX.checked(&named, &out), Err(Forbidden::Internal));
}
