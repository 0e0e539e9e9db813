//! Attributes of resources: what telemetry is about.

/// The machine, real or virtual.
pub mod host {
    /// The machine's unique id: of the cloud instance, or `/etc/machine-id`.
    pub const ID: &str = "host.id";
    /// What the machine is called.
    pub const NAME: &str = "host.name";
    /// The machine type, in a cloud.
    pub const TYPE: &str = "host.type";
    /// The architecture of its processors: `amd64`, `arm64`, ...
    pub const ARCH: &str = "host.arch";
    /// Its IP addresses but loopback; an array of strings.
    pub const IP: &str = "host.ip";
    /// Its MAC addresses but loopback, in upper case with hyphens; an array of strings.
    pub const MAC: &str = "host.mac";
    /// The image it was started from, by id.
    pub const IMAGE_ID: &str = "host.image.id";
    /// The image it was started from, by name.
    pub const IMAGE_NAME: &str = "host.image.name";
    /// The version of that image.
    pub const IMAGE_VERSION: &str = "host.image.version";
    /// Who made the processor: `GenuineIntel`, ...
    pub const CPU_VENDOR_ID: &str = "host.cpu.vendor.id";
    /// The processor's family.
    pub const CPU_FAMILY: &str = "host.cpu.family";
    /// The processor's model, as a number within its family.
    pub const CPU_MODEL_ID: &str = "host.cpu.model.id";
    /// The processor's model, for people.
    pub const CPU_MODEL_NAME: &str = "host.cpu.model.name";
    /// The processor's revision.
    pub const CPU_STEPPING: &str = "host.cpu.stepping";
    /// Bytes of its second-level cache; an integer.
    pub const CPU_CACHE_L2_SIZE: &str = "host.cpu.cache.l2.size";
}

/// The operating system.
pub mod os {
    /// Its family: `linux`, `windows`, `darwin`, ...
    pub const TYPE: &str = "os.type";
    /// Its name: `Debian GNU/Linux`, ...
    pub const NAME: &str = "os.name";
    /// Its version.
    pub const VERSION: &str = "os.version";
    /// Name and version, for people.
    pub const DESCRIPTION: &str = "os.description";
    /// The build of that version.
    pub const BUILD_ID: &str = "os.build_id";
}

/// What a program is for.
pub mod service {
    /// The service; the same for all of its instances.
    pub const NAME: &str = "service.name";
    /// The group of services it belongs to.
    pub const NAMESPACE: &str = "service.namespace";
    /// The version that runs.
    pub const VERSION: &str = "service.version";
    /// One of its instances, worldwide.
    pub const INSTANCE_ID: &str = "service.instance.id";
}

/// A process.
pub mod process {
    /// Its id; an integer.
    pub const PID: &str = "process.pid";
    /// The id of its parent; an integer.
    pub const PARENT_PID: &str = "process.parent_pid";
    /// The base name of its program.
    pub const EXECUTABLE_NAME: &str = "process.executable.name";
    /// The path of its program. No longer in the registry, which has `process.entrypoint`; the Collector writes it.
    pub const EXECUTABLE_PATH: &str = "process.executable.path";
    /// The first word of its command line.
    pub const COMMAND: &str = "process.command";
    /// Its whole command line; may hold secrets.
    pub const COMMAND_LINE: &str = "process.command_line";
    /// The words of its command line; an array of strings; may hold secrets.
    pub const COMMAND_ARGS: &str = "process.command_args";
    /// The name of the user that it runs as.
    pub const OWNER: &str = "process.owner";
    /// When it was started, in ISO 8601.
    pub const CREATION_TIME: &str = "process.creation.time";
    /// Its control groups, as in `/proc/[pid]/cgroup`.
    pub const LINUX_CGROUP: &str = "process.linux.cgroup";
    /// The virtual machine that it runs in.
    pub const RUNTIME_NAME: &str = "process.runtime.name";
    /// The version of that.
    pub const RUNTIME_VERSION: &str = "process.runtime.version";
    /// More about that, for people.
    pub const RUNTIME_DESCRIPTION: &str = "process.runtime.description";
}

/// A container.
pub mod container {
    /// Its id.
    pub const ID: &str = "container.id";
    /// What the runtime calls it.
    pub const NAME: &str = "container.name";
    /// The runtime: `docker`, `containerd`, ...
    pub const RUNTIME_NAME: &str = "container.runtime.name";
    /// Its image.
    pub const IMAGE_NAME: &str = "container.image.name";
    /// The tags of that image; an array of strings.
    pub const IMAGE_TAGS: &str = "container.image.tags";
    /// The id that the runtime gave that image.
    pub const IMAGE_ID: &str = "container.image.id";
}

/// Kubernetes.
pub mod k8s {
    /// The cluster, by name.
    pub const CLUSTER_NAME: &str = "k8s.cluster.name";
    /// The cluster, by the UID of its namespace `kube-system`.
    pub const CLUSTER_UID: &str = "k8s.cluster.uid";
    /// The node, by name.
    pub const NODE_NAME: &str = "k8s.node.name";
    /// The node, by UID.
    pub const NODE_UID: &str = "k8s.node.uid";
    /// The namespace.
    pub const NAMESPACE_NAME: &str = "k8s.namespace.name";
    /// The pod, by name.
    pub const POD_NAME: &str = "k8s.pod.name";
    /// The pod, by UID.
    pub const POD_UID: &str = "k8s.pod.uid";
    /// The container, as the pod calls it.
    pub const CONTAINER_NAME: &str = "k8s.container.name";
    /// How often the container was started again; an integer.
    pub const CONTAINER_RESTART_COUNT: &str = "k8s.container.restart_count";
    /// The replica set that the pod belongs to.
    pub const REPLICASET_NAME: &str = "k8s.replicaset.name";
    /// The deployment that the pod belongs to.
    pub const DEPLOYMENT_NAME: &str = "k8s.deployment.name";
    /// The stateful set that the pod belongs to.
    pub const STATEFULSET_NAME: &str = "k8s.statefulset.name";
    /// The daemon set that the pod belongs to.
    pub const DAEMONSET_NAME: &str = "k8s.daemonset.name";
    /// The job that the pod belongs to.
    pub const JOB_NAME: &str = "k8s.job.name";
    /// The cron job that the pod belongs to.
    pub const CRONJOB_NAME: &str = "k8s.cronjob.name";
}

/// The cloud that the machine is in.
pub mod cloud {
    /// Whose it is: `aws`, `azure`, `gcp`, ...
    pub const PROVIDER: &str = "cloud.provider";
    /// Which of its services: `aws_ec2`, `azure.vm`, `gcp_compute_engine`, ...
    pub const PLATFORM: &str = "cloud.platform";
    /// Whose account it is.
    pub const ACCOUNT_ID: &str = "cloud.account.id";
    /// Which region it is in.
    pub const REGION: &str = "cloud.region";
    /// Which zone of the region.
    pub const AVAILABILITY_ZONE: &str = "cloud.availability_zone";
    /// The cloud's own id of it.
    pub const RESOURCE_ID: &str = "cloud.resource_id";
}

/// Where a service is deployed.
pub mod deployment {
    /// `production`, `staging`, ...
    pub const ENVIRONMENT_NAME: &str = "deployment.environment.name";
}

/// What made the telemetry.
pub mod telemetry {
    /// The SDK.
    pub const SDK_NAME: &str = "telemetry.sdk.name";
    /// The language that the SDK is for.
    pub const SDK_LANGUAGE: &str = "telemetry.sdk.language";
    /// The version of the SDK.
    pub const SDK_VERSION: &str = "telemetry.sdk.version";
    /// The agent or distribution that carries the SDK.
    pub const DISTRO_NAME: &str = "telemetry.distro.name";
    /// The version of that.
    pub const DISTRO_VERSION: &str = "telemetry.distro.version";
}
