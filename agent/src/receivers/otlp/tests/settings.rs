//! What may be written, and what is said to the rest.

use edgewatch_core::factory::ComponentConfig as _;
use serde_json::{Value, json};

use super::super::config::{Config, Place, Transport};

fn problem(config: Value) -> String {
    match serde_json::from_value::<Config>(config) {
        Err(error) => error.to_string(),
        Ok(config) => config.validate().expect_err("an invalid configuration").to_string(),
    }
}

fn named(config: &Config) -> (bool, bool) {
    (config.protocols.grpc.is_some(), config.protocols.http.is_some())
}

#[test]
fn a_protocol_is_on_when_it_is_named() {
    let read = |config: Value| serde_json::from_value::<Config>(config).expect("a readable configuration");

    assert_eq!(named(&read(json!({}))), (true, true));
    assert_eq!(named(&read(json!({ "protocols": { "grpc": null, "http": null } }))), (true, true));
    assert_eq!(named(&read(json!({ "protocols": { "grpc": null } }))), (true, false));
    assert_eq!(named(&read(json!({ "protocols": { "http": {} } }))), (false, true));
    assert_eq!(read(json!({ "protocols": { "grpc": null, "http": {} } })), Config::default());
    assert_eq!(
        problem(json!({ "protocols": {} })),
        "protocols: no protocol is named; name grpc, http or both (a name without settings has the defaults)"
    );
}

#[test]
fn the_collectors_keys_are_taken() {
    let config = json!({ "protocols": {
        "grpc": {
            "endpoint": "0.0.0.0:4317", "transport": "tcp", "max_recv_msg_size_mib": 32, "max_concurrent_streams": 16,
            "read_buffer_size": 1024, "write_buffer_size": 1024, "include_metadata": false,
            "tls": { "cert_file": "test.crt", "key_file": "test.key", "client_ca_file": "ca.crt", "min_version": "1.3" },
            "keepalive": {
                "server_parameters": {
                    "max_connection_idle": "11s", "max_connection_age": "12s", "max_connection_age_grace": "13s",
                    "time": "30s", "timeout": "5s"
                },
                "enforcement_policy": { "min_time": "10s", "permit_without_stream": true }
            }
        },
        "http": {
            "endpoint": "localhost:4318", "traces_url_path": "traces", "metrics_url_path": "/v2/metrics",
            "logs_url_path": "log/ingest", "max_request_body_size": 1000, "compression_algorithms": ["", "gzip"],
            "cors": { "allowed_origins": ["https://*.test.com"], "allowed_headers": ["Example-Header"], "max_age": 7200 },
            "response_headers": { "x-a": "b" }, "read_timeout": "0", "read_header_timeout": "1m", "write_timeout": "30s",
            "idle_timeout": "1m", "keep_alives_enabled": true
        }
    } });
    let config: Config = serde_json::from_value(config).expect("a readable configuration");
    config.validate().expect("a valid configuration");

    let limits = config.protocols.grpc.expect("gRPC is on").limits();
    assert_eq!((limits.idle.as_secs(), limits.age.as_secs(), limits.age_grace.as_secs()), (11, 12, 13));
    assert_eq!((limits.ping_interval.as_secs(), limits.ping_timeout.as_secs()), (30, 5));
    assert_eq!(config.protocols.http.expect("HTTP is on").paths(), ["/traces", "/v2/metrics", "/log/ingest"]);
}

#[test]
fn what_cannot_be_honoured_is_said_at_its_key() {
    let auth = json!({ "request_params": ["token"] });
    let grpc = json!({ "auth": auth, "include_metadata": true, "endpoint": "http://localhost:4317" });
    assert_eq!(
        problem(json!({ "protocols": { "grpc": grpc } })),
        "protocols.grpc.endpoint: http://localhost:4317 is a URL; write host:port; \
         protocols.grpc.include_metadata: client metadata does not travel with telemetry in this build; remove the key; \
         protocols.grpc.auth.authenticator: is missing; name the extension that decides; \
         protocols.grpc.auth.request_params: URLs end up in logs, so they do not authenticate in this build; \
         remove the key and send credentials in headers"
    );
    let tls = json!({ "cert_file": "a", "cert_pem": "a", "min_version": "1.3", "max_version": "1.2" });
    assert_eq!(
        problem(json!({ "protocols": { "http": { "tls": tls, "logs_url_path": "v1/traces" } } })),
        "protocols.http.tls.cert_file: both a file and its content are given; keep one of them; \
         protocols.http.tls.key_file: key_file is missing; name the file; \
         protocols.http.tls.max_version: max_version is below min_version; raise it or lower min_version; \
         protocols.http.traces_url_path: two signals have the same path; give each its own"
    );
    assert!(problem(json!({ "protocols": { "thrift": {} } })).starts_with("unknown field `thrift`"));
    assert!(
        problem(json!({ "protocols": { "http": { "compression_algorithms": ["lz4"] } } }))
            .contains("unknown variant")
    );
}

#[test]
fn endpoints_are_read_as_the_collector_reads_them() {
    let tcp = |endpoint: &str| match Place::parse(endpoint, Transport::Tcp).map_err(|error| error.to_string())
    {
        Ok(Place::Tcp { host, port, .. }) => Ok((host, port)),
        Ok(Place::Unix(path)) => Err(path.display().to_string()),
        Err(error) => Err(error),
    };

    assert_eq!(tcp("localhost:4317"), Ok(("localhost".to_owned(), 4317)));
    assert_eq!(tcp(":4317"), Ok((String::new(), 4317)));
    assert_eq!(tcp("[::1]:0"), Ok(("::1".to_owned(), 0)));
    assert_eq!(tcp("::1:4317"), Err("endpoint: ::1 looks like an IPv6 address; write [::1]:4317".to_owned()));
    assert_eq!(tcp("localhost"), Err("endpoint: localhost names no port; write host:port".to_owned()));
    assert_eq!(
        tcp("a:99999"),
        Err("endpoint: 99999 is not a port; write a number from 0 to 65535".to_owned())
    );
    assert_eq!(Place::parse("/run/otlp.sock", Transport::Unix), Ok(Place::Unix("/run/otlp.sock".into())));
}

#[test]
fn yaml_is_read_as_in_the_collectors_examples() {
    let yaml = "
protocols:
  grpc:
    endpoint: 0.0.0.0:4317
    max_recv_msg_size_mib: 32
    tls: { cert_file: a.crt, key_file: a.key, min_version: \"1.3\" }
    keepalive: { server_parameters: { max_connection_idle: 10s } }
  http:
";
    let texts = [("collector.yaml".to_owned(), yaml.to_owned())];
    let mut loaded = edgewatch_core::config::load(&texts, &[], &edgewatch_core::config::ProcessEnvironment);
    let config =
        edgewatch_core::config::from_node::<Config>(&loaded.root, "receivers.otlp", &mut loaded.problems);

    assert!(!loaded.problems.has_errors(), "{:?}", loaded.problems);
    let config = config.expect("a configuration");
    config.validate().expect("a valid configuration");
    assert_eq!(named(&config), (true, true));
    assert_eq!(config.protocols.grpc.expect("gRPC is on").max_message(), 32 << 20);
}
