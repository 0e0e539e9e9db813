//! Connectors that choose among the pipelines behind them. Those that only compute stand in the crate of the processors.

mod failover;

use edgewatch_core::factory::ConnectorFactory;

/// Every router in this build, in alphabetical order.
pub const ROUTERS: &[ConnectorFactory] = &[ConnectorFactory::router::<failover::Failover>()];
