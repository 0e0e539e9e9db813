//! Addresses of the host, from the files of the kernel.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use edgewatch_core::host::Host;

/// The interfaces of the host but the loopback.
pub(super) fn interfaces(host: &dyn Host) -> Vec<String> {
    let table = host.read(Path::new("/proc/net/dev")).unwrap_or_default();
    let names = table.lines().skip(2).filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim());
    names.filter(|name| *name != "lo").map(str::to_owned).collect()
}

/// Hardware addresses in the form of IEEE RA, as the semantic conventions ask: upper case, with hyphens.
pub(super) fn macs(host: &dyn Host) -> Vec<String> {
    let read = |name: String| host.read(&Path::new("/sys/class/net").join(name).join("address")).ok();
    let addresses = interfaces(host).into_iter().filter_map(read);
    addresses
        .map(|address| address.trim().replace(':', "-").to_uppercase())
        .filter(|address| address.len() == 17 && address != "00-00-00-00-00-00")
        .collect()
}

/// IP addresses of the host but those of the loopback interface.
pub(super) fn ips(host: &dyn Host) -> Vec<String> {
    let mut addresses = Vec::new();
    for address in
        ipv4(host).into_iter().map(|a| a.to_string()).chain(ipv6(host).into_iter().map(|a| a.to_string()))
    {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

/// The local addresses in the kernel's routing trie: each stands above a line `/32 host LOCAL`.
fn ipv4(host: &dyn Host) -> Vec<Ipv4Addr> {
    let trie = host.read(Path::new("/proc/net/fib_trie")).unwrap_or_default();
    let mut addresses = Vec::new();
    let mut last = None;
    for line in trie.lines() {
        if let Some(address) = line.trim_start().strip_prefix("|-- ") {
            last = address.parse::<Ipv4Addr>().ok();
        } else if line.contains("/32 host LOCAL") {
            addresses.extend(last.filter(|address| !address.is_loopback()));
        }
    }
    addresses
}

/// Lines of 32 hexadecimal digits, four numbers, and the interface.
fn ipv6(host: &dyn Host) -> Vec<Ipv6Addr> {
    let table = host.read(Path::new("/proc/net/if_inet6")).unwrap_or_default();
    let parse = |line: &str| {
        let mut fields = line.split_whitespace();
        let address = u128::from_str_radix(fields.next()?, 16).ok()?;
        fields.next_back().filter(|interface| *interface != "lo")?;
        Some(Ipv6Addr::from(address))
    };
    table.lines().filter_map(parse).collect()
}
