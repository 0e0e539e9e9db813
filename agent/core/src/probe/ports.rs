//! What is listened on while the host is looked at.

use std::any::Any;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};

use super::check::{Fault, Trouble};
use super::process::{self, Process};

/// Keeps what probes listen on until all have run, so that two components of one configuration that want the same port are
/// found, and says who has a port that is taken.
#[derive(Clone, Default)]
pub struct Ports(Arc<Mutex<Vec<Held>>>);

struct Held {
    port: u16,
    /// The key that asked for it, such as `receivers.otlp`.
    owner: String,
    _sockets: Box<dyn Any + Send>,
}

impl Ports {
    /// Keeps `sockets`, which listen on `port` for `owner`. Port 0 is any that is free.
    pub fn hold(&self, port: u16, owner: impl Into<String>, sockets: impl Any + Send) {
        if port != 0 {
            let held = Held { port, owner: owner.into(), _sockets: Box::new(sockets) };
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(held);
        }
    }

    /// Why `address` with `port`, which stands at `key`, cannot be listened on after the system said `error`.
    pub fn trouble(&self, key: &str, address: &str, port: u16, error: &io::Error) -> Trouble {
        if error.kind() != ErrorKind::AddrInUse {
            return unavailable(address, error).error_at(key);
        }
        if let Some(process) = process::listening_on(port) {
            return taken(address, &process, key);
        }
        if let Some(owner) = self.owner(port) {
            let fact = format!("{address} is wanted by {owner} of this configuration as well");
            return Fault::new(fact, "give one of the two another port").error_at(key);
        }
        let help = match process::other_agent() {
            Some(agent) => format!(
                "probably by the agent that runs here (process {}): stop it before this one starts",
                agent.number
            ),
            None => format!(
                "stop what listens there (`ss -ltnp sport = :{port}` as root tells), or choose another port"
            ),
        };
        Fault::new(format!("{address} is in use"), help).error_at(key)
    }

    fn owner(&self, port: u16) -> Option<String> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter().find(|held| held.port == port).map(|held| held.owner.clone())
    }
}

fn taken(address: &str, process: &Process, key: &str) -> Trouble {
    let fact = format!("{address} is in use by {} (process {})", process.name, process.number);
    if process.is_agent() {
        // Whoever checks a new configuration beside the running agent has done nothing wrong.
        let help = "an agent runs here already; it has to be stopped before another one starts with this configuration";
        return Fault::new(fact, help).warning_at(key);
    }
    Fault::new(fact, "stop it, or choose another port").error_at(key)
}

fn unavailable(address: &str, error: &io::Error) -> Fault {
    let help = if error.kind() == ErrorKind::AddrNotAvailable {
        "no interface of this host has this address; name one that it has"
    } else if error.kind() == ErrorKind::PermissionDenied {
        "ports below 1024 need the capability CAP_NET_BIND_SERVICE; grant it, or choose a port from 1024 on"
    } else {
        "check the name of the host and the port"
    };
    Fault::new(format!("{address} cannot be listened on: {error}"), help)
}
