//! The manual of a component, made from its configuration type: the schema has the keys and their doc
//! comments, the serialized default has the values.

mod example;
mod keys;
mod table;
mod yaml;

pub use example::example;
pub use table::table;
