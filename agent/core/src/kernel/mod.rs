//! What the kernel says about host and processes: where its text files are and the few shapes they are made of.
//!
//! Shared by all sources that read `/proc` and `/sys`. Nothing here knows what any file means.

mod directory;
mod parse;
mod paths;

pub use directory::{Listing, is_procfs};
pub use parse::{
    decimal, hexadecimal, lines, number, numbers, pairs, rsplit_once, split_once, text, unescaped, words,
};
pub use paths::{Paths, Source, fill, read_file};
