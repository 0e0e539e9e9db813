//! Where configurations come from: files, the environment, the command line, or nowhere.

use std::cell::RefCell;
use std::io;
use std::path::Path;

use edgewatch_core::config::{Environment, ProcessEnvironment};

use super::files::Files;
use crate::cli::ConfigArguments;
use crate::config::{self, Components, Outcome};

/// Name under which the embedded configuration appears in messages.
const EMBEDDED: &str = "embedded configuration";

/// A `--config` that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file.
    #[error("cannot read the configuration {path}: {source}")]
    File {
        /// As written.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A variable.
    #[error("the environment variable {0} that should hold the configuration is not set")]
    Variable(String),
    /// Something that the Collector would fetch.
    #[error(
        "cannot read the configuration {0}: only file:, env: and yaml: are known; fetch it and name the file"
    )]
    Scheme(String),
}

/// A configuration as it was read.
pub struct Loaded {
    /// What came of it.
    pub outcome: Outcome,
    /// What it was read from, for messages.
    pub names: Vec<String>,
}

/// Reads and checks the configuration that `arguments` name. `files` learns of every file that is read, those of `${file:}` included, and
/// how it was before.
///
/// # Errors
///
/// The first source that cannot be read.
pub fn load(arguments: &ConfigArguments, files: &mut Files) -> Result<Loaded, SourceError> {
    for location in &arguments.config {
        if let Some(path) = path(location) {
            files.note(Path::new(path));
        }
    }
    let texts = texts(arguments)?;
    let environment = Noting { files: RefCell::new(files) };
    let outcome = config::load(&texts, &arguments.set, &environment, &Components::of_this_build());
    Ok(Loaded { outcome, names: texts.into_iter().map(|(name, _)| name).collect() })
}

/// Notes the files that references read.
struct Noting<'a> {
    files: RefCell<&'a mut Files>,
}

impl Environment for Noting<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        ProcessEnvironment.variable(name)
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        self.files.borrow_mut().note(path);
        ProcessEnvironment.read(path)
    }
}

/// The path of the file that `location` names, if it is one.
fn path(location: &str) -> Option<&str> {
    match location.split_once(':') {
        Some(("env" | "yaml" | "http" | "https" | "s3" | "secretsmanager", _)) => None,
        Some(("file", path)) => Some(path),
        Some(_) | None => Some(location),
    }
}

/// The texts of a configuration with their names: each `--config` in order, or the embedded one when there is none.
///
/// # Errors
///
/// The first that cannot be read.
fn texts(arguments: &ConfigArguments) -> Result<Vec<(String, String)>, SourceError> {
    if arguments.config.is_empty() {
        return Ok(vec![(EMBEDDED.to_owned(), include_str!("default.yaml").to_owned())]);
    }
    arguments.config.iter().map(|location| text(location)).collect()
}

fn text(location: &str) -> Result<(String, String), SourceError> {
    let named = |text: String| (location.to_owned(), text);
    match location.split_once(':') {
        Some(("env", name)) => {
            let value = ProcessEnvironment.variable(name);
            value.map(named).ok_or_else(|| SourceError::Variable(name.to_owned()))
        }
        // `yaml:a::b: c` sets nested keys in the Collector; `::` separates them.
        Some(("yaml", text)) => Ok(("yaml".to_owned(), nested(text))),
        Some(("http" | "https" | "s3" | "secretsmanager", _)) => {
            Err(SourceError::Scheme(location.to_owned()))
        }
        Some(("file", path)) => file(path),
        Some(_) | None => file(location),
    }
}

fn file(path: &str) -> Result<(String, String), SourceError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|source| SourceError::File { path: path.to_owned(), source })?;
    Ok((path.to_owned(), text))
}

/// `a::b: c` as `{a: {b: c}}`; any other text as it is.
fn nested(text: &str) -> String {
    match text.split_once(": ") {
        Some((keys, value)) if keys.contains("::") && !keys.contains('\n') => {
            let keys: Vec<_> = keys.trim().split("::").collect();
            let open: String = keys.iter().map(|key| format!("{{{key}: ")).collect();
            format!("{open}{value}{}", "}".repeat(keys.len()))
        }
        Some(_) | None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_embedded_configuration_remembers_fits_into_its_own_limit() {
        let arguments = ConfigArguments { config: Vec::new(), set: Vec::new() };
        let text = texts(&arguments).expect("it is embedded").remove(0).1;
        let limit = text.lines().find_map(|line| line.trim().strip_prefix("limit_mib: "));
        let limit = limit.and_then(|limit| limit.parse::<usize>().ok()).expect("a limit") << 20;
        let loaded = load(&arguments, &mut Files::default()).expect("it is embedded");
        let bound = loaded.outcome.config.expect("it is valid").plan.memory_bound();
        assert!(bound <= limit, "{bound} bytes, and a limit of {limit}");
    }

    fn read(location: &str) -> Result<Vec<(String, String)>, SourceError> {
        texts(&ConfigArguments { config: vec![location.to_owned()], set: Vec::new() })
    }

    #[test]
    fn a_text_on_the_command_line_may_set_one_nested_key() {
        let texts = read("yaml:exporters::otlp::endpoint: b:4317").expect("a text");
        assert_eq!(texts[0].1, "{exporters: {otlp: {endpoint: b:4317}}}");
        assert_eq!(read("yaml:receivers: {otlp: }").expect("a text")[0].1, "receivers: {otlp: }");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let error = read("/does/not/exist.yaml").expect_err("no such file").to_string();
        assert!(
            error.starts_with("cannot read the configuration /does/not/exist.yaml: No such file"),
            "{error}"
        );
        let error = read("https://example.com/a.yaml").expect_err("no network").to_string();
        assert!(
            error.starts_with("cannot read the configuration https://example.com/a.yaml: only file:"),
            "{error}"
        );
    }

    #[test]
    fn without_a_configuration_the_embedded_one_is_used() {
        let texts = texts(&ConfigArguments::default()).expect("embedded");
        assert!(texts[0].1.contains("host_metrics"));
    }
}
