//! The receiver at work, with Tomcats that are directories and a manager application that is a list of answers.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edgewatch_core::factory::{BuildContext, ReceiverSpec as _};
use edgewatch_core::receiver::{Outlets, Receiver as _};
use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing::{FakeHost, Recorder, context, reading};
use edgewatch_proto::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::decoded::lines;
use super::instances::MadeUp;
use super::recorded;
use crate::receivers::tomcat::config::Config;
use crate::receivers::tomcat::receiver::Tomcat;

fn config(json: &str) -> Config {
    serde_json::from_str(json).expect("a valid configuration")
}

fn on(host: &MadeUp) -> (BuildContext, Registry) {
    let (mut context, registry) = context("tomcat/test");
    let proc = host.root().join("proc").display().to_string();
    context.host = Arc::new(FakeHost { env: [("HOST_PROC".to_owned(), proc)].into(), ..FakeHost::default() });
    (context, registry)
}

/// Gives the threads of 10.1.48 to a process.
fn threads(process: &Path, file: &str) {
    for (number, name) in recorded(file).split(|byte| *byte == b'\n').enumerate() {
        let task = process.join(format!("task/{}", 100 + number));
        fs::create_dir_all(&task).expect("create");
        fs::write(task.join("comm"), [name, b"\n"].concat()).expect("write");
    }
}

/// Lets the Tomcat `process` listen on `port`.
fn listen(process: &Path, port: u16) {
    let server_xml = process.join("root/opt/shop/conf/server.xml");
    fs::write(server_xml, format!(r#"<Server><Connector port="{port}"/></Server>"#)).expect("write");
}

/// A manager application.
struct Manager {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    _task: JoinHandle<()>,
}

impl Manager {
    /// Answers each path with what `answers` says: status and body.
    async fn start(answers: impl Fn(&str) -> (u16, Vec<u8>) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.expect("a request"));
                }
                let head = String::from_utf8(head).expect("text");
                let path = head.split(' ').nth(1).expect("a path").to_owned();
                let (status, body) = match head.contains(&STANDARD.encode("watch:secret")) {
                    true => answers(&path),
                    false => (401, b"who?".to_vec()),
                };
                log.lock().expect("no panic").push(path);
                let head = format!(
                    "HTTP/1.1 {status} x\r\nLocation: /other\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all(&[head.as_bytes(), &body].concat()).await.expect("written");
            }
        });
        Self { port, asked, _task: task }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

/// Answers as Tomcat 10.1.48 did.
fn recorded_answers(path: &str) -> (u16, Vec<u8>) {
    let file = match path {
        "/manager/status/all?JSON=true" => "10/all.json".to_owned(),
        "/manager/status?JSON=true" => "10/status.json".to_owned(),
        "/manager/status?XML=true" => "10/status.xml".to_owned(),
        _ => {
            let query =
                path.strip_prefix("/manager/jmxproxy/?qry=").unwrap_or_else(|| panic!("asked for {path}"));
            let bean = query.split("type=").nth(1).expect("a type").trim_end_matches(",*");
            format!("10/{bean}.txt")
        }
    };
    (200, recorded(&file))
}

/// What the first `rounds` rounds of a receiver with this configuration bring.
async fn rounds(json: &str, context: &BuildContext, rounds: usize) -> Vec<Vec<String>> {
    let receiver = Tomcat::build(config(json), context).expect("a receiver");
    let (outlets, mut recorder) = Recorder::outlets();
    let stop = CancellationToken::new();
    let run = tokio::spawn(Box::new(receiver).run(outlets, stop.clone()));
    let mut brought = Vec::new();
    for _ in 0..rounds {
        let batch = recorder.next().await.expect("a batch");
        let lines = lines(&batch.segments()[0]);
        assert_eq!(
            (batch.signal(), batch.items()),
            (Signal::Metrics, lines.iter().filter(|line| !line.starts_with('[')).count())
        );
        batch.deliver();
        brought.push(lines);
    }
    stop.cancel();
    run.await.expect("no panic").expect("a good end");
    brought
}

#[tokio::test]
async fn threads_are_counted_without_any_access() {
    let host = MadeUp::new();
    threads(&host.tomcat(7, "/opt/shop"), "10/threads.txt");
    let (context, registry) = on(&host);

    let brought = rounds(r#"{"collection_interval": "5ms", "initial_delay": "0s"}"#, &context, 2).await;

    let expected = [
        "[service.name=shop,process.pid=7,process.owner=root,process.creation.time=1970-01-01T00:16:42.000Z,process.executable.name=ja) va]",
        "tomcat.thread.count updowncounter {thread} {tomcat.thread.pool.name=http-nio-18192} 10",
    ];
    assert_eq!(brought, [expected, expected]);
    assert!(reading(&registry, "otelcol_receiver_accepted_metric_points", &[]) >= 2.0);
    assert_eq!(reading(&registry, "edgewatch_tomcat_instances", &[]), 1.0);
}

#[tokio::test]
async fn the_status_page_belongs_to_the_tomcat_that_listens_there() {
    let host = MadeUp::new();
    threads(&host.tomcat(7, "/opt/shop"), "10/threads.txt");
    threads(&host.tomcat(8, "/opt/blog"), "9/threads.txt");
    let manager = Manager::start(recorded_answers).await;
    listen(&host.root().join("proc/7"), manager.port);
    let (context, _) = on(&host);

    let json = format!(
        r#"{{"initial_delay": "0s", "status": [{{"endpoint": "http://127.0.0.1:{}/manager/status/",
            "username": "watch", "password": "secret"}}]}}"#,
        manager.port
    );
    let brought = rounds(&json, &context, 1).await;

    insta::assert_snapshot!(brought[0].join("\n"));
    assert_eq!(manager.asked(), ["/manager/status/all?JSON=true"]);
}

#[tokio::test]
async fn what_mbeans_say_wins_and_no_series_is_there_twice() {
    let host = MadeUp::new();
    threads(&host.tomcat(7, "/opt/shop"), "10/threads.txt");
    let manager = Manager::start(recorded_answers).await;
    listen(&host.root().join("proc/7"), manager.port);
    let (context, _) = on(&host);

    let page = |path: &str| {
        format!(
            r#"[{{"endpoint": "http://localhost:{}/manager/{path}", "username": "watch", "password": "secret"}}]"#,
            manager.port
        )
    };
    let json = format!(
        r#"{{"initial_delay": "0s", "status": {}, "jmx_proxy": {}}}"#,
        page("status"),
        page("jmxproxy")
    );
    let brought = rounds(&json, &context, 1).await;

    insta::assert_snapshot!(brought[0].join("\n"));
}

#[tokio::test]
async fn a_page_whose_port_is_that_of_no_connector_is_a_resource_of_its_own() {
    let host = MadeUp::new();
    threads(&host.tomcat(7, "/opt/shop"), "10/threads.txt");
    let manager = Manager::start(recorded_answers).await;
    let (context, registry) = on(&host);

    let json = format!(
        r#"{{"initial_delay": "0s", "status": [{{"endpoint": "http://127.0.0.1:{}/manager/status",
            "username": "watch", "password": "secret"}}]}}"#,
        manager.port
    );
    let brought = rounds(&json, &context, 1).await;

    let owners: Vec<_> = brought[0].iter().filter(|line| line.starts_with('[')).collect();
    assert_eq!(owners.len(), 2, "{owners:?}");
    assert_eq!(
        *owners[1],
        format!("[service.name=tomcat,server.address=127.0.0.1,server.port={}]", manager.port)
    );
    assert_eq!(reading(&registry, "otelcol_scraper_errored_metric_points", &[]), 1.0, "it is told");
}

#[tokio::test]
async fn what_jvms_have_no_attribute_for_is_said_when_it_is_wanted() {
    let host = MadeUp::new();
    threads(&host.tomcat(7, "/opt/shop"), "10/threads.txt");
    let (context, _) = on(&host);

    let json = r#"{"initial_delay": "0s", "resource_attributes": {"process.creation.time": {"enabled": false},
        "process.executable.name": {"enabled": false}, "process.owner": {"enabled": false}},
        "tomcat_attributes": {"tomcat.base": {"enabled": true}, "tomcat.version": {"enabled": true}}}"#;
    let brought = rounds(json, &context, 1).await;

    assert_eq!(
        brought[0][0],
        "[service.name=shop,process.pid=7,tomcat.base=/opt/shop,tomcat.version=10.1.48]"
    );
}

#[tokio::test]
async fn a_release_without_json_is_asked_for_xml_from_then_on() {
    let host = MadeUp::new();
    let manager = Manager::start(|path| match path.contains("JSON") {
        true => (200, b"<html>a page for people</html>".to_vec()),
        false => recorded_answers(path),
    });
    let manager = manager.await;
    let (context, _) = on(&host);

    let json = format!(
        r#"{{"initial_delay": "0s", "collection_interval": "5ms", "status": [{{"applications": false, "instance": "far",
            "endpoint": "http://127.0.0.1:{}/manager/status", "username": "watch", "password": "secret"}}]}}"#,
        manager.port
    );
    let brought = rounds(&json, &context, 2).await;

    let owner = format!("[service.name=far,server.address=127.0.0.1,server.port={}]", manager.port);
    assert_eq!(
        brought[0][..2],
        [
            owner,
            "tomcat.request.count counter {request} {tomcat.request.processor.name=http-nio-18192} 8"
                .to_owned()
        ]
    );
    let (json, xml) = ("/manager/status?JSON=true", "/manager/status?XML=true");
    assert_eq!(manager.asked()[..3], [json, xml, xml]);
}

#[tokio::test]
async fn wrong_credentials_are_tried_once_so_that_nobody_is_locked_out() {
    let host = MadeUp::new();
    threads(&host.tomcat(7, "/opt/shop"), "10/threads.txt");
    let manager = Manager::start(recorded_answers).await;
    let (context, registry) = on(&host);

    let json = format!(
        r#"{{"initial_delay": "0s", "collection_interval": "5ms", "jmx_proxy": [{{"username": "watch", "password": "guess",
            "endpoint": "http://127.0.0.1:{}/manager/jmxproxy"}}]}}"#,
        manager.port
    );
    rounds(&json, &context, 3).await;

    assert_eq!(manager.asked().len(), 1);
    let errored = reading(&registry, "otelcol_scraper_errored_metric_points", &[("scraper", "tomcat")]);
    assert!(errored >= 3.0, "counted every time: {errored}");
}

#[tokio::test]
async fn redirects_are_not_followed_and_large_pages_are_not_read() {
    let host = MadeUp::new();
    threads(&host.tomcat(7, "/opt/shop"), "10/threads.txt");
    let moved = Manager::start(|_| (302, Vec::new())).await;
    let large = Manager::start(|_| (200, vec![b' '; (4 << 20) + 1])).await;
    let (context, registry) = on(&host);

    let page = |manager: &Manager| {
        format!(
            r#"{{"endpoint": "http://127.0.0.1:{}/manager/status", "username": "watch", "password": "secret"}}"#,
            manager.port
        )
    };
    let json = format!(r#"{{"initial_delay": "0s", "status": [{}, {}]}}"#, page(&moved), page(&large));
    let brought = rounds(&json, &context, 1).await;

    assert_eq!(brought[0].len(), 2, "threads alone: {brought:?}");
    assert_eq!(moved.asked().len(), 1);
    assert_eq!(reading(&registry, "otelcol_scraper_errored_metric_points", &[]), 2.0);
}

#[tokio::test]
async fn it_ends_at_once_without_a_pipeline() {
    let host = MadeUp::new();
    let (context, _) = on(&host);
    let receiver = Tomcat::build(Config::default(), &context).expect("a receiver");

    Box::new(receiver).run(Outlets::default(), CancellationToken::new()).await.expect("a good end");
}
