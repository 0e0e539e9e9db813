//! Scores metric series: how unlikely is what a series does now, by what it did before?
//!
//! The folder holds the detector of a single series. What finds the series in telemetry, keeps a table of
//! them and reports what they do comes around it.

pub mod detector;
