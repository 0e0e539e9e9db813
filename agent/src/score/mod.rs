//! `edgewatch score`: what the processor `anomaly` would say about the series in a file.
//!
//! [`cli`] is what users type, [`run()`] does it: `input` reads points, `scorer` asks the detector about each, and `report` tells of it, as
//! rows (`rows`), as a `picture`, and in a `summary`. README.md is the manual.

pub mod cli;
mod input;
mod picture;
mod report;
mod rows;
mod run;
mod scorer;
mod summary;
#[cfg(test)]
mod tests;

pub use run::run;
