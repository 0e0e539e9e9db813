//! `edgewatch jvm list`.

use edgewatch_core::host::RealHost;
use edgewatch_core::kernel::Paths;
use edgewatch_hotspot::find::{Finder, Obstacle};
use edgewatch_hotspot::process::Reader;

use super::row::Row;
use super::show;
use crate::cli::JvmListArguments;
use crate::measuring::owners::Owners;

/// The JVMs of this host, for people or programs.
///
/// # Errors
///
/// When the processes cannot be listed.
pub fn list(arguments: &JvmListArguments) -> anyhow::Result<String> {
    let paths = Paths::find(&arguments.root_path, &RealHost);
    let changes = Finder::new(&paths.proc).look();
    let mut owners = Owners::new(paths.etc.join("passwd"));
    owners.refresh();
    let mut facts = Reader::new(&paths);
    let user = |uid: u32| owners.name(uid.into()).map(|name| name.to_string());
    let mut rows = Vec::new();
    let mut beyond = 0;
    for obstacle in changes.obstacles {
        match obstacle {
            Obstacle::Hidden(id) => rows.push(Row::hidden(id, &paths.proc, &mut facts, user)),
            Obstacle::Unlisted(why) => {
                anyhow::bail!(
                    "processes cannot be listed: {why}; is --root-path the directory with the host's proc?"
                )
            }
            Obstacle::Crowded(processes) => beyond = processes,
        }
    }
    // A JVM may end between being found and being read.
    rows.extend(
        changes.came.iter().filter_map(|process| Row::read(process, arguments.memory_scan, &mut facts, user)),
    );
    rows.sort_by_key(|row| row.pid);
    if arguments.json {
        return Ok(format!("{:#}\n", serde_json::to_value(&rows)?));
    }
    Ok(show::text(&rows, beyond))
}
