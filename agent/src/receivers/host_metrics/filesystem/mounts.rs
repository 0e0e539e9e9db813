//! The table of mounts.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use edgewatch_core::kernel::{Paths, Source};
use edgewatch_core::kernel::{lines, split_once, text, unescaped, words};

/// A mounted file system.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Mount {
    pub(super) device: String,
    /// `rw`, `ro`, or `unknown`.
    pub(super) mode: &'static str,
    /// As the host sees it.
    pub(super) mount_point: String,
    pub(super) fs_type: String,
    /// Major and minor number of the device, when the table has them.
    pub(super) number: Option<String>,
}

/// Reads the table of mounts, and again only when it has changed.
pub(super) struct Mounts {
    tables: Vec<Source>,
    file_systems: Source,
    with_virtual: bool,
    paths: Paths,
    seen: Vec<u8>,
    mounts: Vec<Mount>,
}

impl Mounts {
    pub(super) fn new(paths: &Paths, with_virtual: bool) -> Self {
        let directories: Vec<PathBuf> = match &paths.mounts {
            Some(directory) => vec![directory.clone()],
            // The mounts of the first process are the host's, those of the agent only what it may see.
            None => vec![paths.proc.join("1"), paths.proc.join("self")],
        };
        let files = directories.iter().flat_map(|directory| {
            // Kernels before 2.6.26 have the older table only.
            [directory.join("mountinfo"), directory.join("mounts")]
        });
        Self {
            tables: files.map(Source::new).collect(),
            file_systems: Source::new(paths.proc.join("filesystems")),
            with_virtual,
            paths: paths.clone(),
            seen: Vec::new(),
            mounts: Vec::new(),
        }
    }

    /// The mounts as they are now. Of those that share a mount point only the last is there: it hides the
    /// others.
    pub(super) fn read(&mut self) -> io::Result<&[Mount]> {
        let mut outcome = Err(io::Error::from(io::ErrorKind::NotFound));
        for table in &mut self.tables {
            let is_mountinfo = table.path().ends_with("mountinfo");
            match table.read() {
                Ok(text) if text == self.seen && !text.is_empty() => return Ok(&self.mounts),
                Ok(text) => {
                    self.seen.clear();
                    self.seen.extend_from_slice(text);
                    outcome = Ok(is_mountinfo);
                    break;
                }
                Err(error) => outcome = Err(error),
            }
        }
        let parse = if outcome? { parse_mountinfo_line } else { parse_mounts_line };
        let on_devices: HashSet<Vec<u8>> = if self.with_virtual {
            HashSet::new()
        } else {
            parse_file_systems(self.file_systems.read()?).map(<[u8]>::to_vec).collect()
        };
        self.mounts.clear();
        let mut places = HashSet::new();
        let parsed: Vec<Mount> = lines(&self.seen).filter_map(parse).collect();
        for mut mount in parsed.into_iter().rev() {
            let wanted = self.with_virtual
                || (mount.device != "none" && on_devices.contains(mount.fs_type.as_bytes()));
            if places.insert(mount.mount_point.clone()) && wanted {
                resolve_device(&mut mount, &self.paths);
                self.mounts.push(mount);
            }
        }
        self.mounts.reverse();
        Ok(&self.mounts)
    }
}

/// A line of `mountinfo` (proc_pid_mountinfo(5)): `36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/sda1
/// rw`.
pub(super) fn parse_mountinfo_line(line: &[u8]) -> Option<Mount> {
    let mut columns = words(line);
    let number = columns.nth(2)?;
    let mount_point = columns.nth(1)?;
    let options = columns.next()?;
    // Optional columns end with a hyphen of its own.
    columns.find(|column| *column == b"-")?;
    let fs_type = columns.next()?;
    let device = columns.next()?;
    Some(Mount { number: Some(text(number).into_owned()), ..mount(device, mount_point, fs_type, options) })
}

/// A line of `mounts` (fstab(5)): `/dev/sda1 /mnt ext3 rw,noatime 0 0`.
pub(super) fn parse_mounts_line(line: &[u8]) -> Option<Mount> {
    let mut columns = words(line);
    let (device, mount_point, fs_type) = (columns.next()?, columns.next()?, columns.next()?);
    Some(mount(device, mount_point, fs_type, columns.next()?))
}

fn mount(device: &[u8], mount_point: &[u8], fs_type: &[u8], options: &[u8]) -> Mount {
    let has = |wanted: &[u8]| options.split(|byte| *byte == b',').any(|option| option == wanted);
    let mode = match (has(b"rw"), has(b"ro")) {
        (true, _) => "rw",
        (false, true) => "ro",
        (false, false) => "unknown",
    };
    let plain = |bytes| text(&unescaped(bytes)).into_owned();
    Mount {
        device: plain(device),
        mode,
        mount_point: plain(mount_point),
        fs_type: plain(fs_type),
        number: None,
    }
}

/// The types of file systems that live on a device. Of the others zfs is one that people count as such.
pub(super) fn parse_file_systems(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    lines(file).filter_map(|line| match split_once(line, b'\t')? {
        (b"", fs_type) | (b"nodev", fs_type @ b"zfs") => Some(fs_type.trim_ascii()),
        _ => None,
    })
}

/// Gives a device the name that the kernel knows it by: mapped devices have one (`dm-0`) behind their link,
/// and `/dev/root` is found by its number.
fn resolve_device(mount: &mut Mount, paths: &Paths) {
    if let Some(mapped) = mount.device.strip_prefix("/dev/mapper/") {
        let link = paths.dev.join("mapper").join(mapped);
        if let Ok(target) = fs::canonicalize(link) {
            mount.device = target.to_string_lossy().into_owned();
        }
    } else if mount.device == "/dev/root"
        && let Some(number) = &mount.number
        && let Ok(target) = fs::read_link(paths.sys.join("dev/block").join(number))
        && let Some(name) = target.file_name()
    {
        mount.device = format!("/dev/{}", text(name.as_bytes()));
    }
}

/// Where the agent finds a mount point of the host.
pub(super) fn local_path(root: &Path, mount_point: &str) -> PathBuf {
    root.join(mount_point.trim_start_matches('/'))
}
