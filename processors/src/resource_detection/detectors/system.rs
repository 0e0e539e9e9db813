//! The host and its operating system.

use std::path::Path;

use edgewatch_core::config::ConfigError;
use edgewatch_core::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::config::{Switch, resource_attributes};
use super::hostname::{HostnameSource, hostname};
use super::{Found, network};

/// Settings of the detector `system`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::resource_detection) struct SystemConfig {
    /// Where `host.name` is taken from; the first source that knows one is believed. `dns`: the fully
    /// qualified name, from the kernel or `/etc/hosts` (name servers are not asked). `os`: the kernel's name.
    /// Default: `[dns, os]`.
    pub(super) hostname_sources: Vec<HostnameSource>,
    /// The attributes to add.
    pub(super) resource_attributes: SystemAttributes,
}

impl Default for SystemConfig {
    fn default() -> Self {
        Self {
            hostname_sources: vec![HostnameSource::Dns, HostnameSource::Os],
            resource_attributes: SystemAttributes::default(),
        }
    }
}

resource_attributes! {
    /// The attributes that the detector `system` adds.
    SystemAttributes {
        /// Architecture, such as `amd64`. Default: off.
        host_arch = "host.arch": OFF,
        /// Level 2 cache of the processor, in bytes. Default: off.
        host_cpu_cache = "host.cpu.cache.l2.size": OFF,
        /// Family of the processor. Default: off.
        host_cpu_family = "host.cpu.family": OFF,
        /// Model number of the processor. Default: off.
        host_cpu_model_id = "host.cpu.model.id": OFF,
        /// Model name of the processor. Default: off.
        host_cpu_model_name = "host.cpu.model.name": OFF,
        /// Stepping of the processor. Default: off.
        host_cpu_stepping = "host.cpu.stepping": OFF,
        /// Maker of the processor, such as `GenuineIntel`. Default: off.
        host_cpu_vendor = "host.cpu.vendor.id": OFF,
        /// The machine id that systemd gave the host. Default: off.
        host_id = "host.id": OFF,
        /// Names of the network interfaces. Default: off.
        host_interface = "host.interface": OFF,
        /// IP addresses. Default: off.
        host_ip = "host.ip": OFF,
        /// Hardware addresses. Default: off.
        host_mac = "host.mac": OFF,
        /// Name of the host; see `hostname_sources`. Default: on.
        host_name = "host.name": ON,
        /// Build of the operating system. Default: off.
        os_build_id = "os.build.id": OFF,
        /// Operating system and kernel, for people. Default: off.
        os_description = "os.description": OFF,
        /// Name of the operating system, such as `Debian GNU/Linux`. Default: off.
        os_name = "os.name": OFF,
        /// Type of the operating system: `linux`. Default: on.
        os_type = "os.type": ON,
        /// Version of the operating system. Default: off.
        os_version = "os.version": OFF,
    }
}

impl SystemConfig {
    pub(in crate::resource_detection) fn validate(&self) -> Result<(), ConfigError> {
        let asks_servers =
            |source: &HostnameSource| matches!(source, HostnameSource::Cname | HostnameSource::Lookup);
        let sources = self.hostname_sources.iter().enumerate().filter(|(_, source)| asks_servers(source));
        ConfigError::all(sources.map(|(index, _)| {
            Err(ConfigError::new(
                format!("hostname_sources.{index}"),
                "this build does not ask name servers; use dns (the kernel and /etc/hosts) or os",
            ))
        }))
    }
}

pub(super) fn detect(config: &SystemConfig, host: &dyn Host, found: &mut Found) {
    found.text("host.name", hostname(&config.hostname_sources, host));
    found.text("os.type", std::env::consts::OS.to_owned());
    found.text("host.arch", arch().to_owned());
    found.text("host.id", machine_id(host));
    found.list("host.interface", network::interfaces(host));
    found.list("host.ip", network::ips(host));
    found.list("host.mac", network::macs(host));
    operating_system(host, found);
    processor(host, found);
    found.retain(|key| config.resource_attributes.allows(key));
}

/// The architecture as the semantic conventions call it.
fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" => "arm32",
        "powerpc" => "ppc32",
        "powerpc64" => "ppc64",
        other => other,
    }
}

fn machine_id(host: &dyn Host) -> Option<String> {
    ["/etc/machine-id", "/var/lib/dbus/machine-id"].iter().find_map(|path| line(host, path))
}

/// The first line of a file, if there is anything in it.
pub(super) fn line(host: &dyn Host, path: &str) -> Option<String> {
    let text = host.read(Path::new(path)).ok()?;
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}

fn operating_system(host: &dyn Host, found: &mut Found) {
    let release =
        ["/etc/os-release", "/usr/lib/os-release"].iter().find_map(|path| host.read(Path::new(path)).ok());
    let release = release.unwrap_or_default();
    let field = |name: &str| {
        let value = release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        Some(value.trim().trim_matches(['"', '\'']).to_owned())
    };
    found.text("os.name", field("NAME"));
    found.text("os.version", field("VERSION_ID"));
    found.text("os.build.id", field("BUILD_ID").or_else(|| line(host, "/proc/sys/kernel/osrelease")));
    let kernel = ["ostype", "hostname", "osrelease", "version"];
    let kernel: Vec<String> =
        kernel.iter().filter_map(|name| line(host, &format!("/proc/sys/kernel/{name}"))).collect();
    found.text(
        "os.description",
        match (field("PRETTY_NAME"), kernel.is_empty()) {
            (Some(name), false) => Some(format!("{name} ({} {})", kernel.join(" "), std::env::consts::ARCH)),
            (None, false) => Some(kernel.join(" ")),
            (name, true) => name,
        },
    );
}

fn processor(host: &dyn Host, found: &mut Found) {
    let info = host.read(Path::new("/proc/cpuinfo")).unwrap_or_default();
    let field = |name: &str| {
        let mut fields = info.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
    };
    found.text("host.cpu.vendor.id", field("vendor_id"));
    found.text("host.cpu.family", field("cpu family"));
    found.text("host.cpu.model.id", field("model"));
    found.text("host.cpu.model.name", field("model name"));
    found.text("host.cpu.stepping", field("stepping"));
    let cache = line(host, "/sys/devices/system/cpu/cpu0/cache/index2/size");
    let kib = cache.and_then(|size| size.strip_suffix('K')?.parse::<i64>().ok());
    found.int("host.cpu.cache.l2.size", kib.and_then(|kib| kib.checked_mul(1024)));
}
