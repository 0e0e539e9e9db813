//! Jar files: zip files whose members are stored as they are.

use std::fs;
use std::path::Path;

use flate2::Crc;

/// What a jar says about itself.
#[derive(Clone, Debug)]
pub enum Manifest {
    /// The class that `java -jar` runs.
    Main(String),
    /// The class that an agent starts with.
    Agent(String),
}

/// Writes a jar with all class files of `classes`.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write_jar(path: &Path, manifest: &Manifest, classes: &Path) -> anyhow::Result<()> {
    let manifest = match manifest {
        Manifest::Main(class) => format!("Manifest-Version: 1.0\r\nMain-Class: {class}\r\n\r\n"),
        Manifest::Agent(class) => format!("Manifest-Version: 1.0\r\nAgent-Class: {class}\r\n\r\n"),
    };
    let mut members = vec![("META-INF/MANIFEST.MF".to_owned(), manifest.into_bytes())];
    for entry in fs::read_dir(classes)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".class") {
            members.push((name, fs::read(entry.path())?));
        }
    }
    Ok(fs::write(path, zip(&members)?)?)
}

fn zip(members: &[(String, Vec<u8>)]) -> anyhow::Result<Vec<u8>> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let mut crc = Crc::new();
        crc.update(bytes);
        let size = u32::try_from(bytes.len())?.to_le_bytes();
        // Version 2.0, no flags, stored, the first second of 1980.
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        common.extend(crc.sum().to_le_bytes());
        common.extend(size);
        common.extend(size);
        common.extend(u16::try_from(name.len())?.to_le_bytes());
        common.extend([0, 0]);
        let offset = u32::try_from(file.len())?;
        file.extend(b"PK\x03\x04");
        file.extend(&common);
        file.extend(name.as_bytes());
        file.extend(bytes);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let count = u16::try_from(members.len())?.to_le_bytes();
    let (offset, length) = (u32::try_from(file.len())?, u32::try_from(directory.len())?);
    file.extend(directory);
    file.extend(b"PK\x05\x06\x00\x00\x00\x00");
    file.extend(count);
    file.extend(count);
    file.extend(length.to_le_bytes());
    file.extend(offset.to_le_bytes());
    file.extend([0, 0]);
    Ok(file)
}
