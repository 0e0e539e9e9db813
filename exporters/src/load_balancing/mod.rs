//! The `load_balancing` exporter: spreads telemetry over several destinations so that what belongs together arrives together.
//!
//! [`key`] hashes what an item is routed by, [`ring`] finds the destination for a hash, [`balancer`] deals batches out and follows
//! their parts, [`members`] are the destinations, each with a connection, a queue and retries of its own, [`resolver`] finds them,
//! [`orphans`] passes on what lies on disk for those that are gone,
//! [`group`] holds all of it together while it runs.
//!
//! Invariants: items with equal keys go to the same destination while the set of destinations stays the same and that one has
//! room; one that is full or gone does not hold up the others; a part that a departed destination has not delivered is dealt again;
//! the ack of the sources is answered when every part has met its fate.

mod balancer;
mod config;
mod group;
mod key;
mod members;
mod orphans;
mod probe;
mod resolver;
mod ring;
mod telemetry;

#[cfg(test)]
mod tests;

pub(crate) use group::LoadBalancing;
