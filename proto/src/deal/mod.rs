//! Dealing the items of requests out to several parts, by what the items are.
//!
//! What goes to one part as a whole, a resource, a scope, a metric, is copied as it is, or sliced when it is large; what does not is
//! opened: every part that gets something of it has what describes it, unknown fields included, and its items follow unchanged.
//! What holds no item (an empty scope, a field that this build does not know) goes where the last thing before it went.
//!
//! The order of items within a part is that of the request as far as they are copied; slices come first.

mod dealer;
mod outs;
mod plan;

#[cfg(test)]
mod tests;

pub use dealer::{Dealer, Part};
pub use plan::Assign;
