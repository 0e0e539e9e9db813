//! What Tomcats write: recorded files of releases 9.0, 10.1 and 11.0, and what is made of them.

mod configuration;
mod counted;
mod encoded;
mod server;

use proptest::prelude::*;

use super::super::fuzzing::access_log;

proptest! {
    #[test]
    fn what_is_made_of_damaged_files_is_well_formed(at in 0_usize..2600, byte: u8, cut in 0_usize..2600) {
        let pattern = r#"%h %l %u %{yyyy-MM-dd'T'HH:mm:ss}t %t "%r" %s %b "%{Referer}i" "%{User-Agent}i""#;
        let lines = include_str!("../../testdata/10.1/combined.txt").get(..600).unwrap();
        let record = include_str!("../../testdata/10.1/localhost.log").get(..700).unwrap_or_default();
        let server = include_str!("../../testdata/server.xml").get(..900).unwrap();
        let mut data = [pattern, lines, record, server].join("\0").into_bytes();
        if let Some(there) = data.get_mut(at) {
            *there = byte;
        }
        data.truncate(cut.max(at));
        access_log(&data);
    }
}
