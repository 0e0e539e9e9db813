//! The edgewatch program.

fn main() {}
