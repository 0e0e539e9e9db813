//! "I killed it, filled its disk, cut its network: nothing that it had acknowledged was lost."
//!
//! Each story counts items by their numbers: whatever a client was told is accepted has to arrive, and nothing arrives twice but what
//! was on its way when a process was killed.

mod batching;
mod damage;
mod disk_full;
mod failover;
mod fan_out;
mod kill;
mod load_balancing;
mod log_files;
mod memory;
mod operator;
mod outage;
mod power_cut;
mod reload;
mod stopping;
mod unwilling;

mod clients;
mod scene;
mod volume;
