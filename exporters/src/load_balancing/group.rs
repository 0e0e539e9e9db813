//! The exporter at work: its destinations come, deliver and go.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::ConfigError;
use edgewatch_core::exporter::Sink;
use edgewatch_core::factory::BuildContext;
use edgewatch_core::group::{ExporterGroup, GroupSpec, Started};
use edgewatch_core::storage::Storage;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::balancer::{Balancer, Sent, Shared};
use super::config::{Config, Static};
use super::key::RoutingKey;
use super::members::{Maker, Member, MemberWork, Table, build};
use super::orphans::Orphan;
use super::resolver::Resolver;
use super::telemetry::BalancerTelemetry;

/// Time that a departed destination which still answers has to take what waits for it.
const FAREWELL: Duration = Duration::from_secs(5);

/// The `load_balancing` exporter.
pub(crate) struct LoadBalancing {
    config: Config,
    context: BuildContext,
    resolver: Option<Resolver>,
    telemetry: BalancerTelemetry,
}

impl GroupSpec for LoadBalancing {
    const NAME: &'static str = "load_balancing";
    const ALIASES: &'static [&'static str] = &["loadbalancing"];
    const ABOUT: &'static str =
        "spreads telemetry over several destinations, keeping together what belongs together";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Self, ConfigError> {
        let resolver = match &config.resolver.dns {
            Some(dns) => Some(Resolver::new(dns, dns.port()?)),
            None => None,
        };
        // What the settings ask of this host is found out now and not when the first destination is.
        build(&config, "localhost:4317", context)?;
        if let Some(used) = config.storage() {
            context.offered.storage(&used.key, &used.extension)?;
        }
        Ok(Self::with(config, resolver, context))
    }
}

impl LoadBalancing {
    pub(super) fn with(config: Config, resolver: Option<Resolver>, context: &BuildContext) -> Self {
        let name = if resolver.is_some() { "dns" } else { "static" };
        let telemetry = BalancerTelemetry::new(&context.telemetry, name);
        Self { config, context: context.clone(), resolver, telemetry }
    }
}

impl ExporterGroup for LoadBalancing {
    fn start(self: Box<Self>, signals: &[Signal], stop: &CancellationToken) -> Started {
        let Self { config, context, resolver, telemetry } = *self;
        let id = context.id.clone();
        for signal in signals {
            let fits = config.routing_key.is_none_or(|key| RoutingKey::of(Some(key), *signal) == key);
            if !fits {
                let signal = signal.name();
                warn!(exporter = id, signal, "routing_key does not fit this signal; service is used for it");
            }
        }
        let queue = config.delivery().queue;
        let storage =
            config.storage().and_then(|used| context.offered.storage(&used.key, &used.extension).ok());
        let shared = Arc::new(Shared {
            id,
            key: config.routing_key,
            attributes: config.routing_attributes.clone(),
            tables: watch::Sender::new(Arc::default()),
            answers_sources: !queue.enabled || queue.wait_for_result || storage.is_some(),
            budget: context.budget.clone(),
            telemetry,
            stop: stop.clone(),
            closing: CancellationToken::new(),
        });
        // What is under way is bounded by the memory that it has leased.
        let (sent, arrivals) = mpsc::unbounded_channel();
        let sinks = signals.iter().map(|&signal| {
            let balancer = Balancer { signal, shared: Arc::clone(&shared), sent: sent.clone() };
            (signal, Arc::new(balancer) as Arc<dyn Sink>)
        });
        let sinks = sinks.collect();
        let fixed = config.resolver.fixed.as_ref().map(Static::names);
        let maker = Maker { config, context, signals: signals.to_vec(), stop: stop.clone() };
        let mut group = Group {
            shared,
            maker,
            storage,
            delivering: Vec::new(),
            departed: Vec::new(),
            orphans: Vec::new(),
            unclaimed: Vec::new(),
            gone: BTreeMap::new(),
        };
        if let Some(storage) = &group.storage {
            // None of them is without an owner, though it may take a while until the destinations are known.
            group.unclaimed = group.find_orphans(storage, &Table::default());
        }
        if let Some(names) = fixed {
            group.shared.telemetry.resolved(true);
            group.update(&names);
        }
        Started { sinks, work: Box::pin(group.run(resolver, arrivals)) }
    }
}

/// The destinations and what is to be done for them.
struct Group {
    shared: Arc<Shared>,
    maker: Maker,
    /// Where the queues are, when they are on disk.
    storage: Option<Arc<dyn Storage>>,
    /// Work of new destinations, and members that have departed, for [`Group::run`] to take up.
    delivering: Vec<MemberWork>,
    departed: Vec<Arc<Member>>,
    /// Queues on disk of destinations that are none any more, likewise.
    orphans: Vec<Orphan>,
    /// All queues on disk, until the first destinations are known.
    unclaimed: Vec<Orphan>,
    /// Those whose destinations were there, by their owners: as long as somebody holds one, something may be put into its queue.
    gone: BTreeMap<String, Weak<Member>>,
}

/// What is to be done with what was sent.
enum Task {
    Follow(Sent),
    /// Deal out what a departed destination has not delivered.
    Deal(Batch),
}

impl Group {
    /// Makes those with these names the destinations; false when one of them cannot be used at the moment, because of a certificate for
    /// example that cannot be read.
    fn update(&mut self, names: &[String]) -> bool {
        let before = Arc::clone(&*self.shared.tables.borrow());
        let mut members = Vec::with_capacity(names.len());
        for name in names {
            if let Some(member) = before.get(name) {
                members.push(Arc::clone(member));
                continue;
            }
            match self.maker.make(name, &self.shared.telemetry) {
                Ok((member, work)) => {
                    self.delivering.push(work);
                    members.push(member);
                }
                Err(error) => {
                    let exporter = self.shared.id.as_str();
                    warn!(exporter, destination = name, %error, "destination cannot be used");
                }
            }
        }
        let complete = members.len() == names.len();
        let name = |member: &Arc<Member>| member.name.clone();
        if members.iter().map(name).eq(before.members.iter().map(name)) {
            return complete;
        }
        let table = Table::new(members);
        let gone = before.members.iter().filter(|member| table.get(&member.name).is_none());
        match &self.storage {
            None => self.departed.extend(gone.cloned()),
            Some(storage) => {
                self.gone.retain(|_, member| member.strong_count() > 0);
                self.gone.extend(gone.map(|member| (self.maker.owner(&member.name), Arc::downgrade(member))));
                let storage = Arc::clone(storage);
                self.orphans = self.find_orphans(&storage, &table);
                self.unclaimed.clear();
            }
        }
        self.shared.telemetry.members.set(table.members.len() as u64);
        self.shared.telemetry.updates.add(1);
        let (exporter, destinations) = (self.shared.id.as_str(), table.members.len());
        info!(exporter, destinations, "destinations have changed");
        self.shared.tables.send_replace(Arc::new(table));
        complete
    }

    /// The queues in `storage` that belong to no destination in `table`. Whoever served one before makes way.
    fn find_orphans(&self, storage: &Arc<dyn Storage>, table: &Table) -> Vec<Orphan> {
        let mut orphans = Vec::new();
        for &signal in &self.maker.signals {
            let owners = storage.owners(signal).unwrap_or_else(|error| {
                warn!(exporter = self.shared.id, %error, "queues of former destinations are not looked for");
                Vec::new()
            });
            for owner in owners {
                let Some(endpoint) = owner.strip_prefix(&self.maker.owners()) else { continue };
                if table.members.iter().any(|member| self.maker.owner(&member.name) == owner) {
                    continue;
                }
                let label = self.shared.telemetry.label(endpoint);
                let (telemetry, tenure) = self.maker.context.telemetry.with("endpoint", label).for_tenure();
                match storage.queue(&owner, signal, &telemetry) {
                    Ok(queue) => orphans.push(Orphan {
                        storage: Arc::clone(storage),
                        queue,
                        member: self.gone.get(&owner).cloned().unwrap_or_default(),
                        owner,
                        signal,
                        _tenure: tenure,
                    }),
                    Err(error) => {
                        let exporter = self.shared.id.as_str();
                        warn!(exporter, %error, "the queue of a destination that is gone stays as it is");
                    }
                }
            }
        }
        orphans
    }

    /// Serves the destinations until every sink is gone and every queue is empty.
    async fn run(mut self, mut resolver: Option<Resolver>, mut arrivals: mpsc::UnboundedReceiver<Sent>) {
        let shared = Arc::clone(&self.shared);
        let mut delivering = FuturesUnordered::new();
        let mut departing = FuturesUnordered::new();
        let mut passing_on = FuturesUnordered::new();
        let mut under_way = FuturesUnordered::new();
        let mut open = true;
        loop {
            delivering.extend(self.delivering.drain(..).map(MemberWork::run));
            departing.extend(self.departed.drain(..).map(depart));
            passing_on.extend(self.orphans.drain(..).map(|orphan| orphan.pass_on(Arc::clone(&shared))));
            if !open && under_way.is_empty() && delivering.is_empty() && passing_on.is_empty() {
                return;
            }
            tokio::select! {
                arrived = arrivals.recv(), if open => match arrived {
                    Some(sent) => under_way.push(work(Task::Follow(sent), Arc::clone(&shared))),
                    None => {
                        // The destinations deliver what they have, those that have departed too.
                        open = false;
                        resolver = None;
                        departing = FuturesUnordered::new();
                        shared.closing.cancel();
                        shared.tables.send_replace(Arc::default());
                    }
                },
                names = Resolver::changed_of(resolver.as_mut(), &shared.telemetry), if open => {
                    if !self.update(&names) && let Some(resolver) = &mut resolver {
                        resolver.forget();
                    }
                }
                Some(tasks) = under_way.next(), if !under_way.is_empty() => {
                    under_way.extend(tasks.into_iter().map(|task| work(task, Arc::clone(&shared))));
                }
                Some(()) = delivering.next(), if !delivering.is_empty() => {}
                Some(()) = departing.next(), if !departing.is_empty() => {}
                Some(()) = passing_on.next(), if !passing_on.is_empty() => {}
            }
        }
    }
}

/// Does one task; returns those that it leaves.
async fn work(task: Task, shared: Arc<Shared>) -> Vec<Task> {
    match task {
        Task::Follow(sent) => sent.follow(shared).await.map(Task::Deal).into_iter().collect(),
        Task::Deal(batch) => shared.send(batch).await.into_iter().map(Task::Follow).collect(),
    }
}

/// Ends the deliveries of a destination that is no longer one: after a while, or at once when it does not take anything. What it has
/// not delivered then comes back.
async fn depart(member: Arc<Member>) {
    let until = tokio::time::Instant::now() + FAREWELL;
    while !member.is_failing() && tokio::time::Instant::now() < until {
        tokio::time::sleep(FAREWELL / 50).await;
    }
    member.stop.cancel();
}
