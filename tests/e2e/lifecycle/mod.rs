//! From start to end: draining, deadlines, exit codes, and what the agent tells about itself meanwhile.

mod health;
mod logs;
mod own_metrics;
mod stopping;
