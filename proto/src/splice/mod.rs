//! Edits that re-encode what changed and copy the rest.
//!
//! An [`Editor`] walks a request by tags and lengths, hands out what may be edited, and writes a new request only if
//! something did change: then the untouched stretches between two changes are copied as they are, unknown fields,
//! order and all, and only the lengths around a change are written anew. An edit of resources never looks into the
//! items. An editor keeps its buffers, so that a steady stream of edits allocates nothing but the new requests.
//!
//! Input is expected to have passed [`crate::scan`]; whatever is malformed in other bytes is copied unread.

mod attributes;
mod edit;
mod located;
mod retain;
mod rewriter;
mod value;

#[cfg(test)]
mod tests;

pub use attributes::{Attributes, Write};
pub use edit::{Editor, items, resources};
pub use located::{Item, Located};
pub use retain::{Retain, Retained, retain};
pub use rewriter::Outgrown;
pub use value::AttributeValue;
