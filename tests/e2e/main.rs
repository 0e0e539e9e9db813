//! Stories about the assembled program; one module each.

#[cfg(test)]
mod backends;
#[cfg(test)]
mod configurations;
#[cfg(test)]
mod connectors;
#[cfg(test)]
mod delivery;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod interop;
#[cfg(test)]
mod jvm;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod misbehaviour;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod sampling;
#[cfg(test)]
mod scoring;
#[cfg(test)]
mod security;
#[cfg(test)]
mod tomcat;
