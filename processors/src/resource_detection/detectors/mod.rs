//! The detectors: each asks one kind of source and fills in what it finds.

pub(super) mod container;
mod detector;
pub(super) mod env;
mod hostname;
pub(super) mod kubernetes;
mod network;
pub(super) mod system;

pub(super) use detector::{Detector, Found, NOT_IN_THIS_BUILD};
