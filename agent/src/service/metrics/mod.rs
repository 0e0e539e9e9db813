//! The agent's numbers, for others: [`prometheus`] text on request, [`push`]ed as OTLP, and those of the [`process`] itself.
//! [`readers`] are the pages and pushes that the configuration asks for.

pub mod process;
pub mod prometheus;
pub mod push;
pub mod readers;
#[cfg(test)]
mod tests;
