//! `edgewatch jvm instrument`: loads a Java agent into a running JVM, after a look at both.

use std::fmt::Display;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use edgewatch_hotspot::attach::{Attach, AttachError, Command, Reason};
use edgewatch_hotspot::find::Process;
use edgewatch_hotspot::replies::flags;

use super::cli::InstrumentArguments;
use super::jar::manifest;
use super::subject::subject;

/// The exit status for a request whose end is not known.
const UNKNOWN: u8 = 3;

/// Loading takes so much longer than an answer: agents change classes before they answer, with ten seconds of CPU time and more.
const LOADING: u32 = 10;

pub(super) fn instrument(arguments: &InstrumentArguments) -> anyhow::Result<ExitCode> {
    let InstrumentArguments { subject: jvm, agent: jar, options, check } = arguments;
    let (process, mut attach) = subject(jvm.pid)?;
    let feature = examine(arguments, &process, &mut attach)?;
    if *check {
        say("everything is well: the agent can be loaded; nothing was done");
        return Ok(ExitCode::SUCCESS);
    }
    let warning = if feature.is_some_and(|feature| feature >= 21) {
        "; the JVM prints warnings about it to its standard error, which are to be expected"
    } else {
        ""
    };
    say(format_args!("loading {jar}{warning}"));
    let load = Command::LoadAgent { jar: jar.clone(), options: options.clone() };
    let answer = match attach.ask(&load, jvm.timeout * LOADING) {
        Ok(reply) => reply.text,
        Err(
            error @ AttachError::Later {
                reason: Reason::Timeout | Reason::Garbled | Reason::Io { .. }, ..
            },
        ) => {
            say(format_args!(
                "{error}; it may still load the agent: see what it prints, and do not try again before you know"
            ));
            return Ok(ExitCode::from(UNKNOWN));
        }
        Err(error) => return Err(error).context("the agent is not loaded"),
    };
    verdict(&String::from_utf8_lossy(&answer))?;
    say("loaded. It cannot be unloaded: restart the JVM to get rid of it");
    Ok(ExitCode::SUCCESS)
}

/// Whether the agent can be loaded. Gives the feature version of the JVM.
fn examine(
    arguments: &InstrumentArguments,
    process: &Process,
    attach: &mut Attach,
) -> anyhow::Result<Option<u32>> {
    let InstrumentArguments { subject: jvm, agent: jar, options, .. } = arguments;
    ensure!(jar.starts_with('/'), "{jar}: write an absolute path, as the JVM sees it");
    // Long or strange arguments are refused before anything is sent.
    Command::LoadAgent { jar: jar.clone(), options: options.clone() }.request()?;
    let class = look_into(jar, process, attach)?;
    let mut ask = |command| -> anyhow::Result<String> {
        Ok(String::from_utf8_lossy(&attach.ask(&command, jvm.timeout)?.text).into_owned())
    };
    let version = ask(Command::Version)?;
    let feature = feature(&version);
    let command_line = ask(Command::CommandLine)?;
    if flags::is_on(ask(Command::Flags { all: false })?.as_bytes(), "EnableDynamicAgentLoading")
        == Some(false)
    {
        bail!(
            "the JVM takes no agents while it runs (-XX:-EnableDynamicAgentLoading); start it without that option, or with \
             -javaagent:{jar}"
        );
    }
    if let Some(loaded) = loaded_at_start(&command_line, jar) {
        bail!("the JVM was started with this agent ({loaded}); nothing is left to do");
    }
    match attach.has_open(jar) {
        Ok(true) => bail!("the JVM has {jar} open: it was loaded before; nothing is left to do"),
        Ok(false) => {}
        Err(error) => say(format_args!("it cannot be told whether the agent was loaded before: {error}")),
    }
    let name = version.lines().next().unwrap_or("an unknown version").trim();
    say(format_args!("process {}: {name}; the agent is {class}", process.id.pid));
    if command_line.contains("-javaagent:") {
        say("the JVM was started with another agent; two that change the same classes may not get along");
    }
    Ok(feature)
}

/// The class of the agent in `jar`.
fn look_into(jar: &str, process: &Process, attach: &Attach) -> anyhow::Result<String> {
    let file = match attach.open_file(jar) {
        Ok(file) => file,
        Err(error) => {
            let here = Path::new(jar).metadata().is_ok();
            let elsewhere = process.root.metadata().map(|root| (root.dev(), root.ino())).ok()
                != Path::new("/").metadata().map(|root| (root.dev(), root.ino())).ok();
            let hint = if here && elsewhere {
                format!(
                    "; it is on this host, but the JVM is in a container: copy it to {}/tmp/ and name /tmp/...",
                    process.root.display()
                )
            } else {
                "; it has to be readable for the user of the JVM".to_owned()
            };
            return Err(error).with_context(|| format!("the JVM cannot read {jar}{hint}"));
        }
    };
    let attributes = manifest(&file).with_context(|| format!("{jar} is no agent"))?;
    let class = attributes.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("Agent-Class"));
    let Some((_, class)) = class else {
        bail!("{jar} is no agent that can be loaded into a running JVM: its manifest has no Agent-Class");
    };
    Ok(class)
}

/// The option that loaded `jar`, or another file of its name without a version, when the JVM started.
fn loaded_at_start<'a>(command_line: &'a str, jar: &str) -> Option<&'a str> {
    let stem = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        let name = name.strip_suffix(".jar").unwrap_or(name);
        let version = name.find(|character: char| character.is_ascii_digit()).unwrap_or(name.len());
        name.get(..version).unwrap_or_default().trim_end_matches(['-', '_', '.']).to_owned()
    };
    let wanted = stem(jar);
    command_line.split_whitespace().find(|word| {
        word.split_once("-javaagent:").is_some_and(|(_, agent)| {
            let loaded = agent.split('=').next().unwrap_or_default();
            loaded == jar || (!wanted.is_empty() && stem(loaded) == wanted)
        })
    })
}

/// The feature version in an answer to `VM.version`: a line `JDK 17.0.15`, or `JDK 8.0_402` of old.
fn feature(version: &str) -> Option<u32> {
    let line = version.lines().find_map(|line| line.trim().strip_prefix("JDK "))?;
    line.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

/// What the JVM said about loading. The status of its reply says only that it has tried.
fn verdict(answer: &str) -> anyhow::Result<()> {
    let answer = answer.trim();
    // JDK 8 says the number alone. Agents may print before.
    let code = answer.lines().next_back().unwrap_or_default().trim();
    let code = code.strip_prefix("return code:").unwrap_or(code).trim();
    let why = match code.parse::<i32>() {
        Ok(0) => return Ok(()),
        Ok(100) => "it found no agent in the jar, or could not read it",
        Ok(101) => "it could not add the jar to its class path",
        Ok(102) => {
            "the agent has no agentmain method, or that has failed: see what the JVM printed to its standard error"
        }
        Ok(_) | Err(_) => "see what the JVM printed to its standard error",
    };
    bail!("the agent is not loaded; the JVM said {answer:?}: {why}")
}

/// Tells the operator. Standard output is for what JVMs say.
fn say(what: impl Display) {
    // Nobody is left to tell when stderr is gone.
    let _ = writeln!(io::stderr(), "{what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_return_code_of_zero_is_success() {
        assert!(verdict("return code: 0\n").is_ok());
        assert!(verdict("0\n").is_ok());
        for failure in ["return code: 102\n", "", "return code: 0 1", "Dynamic agent loading is not enabled"]
        {
            assert!(verdict(failure).is_err(), "{failure}");
        }
    }

    #[test]
    fn an_agent_of_the_command_line_is_known_by_its_name() {
        let line = "jvm_args: -Xmx1g -javaagent:/opt/opentelemetry-javaagent-2.1.0.jar=a=b java_command: x";
        let found = Some("-javaagent:/opt/opentelemetry-javaagent-2.1.0.jar=a=b");
        assert_eq!(loaded_at_start(line, "/tmp/opentelemetry-javaagent.jar"), found);
        assert_eq!(loaded_at_start(line, "/tmp/another-agent.jar"), None);
    }

    #[test]
    fn the_version_is_read_from_old_and_new_answers() {
        assert_eq!(feature("OpenJDK 64-Bit Server VM version 17.0.15+6\nJDK 17.0.15\n"), Some(17));
        assert_eq!(feature("OpenJDK 64-Bit Server VM version 25.402-b06\nJDK 8.0_402\n"), Some(8));
        assert_eq!(feature(""), None);
    }
}
