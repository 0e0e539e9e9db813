//! `validate --deep`: what only the host can tell.

use std::path::Path;
use std::process::Output;

use edgewatch_tests::agent::{Agent, binary};
use edgewatch_tests::ports;
use edgewatch_tests::sink::{PATIENCE, Sink};
use edgewatch_tests::tls::{Authority, server};
use tempfile::TempDir;
use tokio::process::Command;

const QUIET: &str = "telemetry: {metrics: {level: none}}";

/// The output of `edgewatch validate --deep` for `config`, and what it said.
async fn deep(
    config: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> anyhow::Result<(Output, String)> {
    let folder = TempDir::with_prefix("edgewatch-")?;
    let file = folder.path().join("agent.yaml");
    std::fs::write(&file, config)?;
    let mut command = Command::new(binary()?);
    command.args(["validate", "--deep", "--config"]).arg(&file).args(arguments).kill_on_drop(true);
    command.current_dir(folder.path()).envs(environment.iter().copied());
    command.env("EDGEWATCH_STATE_DIRECTORY", folder.path().join("state"));
    let output = tokio::time::timeout(PATIENCE, command.output()).await??;
    let said = String::from_utf8(output.stderr.clone())?;
    let left: Vec<_> = std::fs::read_dir(folder.path())?.collect::<Result<_, _>>()?;
    anyhow::ensure!(left.len() == 1, "something was made: {left:?}");
    Ok((output, said))
}

/// A configuration that sends from a free port with `exporter`.
fn to(exporter: &str) -> String {
    format!(
        "receivers:\n  otlp: {{protocols: {{grpc: {{endpoint: '127.0.0.1:0'}}}}}}\nexporters:\n  {exporter}\nservice:\n  {QUIET}\n  \
         pipelines:\n    traces: {{receivers: [otlp], exporters: [{}]}}\n",
        exporter.split(':').next().unwrap_or_default()
    )
}

#[tokio::test]
async fn a_running_agent_is_named_as_the_reason_for_a_port_in_use() -> anyhow::Result<()> {
    let port = ports::free()?.port();
    let config = format!(
        "receivers:\n  otlp:\n    protocols:\n      grpc:\n        endpoint: 127.0.0.1:{port}\nexporters: {{debug: }}\n\
         service:\n  {QUIET}\n  pipelines:\n    traces: {{receivers: [otlp], exporters: [debug]}}\n"
    );
    let agent = Agent::with_config(config.as_str()).start().await?;

    let (output, said) = deep(&config, &[], &[]).await?;

    assert_eq!(output.status.code(), Some(0), "{said}");
    let fact = format!("127.0.0.1:{port} is in use by edgewatch (process {})", agent.pid());
    assert!(said.contains(&fact) && said.contains("agent.yaml:5:19"), "{said}");
    assert!(said.trim_end().ends_with("1 warning"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_backend_that_answers_is_no_problem() -> anyhow::Result<()> {
    let authority = Authority::new()?;
    let folder = TempDir::with_prefix("edgewatch-")?;
    let files = Files::of(&authority, folder.path())?;
    let clear = Sink::start().await?;
    let mutual = Sink::start_tls(server(&authority.issue(&["127.0.0.1"])?, Some(&authority))?).await?;
    for exporter in [
        format!("otlp_grpc: {{endpoint: '{}', tls: {{insecure: true}}}}", clear.grpc_address()),
        format!("otlp_http: {{endpoint: 'http://{}'}}", clear.http_address()),
        format!("otlp_grpc: {{endpoint: '{}', tls: {{{}}}}}", mutual.grpc_address(), files.mutual()),
        format!("otlp_http: {{endpoint: 'https://{}', tls: {{{}}}}}", mutual.http_address(), files.mutual()),
    ] {
        let (output, said) = deep(&to(&exporter), &[], &[]).await?;
        assert_eq!(output.status.code(), Some(0), "{exporter}: {said}");
        assert!(said.contains("no problems"), "{exporter}: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn a_backend_that_does_not_is_told_with_the_reason_and_the_way_out() -> anyhow::Result<()> {
    let (authority, stranger) = (Authority::new()?, Authority::new()?);
    let folder = TempDir::with_prefix("edgewatch-")?;
    let files = Files::of(&authority, folder.path())?;
    let ca = format!("ca_file: {}", files.path("ca.pem"));
    let unknown = Sink::start_tls(server(&stranger.issue(&["127.0.0.1"])?, None)?).await?;
    let elsewhere = Sink::start_tls(server(&authority.issue(&["elsewhere.example"])?, None)?).await?;
    let mutual = Sink::start_tls(server(&authority.issue(&["127.0.0.1"])?, Some(&authority))?).await?;
    let clear = Sink::start().await?;
    let nobody = ports::free()?.port();
    let proxied = [("HTTPS_PROXY", format!("http://127.0.0.1:{nobody}"))];
    let proxied: Vec<_> = proxied.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for (endpoint, tls, environment, expected) in [
        (format!("127.0.0.1:{nobody}"), "insecure: true", &[][..], "nothing listens there"),
        (unknown.grpc_address().to_string(), &ca, &[], "name that in tls.ca_file"),
        (elsewhere.grpc_address().to_string(), &ca, &[], "its certificate is for another name"),
        (mutual.grpc_address().to_string(), &ca, &[], "it wants a certificate of this client"),
        (clear.grpc_address().to_string(), &ca, &[], "it does not speak TLS there"),
        ("backend.invalid:4317".to_owned(), "insecure: true", &[], "whether this host can resolve it"),
        ("backend.invalid:4317".to_owned(), &ca, &proxied, &format!("cannot connect to 127.0.0.1:{nobody}")),
    ] {
        let exporter = format!("otlp_grpc: {{endpoint: '{endpoint}', tls: {{{tls}}}}}");
        let (output, said) = deep(&to(&exporter), &[], environment).await?;
        assert_eq!(output.status.code(), Some(1), "{exporter}: {said}");
        assert!(said.contains(expected), "{exporter}: {said}");
        assert!(
            said.contains("error: exporters.otlp_grpc.endpoint: ") && said.contains("agent.yaml:4:"),
            "{said}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn what_takes_long_is_named_while_it_does_and_given_up() -> anyhow::Result<()> {
    // Accepts connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = silent.local_addr()?;

    let exporter = format!("otlp_grpc: {{endpoint: '{address}'}}");
    let (output, said) = deep(&to(&exporter), &["--timeout", "1500ms"], &[]).await?;

    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with(&format!("still checking the connection to {address} ...")), "{said}");
    assert!(said.contains(&format!("the connection to {address} took longer than 1.5s")), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_configuration_with_errors_is_reported_without_a_look_at_the_host() -> anyhow::Result<()> {
    let (output, said) =
        deep(&to("otlp_grpc: {endpoint: '', tls: {ca_file: /nonexistent}}"), &[], &[]).await?;

    assert_eq!(output.status.code(), Some(1));
    assert!(said.starts_with("the host was not looked at"), "{said}");
    assert!(!said.contains("/nonexistent cannot be read") && said.contains("1 error"), "{said}");
    Ok(())
}

/// The files of a client of an authority.
struct Files(std::path::PathBuf);

impl Files {
    fn of(authority: &Authority, folder: &Path) -> anyhow::Result<Self> {
        let identity = authority.issue(&["client"])?;
        std::fs::write(folder.join("ca.pem"), authority.certificate())?;
        std::fs::write(folder.join("cert.pem"), &identity.certificate)?;
        std::fs::write(folder.join("key.pem"), &identity.key)?;
        Ok(Self(folder.to_owned()))
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn mutual(&self) -> String {
        let [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map(|name| self.path(name));
        format!("ca_file: {ca}, cert_file: {cert}, key_file: {key}")
    }
}
