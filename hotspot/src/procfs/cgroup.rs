//! `/proc/<pid>/cgroup`.

use edgewatch_core::kernel::{lines, split_once};

/// The hierarchies in `text` and the path in each: an empty list of controllers is that of version 2.
pub fn groups(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    lines(text).filter_map(|line| split_once(split_once(line, b':')?.1, b':'))
}

/// The id of the container that `text` speaks of, as Docker, containerd, CRI-O, Podman and ECS name control groups after it:
/// `/docker/<id>`, `/kubepods/.../<id>`, `docker-<id>.scope`, `cri-containerd-<id>.scope`, `crio-<id>.scope`, `libpod-<id>.scope`,
/// `...:cri-containerd:<id>`, `/ecs/<task>/<id>`. Of containers in containers it is the innermost.
#[must_use]
pub fn container(text: &[u8]) -> Option<&str> {
    groups(text).find_map(|(_, path)| path.rsplit(|byte| *byte == b'/').find_map(id))
}

/// The id in the name of a control group.
fn id(name: &[u8]) -> Option<&str> {
    let name = str::from_utf8(name.strip_suffix(b".scope").unwrap_or(name)).ok()?;
    let is_hexadecimal = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    // On Fargate: 32 digits, and a number that tells the containers of a task apart.
    if let Some((task, number)) = name.split_once('-')
        && task.len() == 32
        && is_hexadecimal(task)
        && (1..=10).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Some(name);
    }
    let id = name.rsplit(['-', ':']).next()?;
    (id.len() == 64 && is_hexadecimal(id) && !name.starts_with("crio-conmon-")).then_some(id)
}
