//! What can be done about JVMs from a terminal.

mod list;
mod row;
mod show;
#[cfg(test)]
mod tests;

pub use list::list;
