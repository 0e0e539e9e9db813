//! The Kubernetes node and pod of the agent, from variables that its manifest sets with the downward API.

use std::path::Path;

use edgewatch_core::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::config::{Switch, resource_attributes};
use super::Found;

/// Where every pod finds its namespace.
const NAMESPACE_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// Settings of the detector `kubernetes`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::resource_detection) struct KubernetesConfig {
    /// The variable that has the node's name (`spec.nodeName`). Default: `K8S_NODE_NAME`.
    pub(super) node_from_env_var: String,
    /// Accepted for the Collector's sake, without effect: the Kubernetes API is not asked. Default:
    /// `serviceAccount`.
    pub(super) auth_type: String,
    /// The attributes to add.
    pub(super) resource_attributes: KubernetesAttributes,
}

impl Default for KubernetesConfig {
    fn default() -> Self {
        Self {
            node_from_env_var: "K8S_NODE_NAME".to_owned(),
            auth_type: "serviceAccount".to_owned(),
            resource_attributes: KubernetesAttributes::default(),
        }
    }
}

resource_attributes! {
    /// The attributes that the detector `kubernetes` adds. Those of the pod describe the agent's own pod;
    /// they are right for the telemetry of others only where the agent runs as a sidecar.
    KubernetesAttributes {
        /// Name of the cluster, from the variable `K8S_CLUSTER_NAME`. Default: on.
        cluster_name = "k8s.cluster.name": ON,
        /// Namespace of the agent's pod, from `K8S_NAMESPACE_NAME`, `K8S_NAMESPACE`, `POD_NAMESPACE` or the
        /// service account. Default: off.
        namespace_name = "k8s.namespace.name": OFF,
        /// Name of the node; see `node_from_env_var`. Default: on.
        node_name = "k8s.node.name": ON,
        /// Id of the node, from `K8S_NODE_UID`. Default: on.
        node_uid = "k8s.node.uid": ON,
        /// Address of the agent's pod, from `K8S_POD_IP`, `POD_IP` or `MY_POD_IP`. Default: off.
        pod_ip = "k8s.pod.ip": OFF,
        /// Name of the agent's pod, from `K8S_POD_NAME` or `POD_NAME`. Default: off.
        pod_name = "k8s.pod.name": OFF,
        /// Id of the agent's pod, from `K8S_POD_UID` or `POD_UID`. Default: off.
        pod_uid = "k8s.pod.uid": OFF,
    }
}

pub(super) fn detect(config: &KubernetesConfig, host: &dyn Host, found: &mut Found) {
    let first =
        |names: &[&str]| names.iter().filter_map(|name| host.env(name)).find(|value| !value.is_empty());
    let namespace = || host.read(Path::new(NAMESPACE_FILE)).ok().map(|name| name.trim().to_owned());
    found.text("k8s.node.name", first(&[&config.node_from_env_var, "NODE_NAME"]));
    found.text("k8s.node.uid", first(&["K8S_NODE_UID"]));
    found.text("k8s.cluster.name", first(&["K8S_CLUSTER_NAME"]));
    found.text(
        "k8s.namespace.name",
        first(&["K8S_NAMESPACE_NAME", "K8S_NAMESPACE", "POD_NAMESPACE"]).or_else(namespace),
    );
    found.text("k8s.pod.name", first(&["K8S_POD_NAME", "POD_NAME"]));
    found.text("k8s.pod.uid", first(&["K8S_POD_UID", "POD_UID"]));
    found.text("k8s.pod.ip", first(&["K8S_POD_IP", "POD_IP", "MY_POD_IP"]));
    found.retain(|key| config.resource_attributes.allows(key));
}
