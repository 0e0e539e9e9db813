//! Which service a resource is of, and what all resources of a service have in common.

use edgewatch_proto::encode;
use edgewatch_proto::view::{Resource, Value, View};

/// Attributes that describe a service on a host, not one of its instances or versions: with those, series would end at each start.
pub(super) const KEPT: [&str; 18] = [
    "cloud.account.id",
    "cloud.availability_zone",
    "cloud.provider",
    "cloud.region",
    "deployment.environment",
    "deployment.environment.name",
    "host.id",
    "host.name",
    "k8s.cluster.name",
    "k8s.container.name",
    "k8s.cronjob.name",
    "k8s.daemonset.name",
    "k8s.deployment.name",
    "k8s.namespace.name",
    "k8s.node.name",
    "k8s.statefulset.name",
    "service.name",
    "service.namespace",
];

/// Longest value that is kept, and longest name of a service.
pub(super) const LONGEST: usize = 256;
/// Longest resource that is known again at a glance.
const LONGEST_RESOURCE: usize = 4096;

/// `service.namespace` and `service.name`.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(super) struct Name {
    pub(super) namespace: Box<str>,
    pub(super) name: Box<str>,
}

impl Name {
    /// Writes the name of the service that `resource` is of into `key`; returns whether it has one that can be kept.
    pub(super) fn read(resource: Resource<'_>, key: &mut String) -> bool {
        let (mut namespace, mut name) = ("", "");
        for attribute in resource.attributes() {
            match attribute.key_bytes() {
                b"service.name" => name = attribute.value().as_str().unwrap_or_default(),
                b"service.namespace" => namespace = attribute.value().as_str().unwrap_or_default(),
                _ => {}
            }
        }
        let usable = !name.is_empty() && name.len() <= LONGEST && namespace.len() <= LONGEST;
        if usable {
            Self::write(namespace, name, key);
        }
        usable
    }

    /// The name by which it is looked up.
    pub(super) fn key(&self) -> String {
        let mut key = String::new();
        Self::write(&self.namespace, &self.name, &mut key);
        key
    }

    fn write(namespace: &str, name: &str, key: &mut String) {
        key.clear();
        key.push_str(namespace);
        key.push('\0');
        key.push_str(name);
    }
}

/// What all resources of a service have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Common {
    /// For each of the attributes that are kept, its encoded value, if all resources had the same. Empty: no resource was seen.
    pub(super) values: Vec<Option<Box<[u8]>>>,
    /// The last resource, to know it again; empty before the first, and when it is too long.
    last: Vec<u8>,
}

impl Common {
    /// Most bytes that it holds.
    pub(super) const BOUND: usize = LONGEST_RESOURCE + KEPT.len() * (LONGEST + 32);

    /// Takes in a resource; returns whether less is in common than before.
    pub(super) fn note(&mut self, resource: Option<Resource<'_>>) -> bool {
        let bytes = resource.map(View::as_bytes).unwrap_or_default();
        if !self.last.is_empty() && self.last == bytes {
            return false;
        }
        self.last.clear();
        if bytes.len() <= LONGEST_RESOURCE {
            self.last.extend_from_slice(bytes);
        }
        let mut found: [Option<&[u8]>; KEPT.len()] = [None; KEPT.len()];
        for attribute in resource.into_iter().flat_map(Resource::attributes) {
            let place = KEPT.binary_search(&attribute.key()).ok().and_then(|place| found.get_mut(place));
            if let (Some(place), Value::String(text)) = (place, attribute.value().value())
                && text.len() <= LONGEST
            {
                *place = Some(attribute.value().as_bytes());
            }
        }
        if self.values.is_empty() {
            self.values = found.into_iter().map(|value| value.map(Into::into)).collect();
            return false;
        }
        let mut less = false;
        for (known, value) in self.values.iter_mut().zip(found) {
            if known.is_some() && known.as_deref() != value {
                *known = None;
                less = true;
            }
        }
        less
    }

    /// Writes what is in common.
    pub(super) fn describe(&self, attributes: &mut encode::Attributes<'_>) {
        for (key, value) in KEPT.iter().zip(&self.values) {
            if let Some(value) = value {
                attributes.value(key, |any| any.encoded(value));
            }
        }
    }

    /// Whether any resource was seen.
    pub(super) fn is_known(&self) -> bool {
        !self.values.is_empty()
    }
}
