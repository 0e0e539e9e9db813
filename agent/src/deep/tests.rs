//! Configurations of real components, looked at on this host.

use std::cell::RefCell;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::config::ProcessEnvironment;
use edgewatch_core::host::RealHost;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use super::{Options, check};
use crate::config::{Components, load};

const PIPELINE: &str = "service: {telemetry: {metrics: {level: none}}, pipelines: {logs: {receivers: [";

/// What is reported about `text`, the names of what took long, and whether there are errors.
async fn look(text: &str, state: &Path) -> (String, Vec<String>, bool) {
    let texts = [("agent.yaml".to_owned(), text.to_owned())];
    let mut outcome = load(&texts, &[], &ProcessEnvironment, &Components::of_this_build());
    assert!(outcome.config.is_some(), "{}", outcome.problems.render(&outcome.sources, false));
    let options = Options {
        timeout: Duration::from_secs(5),
        state_directory: state.to_owned(),
        host: Arc::new(RealHost),
    };
    let slow = RefCell::new(Vec::new());
    check(&mut outcome, &options, |what| slow.borrow_mut().push(what.to_owned())).await;
    (outcome.problems.render(&outcome.sources, false), slow.into_inner(), outcome.problems.has_errors())
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

/// A port that nobody listens on: the system does not give it out again soon.
fn free_port() -> u16 {
    listener().1
}

#[tokio::test]
async fn a_host_that_has_everything_has_no_problems() {
    let folder = tempfile::tempdir().expect("a directory");
    let (_backend, backend) = listener();
    std::fs::write(folder.path().join("a.log"), "line\n").expect("a file");
    let (here, port) = (folder.path().display(), free_port());
    let text = format!(
        "receivers:\n  otlp: {{protocols: {{grpc: {{endpoint: '127.0.0.1:{port}'}}}}}}\n  file_log: {{include: ['{here}/*.log']}}\n  \
         host_metrics:\nexporters:\n  otlp_grpc: {{endpoint: 'localhost:{backend}', tls: {{insecure: true}}}}\n  \
         otlp_http: {{endpoint: 'http://127.0.0.1:{backend}'}}\n  file: {{path: {here}/out.json, rotation: }}\n\
         service:\n  telemetry: {{metrics: {{level: none}}}}\n  pipelines:\n    \
         logs: {{receivers: [otlp, file_log], exporters: [otlp_grpc, otlp_http, file]}}\n    \
         metrics: {{receivers: [host_metrics], exporters: [file]}}\n"
    );

    let state = folder.path().join("state");
    assert_eq!(look(&text, &state).await, ("no problems".to_owned(), Vec::new(), false));
    assert!(!state.exists() && !folder.path().join("out.json").exists(), "nothing is changed");
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free again");
}

#[tokio::test]
async fn every_problem_is_reported_in_one_run_at_its_key() {
    let folder = tempfile::tempdir().expect("a directory");
    let here = folder.path().display();
    let (_taken, taken) = listener();
    let nobody = free_port();
    let text = format!(
        "receivers:\n  otlp:\n    protocols:\n      grpc:\n        endpoint: 127.0.0.1:{taken}\n  \
         file_log:\n    include:\n      - {here}/nothing/*.log\n  host_metrics:\n    root_path: {here}/host\n\
         exporters:\n  otlp_grpc:\n    endpoint: 127.0.0.1:{nobody}\n    tls: {{insecure: true}}\n  \
         otlp_http:\n    logs_endpoint: http://127.0.0.1:{nobody}/logs\n  file: {{path: /proc/self/out.json}}\n\
         extensions: {{health_check: {{endpoint: '127.0.0.1:{taken}'}}}}\n\
         service:\n  extensions: [health_check]\n  telemetry: {{metrics: {{level: none}}}}\n  pipelines:\n    \
         logs: {{receivers: [otlp, file_log], exporters: [otlp_grpc, otlp_http, file]}}\n    \
         metrics: {{receivers: [host_metrics], exporters: [file]}}\n"
    );

    let (report, _, errors) = look(&text, Path::new("/proc/self/state")).await;

    assert!(errors);
    for line in [
        &format!("error: receivers.otlp.protocols.grpc.endpoint: 127.0.0.1:{taken} is in use"),
        " --> agent.yaml:5:19",
        &format!("warning: receivers.file_log.include[0]: no file matches {here}/nothing/*.log now"),
        " --> agent.yaml:8:9",
        "error: receivers.file_log.storage: /proc/self cannot be written to: ",
        &format!("error: receivers.host_metrics.root_path: {here}/host cannot be read: No such file"),
        &format!(
            "error: exporters.otlp_grpc.endpoint: cannot connect to 127.0.0.1:{nobody}: Connection refused"
        ),
        "nothing listens there: check the port, or start the destination",
        " --> agent.yaml:13:15",
        &format!("error: exporters.otlp_http.logs_endpoint: cannot connect to 127.0.0.1:{nobody}: "),
        "error: exporters.file.path: /proc/self cannot be written to: ",
        &format!("error: extensions.health_check.endpoint: 127.0.0.1:{taken} is in use"),
    ] {
        assert!(report.contains(line), "{line}\n\n{report}");
    }
    assert!(report.ends_with("7 errors, 1 warning"), "{report}");
}

#[tokio::test]
async fn that_nothing_learned_can_be_kept_is_a_warning() {
    let text = "receivers: {host_metrics: }\nprocessors:\n  anomaly:\nexporters: {debug: }\nservice:\n  telemetry: {metrics: {level: none}}\n  \
                pipelines: {metrics: {receivers: [host_metrics], processors: [anomaly], exporters: [debug]}}\n";
    let folder = tempfile::tempdir().expect("a directory");
    assert_eq!(look(text, folder.path()).await, ("no problems".to_owned(), Vec::new(), false));
    std::fs::write(folder.path().join("learned"), "").expect("a file");

    let (report, _, errors) = look(text, folder.path()).await;

    let said = format!(
        "warning: processors.anomaly: {}/learned is not a directory; what is learned is forgotten with every restart",
        folder.path().display()
    );
    assert!(report.contains(&said), "{report}");
    assert!(!errors);
}

#[tokio::test]
async fn two_components_that_want_the_same_port_are_found() {
    let port = free_port();
    let text = format!(
        "receivers:\n  otlp: {{protocols: {{grpc: {{endpoint: '127.0.0.1:{port}'}}}}}}\n  \
         otlp/2: {{protocols: {{http: {{endpoint: '127.0.0.1:{port}'}}}}}}\nexporters: {{debug: }}\n{PIPELINE}otlp, otlp/2], \
         exporters: [debug]}}}}}}\n"
    );

    let (report, _, errors) = look(&text, Path::new("/tmp")).await;

    assert!(errors);
    let said =
        format!("127.0.0.1:{port} is wanted by receivers.otlp.protocols.grpc of this configuration as well");
    assert!(report.contains(&said), "{report}");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_answer_is_waited_for_and_given_up() {
    // Accepts connections and says nothing: no handshake ends.
    let (_silent, port) = listener();
    let text = format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: '127.0.0.1:0'}}}}}}}}\n\
         exporters: {{otlp_grpc: {{endpoint: 'localhost:{port}'}}}}\n{PIPELINE}otlp], exporters: [otlp_grpc]}}}}}}\n"
    );

    let (report, slow, errors) = look(&text, Path::new("/tmp")).await;

    assert_eq!(slow, [format!("the connection to localhost:{port}")]);
    assert!(errors && report.contains("took longer than 5s"), "{report}");
}

#[tokio::test]
async fn certificates_must_be_valid_and_fit_their_keys() {
    let folder = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    write("cert.pem", &params.self_signed(&key).expect("a certificate").pem());
    write("key.pem", &key.serialize_pem());
    write("other.pem", &KeyPair::generate().expect("a key").serialize_pem());
    let here = folder.path().display();
    let tls = |key: &str| format!("tls: {{cert_file: {here}/cert.pem, key_file: {here}/{key}}}");
    let text = format!(
        "receivers: {{otlp: {{protocols: {{grpc: {{endpoint: '127.0.0.1:0', {}}}, http: {{endpoint: '127.0.0.1:0', {}}}}}}}}}\n\
         exporters: {{debug: }}\n{PIPELINE}otlp], exporters: [debug]}}}}}}\n",
        tls("key.pem"),
        tls("other.pem")
    );

    let (report, _, errors) = look(&text, Path::new("/tmp")).await;

    assert!(errors);
    let expired =
        "receivers.otlp.protocols.grpc.tls.cert_file: the certificate has expired on 2021-01-01T00:00:00Z";
    assert!(report.contains(expired), "{report}");
    let unfit = "receivers.otlp.protocols.http.tls.key_file: certificate and key cannot be used";
    assert!(report.contains(unfit), "{report}");
}

#[tokio::test]
async fn places_for_queues_and_dead_letters_are_looked_at() {
    let folder = tempfile::tempdir().expect("a directory");
    let (_backend, backend) = listener();
    let here = folder.path().display();
    let queue = folder.path().join("foreign").join("file.logs");
    std::fs::create_dir_all(&queue).expect("a directory");
    std::fs::write(queue.join("acks-0"), "somebody else's words, which are no queue").expect("a file");
    let text = format!(
        "receivers: {{otlp: {{protocols: {{grpc: {{endpoint: '127.0.0.1:0'}}}}}}}}\n\
         exporters:\n  otlp_grpc:\n    endpoint: localhost:{backend}\n    tls: {{insecure: true}}\n    \
         sending_queue: {{dead_letter: {{directory: /proc/self/letters}}}}\n  \
         load_balancing:\n    protocol: {{otlp: {{tls: {{insecure: true}}}}}}\n    \
         sending_queue: {{dead_letter: {{directory: /proc/self/others}}}}\n    \
         resolver: {{static: {{hostnames: ['127.0.0.1:{backend}']}}}}\n\
         extensions:\n  file_storage: \n  file_storage/missing: {{directory: {here}/missing, create_directory: false}}\n  \
         file_storage/foreign: {{directory: {here}/foreign}}\n  file_storage/new: {{directory: {here}/new/queue}}\n\
         service:\n  extensions: [file_storage, file_storage/missing, file_storage/foreign, file_storage/new]\n  \
         telemetry: {{metrics: {{level: none}}}}\n  \
         pipelines: {{logs: {{receivers: [otlp], exporters: [otlp_grpc, load_balancing]}}}}\n"
    );

    let (report, _, _) = look(&text, Path::new("/proc/self/state")).await;

    for line in [
        "exporters.otlp_grpc.sending_queue.dead_letter.directory: /proc/self cannot be written to",
        "exporters.load_balancing.sending_queue.dead_letter.directory: /proc/self cannot be written to",
        "extensions.file_storage.directory: /proc/self cannot be written to",
        &format!("extensions.file_storage/missing.directory: {here}/missing cannot be used: No such file"),
        &format!(
            "extensions.file_storage/foreign.directory: {here}/foreign/file.logs/acks-0 is not a file of a queue"
        ),
    ] {
        assert!(report.contains(line), "{line}\n\n{report}");
    }
    assert!(report.ends_with("5 errors"), "{report}");
    assert!(!folder.path().join("new").exists(), "nothing is made");
}

#[tokio::test]
async fn destinations_of_groups_and_files_of_authenticators_are_looked_at() {
    let (_backend, backend) = listener();
    let nobody = free_port();
    let text = format!(
        "receivers: {{otlp: {{protocols: {{grpc: {{endpoint: '127.0.0.1:0'}}}}}}}}\n\
         exporters:\n  load_balancing:\n    protocol: {{otlp: {{tls: {{insecure: true}}}}}}\n    \
         resolver: {{static: {{hostnames: ['127.0.0.1:{backend}', '127.0.0.1:{nobody}']}}}}\n\
         extensions:\n  bearer_token_auth: {{filename: /nonexistent/token}}\n  \
         oauth2_client: {{client_id: a, client_secret_file: /nonexistent/secret, token_url: 'http://127.0.0.1:{nobody}/token'}}\n\
         service:\n  extensions: [bearer_token_auth, oauth2_client]\n  telemetry: {{metrics: {{level: none}}}}\n  pipelines:\n    \
         traces: {{receivers: [otlp], exporters: [load_balancing]}}\n"
    );

    let (report, _, _) = look(&text, Path::new("/tmp")).await;

    for line in [
        &format!(
            "exporters.load_balancing.resolver.static.hostnames[1]: cannot connect to 127.0.0.1:{nobody}"
        ),
        "extensions.bearer_token_auth.filename: /nonexistent/token cannot be read",
        "extensions.oauth2_client.client_secret_file: /nonexistent/secret cannot be read",
        &format!(
            "extensions.oauth2_client.token_url: cannot connect to 127.0.0.1:{nobody}, which issues tokens"
        ),
    ] {
        assert!(report.contains(line), "{line}\n\n{report}");
    }
    assert!(report.ends_with("4 errors"), "{report}");
}
