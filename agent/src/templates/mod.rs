//! `edgewatch templates`: the templates behind the lines of a file, as the processor `log_templates` finds them.
//!
//! [`cli`] is what users type, [`run()`] does it; `lines` reads, `found` knows which templates there are, `csv` and `summary` print.

pub mod cli;
mod csv;
mod found;
mod lines;
mod progress;
mod run;
mod summary;
#[cfg(test)]
mod tests;

pub use run::run;
