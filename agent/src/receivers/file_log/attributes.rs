//! The attributes that every record of a file carries.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::config::Config;

/// Keys and values, ready to be written.
pub(super) type Labels = Vec<(String, String)>;

/// Attribute of the number of a record.
pub(super) const RECORD_NUMBER: &str = "log.file.record_number";
/// Attribute of the place of a record.
pub(super) const RECORD_OFFSET: &str = "log.file.record_offset";

/// The attributes of the file that was found as `path`. Those of the file itself go before those from the configuration.
pub(super) fn labels(config: &Config, path: &Path, metadata: &Metadata) -> Labels {
    let mut labels = Labels::new();
    let mut add = |wanted: bool, key: &str, value: &dyn Fn() -> String| {
        if wanted {
            labels.push((key.to_owned(), value()));
        }
    };
    let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let whole = |path: &Path| path.to_string_lossy().into_owned();
    let resolved = if config.include_file_name_resolved || config.include_file_path_resolved {
        fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
    } else {
        path.to_path_buf()
    };
    add(config.include_file_name, "log.file.name", &|| name(path));
    add(config.include_file_path, "log.file.path", &|| whole(path));
    add(config.include_file_name_resolved, "log.file.name_resolved", &|| name(&resolved));
    add(config.include_file_path_resolved, "log.file.path_resolved", &|| whole(&resolved));
    add(config.include_file_owner_name, "log.file.owner.name", &|| named("/etc/passwd", metadata.uid()));
    add(config.include_file_owner_group_name, "log.file.owner.group.name", &|| {
        named("/etc/group", metadata.gid())
    });
    add(config.include_file_permissions, "log.file.permissions", &|| {
        format!("{:03o}", metadata.mode() & 0o777)
    });
    for (key, value) in &config.attributes {
        let counted = (config.include_file_record_number && key == RECORD_NUMBER)
            || (config.include_file_record_offset && key == RECORD_OFFSET);
        if !counted && labels.iter().all(|(taken, _)| taken != key) {
            labels.push((key.clone(), value.clone()));
        }
    }
    labels
}

/// The name of user or group `id` in `table`; the number where it has none.
fn named(table: &str, id: u32) -> String {
    let text = fs::read_to_string(table).unwrap_or_default();
    let number = id.to_string();
    let line = text.lines().find(|line| line.split(':').nth(2) == Some(number.as_str()));
    line.and_then(|line| line.split(':').next()).map_or(number.clone(), str::to_owned)
}
