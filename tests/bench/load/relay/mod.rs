//! The bare relay: what is possible.
//!
//! An HTTP/2 server and client on one current-thread runtime. It counts the items of each request by walking tags,
//! acknowledges, collects requests as the batch processor does by default (8192 items or 200 ms) and sends their bytes
//! joined under one gRPC message, without copying them. No retry, no disk, no TLS, no limits: nothing that Edgewatch
//! could leave out.

mod batch;
mod intake;
mod outlet;

pub(crate) use intake::run;
