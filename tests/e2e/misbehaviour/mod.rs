//! Clients that do not behave change nothing for the others, and do not raise memory beyond a limit that each story states.

mod bombs;
mod crowds;
mod garbage;
mod scene;
mod slow;
