//! Somebody looks after the queues of an agent, with `edgewatch queue`.

use std::path::Path;

use edgewatch_tests::agent::run_to_end;
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::sink::{Answer, Sink};
use edgewatch_tests::status::Code;
use edgewatch_tests::{Signal, ports};

use super::clients::Clients;
use super::scene::{Scene, drained};

#[tokio::test]
async fn queues_are_looked_at_while_the_agent_runs_and_sent_elsewhere_when_it_has_ended() -> anyhow::Result<()>
{
    let nowhere = ports::free()?;
    let scene = Scene::new("always")?;
    let mut agent = scene.start_towards(Forwarder::to_address(nowhere)?).await?;
    let clients = [Signal::Traces, Signal::Logs].map(Clients::of);
    for clients in &clients {
        clients.send(agent.grpc, 30).await;
    }

    assert_eq!(waiting(&scene.storage).await?, [("logs".to_owned(), 3000), ("traces".to_owned(), 3000)]);
    let (code, text) = queue(["verify", &scene.storage.display().to_string()]).await?;
    assert!(code == 0 && text.contains("sound"), "{text}");
    let other = Sink::start().await?;
    let replay = || {
        let storage = scene.storage.display().to_string();
        let endpoint = other.http_endpoint();
        async move { queue(["replay", &storage, "--endpoint", &endpoint]).await }
    };
    let (code, text) = replay().await?;
    assert!(code == 1 && text.contains("in use by another agent"), "{text}");
    assert!(text.contains(&agent.agent.pid().to_string()), "it names the process: {text}");

    // Looking has done no harm.
    for clients in &clients {
        clients.send(agent.grpc, 10).await;
    }
    agent.agent.terminate().await?;
    assert_eq!(waiting(&scene.storage).await?, [("logs".to_owned(), 4000), ("traces".to_owned(), 4000)]);
    let (code, text) = queue(["verify", &scene.storage.display().to_string()]).await?;
    assert!(code == 0 && text.contains("sound"), "{text}");
    let (code, text) = replay().await?;
    assert!(code == 0 && text.contains("8000 items sent to"), "{text}");
    assert_eq!(waiting(&scene.storage).await?, [("logs".to_owned(), 0), ("traces".to_owned(), 0)]);
    let (code, text) = replay().await?;
    assert!(code == 0 && text.contains("0 items sent to"), "{text}");
    // The agent has nothing of it left, and goes on with the same queues.
    let back = Sink::start().await?;
    let agent = scene.start(&back).await?;
    let more = Clients::of(Signal::Logs);
    more.send(agent.grpc, 10).await;
    drained(&agent).await?;

    for clients in &clients {
        let (lost, repeated) = clients.account(&other.receipts())?;
        assert_eq!((clients.promised(), lost.len(), repeated.len()), (40, 0, 0));
    }
    assert_eq!(back.receipts().items(Signal::Traces), 0);
    assert_eq!(more.account(&back.receipts())?.0.len(), 0);
    assert_eq!(back.receipts().items(Signal::Logs), 1000);
    Ok(())
}

#[tokio::test]
async fn dead_letters_are_sent_through_the_running_agent() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let scene = Scene::new("always")?;
    let letters = scene.folder().join("letters").display().to_string();
    let scene = scene.with(format!(
        "exporters: {{otlp_grpc: {{sending_queue: {{dead_letter: {{directory: '{letters}'}}}}}}}}"
    ));
    let agent = scene.start(&sink).await?;
    let clients = Clients::of(Signal::Logs);
    clients.send(agent.grpc, 20).await;
    drained(&agent).await?;
    sink.otherwise(Answer::status(Code::InvalidArgument, "not like this"));
    clients.send(agent.grpc, 30).await;
    drained(&agent).await?;
    assert_eq!(sink.receipts().items(Signal::Logs), 2000);

    sink.otherwise(Answer::accept());
    let endpoint = format!("http://{}", agent.http);
    let deadline = tokio::time::Instant::now() + edgewatch_tests::sink::PATIENCE;
    let text = loop {
        let (code, text) = queue(["replay", &letters, "--endpoint", &endpoint]).await?;
        if code == 0 {
            break text;
        }
        // The agent lets go of what it has written last after a while.
        anyhow::ensure!(
            text.contains("it lets go within") && tokio::time::Instant::now() < deadline,
            "{text}"
        );
    };
    assert!(text.contains("3000 items sent to"), "{text}");
    drained(&agent).await?;

    let (lost, repeated) = clients.account(&sink.receipts())?;
    assert_eq!((clients.promised(), lost.len(), repeated.len()), (50, 0, 0), "{}", agent.agent.stderr());
    let (code, text) = queue(["replay", &letters, "--endpoint", &endpoint]).await?;
    assert!(code == 0 && text.contains("0 items sent to"), "once: {text}");
    Ok(())
}

/// `edgewatch queue ARGUMENTS...`: its exit status and all that it says.
async fn queue<const N: usize>(arguments: [&str; N]) -> anyhow::Result<(i32, String)> {
    let output = run_to_end(["queue"].into_iter().chain(arguments)).await?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.code().unwrap_or(-1), String::from_utf8(text)?))
}

/// What `inspect` says is waiting: items by signal.
async fn waiting(storage: &Path) -> anyhow::Result<Vec<(String, u64)>> {
    let (code, text) = queue(["inspect", "--json", &storage.display().to_string()]).await?;
    anyhow::ensure!(code == 0, "{text}");
    let queues: Vec<serde_json::Value> = serde_json::from_str(&text)?;
    let of =
        |queue: &serde_json::Value| Some((queue["signal"].as_str()?.to_owned(), queue["items"].as_u64()?));
    // There is one for metrics, too.
    Ok(queues.iter().filter_map(of).filter(|(signal, _)| signal != "metrics").collect())
}
