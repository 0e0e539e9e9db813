//! What lies in a directory, without opening it.

use std::fs;
use std::io;
use std::path::Path;

use edgewatch_core::Signal;

use super::storage::directory_name;

/// The queues in the storage at `directory`: their owners and signals, in order. Empty when it is none.
///
/// # Errors
///
/// When the directory cannot be read.
pub fn queues(directory: &Path) -> io::Result<Vec<(String, Signal)>> {
    let mut queues = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            queues.extend(entry.file_name().to_str().and_then(parse_directory_name));
        }
    }
    queues.sort_unstable_by(|a, b| (&a.0, a.1.name()).cmp(&(&b.0, b.1.name())));
    Ok(queues)
}

/// The owner and signal of the queue whose directory is called `name`.
fn parse_directory_name(name: &str) -> Option<(String, Signal)> {
    let (encoded, signal) = name.rsplit_once('.')?;
    let signal = Signal::ALL.into_iter().find(|known| known.name() == signal)?;
    let mut owner = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let (digits, tail) = tail.split_first_chunk::<2>()?;
            owner.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = tail;
        } else {
            owner.push(first);
            rest = tail;
        }
    }
    let owner = String::from_utf8(owner).ok()?;
    // One queue has one name.
    (directory_name(&owner, signal) == name).then_some((owner, signal))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_owner_is_read_back(owner: String) {
            for signal in Signal::ALL {
                let parsed = parse_directory_name(&directory_name(&owner, signal));
                prop_assert_eq!(parsed, Some((owner.clone(), signal)));
            }
        }
    }

    #[test]
    fn other_names_are_no_queues() {
        for name in ["lock", "otlp", "otlp.profiles", "Otlp.traces", "otlp%2.traces", "otlp%6f.traces"] {
            assert_eq!(parse_directory_name(name), None, "{name}");
        }
    }
}
