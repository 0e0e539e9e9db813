//! Who JVMs are, shown with this very process, which everything can be known of but its counters.

use edgewatch_core::host::RealHost;
use edgewatch_core::kernel::Paths;
use edgewatch_hotspot::find::{Process, ProcessId};
use edgewatch_hotspot::procfs::Stat;
use edgewatch_proto::encode;

use crate::measuring::identity::uuid;
use crate::receivers::jvm::config::Config;
use crate::receivers::jvm::resource::Describer;

fn describer(config: &str) -> Describer {
    let config: Config = serde_json::from_str(config).expect("valid");
    Describer::new(&config, &Paths::find("", &RealHost)).expect("globs")
}

fn this(container: Option<&str>) -> Process {
    let stat = std::fs::read("/proc/self/stat").expect("readable");
    let pid = std::process::id();
    Process {
        id: ProcessId { pid, start: Stat::parse(&stat).expect("whole").start },
        ns_pid: pid,
        uid: 4711,
        gid: 4711,
        root: format!("/proc/{pid}/root").into(),
        container: container.map(ToOwned::to_owned),
        shared: None,
    }
}

#[test]
fn the_instance_is_a_uuid_of_version_5() {
    // As Python's uuid.uuid5 makes it.
    assert_eq!(uuid("boot:1:2"), "51cb69ca-0e1f-512b-9379-a182360b4d53");
}

#[test]
fn jvms_are_selected_by_name_user_and_container() {
    let container = "4f1c".repeat(16);
    let name = describer("{}").describe(&this(None), None).expect("all are of interest").name;
    let cases = [
        ("{}", true),
        (r#"{ "include": { "names": ["NAME"] } }"#, true),
        (r#"{ "include": { "names": ["other-*"] } }"#, false),
        (r#"{ "include": { "names": ["other-*"], "users": ["4711"] } }"#, true),
        (r#"{ "include": { "containers": ["4f1c*"] } }"#, true),
        (r#"{ "exclude": { "containers": ["4f1c*"] } }"#, false),
        (r#"{ "include": { "names": ["*"] }, "exclude": { "users": ["47*"] } }"#, false),
        (r#"{ "exclude": { "containers": ["5*"], "users": ["root"] } }"#, true),
        (r#"{ "exclude": { "instrumented": true } }"#, true),
        (r#"{ "include": { "instrumented": true } }"#, false),
    ];
    for (config, expected) in cases {
        let described = describer(&config.replace("NAME", &name)).describe(&this(Some(&container)), None);
        assert_eq!(described.is_some(), expected, "{config}");
    }
}

#[test]
fn globs_that_are_none_are_refused_with_their_place() {
    let config: Config = serde_json::from_str(r#"{ "exclude": { "names": ["a", "[b"] } }"#).expect("valid");
    let Err(error) = Describer::new(&config, &Paths::find("", &RealHost)) else { panic!("no glob") };
    assert!(error.to_string().contains("exclude.names.1"), "{error}");
}

#[test]
fn attributes_are_written_when_they_are_known_and_wanted() {
    let config = r#"{ "resource_attributes": { "process.command_args": { "enabled": true }, "process.pid": { "enabled": false } } }"#;
    let identity = describer(config).describe(&this(Some("c0ffee")), None).expect("of interest");

    let mut writer = encode::LogsWriter::new(|attributes| identity.write(attributes), "test", "1");
    writer.record(|_| {});
    let bytes = writer.finish();
    let text = String::from_utf8_lossy(&bytes);
    for key in [
        "service.name",
        "service.instance.id",
        "process.creation.time",
        "process.command_args",
        "container.id",
        "c0ffee",
    ] {
        assert!(text.contains(key), "{key} in {text}");
    }
    // Its counters would tell the runtime; and the user of a container is not one of the host.
    for key in ["process.pid", "process.runtime", "process.owner"] {
        assert!(!text.contains(key), "{key} in {text}");
    }
}
