//! Scores metric series: how unlikely is what a series does now, by what it did before?
//!
//! [`series`] finds the series in telemetry and reads numbers off their points, [`detector`] scores one series, and [`discovery`]
//! decides how unlikely a score must be among all series of a host to be an event.

pub mod detector;
pub mod discovery;
pub mod series;
