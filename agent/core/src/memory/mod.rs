//! How much memory this process may use: what the host has, and what its control groups leave of it.

mod cgroup;
mod mounts;
#[cfg(test)]
mod tests;
mod total;

pub use total::total;
