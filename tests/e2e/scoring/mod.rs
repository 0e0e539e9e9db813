//! "It told me what was unlike itself, and nothing else; it left my data alone; it remembered."
//!
//! The agent takes the time from the data, so a day passes in a second: clients send metrics, spans and log records with the times of
//! days gone by. Faults are so plain that any detector finds them: what is asserted is what is told of them, to whom, and that nothing
//! else is.

mod default_config;
mod finding;
mod log_templates;
mod memory;
mod odd_input;
mod operations;
mod replay;

mod scene;
mod usual;
