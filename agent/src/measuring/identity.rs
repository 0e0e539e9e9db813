//! Who a JVM is: its resource attributes, the same whoever measures it or reads its logs.

use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use edgewatch_core::kernel::{Paths, pairs, read_file};
use edgewatch_hotspot::command::{Started, redacted};
use edgewatch_hotspot::counters::Layout;
use edgewatch_hotspot::find::{Process, ProcessId};
use edgewatch_hotspot::process::Cpus;
use edgewatch_proto::encode::Attributes;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric::{Off, On};
use super::owners::Owners;

/// The attributes that tell JVMs apart.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ResourceAttributes {
    /// The container that the JVM runs in. Enabled by default: true.
    #[serde(rename = "container.id")]
    container_id: On,
    /// The words of the command line. Values whose names tell of secrets, user names and passwords in addresses and what looks like a key
    /// are replaced by `***`; a secret that stands alone and looks like a name is not recognised. Enabled by default: false.
    #[serde(rename = "process.command_args")]
    command_args: Off,
    /// When the process was started. Enabled by default: true.
    #[serde(rename = "process.creation.time")]
    creation_time: On,
    /// The name of the executable, `java` as a rule. Enabled by default: true.
    #[serde(rename = "process.executable.name")]
    executable_name: On,
    /// The path of the executable where the JVM runs; only readable for the agent's own user without `CAP_SYS_PTRACE`. Enabled by
    /// default: false.
    #[serde(rename = "process.executable.path")]
    executable_path: Off,
    /// The name of the user that the JVM runs as, in its container if it runs in one. Enabled by default: true.
    #[serde(rename = "process.owner")]
    owner: On,
    /// The number of the process, as the host sees it. Enabled by default: true.
    #[serde(rename = "process.pid")]
    pid: On,
    /// The JVM, its vendor and its version. Enabled by default: true.
    #[serde(rename = "process.runtime.description")]
    runtime_description: On,
    /// The Java runtime, such as `OpenJDK Runtime Environment`. Enabled by default: true.
    #[serde(rename = "process.runtime.name")]
    runtime_name: On,
    /// The version of the Java runtime. Enabled by default: true.
    #[serde(rename = "process.runtime.version")]
    runtime_version: On,
    /// An identifier of this run of the JVM: a UUID made of the boot of the host, the number of the process and its start. Enabled by
    /// default: true.
    #[serde(rename = "service.instance.id")]
    instance_id: On,
    /// What the service is called: by `OTEL_SERVICE_NAME` or a property such as `-Dotel.service.name`, or else after its program, jar or
    /// main class. Enabled by default: true.
    #[serde(rename = "service.name")]
    service_name: On,
}

/// Describes JVMs of one host.
#[derive(Debug)]
pub(crate) struct Describer {
    wanted: ResourceAttributes,
    owners: Owners,
    /// Which boot of which host this is, without a line end.
    boot_id: String,
    /// When that was, in seconds since 1970.
    boot: Option<u64>,
    ticks: u64,
}

/// A JVM as it was started.
#[derive(Debug)]
pub(crate) struct Described {
    /// Its service name.
    pub(crate) name: String,
    /// Who it runs as, when that is known by name.
    pub(crate) user: Option<String>,
    /// What it was started with.
    pub(crate) started: Started,
}

/// Who a JVM is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Identity {
    /// Its service name.
    pub(crate) name: String,
    /// What its command line says about CPUs.
    pub(crate) cpus: Cpus,
    attributes: Vec<(&'static str, Value)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Text(String),
    Number(i64),
    Texts(Vec<String>),
}

impl Identity {
    /// Somebody of whom only the name is known.
    #[cfg(test)]
    pub(crate) fn named(name: String) -> Self {
        let attributes = vec![("service.name", Value::Text(name.clone()))];
        Self { name, cpus: Cpus::default(), attributes }
    }

    /// Writes its resource attributes.
    pub(crate) fn write(&self, out: &mut Attributes<'_>) {
        for (key, value) in &self.attributes {
            match value {
                Value::Text(text) => out.string(key, text),
                Value::Number(number) => out.int(key, *number),
                Value::Texts(texts) => out.strings(key, texts),
            }
        }
    }
}

impl Describer {
    /// Describes JVMs of the host of `paths` by the attributes that are `wanted`.
    pub(crate) fn new(wanted: &ResourceAttributes, paths: &Paths) -> Self {
        let mut buffer = Vec::new();
        let boot_id: PathBuf = paths.proc.join("sys/kernel/random/boot_id");
        let boot_id = read_file(&boot_id, &mut buffer).unwrap_or_default().trim_ascii();
        let boot_id = String::from_utf8_lossy(boot_id).into_owned();
        let stat = read_file(&paths.proc.join("stat"), &mut buffer).unwrap_or_default();
        Self {
            wanted: wanted.clone(),
            owners: Owners::new(paths.etc.join("passwd")),
            boot_id,
            boot: pairs(stat).find(|(key, _)| *key == b"btime").map(|(_, seconds)| seconds),
            ticks: rustix::param::clock_ticks_per_second().max(1),
        }
    }

    /// How `process` was started. `counters` are its block, if it can be read.
    pub(crate) fn read(&mut self, process: &Process, counters: Option<(&Layout, &[u8])>) -> Described {
        let mut started = Started::read(process, counters);
        self.owners.refresh();
        let here = self.owners.name(process.uid.into()).map(|name| name.to_string());
        // A name in the passwd of the host says nothing about a container's user.
        let user = started.user.take().or_else(|| here.filter(|_| process.container.is_none()));
        Described { name: started.service_name().to_owned(), user, started }
    }

    /// Who `process` is.
    pub(crate) fn identify(
        &self,
        process: &Process,
        described: Described,
        counters: Option<(&Layout, &[u8])>,
    ) -> Identity {
        let Described { name, user, started } = described;
        let attributes = self.attributes(process, &started, user, &name, counters);
        Identity { name, cpus: started.command.cpus(), attributes }
    }

    /// When `id` was started, in nanoseconds since 1970.
    pub(crate) fn started(&self, id: ProcessId) -> Option<u64> {
        let ticks = u64::try_from(u128::from(id.start) * 1_000_000_000 / u128::from(self.ticks)).ok()?;
        self.boot?.checked_mul(1_000_000_000)?.checked_add(ticks)
    }

    fn attributes(
        &self,
        process: &Process,
        started: &Started,
        user: Option<String>,
        name: &str,
        counters: Option<(&Layout, &[u8])>,
    ) -> Vec<(&'static str, Value)> {
        let wanted = &self.wanted;
        let runtime = counters.map(|(layout, block)| Runtime::of(layout, block)).unwrap_or_default();
        let text = |value: Option<String>| value.filter(|text| !text.is_empty()).map(Value::Text);
        let path = started.executable.as_ref().map(|path| path.to_string_lossy().into_owned());
        let number = Value::Number(process.id.pid.into());
        let words = redacted(started.words.iter().map(String::as_str));
        let all = [
            ("service.name", wanted.service_name.enabled, Some(Value::Text(name.to_owned()))),
            ("service.instance.id", wanted.instance_id.enabled, text(self.instance(process.id))),
            ("process.pid", wanted.pid.enabled, Some(number)),
            ("process.owner", wanted.owner.enabled, text(user)),
            ("process.creation.time", wanted.creation_time.enabled, text(self.created(process.id))),
            (
                "process.executable.name",
                wanted.executable_name.enabled,
                text(Some(started.executable_name().to_owned())),
            ),
            ("process.executable.path", wanted.executable_path.enabled, text(path)),
            (
                "process.command_args",
                wanted.command_args.enabled,
                Some(Value::Texts(words)).filter(|_| !started.words.is_empty()),
            ),
            ("process.runtime.name", wanted.runtime_name.enabled, text(runtime.name)),
            ("process.runtime.version", wanted.runtime_version.enabled, text(runtime.version)),
            ("process.runtime.description", wanted.runtime_description.enabled, text(runtime.description)),
            ("container.id", wanted.container_id.enabled, text(process.container.clone())),
        ];
        all.into_iter().filter_map(|(key, enabled, value)| Some((key, value.filter(|_| enabled)?))).collect()
    }

    /// When a process was started, to the second and a little less.
    fn created(&self, id: ProcessId) -> Option<String> {
        let milliseconds =
            self.boot?.checked_mul(1000)?.checked_add(id.start.checked_mul(1000)? / self.ticks)?;
        let time = UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds))?;
        // Later years do not fit into the notation.
        (milliseconds < 253_402_300_800_000).then(|| humantime::format_rfc3339_millis(time).to_string())
    }

    /// An identifier of the process that no other has, on no host and after no boot.
    fn instance(&self, id: ProcessId) -> Option<String> {
        if self.boot_id.is_empty() {
            return None;
        }
        Some(uuid(&format!("{}:{}:{}", self.boot_id, id.pid, id.start)))
    }
}

/// The name space for made-up values of `service.instance.id`, from the semantic conventions.
const NAMESPACE: [u8; 16] =
    [0x4d, 0x63, 0x00, 0x9a, 0x8d, 0x0f, 0x11, 0xee, 0xaa, 0xd7, 0x4c, 0x79, 0x6e, 0xd8, 0xe3, 0x20];

/// The UUID of version 5 (RFC 9562) for `name`.
pub(crate) fn uuid(name: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &[&NAMESPACE, name.as_bytes()].concat());
    let mut bytes = hash.as_ref().first_chunk::<16>().copied().unwrap_or_default();
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = *version & 0x0f | 0x50;
    *variant = *variant & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// What a JVM says about itself, in the words of the properties that agents inside of JVMs use.
#[derive(Default)]
struct Runtime {
    name: Option<String>,
    version: Option<String>,
    description: Option<String>,
}

impl Runtime {
    fn of(layout: &Layout, block: &[u8]) -> Self {
        let property = |name: &str| {
            layout.text(block, &format!("java.property.java.{name}")).map(|text| text.into_owned())
        };
        let vm = property("vm.name");
        let vm_version = property("vm.version");
        // `java.runtime.name` is not among the counters, but goes with the name of the VM.
        let name = vm.as_deref().map(|vm| match vm {
            vm if vm.starts_with("OpenJDK") => "OpenJDK Runtime Environment",
            vm if vm.starts_with("Java HotSpot") => "Java(TM) SE Runtime Environment",
            vm => vm,
        });
        // Up to JDK 8 the VM has a version of its own.
        let version = match property("version") {
            Some(version) if version.starts_with("1.") => Some(version),
            version => vm_version.clone().or(version),
        };
        let parts = [property("vm.vendor"), vm.clone(), vm_version];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        Self { name: name.map(ToOwned::to_owned), version, description: Some(parts.join(" ")) }
    }
}
