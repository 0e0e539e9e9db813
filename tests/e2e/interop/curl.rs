//! curl with the JSON examples of the OTLP specification.

use std::io::Write as _;
use std::path::Path;

use edgewatch_tests::Signal;
use tokio::process::Command;

use super::pair::Pair;

const EXAMPLES: [(Signal, &str); 4] = [
    (Signal::Traces, "trace.json"),
    (Signal::Metrics, "metrics.json"),
    (Signal::Logs, "logs.json"),
    (Signal::Logs, "events.json"),
];

#[tokio::test]
async fn the_examples_of_the_specification_arrive_unchanged() -> anyhow::Result<()> {
    if Command::new("curl").arg("--version").output().await.is_err() {
        return Ok(writeln!(std::io::stderr(), "skipped: a story with curl, which is not installed")?);
    }
    let pair = Pair::start().await?;
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/src/json/testdata");
    for (signal, file) in EXAMPLES {
        for address in [pair.direct.http_address(), pair.agent.http] {
            let url = format!("http://{address}{}", signal.http_path());
            let body = format!("@{}", examples.join(file).display());
            let arguments =
                ["--silent", "--show-error", "--header", "content-type: application/json", "--write-out"];
            let mut curl = Command::new("curl");
            curl.args(arguments).args([" %{http_code} %{content_type}", "--data-binary", &body, &url]);

            let output = curl.kill_on_drop(true).output().await?;

            let said = String::from_utf8(output.stdout)?;
            assert!(said.ends_with(" 200 application/json"), "{file}: {said}{:?}", output.stderr);
        }
    }
    let arrived = pair.compare().await?;
    assert_eq!(arrived.accepted(Signal::Logs).count(), 2);
    assert!(Signal::ALL.iter().all(|signal| arrived.items(*signal) > 0), "{}", arrived.summary());
    Ok(())
}
