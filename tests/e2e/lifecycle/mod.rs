//! From start to end: draining, deadlines, reloads, exit codes, and what the agent tells about itself meanwhile.

mod health;
mod logs;
mod own_metrics;
mod reload;
mod stopping;
