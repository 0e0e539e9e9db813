//! Debian packages, installed where we may.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{exists, run, say};

/// Packages that most stories need, and the program that shows whether each is there.
const BASICS: &[(&str, &str)] =
    &[("gcc", "gcc"), ("g++", "g++"), ("python3", "python3"), ("curl", "curl"), ("xz-utils", "xz")];

/// What the stories about JVMs need: a compiler, and Tomcat without its service.
const JAVA: &[(&str, &str)] = &[
    ("openjdk-17-jdk-headless", "javac"),
    ("tomcat10-user", "/usr/share/tomcat10/bin/bootstrap.jar"),
    ("tomcat10-admin", "/usr/share/tomcat10-admin/manager"),
    ("libcap2-bin", "/usr/sbin/capsh"),
    ("util-linux", "/usr/bin/setpriv"),
];

/// Installs missing packages when we may; otherwise says which are missing.
pub(crate) fn debian() {
    // One that this release of Debian does not have keeps all others of its list away.
    install(BASICS);
    install(JAVA);
}

/// The home of Debian's Tomcat.
pub(crate) fn tomcat() -> Option<PathBuf> {
    let home = PathBuf::from("/usr/share/tomcat10");
    let there = home.join("bin/bootstrap.jar").exists();
    if !there {
        say("skipped: stories with Tomcat (Debian's packages tomcat10-user and tomcat10-admin are needed)");
    }
    there.then_some(home)
}

fn install(packages: &[(&str, &str)]) {
    let missing: Vec<_> =
        packages.iter().filter(|(_, sign)| !is_there(sign)).map(|(name, _)| *name).collect();
    if missing.is_empty() {
        return;
    }
    if !exists("apt-get") || !is_root() {
        say(&format!("missing: {}; what needs them is skipped (apt-get install {0})", missing.join(" ")));
        return;
    }
    let install = ["install", "--yes", "--quiet", "--no-install-recommends"];
    let installed = run(Command::new("apt-get").args(["update", "--quiet"]))
        .and_then(|()| run(Command::new("apt-get").args(install).args(&missing)));
    if let Err(error) = installed {
        say(&format!("{error}; what needs {} is skipped", missing.join(" ")));
    }
}

/// A program on the path, or a file.
fn is_there(sign: &str) -> bool {
    if sign.starts_with('/') { Path::new(sign).exists() } else { exists(sign) }
}

pub(super) fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}
