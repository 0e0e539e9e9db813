//! Made-up series with known faults: needs no data.
//!
//! Quiet series must stay quiet: the rate of false events is below the nominal one. Faults must be found within two
//! scoring steps, by one event each.

mod faults;
mod odd;
mod quiet;
mod replay;
mod shapes;

use super::Options;

/// Runs all of them.
pub(super) fn run(_: &Options) -> anyhow::Result<()> {
    quiet::run()?;
    faults::run()?;
    odd::run()
}
