//! Patterns of the `ExtendedAccessLogValve`: the extended log file format of the W3C.

use super::codes::{MICROSECOND, MILLISECOND, SECOND, Tables, What};
use super::pattern::{Steps, Style, finish, push_field, push_text};

/// Compiles a pattern: fields with white space between them.
pub(super) fn compile(pattern: &str) -> Steps {
    let mut tables = Tables::default();
    let mut steps = Vec::new();
    let mut rest = pattern.trim();
    while !rest.is_empty() {
        let blanks = rest.len() - rest.trim_start().len();
        let (blank, from) = rest.split_at(blanks);
        if !blank.is_empty() {
            push_text(&mut steps, blank.as_bytes());
        }
        let length = from.find(char::is_whitespace).unwrap_or(from.len());
        let (name, after) = from.split_at(length);
        let (what, style) = what(name, &mut tables);
        push_field(&mut steps, what, style);
        rest = after;
    }
    finish(&mut steps);
    Steps { steps, tables }
}

fn what(name: &str, tables: &mut Tables) -> (What, Style) {
    let plain = match name {
        "bytes" => What::Bytes,
        "c-dns" => What::ClientHost,
        "c-ip" => What::Client,
        "cs-method" => What::Method,
        "cs-uri" => What::Target,
        "cs-uri-query" => What::BareQuery,
        "cs-uri-stem" => What::Path,
        "date" => tables.formatted("yyyy-MM-dd"),
        "s-ip" => What::LocalAddress,
        "sc-status" => What::Status,
        "time" => tables.formatted("HH:mm:ss"),
        "time-taken" | "time-taken-s" | "time-taken-fracsec" => What::Duration(SECOND),
        "time-taken-ms" => What::Duration(MILLISECOND),
        "time-taken-us" => What::Duration(MICROSECOND),
        "time-taken-ns" => What::Duration(1),
        "x-threadname" => What::Thread,
        _ => What::Ignored,
    };
    if plain != What::Ignored {
        return (plain, Style::Plain);
    }
    let named = name.strip_suffix(')').and_then(|name| name.split_once('('));
    let what = match named {
        Some(("cs", header)) => tables.request_header(header),
        Some(("sc" | "x-O", header)) => tables.response_header(header),
        Some(("x-R", attribute)) => tables.request_attribute(attribute),
        Some(("x-H", "protocol")) => What::Protocol,
        Some(("x-H", "remoteUser")) => What::User,
        Some(("x-H", "scheme")) => return (What::Scheme, Style::Plain),
        _ => What::Ignored,
    };
    (what, Style::Doubled)
}
