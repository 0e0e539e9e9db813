//! One line about a batch: when, what, how much, from where, and what in it tells most.
//!
//! ```text
//! 12:00:10 metrics   312 data points from web-1: cpu 12 %, load 0.41, memory 3.1 of 23.4 GiB, disk / 71 %
//! 12:00:10 metrics    62 data points from shop, payment: shop heap 12 of 32 MiB, 3 GCs 34 ms, 19 threads; payment ...
//! 12:00:11 traces     25 spans from checkout: GET /cart ×12, SELECT orders ×9, +4 others; 1 error, slowest 1.2 s
//! 12:00:12 logs        3 log records from nginx: 1 error, 2 info: upstream timed out
//! ```

mod host;
mod jvm;
mod line;
mod tally;

pub(super) use line::Summary;
