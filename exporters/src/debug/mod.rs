//! Prints what passes, for people who look: on one line per batch, on one line per item, or in full.
//!
//! Text is made and written on a helper thread, a page at a time, so that neither a large batch nor a slow
//! terminal holds up anything else. What came from outside is printed without its control characters: a log
//! line cannot command the terminal. A reader who goes away (`edgewatch run | head`) ends the printing, not
//! the agent.

mod config;
mod detailed;
mod exporter;
mod normal;
mod page;
mod printer;
mod sampling;
mod summary;

#[cfg(test)]
mod tests;

pub(crate) use exporter::DebugExporter;
