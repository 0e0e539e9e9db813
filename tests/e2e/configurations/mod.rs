//! Configurations: those that users have (`tests/corpus/configs`), and everything that the command line makes of several.

mod command_line;
mod corpus;
mod deep;
mod score;
mod snapshot;
mod sources;
