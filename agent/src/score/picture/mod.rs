//! Pictures of series: value, score and events over time.
//!
//! Series are told point by point and kept as `buckets` of a bounded number. `panel` is what both ways of drawing share, `ticks` finds
//! round numbers for axes. [`plot()`] draws on a grid of braille dots (`canvas`), [`svg()`] writes a file.

mod buckets;
mod canvas;
mod panel;
mod plot;
mod svg;
mod ticks;

pub(super) use panel::Pictures;
pub(super) use plot::{Look, plot};
pub(super) use svg::svg;

#[cfg(test)]
pub(super) use buckets::Buckets;
