//! Values of query parameters that let whoever has them in, replaced wherever they stand in a line: in the request, in the referrer,
//! in the body of the record as in its attributes.

use memchr::memchr2_iter;

/// What stands for a value, as the semantic conventions say.
const REDACTED: &str = "REDACTED";

/// The parameters whose values the semantic conventions replace by default, and those of the present signatures of the same services.
const PARAMETERS: [&str; 7] = [
    "AWSAccessKeyId",
    "Signature",
    "X-Amz-Credential",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Goog-Signature",
    "sig",
];

/// `line` without secrets; `scratch` is used when there were some.
pub(in super::super) fn redact<'s>(line: &'s str, scratch: &'s mut String) -> &'s str {
    let mut copied = 0;
    for at in memchr2_iter(b'?', b'&', line.as_bytes()) {
        if at < copied {
            continue;
        }
        let Some(start) = value(line, at + 1) else { continue };
        let rest = line.get(start..).unwrap_or_default();
        let length = rest.find(['&', ' ', '"', '#', '\t', '\'']).unwrap_or(rest.len());
        if length == 0 {
            continue;
        }
        if copied == 0 {
            scratch.clear();
        }
        scratch.push_str(line.get(copied..start).unwrap_or_default());
        scratch.push_str(REDACTED);
        copied = start + length;
    }
    if copied == 0 {
        return line;
    }
    scratch.push_str(line.get(copied..).unwrap_or_default());
    scratch
}

/// Where the value of the parameter at `at` begins, if it is a secret.
fn value(line: &str, at: usize) -> Option<usize> {
    let rest = line.as_bytes().get(at..)?;
    PARAMETERS.iter().find_map(|name| {
        let named = rest.starts_with(name.as_bytes()) && rest.get(name.len()) == Some(&b'=');
        named.then_some(at + name.len() + 1)
    })
}
