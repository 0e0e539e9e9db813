//! What only the host can tell: whether the file can be written to.

use edgewatch_core::probe::{Probe, ProbeContext, writable_directory, writable_file};

use super::config::Config;

pub(super) fn probes(config: &Config, _context: &ProbeContext) -> Vec<Probe> {
    let (path, makes_directory) = (config.path.clone(), config.create_directory);
    let rotates = config.rotation.is_some();
    vec![Probe::blocking("path", format!("the file {}", path.display()), move || {
        let looked = writable_file(&path, makes_directory).and_then(|()| match path.parent() {
            // Files are renamed in it.
            Some(directory) if rotates && !directory.as_os_str().is_empty() => {
                writable_directory(directory, makes_directory)
            }
            Some(_) | None => Ok(()),
        });
        looked.map_err(|fault| fault.error_at("path"))
    })]
}
