//! The name of the host, from the sources that a user trusts.

use std::path::Path;

use edgewatch_core::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the name of the host is taken from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum HostnameSource {
    /// The fully qualified name, as `/etc/hosts` or the kernel have it. Name servers are not asked.
    Dns,
    /// The name that the kernel has.
    Os,
    /// The canonical name that the name server has. Not in this build.
    Cname,
    /// The name that the name server has for the host's address. Not in this build.
    Lookup,
}

/// The first name that one of `sources` knows.
pub(super) fn hostname(sources: &[HostnameSource], host: &dyn Host) -> Option<String> {
    sources.iter().find_map(|source| match source {
        HostnameSource::Dns => qualified(host),
        HostnameSource::Os => host.hostname(),
        HostnameSource::Cname | HostnameSource::Lookup => None,
    })
}

/// The kernel's name when it has a domain, or else the canonical name beside it in `/etc/hosts`.
fn qualified(host: &dyn Host) -> Option<String> {
    let short = host.hostname()?;
    if short.contains('.') {
        return Some(short);
    }
    let hosts = host.read(Path::new("/etc/hosts")).ok()?;
    hosts.lines().find_map(|line| {
        let line = line.split('#').next().unwrap_or_default();
        let mut names = line.split_whitespace().skip(1);
        let canonical = names.next()?;
        let is_own = names.any(|alias| alias == short) || canonical.split('.').next() == Some(short.as_str());
        (is_own && canonical.contains('.') && !canonical.starts_with("localhost."))
            .then(|| canonical.to_owned())
    })
}
