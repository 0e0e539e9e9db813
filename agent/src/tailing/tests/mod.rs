//! Laws of the engine, and its behaviour on real files. More is in the tests of `file_log`.

mod checkpoint;
mod lines;
