//! What the codes of a pattern stand for.

use super::super::dates::format::Format;

/// Headers, cookies and attributes of one pattern that become attributes at most; more are passed over.
pub(super) const MOST_NAMED: usize = 16;

/// Headers whose values let whoever has them in: they stay out of attributes.
const CREDENTIALS: [&str; 5] = ["authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key"];

/// Tomcat's version, as far as its logs differ.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in super::super) struct Release {
    pub(in super::super) major: u32,
    pub(in super::super) minor: u32,
}

impl Release {
    /// Nanoseconds of the unit of `%D`: milliseconds until 10.0, then microseconds.
    const fn elapsed(self) -> u64 {
        if self.major > 10 || (self.major == 10 && self.minor >= 1) { MICROSECOND } else { MILLISECOND }
    }
}

pub(super) const MICROSECOND: u64 = 1_000;
pub(super) const MILLISECOND: u64 = 1_000_000;
pub(super) const SECOND: u64 = 1_000_000_000;

/// What a field of a line is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum What {
    /// Known otherwise, secret, or not understood.
    Ignored,
    /// The address of the client.
    Client,
    /// Its name, or its address where names are not looked up.
    ClientHost,
    ClientPort,
    /// The other end of the connection, which may be a proxy.
    Peer,
    LocalAddress,
    Server,
    ServerPort,
    User,
    Method,
    Path,
    /// With its question mark, or nothing.
    Query,
    /// Without a question mark.
    BareQuery,
    /// A path, and a query if there is one.
    Target,
    /// Method, target and protocol.
    RequestLine,
    Protocol,
    Scheme,
    Status,
    Bytes,
    /// A number of units of this many nanoseconds.
    Duration(u64),
    FirstByte,
    Thread,
    Connection,
    Agent,
    Traceparent,
    /// `[20/Nov/2026:07:38:41 +0000]`.
    Clf,
    /// Since 1970, in units of this many nanoseconds.
    Epoch(u64),
    /// The milliseconds of a time that stands elsewhere.
    Fraction,
    /// A time in the format with this index.
    Formatted(usize),
    /// Such a time that does not count.
    Skipped(usize),
    /// A value that becomes the attribute with this index.
    Named(usize),
}

impl What {
    /// Whether only digits and signs are in it.
    pub(super) const fn is_number(self) -> bool {
        matches!(
            self,
            Self::ClientPort
                | Self::ServerPort
                | Self::Status
                | Self::Bytes
                | Self::Duration(_)
                | Self::FirstByte
                | Self::Epoch(_)
                | Self::Fraction
        )
    }

    /// Whether it ends where it ends, whatever follows.
    pub(super) const fn ends_itself(self) -> bool {
        self.is_number()
            || matches!(self, Self::Clf | Self::Formatted(_) | Self::Skipped(_) | Self::Connection)
    }
}

/// An attribute that a pattern asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in super::super) struct Named {
    pub(in super::super) key: String,
    /// Whether the conventions make it an array, as with headers.
    pub(in super::super) array: bool,
}

/// What a pattern refers to by index.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    pub(super) named: Vec<Named>,
    pub(super) formats: Vec<Format>,
}

impl Tables {
    fn name(&mut self, key: String, array: bool) -> What {
        if let Some(known) = self.named.iter().position(|named| named.key == key) {
            return What::Named(known);
        }
        if self.named.len() >= MOST_NAMED {
            return What::Ignored;
        }
        self.named.push(Named { key, array });
        What::Named(self.named.len() - 1)
    }

    /// A time in a format of Java.
    pub(super) fn formatted(&mut self, format: &str) -> What {
        let Some(format) = Format::compile(format) else { return What::Ignored };
        self.formats.push(format);
        What::Formatted(self.formats.len() - 1)
    }

    /// The header `name` of the request.
    pub(super) fn request_header(&mut self, name: &str) -> What {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "user-agent" => What::Agent,
            "traceparent" => What::Traceparent,
            secret if CREDENTIALS.contains(&secret) => What::Ignored,
            _ => self.name(format!("http.request.header.{name}"), true),
        }
    }

    /// The header `name` of the response.
    pub(super) fn response_header(&mut self, name: &str) -> What {
        let name = name.to_ascii_lowercase();
        if CREDENTIALS.contains(&name.as_str()) {
            return What::Ignored;
        }
        self.name(format!("http.response.header.{name}"), true)
    }

    /// The attribute `name` that the application or a valve gave to the request.
    pub(super) fn request_attribute(&mut self, name: &str) -> What {
        match name {
            "org.apache.catalina.AccessLog.RemoteAddr" => What::Client,
            "org.apache.catalina.AccessLog.RemoteHost" => What::ClientHost,
            "org.apache.catalina.AccessLog.ServerName" => What::Server,
            "org.apache.catalina.AccessLog.ServerPort" => What::ServerPort,
            "org.apache.catalina.AccessLog.Protocol" => What::Protocol,
            _ => self.name(format!("tomcat.request.attribute.{name}"), false),
        }
    }

    /// What `%letter` or `%{name}letter` stands for. Sessions, cookies and what sessions hold are secrets or personal: they are in the
    /// body, not in attributes.
    pub(super) fn code(&mut self, name: Option<&str>, letter: char, release: Release) -> What {
        match (letter, name) {
            ('a', Some("peer")) => What::Peer,
            ('a', _) => What::Client,
            ('A', None) => What::LocalAddress,
            ('b' | 'B', None) => What::Bytes,
            ('D', None) => What::Duration(release.elapsed()),
            ('F', None) => What::FirstByte,
            ('h', None) => What::ClientHost,
            ('H', None) => What::Protocol,
            ('i', Some(name)) => self.request_header(name),
            ('I', None) => What::Thread,
            ('m', None) => What::Method,
            ('o', Some(name)) => self.response_header(name),
            ('p', Some("remote")) => What::ClientPort,
            ('p', _) => What::ServerPort,
            ('q', None) => What::Query,
            ('r', None) => What::RequestLine,
            ('r', Some(name)) => self.request_attribute(name),
            ('s', None) => What::Status,
            ('t', None) => What::Clf,
            ('t', Some(format)) => self.time(format),
            ('T', Some("ns")) => What::Duration(1),
            ('T', Some("us")) => What::Duration(MICROSECOND),
            ('T', Some("ms")) => What::Duration(MILLISECOND),
            ('T', _) => What::Duration(SECOND),
            ('u', None) => What::User,
            ('U', None) => What::Path,
            ('v', None) => What::Server,
            ('X', None) => What::Connection,
            _ => What::Ignored,
        }
    }

    /// What `%{format}t` stands for.
    fn time(&mut self, format: &str) -> What {
        let format = match format {
            "begin" | "end" => "",
            _ => format.strip_prefix("begin:").or_else(|| format.strip_prefix("end:")).unwrap_or(format),
        };
        match format {
            "" => What::Clf,
            "sec" => What::Epoch(SECOND),
            "msec" => What::Epoch(MILLISECOND),
            "msec_frac" => What::Fraction,
            format => self.formatted(format),
        }
    }
}

/// Whether a code is the time when a request began. Where a pattern has both, the end counts: that is when the line was made.
pub(super) fn begins(name: Option<&str>, letter: char) -> bool {
    letter == 't' && name.is_some_and(|name| name == "begin" || name.starts_with("begin:"))
}
