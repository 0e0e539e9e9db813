//! What can be done with queues on disk and dead letters, beside the agent.

mod replay;

pub use replay::replay;
