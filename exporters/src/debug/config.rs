use edgewatch_core::config::ConfigError;
use edgewatch_core::delivery::QueueSettings;
use edgewatch_core::extension::Use;
use edgewatch_core::factory::ComponentConfig;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// Settings of the `debug` exporter.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// How much is printed. `basic`: a line for each batch, with where it came from and what is most telling
    /// in it. `normal`: a line for each span, data point or log record. `detailed`: everything. Default:
    /// basic.
    pub(super) verbosity: Verbosity,
    /// Batches of a signal that are printed in each second before sampling begins. Default: 2.
    pub(super) sampling_initial: u64,
    /// From then on every so many-th batch is printed until the second is over. 1: every batch. 0: none.
    /// Default: 1.
    pub(super) sampling_thereafter: u64,
    /// Accepted for the Collector's sake, without effect: the output goes to standard output, apart from the
    /// agent's own log. Default: true.
    pub(super) use_internal_logger: bool,
    /// Where to print. Only `[stdout]` in this build. Default: `[stdout]`.
    pub(super) output_paths: Vec<String>,
    /// Where batches wait to be printed. Default: absent, a short queue that makes pipelines wait.
    pub(super) sending_queue: Option<QueueSettings>,
}

/// How much is printed.
#[derive(Clone, Copy, Debug, Default, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verbosity {
    /// A line for each batch.
    #[default]
    Basic,
    /// A line for each item.
    Normal,
    /// Everything.
    Detailed,
}

/// Any case will do, as in the Collector; messages name the lower case only.
impl<'de> Deserialize<'de> for Verbosity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.to_ascii_lowercase().as_str() {
            "basic" => Ok(Self::Basic),
            "normal" => Ok(Self::Normal),
            "detailed" => Ok(Self::Detailed),
            _ => Err(D::Error::unknown_variant(&text, &["basic", "normal", "detailed"])),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            verbosity: Verbosity::Basic,
            sampling_initial: 2,
            sampling_thereafter: 1,
            use_internal_logger: true,
            output_paths: vec!["stdout".to_owned()],
            sending_queue: None,
        }
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        let paths = if self.output_paths == ["stdout"] {
            Ok(())
        } else {
            Err(ConfigError::new(
                "output_paths",
                "this build prints to stdout only; remove the key, or use the file exporter to write to a file",
            ))
        };
        let queue = self.sending_queue.as_ref().map_or(Ok(()), |queue| queue.validate("sending_queue"));
        ConfigError::all([paths, queue])
    }

    fn uses(&self) -> Vec<Use> {
        self.sending_queue.as_ref().and_then(|queue| queue.uses("sending_queue")).into_iter().collect()
    }
}
