//! Whether somebody listens where a URL leads: a probe for destinations that only see a request now and then.

use edgewatch_core::probe::{Fault, Probe};
use http::Uri;
use tokio::net::TcpStream;

/// A probe of `url`, which stands at `key`; `purpose` completes "cannot connect to host:port, ...". Neither TLS nor proxies are tried.
pub(crate) fn probe(key: &'static str, url: &str, purpose: &'static str) -> Probe {
    let url = url.to_owned();
    Probe::new(key, format!("the connection to {url}"), async move {
        let wrong = |fact: String, help: &str| Err(Fault::new(fact, help).error_at(key));
        let Ok(uri) = url.parse::<Uri>() else {
            return wrong(format!("{url} is not a URL"), "write it as http://host:port");
        };
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        match TcpStream::connect((host, port)).await {
            Ok(_) => Ok(()),
            Err(error) => wrong(
                format!("cannot connect to {host}:{port}, {purpose}: {error}"),
                "check host and port, and whether the destination runs",
            ),
        }
    })
}
