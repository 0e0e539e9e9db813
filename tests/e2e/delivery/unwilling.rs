//! A backend that takes requests and then fails them.

use std::time::Duration;

use edgewatch_tests::Signal;
use edgewatch_tests::sink::{Answer, Sink};
use edgewatch_tests::status::Code;

use super::clients::Clients;
use super::scene::{Scene, drained};

#[tokio::test]
async fn errors_silence_slowness_and_resets_lose_and_repeat_nothing() -> anyhow::Result<()> {
    let moment = Duration::from_millis(30);
    let misdeeds = [
        Answer::status(Code::Unavailable, "no"),
        Answer::status(Code::Aborted, "no"),
        Answer::status(Code::DeadlineExceeded, "no"),
        Answer::retry_later(Code::ResourceExhausted, moment),
        Answer::http(503),
        Answer::nothing(),
        Answer::accept().after(moment),
        Answer::reset_stream(),
        Answer::disconnect(),
    ];
    for misdeed in misdeeds {
        let sink = Sink::start().await?;
        let said = format!("{misdeed:?}");
        // One delivery at a time: cutting a connection would cut off the acknowledgements of the others.
        let scene = Scene::new("interval")?
            .with("exporters: {otlp_grpc: {timeout: 300ms, sending_queue: {num_consumers: 1}}}");
        let mut agent = scene.start(&sink).await?;
        let clients = Clients::of(Signal::Metrics);
        for _ in 0..4 {
            sink.script(misdeed.clone().times(2));
            clients.send(agent.grpc, 10).await;
        }
        drained(&agent).await?;
        let (status, _) = agent.agent.terminate().await?;

        let (lost, repeated) = clients.account(&sink.receipts())?;
        assert_eq!((clients.promised(), lost.len(), repeated.len()), (40, 0, 0), "{said}");
        assert_eq!(status.code(), Some(0), "{said}: {}", agent.agent.stderr());
    }
    Ok(())
}

#[tokio::test]
async fn a_backend_that_never_answers_keeps_nothing_after_a_restart() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    sink.otherwise(Answer::nothing());
    let scene = Scene::new("always")?;
    let mut agent = scene.start(&sink).await?;
    let clients = Clients::of(Signal::Traces);
    clients.send(agent.grpc, 50).await;
    let (status, _) = agent.agent.terminate().await?;
    assert_eq!(status.code(), Some(0), "{}", agent.agent.stderr());

    sink.otherwise(Answer::accept());
    let agent = scene.start(&sink).await?;
    drained(&agent).await?;

    let (lost, repeated) = clients.account(&sink.receipts())?;
    assert_eq!((clients.promised(), lost.len(), repeated.len()), (50, 0, 0));
    Ok(())
}
