//! What the program prints.

use std::path::Path;
use std::process::Output;

use edgewatch_tests::agent::{binary, run_to_end};
use edgewatch_tests::sink::PATIENCE;
use tokio::process::Command;

use super::snapshot::{assert_golden, package};

#[tokio::test]
async fn help_teaches() -> anyhow::Result<()> {
    for (name, arguments) in [
        ("help", ["--help"].as_slice()),
        ("help-run", &["run", "--help"]),
        ("help-validate", &["validate", "--help"]),
        ("help-queue", &["queue", "--help"]),
        ("help-queue-inspect", &["queue", "inspect", "--help"]),
        ("help-queue-verify", &["queue", "verify", "--help"]),
        ("help-queue-replay", &["queue", "replay", "--help"]),
        ("help-score", &["score", "--help"]),
    ] {
        assert_golden(name, &run_to_end(arguments).await?);
    }
    Ok(())
}

#[tokio::test]
async fn the_components_are_listed() -> anyhow::Result<()> {
    assert_golden("components", &run_to_end(["components"]).await?);
    Ok(())
}

#[tokio::test]
async fn every_problem_of_a_bad_configuration_is_reported_in_one_run() -> anyhow::Result<()> {
    assert_golden("validate-bad", &validate("corpus/configs/bad", &["bad.yaml"]).await?);
    Ok(())
}

#[tokio::test]
async fn run_refuses_what_validate_refuses() -> anyhow::Result<()> {
    let folder = package("corpus/configs/bad");

    let run = in_folder(&folder, ["run", "--config", "bad.yaml"]).await?;

    let validated = validate("corpus/configs/bad", &["bad.yaml"]).await?;
    assert_eq!((run.status.code(), run.stderr), (Some(1), validated.stderr));
    Ok(())
}

#[tokio::test]
async fn unreduced_configurations_are_told_precisely_what_is_missing() -> anyhow::Result<()> {
    for name in ["daemonset", "local"] {
        let output = validate("corpus/configs/unreduced", &[&format!("{name}.yaml")]).await?;
        assert_golden(&format!("validate-unreduced-{name}"), &output);
    }
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_not_there_and_arguments_that_do_not_exist_are_told_apart() -> anyhow::Result<()> {
    assert_golden("no-such-file", &validate("corpus/configs", &["nowhere.yaml"]).await?);
    let unknown = run_to_end(["run", "--confg", "a.yaml"]).await?;
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8(unknown.stderr)?.contains("'--config'"));
    Ok(())
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_once() -> anyhow::Result<()> {
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?;
    let otlp = format!("receivers: {{otlp: {{protocols: {{grpc: {{endpoint: '{address}'}}}}}}}}");
    let pipelines = "service: {telemetry: {metrics: {level: none}}, \
        pipelines: {logs: {receivers: [otlp], exporters: [debug]}}}";
    let config = format!("yaml:{{{otlp}, exporters: {{debug: {{}}}}, {pipelines}}}");

    let output = run_to_end(["run", "--config", &config]).await?;

    let said = String::from_utf8(output.stderr)?;
    let last = said.lines().last().unwrap_or_default();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(last.matches(&address.to_string()).count(), 1, "{said}");
    assert_eq!(last.matches("Address already in use").count(), 1, "{said}");
    assert!(last.starts_with("edgewatch: receiver \"otlp\": "), "{said}");
    Ok(())
}

#[tokio::test]
async fn the_example_and_the_schema_are_what_validate_and_editors_take() -> anyhow::Result<()> {
    let example = run_to_end(["example"]).await?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("example.yaml"), &example.stdout)?;
    let schema = run_to_end(["schema"]).await?;

    let validated = in_folder(folder.path(), ["validate", "--config", "example.yaml"]).await?;

    assert_eq!(validated.status.code(), Some(0), "{}", String::from_utf8_lossy(&validated.stderr));
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout)?;
    assert!(schema["properties"]["receivers"].is_object());
    Ok(())
}

/// From within the folder, so that messages do not depend on where the repository is.
async fn validate(folder: &str, files: &[&str]) -> anyhow::Result<Output> {
    let configs = files.iter().flat_map(|file| ["--config", file]);
    in_folder(&package(folder), ["validate"].into_iter().chain(configs)).await
}

async fn in_folder<'a>(
    folder: &Path,
    arguments: impl IntoIterator<Item = &'a str>,
) -> anyhow::Result<Output> {
    let mut command = Command::new(binary()?);
    command.current_dir(folder).args(arguments).kill_on_drop(true);
    command.envs([
        ("MY_POD_IP", "127.0.0.1"),
        ("K8S_NODE_IP", "127.0.0.1"),
        ("OTEL_K8S_NODE_NAME", "node-1"),
    ]);
    Ok(tokio::time::timeout(PATIENCE, command.output()).await??)
}
