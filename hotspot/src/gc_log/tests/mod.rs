//! Lines of every version and collector, and what becomes of any other line.

mod lines;
mod outputs;
mod recorded;
