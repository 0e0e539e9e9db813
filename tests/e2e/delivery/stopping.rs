//! SIGTERM under load.

use edgewatch_tests::Signal;
use edgewatch_tests::sink::{Answer, Sink};

use super::clients::Clients;
use super::scene::{Scene, drained};

#[tokio::test]
async fn a_stop_under_load_loses_and_repeats_nothing() -> anyhow::Result<()> {
    for fsync in ["always", "interval"] {
        let sink = Sink::start().await?;
        // A backend that is slower than its clients, so that much is waiting at every end.
        sink.otherwise(Answer::accept().after(std::time::Duration::from_millis(5)));
        let scene = Scene::new(fsync)?;
        let clients = Clients::of(Signal::Logs);
        for round in 1..=5 {
            let mut agent = scene.start(&sink).await?;
            let sending = clients.start(agent.grpc, 4);
            clients.acknowledged(clients.promised() + 100).await?;
            let (status, _) = agent.agent.terminate().await?;
            sending.ended().await;
            assert_eq!(status.code(), Some(0), "{fsync}, round {round}: {}", agent.agent.stderr());
        }
        let agent = scene.start(&sink).await?;
        drained(&agent).await?;

        let (lost, repeated) = clients.account(&sink.receipts())?;
        assert_eq!((lost.len(), repeated.len()), (0, 0), "{fsync}");
    }
    Ok(())
}
