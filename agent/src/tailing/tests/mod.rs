//! Laws of the engine, and its behaviour on real files. More is in the tests of `file_log`.

mod bench;
mod checkpoint;
mod lines;
mod patterns;
mod roots;
mod separated;
mod several_lines;
