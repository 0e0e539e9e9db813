//! `edgewatch jvm ...` against real JVMs.

use std::path::PathBuf;
use std::process::Output;

use edgewatch_tests::agent::run_to_end;
use edgewatch_tests::jvm::{Java, Jvm, Launch, Manifest, write_jar};
use serde_json::Value;
use tempfile::TempDir;

#[tokio::test]
async fn the_list_tells_of_every_jvm_what_is_known_and_why_the_rest_is_not() -> anyhow::Result<()> {
    let mut jvms = Vec::new();
    for java in Java::all() {
        let name = format!("listed-java{}", java.version);
        jvms.push(Launch::probe(&java, name).flags(["-XX:+UseSerialGC"]).start().await?);
    }
    let Some(java) = Java::of(17) else { return Ok(()) };
    let blind = Launch::probe(&java, "listed-blind").flags(["-XX:-UsePerfData"]).start().await?;
    for jvm in &mut jvms {
        jvm.tell("gc 2").await?;
    }

    let output = edgewatch(["jvm", "list", "--json"]).await?;

    let list: Value = serde_json::from_slice(&output.stdout)?;
    let of = |jvm: &Jvm| {
        let all = list.as_array().or_else(|| list["jvms"].as_array()).cloned().unwrap_or_default();
        let found = all.into_iter().find(|entry| entry["pid"] == jvm.pid());
        found.unwrap_or_else(|| panic!("{} ({}) is not listed: {list}", jvm.name(), jvm.pid()))
    };
    for jvm in &mut jvms {
        let beans = jvm.beans().await?;
        let entry = of(jvm);
        assert_eq!(entry["name"], jvm.name(), "{entry}");
        assert_eq!(entry["user"], "root", "{entry}");
        assert_eq!(entry["version"], beans.release, "{entry}");
        assert_eq!(entry["threads"].as_f64(), Some(beans.threads), "{entry}");
    }
    let entry = of(&blind);
    assert!(entry["threads"].is_null(), "{entry}");
    assert!(entry.to_string().contains("UsePerfData"), "why: {entry}");
    let table = String::from_utf8(edgewatch(["jvm", "list"]).await?.stdout)?;
    for jvm in jvms.iter().chain([&blind]) {
        let line = table.lines().find(|line| line.contains(&jvm.pid().to_string()));
        assert!(line.is_some_and(|line| line.contains(jvm.name())), "{table}");
    }
    for jvm in jvms.into_iter().chain([blind]) {
        jvm.quit().await?;
    }
    Ok(())
}

#[tokio::test]
async fn threads_histogram_and_flags_are_told_on_request() -> anyhow::Result<()> {
    for java in Java::all() {
        let mut jvm = Launch::probe(&java, "request").flags(["-XX:+UseSerialGC"]).start().await?;
        jvm.tell("threads 2").await?;
        let pid = jvm.pid().to_string();

        let threads = edgewatch(["jvm", "threads", &pid]).await?;
        let histogram = edgewatch(["jvm", "histogram", &pid]).await?;
        let flags = edgewatch(["jvm", "flags", &pid]).await?;

        contains(&threads, "probe-thread-1");
        contains(&histogram, "java.lang.String");
        contains(&flags, "UseSerialGC");
        jvm.beans().await?;
        jvm.quit().await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_must_not_be_asked_is_refused_with_a_reason() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let mut jvm = Launch::probe(&java, "refused").flags(["-XX:+DisableAttachMechanism"]).start().await?;

    let output = run_to_end(["jvm", "threads", &jvm.pid().to_string()]).await?;

    assert!(!output.status.success());
    contains_error(&output, "DisableAttachMechanism");
    jvm.beans().await?;
    jvm.quit().await?;
    // A JVM that catches no signals has its socket from the start: it can be asked, and must not be signalled.
    let mut jvm = Launch::probe(&java, "signalless").flags(["-Xrs"]).start().await?;
    contains(&edgewatch(["jvm", "threads", &jvm.pid().to_string()]).await?, "Full thread dump");
    jvm.beans().await?;
    jvm.quit().await?;
    let output = run_to_end(["jvm", "threads", &std::process::id().to_string()]).await?;
    assert!(!output.status.success(), "this is no JVM");
    Ok(())
}

#[tokio::test]
async fn an_agent_is_loaded_into_a_running_jvm_and_the_verdict_is_true() -> anyhow::Result<()> {
    let folder = TempDir::with_prefix_in("edgewatch-jar-", "/var/tmp")?;
    for java in Java::all() {
        // Java 8 lives in another file system, where only its own folder is to be seen.
        let mut jvm = Launch::probe(&java, "instrumented").start().await?;
        let jar = jar(&jvm, "Marker")?;
        let pid = jvm.pid().to_string();

        let output = edgewatch(["jvm", "instrument", &pid, "--agent", &jar.display().to_string()]).await?;

        assert!(jvm.ask("property").await?.starts_with("loaded:"), "{output:?}");
        jvm.quit().await?;
    }
    let Some(java) = Java::of(25) else { return Ok(()) };
    let mut jvm = Launch::probe(&java, "closed").flags(["-XX:-EnableDynamicAgentLoading"]).start().await?;
    let jar = jar(&jvm, "Marker")?;

    let (pid, path) = (jvm.pid().to_string(), jar.display().to_string());
    let output = run_to_end(["jvm", "instrument", &pid, "--agent", &path]).await?;

    assert!(!output.status.success(), "{output:?}");
    contains_error(&output, "EnableDynamicAgentLoading");
    let missing = folder.path().join("missing.jar").display().to_string();
    let output = run_to_end(["jvm", "instrument", &jvm.pid().to_string(), "--agent", &missing]).await?;
    assert!(!output.status.success());
    contains_error(&output, "missing.jar");
    assert_eq!(jvm.ask("property").await?, "null");
    jvm.quit().await
}

/// A jar with an agent, where `jvm` sees it.
fn jar(jvm: &Jvm, class: &str) -> anyhow::Result<PathBuf> {
    let classes = jvm.classes();
    let path = jvm.folder().join("agent.jar");
    write_jar(&path, &Manifest::Agent(class.to_owned()), &classes)?;
    Ok(path)
}

async fn edgewatch<const N: usize>(arguments: [&str; N]) -> anyhow::Result<Output> {
    let output = run_to_end(arguments).await?;
    anyhow::ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output)
}

fn contains(output: &Output, text: &str) {
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains(text), "{text:?} is not in:\n{out}");
}

fn contains_error(output: &Output, text: &str) {
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(out.contains(text) || error.contains(text), "{text:?} is not in:\n{out}{error}");
}
