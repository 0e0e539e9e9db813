use edgewatch_core::config::ConfigError;
use edgewatch_core::host::Host;

use super::super::config::Config;
use super::{container, env, kubernetes, system};
use crate::actions::Literal;

/// Detectors of the Collector that ask over the network or the Docker daemon, which this build does not do.
pub(in crate::resource_detection) const NOT_IN_THIS_BUILD: &[&str] = &[
    "akamai",
    "aks",
    "alibaba_ecs",
    "azure",
    "azurecontainerapps",
    "consul",
    "digitalocean",
    "docker",
    "dynatrace",
    "ec2",
    "ecs",
    "eks",
    "elasticbeanstalk",
    "elastic_beanstalk",
    "gce",
    "gcp",
    "gke",
    "heroku",
    "hetzner",
    "ibmcloud_classic",
    "ibmcloud_vpc",
    "kubeadm",
    "lambda",
    "nova",
    "openshift",
    "oraclecloud",
    "scaleway",
    "tencent_cvm",
    "upcloud",
    "vultr",
];

/// A source of knowledge about where the agent runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::resource_detection) enum Detector {
    Env,
    System,
    Container,
    Kubernetes,
}

impl Detector {
    pub(in crate::resource_detection) const ALL: [Self; 4] =
        [Self::Env, Self::System, Self::Container, Self::Kubernetes];

    pub(in crate::resource_detection) const fn name(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::System => "system",
            Self::Container => "container",
            Self::Kubernetes => "kubernetes",
        }
    }

    /// The detector with this name or, for one that the Collector calls otherwise, that name.
    pub(in crate::resource_detection) fn named(name: &str) -> Option<Self> {
        match name {
            "k8s_api" | "k8snode" => Some(Self::Kubernetes),
            name => Self::ALL.into_iter().find(|detector| detector.name() == name),
        }
    }

    /// Fills in what this detector knows.
    ///
    /// # Errors
    ///
    /// A source that is there and cannot be understood.
    pub(in crate::resource_detection) fn detect(
        self,
        config: &Config,
        host: &dyn Host,
        found: &mut Found,
    ) -> Result<(), ConfigError> {
        match self {
            Self::Env => env::detect(&config.env, host, found),
            Self::System => {
                system::detect(&config.system, host, found);
                Ok(())
            }
            Self::Container => {
                container::detect(&config.container, host, found);
                Ok(())
            }
            Self::Kubernetes => {
                kubernetes::detect(&config.kubernetes, host, found);
                Ok(())
            }
        }
    }
}

/// The attributes that a detector found.
#[derive(Debug, Default)]
pub(in crate::resource_detection) struct Found {
    attributes: Vec<(String, Literal)>,
}

impl Found {
    /// Adds a text that is known and not empty.
    pub(super) fn text(&mut self, key: &str, value: impl Into<Option<String>>) {
        if let Some(value) = value.into().filter(|value| !value.is_empty()) {
            self.attributes.push((key.to_owned(), Literal::String(value)));
        }
    }

    /// Adds a number that is known.
    pub(super) fn int(&mut self, key: &str, value: Option<i64>) {
        self.attributes.extend(value.map(|value| (key.to_owned(), Literal::Int(value))));
    }

    /// Adds a list unless it is empty.
    pub(super) fn list(&mut self, key: &str, values: Vec<String>) {
        if !values.is_empty() {
            let values = values.into_iter().map(Literal::String).collect();
            self.attributes.push((key.to_owned(), Literal::List(values)));
        }
    }

    /// Keeps the attributes that are switched on.
    pub(super) fn retain(&mut self, allowed: impl Fn(&str) -> bool) {
        self.attributes.retain(|(key, _)| allowed(key));
    }

    pub(in crate::resource_detection) fn into_attributes(self) -> Vec<(String, Literal)> {
        self.attributes
    }
}
