//! Reads the lines of garbage collection logs.
