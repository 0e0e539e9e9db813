//! Where a destination is.

use edgewatch_core::config::ConfigError;

/// A place to connect to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    /// A host, by name or address (without brackets), and a port.
    Tcp { host: String, port: u16 },
    /// A socket in the file system.
    Unix { path: String },
}

/// An `endpoint` of gRPC, taken apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct GrpcEndpoint {
    pub(crate) target: Target,
    pub(crate) scheme: Option<Scheme>,
}

/// What an endpoint says about TLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Target {
    /// `host:port` as it stands in `:authority` and `Host`.
    pub(crate) fn authority(&self) -> String {
        match self {
            Self::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp { host, port } => format!("{host}:{port}"),
            Self::Unix { .. } => "localhost".to_owned(),
        }
    }

    /// The name that a certificate has to prove.
    pub(crate) fn host(&self) -> &str {
        match self {
            Self::Tcp { host, .. } => host,
            Self::Unix { .. } => "localhost",
        }
    }
}

impl GrpcEndpoint {
    /// Reads `host:port`, with `http://`, `https://`, `dns:///` or `passthrough:///` in front, or
    /// `unix:path`.
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        if text.is_empty() {
            return Err(wrong("is missing; write host:port, such as localhost:4317"));
        }
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path).to_owned();
            if path.is_empty() {
                return Err(wrong("names no socket; write unix:/path/to/socket"));
            }
            return Ok(Self { target: Target::Unix { path }, scheme: None });
        }
        let (scheme, rest) = match text.split_once("://") {
            Some(("http", rest)) => (Some(Scheme::Http), rest),
            Some(("https", rest)) => (Some(Scheme::Https), rest),
            // The part between the second and the third slash would name a resolver; the system's is used.
            Some(("dns" | "passthrough", rest)) => {
                (None, rest.split_once('/').map_or(rest, |(_, rest)| rest))
            }
            Some((scheme, _)) => {
                return Err(wrong(&format!(
                    "scheme `{scheme}` is not known; write host:port or https://host:port"
                )));
            }
            None => (None, text.strip_prefix("dns:").unwrap_or(text)),
        };
        let target = tcp(rest.strip_suffix('/').unwrap_or(rest))?;
        Ok(Self { target, scheme })
    }
}

fn tcp(text: &str) -> Result<Target, ConfigError> {
    if text.contains(['/', '?', '#', '@']) {
        return Err(wrong("has more than host and port; OTLP over gRPC has no path, so write host:port"));
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(wrong(&format!("`{text}` has no port; write {text}:4317")));
    };
    let Some(port) = port.parse().ok().filter(|port| *port != 0) else {
        return Err(wrong(&format!("`{port}` is not a port; write a number from 1 to 65535")));
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = bare.unwrap_or(host);
    if host.is_empty() {
        return Err(wrong(&format!("names no host; write localhost:{port} for this machine")));
    }
    if bare.is_none() && host.contains(':') {
        return Err(wrong(&format!("an IPv6 address stands in brackets; write [{host}]:{port}")));
    }
    Ok(Target::Tcp { host: host.to_owned(), port })
}

fn wrong(message: &str) -> ConfigError {
    ConfigError::new("endpoint", message)
}
