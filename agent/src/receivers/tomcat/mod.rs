//! Apache Tomcat, told from what it writes.

mod access;
mod dates;
mod exceptions;
mod files;
mod juli;
mod logging;
mod logs;
mod properties;
mod records;
mod requests;
mod server_xml;
