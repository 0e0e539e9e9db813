//! Versions, from archives as they are and as they should not be.

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;

use crate::receivers::tomcat::version::{Version, server_info};

const NAME: &str = "org/apache/catalina/util/ServerInfo.properties";

fn entry(name: &str, offset: u32, packed: u32) -> Vec<u8> {
    let mut entry = b"PK\x01\x02".to_vec();
    entry.extend([0; 6]);
    entry.extend(8_u16.to_le_bytes());
    entry.extend([0; 8]);
    entry.extend(packed.to_le_bytes());
    entry.extend([0; 4]);
    entry.extend((name.len() as u16).to_le_bytes());
    entry.extend([0; 12]);
    entry.extend(offset.to_le_bytes());
    entry.extend(name.as_bytes());
    entry
}

/// An archive of two files, the second of which holds `properties`.
fn jar(properties: &[u8]) -> Vec<u8> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
    packed.write_all(properties).expect("memory");
    let packed = packed.finish().expect("memory");
    let mut jar = b"PK\x03\x04".to_vec();
    jar.extend([0; 22]);
    jar.extend((NAME.len() as u16).to_le_bytes());
    jar.extend(3_u16.to_le_bytes());
    jar.extend(NAME.as_bytes());
    jar.extend(b"any");
    jar.extend(&packed);
    let directory = jar.len() as u32;
    let entries = [entry("META-INF/MANIFEST.MF", 0, 0), entry(NAME, 0, packed.len() as u32)].concat();
    jar.extend(&entries);
    jar.extend(b"PK\x05\x06");
    jar.extend([0; 8]);
    jar.extend((entries.len() as u32).to_le_bytes());
    jar.extend(directory.to_le_bytes());
    jar.extend([0; 2]);
    jar
}

#[test]
fn a_library_says_which_release_it_is() {
    let properties = b"server.info=Apache Tomcat/10.1.48\nserver.number=10.1.48.0\n";

    let found = server_info(Cursor::new(jar(properties))).expect("readable");

    assert_eq!(found.as_deref(), Some(&properties[..]));
}

#[test]
fn versions_are_read_wherever_they_stand() {
    let version = |major, minor, patch| Some(Version { major, minor, patch });
    assert_eq!(Version::parse("Apache Tomcat/10.1.60 (Debian)"), version(10, 1, 60));
    assert_eq!(Version::parse("9.0.100.0"), version(9, 0, 100));
    assert_eq!(Version::parse("11.0.0-M1"), version(11, 0, 0));
    assert_eq!(Version::parse("Apache Tomcat"), None);
    assert_eq!(Version::parse("10.1"), None);
    assert!(Version::parse("9.0.100") < Version::parse("10.0.1"));
}

proptest! {
    #[test]
    fn any_bytes_are_an_archive_or_not(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = server_info(Cursor::new(bytes));
    }

    #[test]
    fn a_damaged_archive_is_read_without_harm(at in 0_usize..400, byte: u8, cut in 0_usize..400) {
        let mut bytes = jar(b"server.number=10.1.48.0\n");
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(length.saturating_sub(cut % 20));
        let _ = server_info(Cursor::new(bytes));
    }
}
