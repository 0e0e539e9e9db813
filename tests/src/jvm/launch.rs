//! How a JVM is started.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::process::Command;

use super::jar::{Manifest, write_jar};
use super::java::{Java, classes};
use super::running::Jvm;

/// How to start a JVM.
#[derive(Clone, Debug)]
pub struct Launch {
    java: Java,
    name: String,
    program: &'static str,
    arguments: Vec<String>,
    flags: Vec<String>,
    environment: Vec<(String, String)>,
    before: Vec<OsString>,
}

impl Launch {
    /// `Probe`, in a jar of this name: agents call it so.
    pub fn probe(java: &Java, name: impl Into<String>) -> Self {
        let flags = vec!["-Xms32m".to_owned(), "-Xmx64m".to_owned()];
        Self {
            java: java.clone(),
            name: name.into(),
            program: "Probe",
            arguments: Vec::new(),
            flags,
            environment: Vec::new(),
            before: Vec::new(),
        }
    }

    /// Another program of `tests/java/`.
    #[must_use]
    pub fn program(mut self, class: &'static str, arguments: &[&str]) -> Self {
        self.program = class;
        self.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        self
    }

    /// Adds flags for the JVM; later ones win.
    #[must_use]
    pub fn flags<F: Into<String>>(mut self, flags: impl IntoIterator<Item = F>) -> Self {
        self.flags.extend(flags.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs it as this user and group.
    #[must_use]
    pub fn user(mut self, id: u32) -> Self {
        self.before.extend([
            "setpriv".into(),
            format!("--reuid={id}").into(),
            format!("--regid={id}").into(),
            "--clear-groups".into(),
        ]);
        self
    }

    /// Runs it in its own pid and mount namespaces, as process 1, with the `/tmp` of the host.
    #[must_use]
    pub fn container(mut self) -> Self {
        self.before.extend(
            ["unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"].map(Into::into),
        );
        self
    }

    /// Runs it in its own user namespace, in which it is root and `id` outside; the root of the host is nobody there.
    #[must_use]
    pub fn user_namespace(self, id: u32) -> Self {
        let mut launch = self.user(id);
        launch.before.extend(["unshare", "--user", "--map-root-user"].map(Into::into));
        launch
    }

    /// Gives it a `/tmp` of its own; after [`Launch::container`].
    #[must_use]
    pub fn own_tmp(self) -> Self {
        self.tmp_is("mount -t tmpfs tmpfs /tmp")
    }

    /// Shows it the folder `tmp` as its `/tmp`; after [`Launch::container`].
    #[must_use]
    pub fn shared_tmp(self, tmp: &Path) -> Self {
        self.tmp_is(&format!("mount --bind '{}' /tmp", tmp.display()))
    }

    fn tmp_is(mut self, mount: &str) -> Self {
        self.before.extend(["sh".into(), "-ec".into(), format!("{mount}; exec \"$@\"").into(), "sh".into()]);
        self
    }

    /// Starts it and waits until it says that it is ready.
    ///
    /// # Errors
    /// When it does not; the error contains what it wrote to stderr.
    pub async fn start(self) -> anyhow::Result<Jvm> {
        // Not below /tmp, which may be another one inside; and readable for every user.
        let folder = TempDir::with_prefix_in("edgewatch-jvm-", "/var/tmp")?;
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777))?;
        let classes = classes().await?;
        let jar = folder.path().join(format!("{}.jar", self.name));
        write_jar(&jar, &Manifest::Main(self.program.to_owned()), &classes)?;
        let mut line = self.before.clone();
        line.push(self.java.program().into());
        line.extend(self.flags.iter().map(OsString::from));
        line.extend(["-jar".into(), jar.into()]);
        line.extend(self.arguments.iter().map(OsString::from));
        let (program, arguments) = line.split_first().context("an empty command line")?;
        let mut command = Command::new(program);
        command.args(arguments).envs(self.environment).env("EDGEWATCH_BIND", folder.path());
        command.current_dir(folder.path()).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(File::create(errors(folder.path()))?);
        let child = command.spawn().with_context(|| format!("cannot start {line:?}"))?;
        Jvm::wait(child, folder, classes, self.name).await.with_context(|| format!("{line:?}"))
    }
}

/// Where what it writes to stderr goes.
pub(super) fn errors(folder: &Path) -> PathBuf {
    folder.join("stderr")
}
