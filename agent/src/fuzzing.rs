//! What fuzz targets and benchmarks reach of the program.

pub use crate::receivers::fuzzing::AccessLog;

/// Reads `data` as what a Tomcat writes: a pattern, lines, a record and a configuration with zeros between.
pub fn access_log(data: &[u8]) {
    crate::receivers::fuzzing::access_log(data);
}

/// Reads `data` as the pages of the manager application of a Tomcat, and as other files of it.
pub fn tomcat_pages(data: &[u8]) {
    crate::receivers::fuzzing::pages(data);
}
