//! Cross-origin resource sharing: which web pages may send, with the rules of the Collector's.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::super::config::CorsConfig;
use super::reply::Reply;

/// Request headers that are always allowed.
const SAFE_HEADERS: [&str; 4] = ["accept", "accept-language", "content-language", "content-type"];

/// Allowed beside the safe ones when no others are configured.
const DEFAULT_HEADER: &str = "x-requested-with";

/// The rules, ready to be asked.
#[derive(Debug)]
pub(super) struct Cors {
    /// In lower case.
    origins: Vec<String>,
    /// In lower case.
    headers: Vec<String>,
    max_age: u32,
}

impl Cors {
    /// `None` when no origin is allowed, which turns CORS off.
    pub(super) fn new(config: &CorsConfig) -> Option<Self> {
        let lower = |list: &[String]| list.iter().map(|text| text.to_ascii_lowercase()).collect::<Vec<_>>();
        let mut headers = lower(&config.allowed_headers);
        if headers.is_empty() {
            headers.push(DEFAULT_HEADER.to_owned());
        }
        let origins = lower(&config.allowed_origins);
        (!origins.is_empty()).then_some(Self { origins, headers, max_age: config.max_age })
    }

    /// The answer when the request is a browser's question whether it may send.
    pub(super) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response<Reply>> {
        let wanted = headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
        if method != Method::OPTIONS {
            return None;
        }
        let mut response = Response::new(Reply::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let answer = response.headers_mut();
        let vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
        answer.insert(VARY, HeaderValue::from_static(vary));
        let asked = headers.get(ACCESS_CONTROL_REQUEST_HEADERS);
        if let Some(origin) = self.allowed_origin(headers)
            && wanted.as_bytes() == b"POST"
            && self.allows_headers(asked)
        {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
            answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            if let Some(asked) = asked {
                answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
            }
            if self.max_age > 0 {
                answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(self.max_age));
            }
        }
        Some(response)
    }

    /// Adds to an answer what its browser needs to hand it to the page.
    pub(super) fn permit(&self, origin: Option<HeaderValue>, answer: &mut HeaderMap) {
        answer.insert(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }

    /// What to say for the request's origin; `None` when it is not allowed or there is none.
    pub(super) fn allowed_origin(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        if self.origins.iter().any(|allowed| allowed == "*") {
            return Some(HeaderValue::from_static("*"));
        }
        let text = origin.to_str().ok()?.to_ascii_lowercase();
        self.origins.iter().any(|allowed| matches(allowed, &text)).then(|| origin.clone())
    }

    fn allows_headers(&self, asked: Option<&HeaderValue>) -> bool {
        let Some(asked) = asked else { return true };
        let Ok(asked) = asked.to_str() else { return false };
        let allowed = |name: String| {
            SAFE_HEADERS.contains(&name.as_str())
                || self.headers.iter().any(|header| *header == name || header == "*")
        };
        asked
            .split(',')
            .map(|name| name.trim().to_ascii_lowercase())
            .filter(|name| !name.is_empty())
            .all(allowed)
    }
}

/// Whether `origin` is `allowed`, in which the first `*` stands for any characters.
fn matches(allowed: &str, origin: &str) -> bool {
    match allowed.split_once('*') {
        None => allowed == origin,
        Some((before, after)) => {
            origin.len() >= before.len() + after.len()
                && origin.starts_with(before)
                && origin.ends_with(after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_in_an_origin_stands_for_any_characters() {
        assert!(matches("https://*.example.com", "https://shop.example.com"));
        assert!(matches("https://*", "https://example.com"));
        assert!(!matches("https://*.example.com", "https://example.com"));
        assert!(!matches("https://*.example.com", "https://shop.example.com.evil.org"));
        assert!(!matches("ab*bc", "abc"));
        assert!(matches("https://example.com", "https://example.com"));
        assert!(!matches("https://example.com", "http://example.com"));
    }
}
