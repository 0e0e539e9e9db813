//! What fuzz targets call.

use std::io::Cursor;

use super::reading::Reading;
use super::threads::connectors;
use super::{jmxproxy, status, version};

/// Reads `data` as each of the pages and files that are foreign.
pub fn pages(data: &[u8]) {
    let mut reading = Reading::default();
    let _ = jmxproxy::read(data, &mut reading);
    for page in [status::json(data), status::xml(data)].into_iter().flatten() {
        reading.complete(page);
    }
    reading.keep_first();
    let _ = connectors(&String::from_utf8_lossy(data));
    let _ = version::server_info(Cursor::new(data));
}
