//! Which garbage collector a JVM runs, and what its counters mean: memory pools and collections under their JMX names.
//!
//! [`Collector::of`] tells the collector, [`Plan`] resolves every counter once, so that reading a block is arithmetic over remembered
//! places. Which counters are trusted was measured against the JMX beans of the same JVM, for JDK 11, 17, 21 and 25 with each
//! collector; the blocks and beans are in `testdata/`. A counter that lags behind what it names is not read at all.

mod flags;
mod kind;
mod plan;
mod pools;
#[cfg(test)]
mod tests;
mod value;

pub use kind::Collector;
pub use plan::{Collections, General, OldAfter, Plan};
pub use pools::Pool;
pub use value::Value;

use crate::counters::Layout;

/// The feature version of the JVM: 8, 11, 17 and so on.
///
/// `sun.rt.jvmVersion` alone does not tell: up to JDK 8 it holds the version of HotSpot, which was 25 in JDK 8.
#[must_use]
pub fn feature(layout: &Layout, block: &[u8]) -> Option<u32> {
    let of_text = ["java.property.java.vm.specification.version", "java.property.java.version"]
        .into_iter()
        .find_map(|name| version(&layout.text(block, name)?));
    of_text.or_else(|| {
        let number = layout.number(block, "sun.rt.jvmVersion")?;
        u32::try_from(number >> 24).ok().filter(|feature| *feature > 8 && *feature != 25)
    })
}

/// The feature version in texts such as `17.0.15`, `25-ea` or `1.8.0_402`.
fn version(text: &str) -> Option<u32> {
    let text = text.strip_prefix("1.").unwrap_or(text);
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}
