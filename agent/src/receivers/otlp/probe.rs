//! What only the host can tell: whether the ports are free and the certificates can be used.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use edgewatch_core::config::join;
use edgewatch_core::listeners::Listeners;
use edgewatch_core::probe::{Fault, Probe, ProbeContext, Role, Trouble, validity, writable_directory};
use edgewatch_core::receiver::ReceiveError;

use super::config::{Config, Place, TlsConfig, Transport};
use super::server::{Listener, Tls};

pub(super) fn probes(config: &Config, context: &ProbeContext) -> Vec<Probe> {
    let mut probes = Vec::new();
    if let Some(grpc) = &config.protocols.grpc {
        let of_port = port("protocols.grpc", &grpc.endpoint, grpc.transport, grpc.tls.as_ref(), context);
        probes.extend(of_port);
    }
    if let Some(http) = &config.protocols.http {
        let of_port = port("protocols.http", &http.endpoint, http.transport, http.tls.as_ref(), context);
        probes.extend(of_port);
    }
    probes
}

fn port(
    prefix: &'static str,
    endpoint: &str,
    transport: Transport,
    tls: Option<&TlsConfig>,
    context: &ProbeContext,
) -> Vec<Probe> {
    let mut probes = Vec::new();
    match Place::parse(endpoint, transport) {
        Ok(Place::Unix(path)) => probes.push(socket(path).under(prefix)),
        Ok(place @ Place::Tcp { port, .. }) => {
            let owner = format!("receivers.{}.{prefix}", context.id);
            probes.push(listening(place, endpoint.to_owned(), port, owner, context).under(prefix));
        }
        // `validate` has said it.
        Err(_) => {}
    }
    if let Some(tls) = tls {
        probes.push(certificates(tls.clone(), context).under(prefix));
    }
    probes
}

fn listening(place: Place, endpoint: String, port: u16, owner: String, context: &ProbeContext) -> Probe {
    let ports = context.ports.clone();
    Probe::new("endpoint", format!("listening on {endpoint}"), async move {
        match Listener::open(&place, &Listeners::default()).await {
            Ok(listener) => {
                ports.hold(port, owner, listener);
                Ok(())
            }
            Err(ReceiveError::Bind { source, .. }) => {
                Err(ports.trouble("endpoint", &endpoint, port, &source))
            }
            Err(error @ (ReceiveError::Source { .. } | ReceiveError::Setup(_))) => {
                Err(Fault::new(error.to_string(), "check the endpoint").error_at("endpoint"))
            }
        }
    })
}

/// A Unix socket is not opened: that would make its file.
fn socket(path: PathBuf) -> Probe {
    let what = format!("the socket {}", path.display());
    Probe::blocking("endpoint", what, move || check_socket(&path).map_err(|fault| fault.error_at("endpoint")))
}

/// Whether the socket at `path` is what a process has left there that is gone: then it is removed at the start.
fn is_dead(path: &Path) -> bool {
    UnixStream::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

fn check_socket(path: &Path) -> Result<(), Fault> {
    let shown = path.display();
    match std::fs::symlink_metadata(path) {
        Ok(file) if !file.file_type().is_socket() => Err(Fault::new(
            format!("{shown} is there and is no socket"),
            "name another path, or move it away",
        )),
        Ok(_) if !is_dead(path) => {
            Err(Fault::new(format!("{shown} is in use"), "stop who listens there, or name another path"))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
            writable_directory(directory.unwrap_or(Path::new(".")), false)
        }
        Err(error) => Err(Fault::new(format!("{shown} cannot be used: {error}"), "name another path")),
    }
}

/// Whether everything can be read, belongs together and is valid now.
fn certificates(tls: TlsConfig, context: &ProbeContext) -> Probe {
    let now = context.now;
    Probe::blocking("tls", "the files of tls", move || {
        Tls::check(&tls).map_err(Trouble::from)?;
        let chain = match (&tls.cert_pem, &tls.cert_file) {
            (Some(pem), _) => Some(("cert_pem", pem.clone().into_bytes())),
            (None, Some(file)) => std::fs::read(file).ok().map(|pem| ("cert_file", pem)),
            (None, None) => None,
        };
        if let Some((key, pem)) = chain {
            validity(&join("tls", key), &pem, Role::Chain, now)?;
        }
        match tls.client_ca_file.as_ref().and_then(|file| std::fs::read(file).ok()) {
            Some(pem) => validity("tls.client_ca_file", &pem, Role::Authorities, now),
            None => Ok(()),
        }
    })
}
