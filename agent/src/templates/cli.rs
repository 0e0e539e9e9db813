//! What users type after `edgewatch templates`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

/// What to look at.
#[derive(Args, Clone, Debug)]
pub struct TemplatesArguments {
    /// A log file, or `-` for what comes on standard input.
    #[arg(value_name = "FILE")]
    pub path: PathBuf,
    /// Print a table of the templates, the most frequent first, with how many lines each has and one of them.
    #[arg(long)]
    pub summary: bool,
    /// Templates that are known at once, at most. When there are more, those not seen for longest are forgotten.
    #[arg(long, value_name = "NUMBER", default_value = "4096")]
    pub max_templates: NonZeroUsize,
}

/// What `edgewatch templates --help` ends with.
pub(crate) const HELP: &str =
    "A template is what the lines of one log statement have in common: `<*>` stands for what differs.

  Accepted password for alice from 10.0.0.7 port 50112
  Accepted password for bob from 10.0.0.9 port 50334
  -> Accepted password for <*> from <*> port <*>

Numbers, addresses, paths, hexadecimal and the like are taken for variables at sight. Words become
one when enough different ones were seen in the same place. Nothing needs to be configured.

The id is a hash of the template's text: the same template has the same id everywhere.

Columns of the CSV, one row for each line of the input:
  line          its number, from 1
  template_id   the template that it is of, as far as is known at the end
  template      its text

Exit status: 0 when the input could be read, 1 when not, 2 for bad arguments.

Examples:
  edgewatch templates app.log > app.csv
  edgewatch templates app.log --summary | head -20
  journalctl -o cat -u nginx | edgewatch templates - --summary
  zcat app.log.*.gz | edgewatch templates - --summary";
