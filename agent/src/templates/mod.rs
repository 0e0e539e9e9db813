//! `edgewatch templates`: the templates behind the lines of a file, as the processor `log_templates` finds them.
//!
//! [`cli`] is what users type, [`run()`] does it; `found` knows which templates there are, `csv` and `summary` print.

pub mod cli;
mod csv;
mod found;
mod run;
mod summary;
#[cfg(test)]
mod tests;

pub use run::run;
