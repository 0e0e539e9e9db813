//! Readings of counters and lines of logs, against JVMs whose pauses are known.

mod join;
mod tracker;
