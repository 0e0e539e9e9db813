//! Metrics and logs of every Apache Tomcat on this host, with nothing added to it.
//!
//! [`receiver`] runs on the lane. It lets a helper thread look for Tomcats ([`processes`] finds processes, [`instances`] says which of them are
//! Tomcats and where their files are) and, round by round, count the threads of connectors by their names ([`threads`]). Where the
//! configuration names the manager application, [`page`] asks it: [`status`] and [`jmxproxy`] read the answers. All that is known about a
//! Tomcat at one moment is a [`reading`], which [`encoding`] writes as metrics.
//!
//! What it writes to its logs is found by [`logs`] ([`server_xml`], [`logging`]), followed by [`following`] and read by [`access`] and
//! [`juli`] ([`exceptions`]); [`tailed`] makes [`records`] of it and counts [`requests`].
//!
//! Invariants: no series has two sources in a round; a number that cannot be known is absent, never zero; links in the file systems
//! of containers lead nowhere else ([`files`]). Pages, XML and archives are foreign bytes: their readers are plain functions that neither
//! panic nor grow beyond what they are given.

mod access;
mod config;
mod dates;
mod encoding;
mod exceptions;
mod files;
mod following;
#[cfg(any(feature = "fuzzing", test))]
pub(crate) mod fuzzing;
mod instances;
mod jmxproxy;
mod juli;
mod logging;
mod logs;
mod page;
mod probe;
mod processes;
mod properties;
mod reading;
mod receiver;
mod records;
mod requests;
mod rounds;
mod server_xml;
mod status;
mod tags;
mod tailed;
mod telemetry;
mod threads;
mod version;

#[cfg(test)]
mod tests;

pub(super) use receiver::Tomcat;
