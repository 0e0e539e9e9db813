//! What is known of operations, as bytes that outlive a restart.

use edgewatch_core::learned::{Learned, PART, Unusable};

use super::operation::Operation;
use super::table::Operations;
use crate::stats::Stored;

/// The first byte of a part. Another one means that another version wrote it.
const VERSION: u8 = 1;

impl Learned for Operations {
    fn save(&self, position: usize, out: &mut Vec<u8>) -> Option<usize> {
        let limit = out.len() + PART;
        VERSION.store(out);
        for (index, entry) in self.entries.iter().enumerate().skip(position) {
            if out.len() >= limit {
                return Some(index);
            }
            entry.key.store(out);
            entry.service.store(out);
            entry.operation.store(out);
        }
        None
    }

    fn restore(&mut self, part: &[u8]) -> Result<(), Unusable> {
        let mut rest = part;
        if u8::load(&mut rest) != Some(VERSION) {
            return Err(Unusable("operations were saved by another version".to_owned()));
        }
        let mut read = Vec::new();
        while !rest.is_empty() {
            let entry = u64::load(&mut rest).zip(u64::load(&mut rest)).zip(Operation::load(&mut rest));
            let Some(((key, service), operation)) = entry else {
                return Err(Unusable("saved operations are damaged".to_owned()));
            };
            read.push((key, service, operation));
        }
        for (key, service, operation) in read {
            if self.has_room() && !self.knows(key) {
                self.insert(key, service, Box::new(operation));
            }
        }
        Ok(())
    }
}
