//! The receiver's behaviour, from the single line to real files that rotate.

mod bench;
mod configuration;
mod delivery;
mod measure;
mod property;
mod rotation;
mod stories;
