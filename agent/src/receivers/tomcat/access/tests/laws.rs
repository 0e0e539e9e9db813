//! What a pattern writes, it reads back.

use proptest::prelude::*;

use super::*;

/// A request as Tomcat would log it.
#[derive(Clone, Debug)]
struct Logged {
    client: String,
    user: Option<String>,
    method: String,
    path: String,
    query: Option<String>,
    status: u16,
    bytes: u64,
    micros: u64,
    agent: Option<String>,
    second: u32,
}

fn logged() -> impl Strategy<Value = Logged> {
    (
        "[0-9a-f:.]{1,20}",
        proptest::option::of("[^\\p{C}]{1,12}"),
        "[A-Z]{1,8}",
        "/[a-zA-Z0-9/%._-]{0,20}",
        proptest::option::of("[a-z=&0-9]{0,12}"),
        100_u16..600,
        0_u64..1_000_000,
        0_u64..100_000_000,
        proptest::option::of(".{1,20}"),
        0_u32..60,
    )
        .prop_map(|(client, user, method, path, query, status, bytes, micros, agent, second)| Logged {
            client,
            user: user.filter(|user| user != "-"),
            method,
            path,
            query,
            status,
            bytes,
            micros,
            agent: agent.filter(|agent| agent != "-"),
            second,
        })
}

/// As `escapeAndAppend` of the valve.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for unit in text.encode_utf16() {
        match char::from_u32(u32::from(unit)) {
            Some('\\') => escaped.push_str("\\\\"),
            Some('"') => escaped.push_str("\\\""),
            Some('\n') => escaped.push_str("\\n"),
            Some('\r') => escaped.push_str("\\r"),
            Some('\t') => escaped.push_str("\\t"),
            Some('\u{c}') => escaped.push_str("\\f"),
            Some(letter) if (' '..'\u{7f}').contains(&letter) => escaped.push(letter),
            _ => escaped.push_str(&format!("\\u{unit:04x}")),
        }
    }
    escaped
}

impl Logged {
    fn value(&self, code: &str) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        match code {
            "%a" | "%h" => self.client.clone(),
            "%l" => "-".to_owned(),
            "%u" => self.user.as_deref().map_or("-".to_owned(), escaped),
            "%t" => format!("[20/Nov/2026:12:00:{:02} +0000]", self.second),
            "%{sec}t" => format!("{}", 1_795_176_000 + self.second),
            "%{yyyy-MM-dd'T'HH:mm:ssXXX}t" => format!("2026-11-20T12:00:{:02}Z", self.second),
            "\"%r\"" => format!("\"{} {}{query} HTTP/1.1\"", self.method, self.path),
            "%m" => self.method.clone(),
            "%U%q" => format!("{}{query}", self.path),
            "%s" => self.status.to_string(),
            "%B" => self.bytes.to_string(),
            "%b" => {
                if self.bytes == 0 {
                    "-".to_owned()
                } else {
                    self.bytes.to_string()
                }
            }
            "%D" => self.micros.to_string(),
            "\"%{User-Agent}i\"" => format!("\"{}\"", self.agent.as_deref().map_or("-".to_owned(), escaped)),
            "static" => "static".to_owned(),
            other => panic!("{other}"),
        }
    }
}

const CODES: [&str; 15] = [
    "%a",
    "%h",
    "%l",
    "%u",
    "%t",
    "%{sec}t",
    "%{yyyy-MM-dd'T'HH:mm:ssXXX}t",
    "\"%r\"",
    "%m",
    "%U%q",
    "%s",
    "%B",
    "%b",
    "%D",
    "\"%{User-Agent}i\"",
];

proptest! {
    #[test]
    fn reads_back_what_tomcat_writes(
        codes in proptest::sample::subsequence(CODES.to_vec(), 1..=15).prop_shuffle(),
        logged in logged(),
        separator in proptest::sample::select(vec!["\t", " | ", "\u{2192}", "||"]),
    ) {
        let pattern = codes.join(separator);
        let values: Vec<_> = codes.iter().map(|code| logged.value(code)).collect();
        // A value that holds what separates it from the next one cannot be told apart by anybody.
        prop_assume!(logged.user.as_deref().is_none_or(|user| !escaped(user).contains(separator.trim_end())));
        prop_assume!(logged.agent.as_deref().is_none_or(|agent| !agent.contains('|')));
        let line = values.join(separator);
        let mut reader = reader(&pattern);
        let mut request = Request::default();
        prop_assert_eq!(reader.read(&line, &mut request), Outcome::Request, "{} {}", pattern, line);
        for code in codes {
            match code {
                "%a" => prop_assert_eq!(request.client, Some(logged.client.as_str())),
                "%h" => prop_assert_eq!(request.client_host, Some(logged.client.as_str())),
                "%u" => prop_assert_eq!(plain(request.user), logged.user.clone()),
                "%t" | "%{sec}t" | "%{yyyy-MM-dd'T'HH:mm:ssXXX}t" => prop_assert_eq!(
                    request.time, Some((1_795_176_000 + u64::from(logged.second)) * 1_000_000_000)
                ),
                "\"%r\"" | "%U%q" => {
                    prop_assert_eq!(request.path, Some(logged.path.as_str()));
                    prop_assert_eq!(request.query, logged.query.as_deref());
                }
                "%m" => prop_assert_eq!(request.method, Some(logged.method.as_str())),
                "%s" => prop_assert_eq!(request.status, Some(logged.status)),
                "%B" => prop_assert_eq!(request.bytes, Some(logged.bytes)),
                "%D" => prop_assert_eq!(request.duration, Some(logged.micros * 1000)),
                "\"%{User-Agent}i\"" => prop_assert_eq!(plain(request.agent), logged.agent.clone()),
                _ => {}
            }
        }
    }

    #[test]
    fn any_pattern_and_line_is_read_without_a_panic(pattern in "[%{}a-zA-Z\"' :\\[\\]]{0,30}|.{0,30}", line in ".{0,80}") {
        for format in [Format::pattern(&pattern, NEW), Format::extended(&pattern), Format::json(&pattern, OLD)] {
            let mut request = Request::default();
            let _ = Reader::new(format, TimeZone::UTC).read(&line, &mut request);
            let _ = plain(request.agent);
        }
    }
}
