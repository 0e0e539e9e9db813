//! Lets the linker keep one copy of functions that came out the same, which is what generic code does a lot: a few percent of the
//! program.

use std::env;
use std::io::{self, Write};

/// Rust links this target with an LLD of its own; the linkers of others may not know the option.
const TARGET: &str = "x86_64-unknown-linux-gnu";

fn main() -> io::Result<()> {
    let mut cargo = io::stdout();
    writeln!(cargo, "cargo:rerun-if-changed=build.rs")?;
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("TARGET", TARGET) && is("PROFILE", "release") {
        writeln!(cargo, "cargo:rustc-link-arg-bins=-Wl,--icf=all")?;
    }
    Ok(())
}
