//! The agent's own name among those that make metrics of the same spans.

use std::fmt::Write as _;
use std::path::Path;

use edgewatch_core::host::Host;
use ring::digest;

/// An id for the value of `collector.instance.id` of a connector of this `kind`, in the form of a UUID: another one on each host and for each connector, and the same
/// after a restart, so that series go on. The machine's id cannot be told from it.
pub(crate) fn instance_id(host: &dyn Host, kind: &str, component: &str) -> String {
    let machine = host.read(Path::new("/etc/machine-id")).unwrap_or_default();
    let hostname = host.hostname().unwrap_or_default();
    let text = format!("edgewatch {kind}\n{}\n{hostname}\n{component}", machine.trim());
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    let mut id = String::with_capacity(36);
    for (place, byte) in hash.as_ref().iter().take(16).enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        // Version 8: made in a way of one's own; the variant of RFC 9562.
        let byte = match place {
            6 => byte & 0x0f | 0x80,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        // Writing to a string does not fail.
        let _ = write!(id, "{byte:02x}");
    }
    id
}
