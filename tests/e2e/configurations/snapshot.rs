//! Output of the program, compared with what was reviewed: `tests/golden`.

use std::path::{Path, PathBuf};
use std::process::Output;

/// A file or folder of this package.
pub(super) fn package(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares exit status, stdout and stderr with `tests/golden/NAME.snap`; `insta` says how to accept a change.
pub(super) fn assert_golden(name: &str, output: &Output) {
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let code = output.status.code().unwrap();
    let text = format!("exit status {code}\n--- stdout\n{stdout}--- stderr\n{stderr}");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(package("golden"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
