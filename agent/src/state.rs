//! Names of files in the state directory.

/// `id` as the name of a file, for a component or pipeline of type `kind`; all spellings of the type mean the same file.
pub(crate) fn file_name(kind: &str, id: &str) -> String {
    let name = id.split_once('/').map_or_else(String::new, |(_, name)| format!("/{name}"));
    let mut text = String::from(kind);
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02x}")),
        }
    }
    text
}
