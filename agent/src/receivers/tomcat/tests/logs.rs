//! Logs of made-up Tomcats, through the engine and into pipelines.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use edgewatch_core::batch::Batch;
use edgewatch_core::factory::{BuildContext, ReceiverSpec as _};
use edgewatch_core::receiver::{Outlets, ReceiveError, Receiver as _};
use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing::{FakeHost, Recorder, context, reading};
use edgewatch_proto::Signal;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message as _;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::instances::MadeUp;
use crate::receivers::tomcat::config::Config;
use crate::receivers::tomcat::receiver::Tomcat;

const SERVER_XML: &str = r#"<Server><Service name="Catalina"><Connector port="8080"/><Engine name="Catalina">
    <Host name="localhost"><Valve className="org.apache.catalina.valves.AccessLogValve" directory="logs"
    prefix="access" suffix=".txt" pattern="%h %l %u %t &quot;%r&quot; %s %b %D"/></Host></Engine></Service></Server>"#;

const REQUESTS: &str = "127.0.0.1 - - [20/Nov/2026:07:38:41 +0000] \"GET /a HTTP/1.1\" 200 85 2000\n\
    127.0.0.1 - - [20/Nov/2026:07:38:42 +0000] \"GET /b?x=1 HTTP/1.1\" 404 15 1000\n\
    nothing of the kind\n";

const RECORDS: &str = "20-Nov-2026 07:39:00.623 SEVERE [http-nio-8080-exec-8] org.apache.catalina.core.ApplicationContext.log broken\n\
    \tjava.lang.RuntimeException: ctx\n\t\tat a.B.c(B.java:1)\n\
    20-Nov-2026 07:39:01.000 INFO [main] org.apache.catalina.startup.Catalina.start Server startup\n";

fn tomcat(host: &MadeUp, pid: u32, base: &str) {
    let seen = host.tomcat(pid, base).join("root").join(base.trim_start_matches('/'));
    fs::write(seen.join("conf/server.xml"), SERVER_XML).expect("write");
    fs::write(seen.join("logs/access.2026-11-20.txt"), REQUESTS).expect("write");
    fs::write(seen.join("logs/catalina.2026-11-20.log"), RECORDS).expect("write");
}

fn append(host: &MadeUp, pid: u32, file: &str, text: &str) {
    let path = host.root().join(format!("proc/{pid}/root/opt/shop/logs/{file}"));
    let mut file = OpenOptions::new().append(true).open(path).expect("a file");
    file.write_all(text.as_bytes()).expect("written");
}

struct Running {
    recorder: Recorder,
    stop: CancellationToken,
    run: JoinHandle<Result<(), ReceiveError>>,
}

fn on(host: &MadeUp, state: Option<&Path>) -> (BuildContext, Registry) {
    let (mut context, registry) = context("tomcat/test");
    let proc = host.root().join("proc").display().to_string();
    context.host = Arc::new(FakeHost { env: [("HOST_PROC".to_owned(), proc)].into(), ..FakeHost::default() });
    context.state_directory = state.map(ToOwned::to_owned);
    (context, registry)
}

async fn start(context: &BuildContext, wired: &[Signal]) -> Running {
    let json = r#"{"initial_delay": "0s", "collection_interval": "5ms", "discovery_interval": "5ms",
        "logs": {"start_at": "beginning", "poll_interval": "5ms"}}"#;
    let config: Config = serde_json::from_str(json).expect("JSON");
    let mut receiver = Tomcat::build(config, context).expect("a receiver");
    receiver.open().await.expect("opened");
    let (all, recorder) = Recorder::outlets();
    let mut outlets = Outlets::default();
    for signal in wired {
        outlets.set(*signal, all.get(*signal).expect("an outlet").clone());
    }
    drop(all);
    let stop = CancellationToken::new();
    let run = tokio::spawn(Box::new(receiver).run(outlets, stop.clone()));
    Running { recorder, stop, run }
}

impl Running {
    /// The next batch that `wanted` accepts; everything before it is delivered.
    async fn find(&mut self, wanted: impl Fn(&Batch) -> bool) -> Batch {
        loop {
            let batch = self.recorder.next().await.expect("a batch");
            if wanted(&batch) {
                return batch;
            }
            batch.deliver();
        }
    }

    async fn end(self) {
        self.stop.cancel();
        drop(self.recorder);
        self.run.await.expect("no panic").expect("a good end");
    }
}

/// Service, severity, body and names of attributes of each record.
fn records(batch: &Batch) -> Vec<(String, i32, String, Vec<String>)> {
    let request = ExportLogsServiceRequest::decode(&*batch.segments()[0]).expect("a request");
    let mut records = Vec::new();
    let text = |value: Option<Value>| match value {
        Some(Value::StringValue(text)) => text,
        other => panic!("{other:?}"),
    };
    for resource in request.resource_logs {
        let attributes = resource.resource.expect("a resource").attributes;
        let name = attributes.into_iter().find(|pair| pair.key == "service.name").expect("a name");
        let service = text(name.value.and_then(|value| value.value));
        for record in resource.scope_logs.into_iter().flat_map(|scope| scope.log_records) {
            assert!(record.observed_time_unix_nano > 0);
            let names = record.attributes.into_iter().map(|pair| pair.key).collect();
            let body = text(record.body.and_then(|body| body.value));
            records.push((service.clone(), record.severity_number, body, names));
        }
    }
    records
}

#[tokio::test]
async fn records_of_both_kinds_arrive_whole_and_under_the_name_of_their_tomcat() {
    let host = MadeUp::new();
    tomcat(&host, 7, "/opt/shop");
    let (context, registry) = on(&host, None);
    let mut running = start(&context, &[Signal::Logs]).await;

    let mut found = Vec::new();
    while found.len() < 5 {
        let batch = running.recorder.next().await.expect("a batch");
        found.extend(records(&batch));
        batch.deliver();
    }
    running.end().await;

    assert!(found.iter().all(|(service, ..)| service == "shop"));
    let bodies: Vec<(i32, &str)> = found.iter().map(|(_, severity, body, _)| (*severity, &**body)).collect();
    for expected in [
        (9, REQUESTS.lines().next().expect("a line")),
        (13, REQUESTS.lines().nth(1).expect("a line")),
        (0, "nothing of the kind"),
        (17, "broken"),
        (9, "Server startup"),
    ] {
        assert!(bodies.contains(&expected), "{expected:?} in {bodies:?}");
    }
    let failure = found.iter().find(|(.., body, _)| body == "broken").expect("the failure");
    assert!(failure.3.contains(&"exception.stacktrace".to_owned()), "{failure:?}");
    let request = found.iter().find(|(_, severity, ..)| *severity == 13).expect("a request");
    assert!(request.3.contains(&"url.query".to_owned()), "{request:?}");
    let accepted = reading(&registry, "otelcol_receiver_accepted_log_records", &[]);
    assert_eq!(accepted, 5.0);
}

#[tokio::test]
async fn what_was_not_delivered_comes_again_after_a_restart_and_nothing_else() {
    let host = MadeUp::new();
    tomcat(&host, 7, "/opt/shop");
    fs::remove_file(host.root().join("proc/7/root/opt/shop/logs/catalina.2026-11-20.log")).expect("remove");
    let state = tempfile::tempdir().expect("a directory");
    let (context, _) = on(&host, Some(state.path()));

    let mut first = start(&context, &[Signal::Logs]).await;
    let batch = first.recorder.next().await.expect("a batch");
    assert_eq!(records(&batch).len(), 3);
    batch.deliver();
    append(&host, 7, "access.2026-11-20.txt", "lost on the way\n");
    let lost = first.recorder.next().await.expect("a batch");
    assert_eq!(records(&lost)[0].2, "lost on the way");
    first.stop.cancel();
    drop(lost);
    first.end().await;

    let mut second = start(&context, &[Signal::Logs]).await;
    let batch = second.recorder.next().await.expect("a batch");
    let bodies: Vec<String> = records(&batch).into_iter().map(|(_, _, body, _)| body).collect();
    batch.deliver();
    second.end().await;
    assert_eq!(bodies, ["lost on the way"]);
}

#[tokio::test]
async fn requests_are_counted_whether_or_not_logs_are_sent() {
    for wired in [&[Signal::Metrics][..], &[Signal::Metrics, Signal::Logs]] {
        let host = MadeUp::new();
        tomcat(&host, 7, "/opt/shop");
        let (context, _) = on(&host, None);
        let mut running = start(&context, wired).await;

        let names = |batch: &Batch| String::from_utf8_lossy(&batch.segments()[0]).into_owned();
        let is_counted = |batch: &Batch| {
            batch.signal() == Signal::Metrics && names(batch).contains("http.server.request.duration")
        };
        let batch = running.find(is_counted).await;
        assert!(names(&batch).contains("tomcat.request.count"), "no MBeans tell them");
        batch.deliver();
        running.end().await;
    }
}
