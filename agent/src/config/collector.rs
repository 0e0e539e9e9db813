//! The components of the Collector that a configuration may come with, so that a missing one can be told from a misspelt one.
//!
//! Types of the contrib distribution 0.136 (its `manifest.yaml`), without underscores: the Collector is renaming `hostmetrics`
//! to `host_metrics` and the like, and both spellings must be recognised.

use edgewatch_core::factory::ComponentKind;

const RECEIVERS: &[&str] = &[
    "activedirectoryds", "aerospike", "apache", "apachespark", "awscloudwatch", "awscontainerinsightreceiver",
    "awsecscontainermetrics", "awsfirehose", "awss3", "awsxray", "azureblob", "azureeventhub", "azuremonitor", "bigip",
    "carbon", "chrony", "cloudflare", "cloudfoundry", "collectd", "couchdb", "datadog", "dockerstats", "elasticsearch",
    "envoyals", "expvar", "faro", "filelog", "filestats", "flinkmetrics", "fluentforward", "github", "gitlab",
    "googlecloudmonitoring", "googlecloudpubsub", "googlecloudspanner", "haproxy", "hostmetrics", "httpcheck", "iis",
    "influxdb", "jaeger", "jmx", "journald", "k8scluster", "k8sevents", "k8sobjects", "kafka", "kafkametrics",
    "kubeletstats", "libhoney", "loki", "memcached", "mongodb", "mongodbatlas", "mysql", "namedpipe", "netflow", "nginx",
    "nop", "nsxt", "ntp", "oracledb", "osquery", "otelarrow", "otlp", "otlpjsonfile", "podmanstats", "postgresql",
    "prometheus", "prometheusremotewrite", "pulsar", "purefa", "purefb", "rabbitmq", "receivercreator", "redis", "riak",
    "saphana", "signalfx", "simpleprometheus", "skywalking", "snmp", "snowflake", "solace", "splunkenterprise",
    "splunkhec", "sqlquery", "sqlserver", "sshcheck", "statsd", "stef", "syslog", "systemd", "tcpcheck", "tcplog",
    "tlscheck", "udplog", "vcenter", "wavefront", "webhookevent", "windowseventlog", "windowsperfcounters",
    "windowsservice", "zipkin", "zookeeper",
];

const PROCESSORS: &[&str] = &[
    "attributes", "batch", "coralogix", "cumulativetodelta", "deltatocumulative", "deltatorate", "filter", "geoip",
    "groupbyattrs", "groupbytrace", "interval", "isolationforest", "k8sattributes", "logdedup", "logstransform",
    "memorylimiter", "metricsgeneration", "metricstarttime", "metricstransform", "probabilisticsampler", "redaction",
    "remotetap", "resource", "resourcedetection", "schema", "span", "sumologic", "tailsampling", "transform", "unroll",
];

const EXPORTERS: &[&str] = &[
    "alibabacloudlogservice", "awscloudwatchlogs", "awsemf", "awskinesis", "awss3", "awsxray", "azureblob",
    "azuredataexplorer", "azuremonitor", "bmchelix", "carbon", "cassandra", "clickhouse", "coralogix", "datadog",
    "dataset", "debug", "doris", "elasticsearch", "faro", "file", "googlecloud", "googlecloudpubsub",
    "googlemanagedprometheus", "honeycombmarker", "influxdb", "kafka", "loadbalancing", "logicmonitor", "logzio", "loki",
    "mezmo", "nop", "opensearch", "otelarrow", "otlp", "otlpgrpc", "otlphttp", "prometheus", "prometheusremotewrite",
    "pulsar", "rabbitmq", "sapm", "sentry", "signalfx", "splunkhec", "stef", "sumologic", "syslog",
    "tencentcloudlogservice", "tinybird", "zipkin",
];

const CONNECTORS: &[&str] = &[
    "count", "datadog", "exceptions", "failover", "forward", "grafanacloud", "otlpjson", "roundrobin", "routing",
    "servicegraph", "signaltometrics", "spanmetrics", "sum",
];

const EXTENSIONS: &[&str] = &[
    "ack", "asapclient", "awscloudwatchmetricstreamsencoding", "awslogsencoding", "awsproxy", "azureauth", "basicauth",
    "bearertokenauth", "cgroupruntime", "datadog", "dbstorage", "dockerobserver", "ecsobserver", "ecstaskobserver",
    "filestorage", "googleclientauth", "headerssetter", "healthcheck", "healthcheckv2", "hostobserver", "httpforwarder",
    "jaegerencoding", "jaegerremotesampling", "jsonlogencoding", "k8sleaderelector", "k8sobserver",
    "kafkatopicsobserver", "oauth2client", "oidc", "opamp", "otlpencoding", "pprof", "redisstorage", "sigv4auth",
    "skywalkingencoding", "sumologic", "textencoding", "zipkinencoding", "zpages",
];

/// Whether the Collector has a component of this kind and type.
pub(super) fn has(kind: ComponentKind, name: &str) -> bool {
    let plain: String = name.chars().filter(|c| *c != '_').collect::<String>().to_ascii_lowercase();
    let list = match kind {
        ComponentKind::Receiver => RECEIVERS,
        ComponentKind::Processor => PROCESSORS,
        ComponentKind::Exporter => EXPORTERS,
        ComponentKind::Connector => CONNECTORS,
        ComponentKind::Extension => EXTENSIONS,
    };
    list.binary_search(&plain.as_str()).is_ok()
}

/// What to use instead of a component that the Collector itself has given up.
pub(super) fn successor(kind: ComponentKind, name: &str) -> Option<&'static str> {
    match (kind, name) {
        (ComponentKind::Exporter, "logging") => {
            Some("the Collector replaced `logging` by `debug`; use `debug`, with `verbosity` in place of `loglevel`")
        }
        (ComponentKind::Exporter, "jaeger") => Some("Jaeger takes OTLP; use `otlp_grpc`"),
        (ComponentKind::Exporter, "opencensus") | (ComponentKind::Receiver, "opencensus") => {
            Some("the Collector gave up OpenCensus; use OTLP")
        }
        (ComponentKind::Extension, "memory_ballast") => {
            Some("the Collector gave up its memory ballast, and this agent needs none; remove it")
        }
        (ComponentKind::Processor, "spanmetrics") => Some("`spanmetrics` is a connector"),
        (ComponentKind::Processor, "servicegraph") => Some("`servicegraph` is a connector"),
        (
            ComponentKind::Receiver
            | ComponentKind::Processor
            | ComponentKind::Exporter
            | ComponentKind::Connector
            | ComponentKind::Extension,
            _,
        ) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_so_that_they_can_be_searched() {
        for list in [RECEIVERS, PROCESSORS, EXPORTERS, CONNECTORS, EXTENSIONS] {
            assert!(list.is_sorted());
        }
        assert!(has(ComponentKind::Receiver, "k8s_events") && has(ComponentKind::Extension, "file_storage"));
        assert!(!has(ComponentKind::Receiver, "k8s_event") && !has(ComponentKind::Exporter, "logging"));
    }
}
