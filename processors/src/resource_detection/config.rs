use edgewatch_core::config::{ConfigError, Duration};
use edgewatch_core::factory::ComponentConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::detectors::container::ContainerConfig;
use super::detectors::env::EnvConfig;
use super::detectors::kubernetes::KubernetesConfig;
use super::detectors::system::SystemConfig;
use super::detectors::{Detector, NOT_IN_THIS_BUILD};

/// Settings of the `resource_detection` processor.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// What to ask, in this order; of several that know the same attribute, the first is believed. `env`: the
    /// variables `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`. `system`: host and operating system.
    /// `container`: the container that the agent runs in.
    /// `kubernetes` (also `k8s_api`, `k8snode`): the node, from variables that the pod's manifest sets.
    /// Default: `[env]`.
    pub(super) detectors: Vec<String>,
    /// Whether attributes that a resource has already are replaced. Default: true.
    pub(super) r#override: bool,
    /// The only attributes to add, of those detected; empty: all. Deprecated: switch attributes off one by
    /// one, under `resource_attributes` of their detector. Default: empty.
    pub(super) attributes: Vec<String>,
    /// Accepted for the Collector's sake, without effect: no detector of this build uses the network.
    /// Default: 5s.
    pub(super) timeout: Duration,
    /// Time after which detection is repeated. Not in this build, must be zero: detected once, at start.
    /// Default: 0s.
    pub(super) refresh_interval: Duration,
    /// Accepted for the Collector's sake, without effect: no detector of this build uses the network.
    /// Default: false.
    pub(super) fail_on_missing_metadata: bool,
    /// Settings of the detector `env`.
    pub(super) env: EnvConfig,
    /// Settings of the detector `system`.
    pub(super) system: SystemConfig,
    /// Settings of the detector `container`.
    pub(super) container: ContainerConfig,
    /// Settings of the detector `kubernetes`.
    #[serde(alias = "k8s_api", alias = "k8snode")]
    pub(super) kubernetes: KubernetesConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            detectors: vec![Detector::Env.name().to_owned()],
            r#override: true,
            attributes: Vec::new(),
            timeout: Duration::from_secs(5),
            refresh_interval: Duration::ZERO,
            fail_on_missing_metadata: false,
            env: EnvConfig::default(),
            system: SystemConfig::default(),
            container: ContainerConfig::default(),
            kubernetes: KubernetesConfig::default(),
        }
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        let detectors = self.detectors.iter().enumerate().map(|(index, name)| check_detector(index, name));
        let refresh = if self.refresh_interval == Duration::ZERO {
            Ok(())
        } else {
            Err(ConfigError::new(
                "refresh_interval",
                "this build detects once, when it starts; remove the key, and reload the configuration to detect again",
            ))
        };
        ConfigError::all(
            detectors.chain([refresh, self.system.validate().map_err(|error| error.under("system"))]),
        )
    }
}

fn check_detector(index: usize, name: &str) -> Result<(), ConfigError> {
    if Detector::named(name).is_some() {
        return Ok(());
    }
    let known = Detector::ALL.map(Detector::name).join(", ");
    let message = if NOT_IN_THIS_BUILD.contains(&name) {
        format!("the detector {name} is not in this build; remove it, the others go on ({known})")
    } else {
        format!("there is no detector {name}; the detectors are {known}")
    };
    Err(ConfigError::new(format!("detectors.{index}"), message))
}

/// Whether an attribute is added.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Switch {
    /// Whether the attribute is added.
    pub(super) enabled: bool,
}

impl Switch {
    pub(super) const ON: Self = Self { enabled: true };
    pub(super) const OFF: Self = Self { enabled: false };
}

/// Writes the `resource_attributes` section of a detector: a switch for each attribute, on or off by default.
macro_rules! resource_attributes {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident = $key:literal: $default:ident,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
        #[serde(default, deny_unknown_fields)]
        pub(in crate::resource_detection) struct $name {
            $(
                $(#[$doc])*
                #[serde(rename = $key)]
                pub(in crate::resource_detection) $field: Switch,
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: Switch::$default,)* }
            }
        }

        impl $name {
            /// Whether the attribute `key` is switched on.
            pub(in crate::resource_detection) fn allows(&self, key: &str) -> bool {
                match key {
                    $($key => self.$field.enabled,)*
                    _ => false,
                }
            }
        }
    };
}

pub(super) use resource_attributes;
