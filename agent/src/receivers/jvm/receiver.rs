//! The receiver on its lane: sends what the helper thread has measured.

use std::sync::mpsc::sync_channel;

use async_trait::async_trait;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{BuildContext, ReceiverSpec};
use edgewatch_core::kernel::Paths;
use edgewatch_core::receiver::{Outlets, ReceiveError, Receiver};
use edgewatch_core::telemetry::Counter;
use edgewatch_proto::Signal;
use tokio_util::sync::CancellationToken;

use super::asking::Asking;
use super::config::Config;
use super::fleet::Fleet;
use super::gc_logs::GcLogs;
use super::helper::{self, Times};
use super::host::Host;
use super::neighbours::{MAILBOX, Mailbox, Message, Neighbour};
use crate::measuring::telemetry::accepted;

/// Reads JVMs.
pub(crate) struct Jvm {
    times: Times,
    fleet: Fleet,
    mailbox: Mailbox,
    messages: std::sync::mpsc::Receiver<Message>,
    accepted: Counter,
}

impl ReceiverSpec for Jvm {
    const NAME: &'static str = "jvm";
    const SIGNALS: &'static [Signal] = &[Signal::Metrics];
    const ABOUT: &'static str = "measures every HotSpot JVM on this host, with nothing added to the JVM";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let paths = Paths::of_receiver(&config.root_path, &*context.host)?;
        let (sender, messages) = sync_channel(MAILBOX);
        let mailbox = Mailbox(sender);
        let world = Box::new(Host::new(&config, &paths)?);
        let neighbours = neighbours(&config, &mailbox, context)?;
        let fleet = Fleet::new(world, neighbours, &config, &context.id, &context.telemetry);
        let times = Times {
            initial_delay: config.initial_delay.get(),
            collection: config.collection_interval.get(),
            discovery: config.discovery_interval.get(),
            together: config.pauses.min_interval.get() / 4,
        };
        Ok(Self { times, fleet, mailbox, messages, accepted: accepted(&context.telemetry) })
    }
}

/// Those who find out more about JVMs than counters tell: what is asked over the attach socket, and what logs tell.
fn neighbours(
    config: &Config,
    mailbox: &Mailbox,
    context: &BuildContext,
) -> Result<Vec<Box<dyn Neighbour>>, ConfigError> {
    let Config { pauses, attach, gc_log, .. } = config;
    let asking = Asking::start(&context.id, attach, gc_log, &context.telemetry, mailbox.clone())?;
    let logs_on = asking.as_ref().filter(|_| gc_log.switch_on).map(Asking::logs_on);
    let mut neighbours: Vec<Box<dyn Neighbour>> = Vec::new();
    if pauses.enabled && (gc_log.tail || logs_on.is_some()) {
        let switched_on = Box::new(move |jvm| logs_on.as_ref()?.of(jvm));
        let logs = (gc_log.tail, switched_on as Box<_>);
        let logs = GcLogs::new(&context.id, logs, mailbox.clone(), &context.telemetry)
            .map_err(|error| ConfigError::new("gc_log", format!("no thread for logs: {error}")))?;
        neighbours.push(Box::new(logs));
    }
    if let Some(asking) = asking {
        neighbours.push(Box::new(asking));
    }
    Ok(neighbours)
}

#[async_trait]
impl Receiver for Jvm {
    async fn run(self: Box<Self>, outlets: Outlets, stop: CancellationToken) -> Result<(), ReceiveError> {
        let Self { times, fleet, mailbox, messages, accepted } = *self;
        let Some(outlet) = outlets.metrics else { return Ok(()) };
        let (place, mut rounds) = tokio::sync::mpsc::channel(1);
        let thread = std::thread::Builder::new()
            .name("jvm".to_owned())
            .spawn(move || helper::work(fleet, times, &messages, &place))
            .map_err(|error| ReceiveError::Setup(format!("no thread for JVMs: {error}")))?;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                round = rounds.recv() => {
                    let Some((request, points)) = round else { break };
                    outlet.send(Batch::new(Signal::Metrics, request, points, Ack::none())).await;
                    accepted.add(points);
                }
            }
        }
        // A thread that does not read its mailbox now sees that nobody takes its rounds.
        let _full = mailbox.put(Message::Stop);
        rounds.close();
        while rounds.recv().await.is_some() {}
        // It has given up its place, which is the last that it does.
        match tokio::task::spawn_blocking(|| thread.join()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(ReceiveError::Setup("the thread for JVMs failed".to_owned())),
        }
    }
}
