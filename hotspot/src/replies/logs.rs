//! `VM.log list`: where the JVM writes logs to.

use edgewatch_core::kernel::lines;

/// The files among the outputs of an answer to `VM.log list`, as the JVM names them. Names with spaces are cut short there, as nothing marks
/// their end.
pub fn log_files(answer: &[u8]) -> impl Iterator<Item = &[u8]> {
    lines(answer).filter_map(|line| {
        let rest = line.trim_ascii_start().strip_prefix(b"#")?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let name = rest.get(digits..)?.strip_prefix(b": ")?;
        let name = name.strip_prefix(b"file=")?;
        name.get(..memchr::memchr(b' ', name)?)
    })
}
