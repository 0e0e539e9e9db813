//! Java 8 of Debian unstable. It needs a newer C library than stable releases have, so it gets the one of its own suite and a root
//! file system to live in: what containers do, done by hand.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

use super::debian::is_root;
use super::unpacked;
use crate::command::{run, say};

const MIRROR: &str = "http://deb.debian.org/debian";
const SUITE: &str = "unstable";

/// Everything that the headless JVM loads.
const PACKAGES: &[&str] = &["libc6", "libgcc-s1", "libstdc++6", "openjdk-8-jre-headless", "zlib1g"];

/// A home with a `bin/java` that starts Java 8 in its own root file system.
pub(super) fn home(folder: &Path) -> anyhow::Result<PathBuf> {
    ensure!(is_root(), "only root may change the root directory");
    let root = unpacked::once(&folder.join("8-root"), WRAPPER, fill)?;
    unpacked::once(&folder.join("8"), WRAPPER, |home| {
        let bin = home.join("bin");
        fs::create_dir_all(&bin)?;
        let java = bin.join("java");
        fs::write(&java, WRAPPER.replace("{root}", &root.display().to_string()))?;
        Ok(fs::set_permissions(&java, fs::Permissions::from_mode(0o755))?)
    })
}

fn fill(root: &Path) -> anyhow::Result<()> {
    let packages = root.join("packages");
    fs::create_dir_all(&packages)?;
    let wanted = look_up()?;
    for package in PACKAGES {
        let (file, digest) = wanted.get(*package).with_context(|| format!("{SUITE} has no {package}"))?;
        let path = packages.join(format!("{package}.deb"));
        run(Command::new("curl").args(CURL).arg("--output").arg(&path).arg(format!("{MIRROR}/{file}")))?;
        check(&path, digest)?;
        run(Command::new("dpkg-deb").arg("--extract").arg(&path).arg(root))?;
    }
    fs::remove_dir_all(&packages)?;
    for name in ["bin", "lib", "lib64"] {
        symlink(format!("usr/{name}"), root.join(name))?;
    }
    for name in ["dev", "proc", "tmp", "var/tmp"] {
        fs::create_dir_all(root.join(name))?;
    }
    Ok(fs::write(root.join("etc").join("passwd"), "root:x:0:0:root:/:/bin/sh\n")?)
}

const CURL: &[&str] = &["--silent", "--show-error", "--fail", "--location", "--max-time", "120"];

/// Where each of [`PACKAGES`] is on the mirror today, and the SHA-256 it has.
fn look_up() -> anyhow::Result<HashMap<String, (String, String)>> {
    let architecture = Command::new("dpkg").arg("--print-architecture").output().context("no dpkg")?;
    let architecture = String::from_utf8(architecture.stdout)?;
    let index = format!("{MIRROR}/dists/{SUITE}/main/binary-{}/Packages.xz", architecture.trim());
    say(&format!("looking up Java 8 in {index}"));
    let mut curl = Command::new("curl").args(CURL).arg(index).stdout(Stdio::piped()).spawn()?;
    let compressed = curl.stdout.take().context("stdout was asked for")?;
    let mut xz = Command::new("xz").arg("-dc").stdin(compressed).stdout(Stdio::piped()).spawn()?;
    let text = BufReader::new(xz.stdout.take().context("stdout was asked for")?);
    let (mut found, mut package, mut file) = (HashMap::new(), String::new(), String::new());
    for line in text.lines() {
        let line = line?;
        match line.split_once(": ") {
            Some(("Package", name)) => name.clone_into(&mut package),
            Some(("Filename", name)) => name.clone_into(&mut file),
            Some(("SHA256", digest)) if PACKAGES.contains(&package.as_str()) => {
                found.insert(package.clone(), (file.clone(), digest.to_owned()));
            }
            _ => {}
        }
    }
    let (curl, xz) = (curl.wait()?, xz.wait()?);
    ensure!(curl.success() && xz.success(), "the index of {SUITE} cannot be read");
    Ok(found)
}

fn check(path: &Path, digest: &str) -> anyhow::Result<()> {
    let mut sum = Command::new("sha256sum");
    let mut sum = sum.args(["--check", "--status"]).stdin(Stdio::piped()).spawn()?;
    let mut list = sum.stdin.take().context("stdin was asked for")?;
    writeln!(list, "{digest}  {}", path.display())?;
    drop(list);
    if !sum.wait()?.success() {
        bail!("{} is not what the index says", path.display());
    }
    Ok(())
}

/// What is at `EDGEWATCH_BIND` outside is there inside as well. The process id stays that of the shell.
const WRAPPER: &str = r#"#!/bin/sh
exec unshare --mount sh -ec '
root="{root}"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/var/tmp"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
if [ -n "$EDGEWATCH_BIND" ]; then
    mkdir -p "$root$EDGEWATCH_BIND"
    mount --bind "$EDGEWATCH_BIND" "$root$EDGEWATCH_BIND"
fi
java=$(cd "$root" && echo usr/lib/jvm/java-8-openjdk-*/jre/bin/java)
exec chroot "$root" "/$java" "$@"' sh "$@"
"#;
