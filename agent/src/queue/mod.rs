//! What can be done with queues on disk and dead letters, beside the agent.

mod inspect;
mod replay;

pub use inspect::{inspect, verify};
pub use replay::replay;
