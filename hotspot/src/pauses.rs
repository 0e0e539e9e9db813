//! Makes single pauses of counters that only add up.
