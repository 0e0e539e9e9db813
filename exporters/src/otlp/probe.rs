//! Whether a destination can be reached: name, socket, proxy and TLS, as a delivery would.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use edgewatch_core::config::ConfigError;
use edgewatch_core::probe::{Fault, Probe, ProbeContext, Role, Trouble, validity};
use tokio::io::AsyncReadExt;

use super::connect::{ConnectError, Connected, Connector, Route};
use crate::tls::ClientTls;

/// Time for a destination to turn a client away after the handshake.
const HEARING: Duration = Duration::from_millis(300);

/// Connects to the destination that `key` names and hangs up.
pub(crate) fn reachable(key: impl Into<String>, connector: Result<Connector, ConfigError>) -> Probe {
    let key = key.into();
    let what = match &connector {
        Ok(connector) => {
            format!("the connection to {}{}", connector.target.authority(), through(&connector.route))
        }
        Err(_) => "the destination".to_owned(),
    };
    Probe::new(key.clone(), what, async move {
        // What building finds, such as files that cannot be read, stands at keys of its own.
        let connector = connector?;
        let insecure = connector.tls.is_none();
        let outcome = match connector.connect().await {
            Ok(_) if insecure => Ok(()),
            Ok(connected) => hear(connected, connector.target.host()).await,
            Err(error) => Err(error),
        };
        outcome.map_err(|error| Fault::new(error.to_string(), way_out(&error, insecure)).error_at(key))
    })
}

/// Waits a moment for what the destination says first: in TLS 1.3 it turns clients away after the handshake only.
async fn hear(connected: Connected, host: &str) -> Result<(), ConnectError> {
    let mut io = connected.io.into_inner();
    match tokio::time::timeout(HEARING, io.read_u8()).await {
        Ok(Err(source)) => Err(ConnectError::Tls { host: host.to_owned(), source }),
        // The settings of HTTP/2, or silence as HTTP/1 has it.
        Ok(Ok(_)) | Err(_) => Ok(()),
    }
}

fn through(route: &Route) -> String {
    match route {
        Route::Direct => String::new(),
        Route::Tunnel(proxy) | Route::Forward(proxy) => {
            format!(" through the proxy {}:{}", proxy.host, proxy.port)
        }
    }
}

fn way_out(error: &ConnectError, insecure: bool) -> &'static str {
    match error {
        ConnectError::Socket { source, .. } => no_connection(source.kind()),
        ConnectError::Tls { source, .. } => {
            let said = source.to_string();
            if said.contains("UnknownIssuer") || said.contains("BadSignature") {
                "its certificate is not from an authority that is trusted here: name that in tls.ca_file"
            } else if said.contains("NotValidForName") || said.contains("not valid for name") {
                "its certificate is for another name: use that in the endpoint, or tls.server_name_override"
            } else if said.contains("InvalidContentType") || said.contains("corrupt message") {
                "it does not speak TLS there: choose its TLS port, or set tls.insecure (an http:// URL) to send in clear text"
            } else if said.contains("CertificateRequired") || said.contains("HandshakeFailure") {
                "it wants a certificate of this client: set tls.cert_file and tls.key_file"
            } else {
                "check the certificates of both sides"
            }
        }
        ConnectError::Proxy { .. } => "check the proxy, or exempt the destination from it in NO_PROXY",
        ConnectError::Http { .. } if insecure => "it may want TLS: remove tls.insecure, or write https://",
        ConnectError::Http { .. } => "check that it speaks OTLP there",
    }
}

fn no_connection(kind: ErrorKind) -> &'static str {
    let unreachable = [ErrorKind::TimedOut, ErrorKind::HostUnreachable, ErrorKind::NetworkUnreachable];
    if kind == ErrorKind::ConnectionRefused {
        "nothing listens there: check the port, or start the destination"
    } else if kind == ErrorKind::NotFound {
        "no such socket: check the path, or start the destination"
    } else if unreachable.contains(&kind) {
        "the network does not lead there: check the address, routes and firewalls"
    } else if kind == ErrorKind::PermissionDenied {
        "the system does not allow it: check permissions and firewalls"
    } else {
        "check the name, and whether this host can resolve it"
    }
}

/// Whether the certificates that are named are valid now. Whether they can be read and belong together, building the connection
/// tells.
pub(crate) fn certificates(tls: &ClientTls, context: &ProbeContext) -> Vec<Probe> {
    let named = [
        ("tls.cert_file", &tls.cert_file, tls.cert_pem.expose(), Role::Chain),
        ("tls.ca_file", &tls.ca_file, tls.ca_pem.expose(), Role::Authorities),
    ];
    let now = context.now;
    let given = named.into_iter().filter(|(_, file, pem, _)| !file.is_empty() || !pem.is_empty());
    let probe = |(key, file, pem, role): (&'static str, &String, &str, Role)| {
        let (file, pem) = (file.clone(), pem.as_bytes().to_vec());
        Probe::blocking(key, format!("the certificates of {key}"), move || -> Result<(), Trouble> {
            let key = if pem.is_empty() { key.to_owned() } else { key.replace("_file", "_pem") };
            let pem = if pem.is_empty() { std::fs::read(Path::new(&file)).unwrap_or_default() } else { pem };
            validity(&key, &pem, role, now)
        })
    };
    given.map(probe).collect()
}
