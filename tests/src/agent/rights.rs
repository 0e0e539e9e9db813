//! An agent that is not root.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use super::binary::binary;

/// The user of agents that are not root: an ordinary one with a passwd entry.
pub const UNPRIVILEGED: u32 = 65_534;

/// A folder for an agent of the user [`UNPRIVILEGED`], with the program that starts it with just these capabilities.
///
/// # Errors
/// When the folder cannot be filled.
pub fn unprivileged(capabilities: &[&str]) -> anyhow::Result<(Arc<TempDir>, PathBuf)> {
    let folder = TempDir::with_prefix_in("edgewatch-agent-", "/var/tmp")?;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777))?;
    // Where the binary is built may be out of its reach.
    fs::copy(binary()?, folder.path().join("edgewatch"))?;
    let list: Vec<_> = capabilities.iter().map(|name| format!("+{name}")).collect();
    let list = if list.is_empty() { "-all".to_owned() } else { list.join(",") };
    let program = folder.path().join("start");
    let text = format!(
        "#!/bin/sh\nexec setpriv --reuid={UNPRIVILEGED} --regid={UNPRIVILEGED} --clear-groups --inh-caps={list} \
        --ambient-caps={list} {}/edgewatch \"$@\"\n",
        folder.path().display()
    );
    fs::write(&program, text)?;
    fs::set_permissions(&program, Permissions::from_mode(0o755))?;
    Ok((Arc::new(folder), program))
}
