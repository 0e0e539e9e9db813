//! The agent's numbers, for others: [`prometheus`] text on request, [`push`]ed as OTLP, and those of the [`process`] itself.

pub mod process;
pub mod prometheus;
pub mod push;
#[cfg(test)]
mod tests;
