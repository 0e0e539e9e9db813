//! The container that the agent itself runs in.

use std::path::Path;

use edgewatch_core::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::config::{Switch, resource_attributes};
use super::Found;

/// Length of a container id in hexadecimal digits.
const ID_LENGTH: usize = 64;

/// Settings of the detector `container`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::resource_detection) struct ContainerConfig {
    /// The attributes to add.
    pub(super) resource_attributes: ContainerAttributes,
}

resource_attributes! {
    /// The attributes that the detector `container` adds.
    ContainerAttributes {
        /// Id of the container that the agent runs in. Default: on.
        container_id = "container.id": ON,
    }
}

pub(super) fn detect(config: &ContainerConfig, host: &dyn Host, found: &mut Found) {
    let read = |path: &str| host.read(Path::new(path)).unwrap_or_default();
    // Control groups of version 1 are named after the container. With version 2 a container sees only its own
    // root, but its runtime mounts files into it from a directory with that name.
    let id = read("/proc/self/cgroup").lines().find_map(id_in_cgroup).or_else(|| {
        let mounts = read("/proc/self/mountinfo");
        mounts.lines().find_map(id_in_mount)
    });
    found.text("container.id", id);
    found.retain(|key| config.resource_attributes.allows(key));
}

/// `4:memory:/docker/<id>`, `0::/system.slice/cri-containerd-<id>.scope`.
fn id_in_cgroup(line: &str) -> Option<String> {
    let last = line.rsplit('/').next()?;
    let last = last.strip_suffix(".scope").unwrap_or(last);
    let last = last.rsplit(['-', ':']).next()?;
    is_id(last).then(|| last.to_owned())
}

/// `... /var/lib/docker/containers/<id>/hostname /etc/hostname ...`.
fn id_in_mount(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("/containers/").or_else(|| line.split_once("/overlay-containers/"))?;
    let id = rest.split('/').next()?;
    is_id(id).then(|| id.to_owned())
}

fn is_id(text: &str) -> bool {
    text.len() == ID_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
