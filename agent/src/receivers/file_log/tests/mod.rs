//! The receiver's behaviour, from the single line to real files that rotate.

mod bench;
mod checkpoint;
mod configuration;
mod delivery;
mod lines;
mod measure;
mod property;
mod rotation;
mod stories;
