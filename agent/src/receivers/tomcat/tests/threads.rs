//! Threads of real Tomcats, as the kernel names them, against what their MBeans say.

use super::recorded;
use crate::receivers::tomcat::jmxproxy;
use crate::receivers::tomcat::properties::Properties;
use crate::receivers::tomcat::reading::Reading;
use crate::receivers::tomcat::server_xml::{Container, Server, parse};
use crate::receivers::tomcat::threads::{Connector, Counts};
use crate::receivers::tomcat::version::Version;

const TEN: Option<Version> = Some(Version { major: 10, minor: 1, patch: 48 });

fn connectors(server_xml: &str) -> Vec<Connector> {
    let mut server = Server::default();
    let whole =
        format!("<Server>{}</Server>", server_xml.split_once("?>").map_or(server_xml, |(_, rest)| rest));
    parse(&whole, &[], &Properties::default(), &mut server, &Container::Engine).expect("well-formed");
    server.connectors.iter().filter_map(Connector::new).collect()
}

fn counted(names: &[u8], connectors: &[Connector], version: Option<Version>) -> Vec<(String, u64)> {
    let mut counts = Counts::default();
    names.split(|byte| *byte == b'\n').for_each(|name| counts.add(name));
    let pools = counts.pools(connectors, version);
    pools.into_iter().map(|pool| (pool.name, pool.threads.expect("a number"))).collect()
}

fn pools(pools: &[(&str, u64)]) -> Vec<(String, u64)> {
    pools.iter().map(|(name, threads)| ((*name).to_owned(), *threads)).collect()
}

#[test]
fn they_are_as_many_as_the_mbeans_say_wherever_that_can_be_told() {
    let server_xml = String::from_utf8(recorded("many/server.xml")).expect("text");
    let connectors = connectors(&server_xml);
    let mut told = Reading::default();
    jmxproxy::read(&recorded("many/ThreadPool.txt"), &mut told).expect("readable");
    // The threads of a shared executor and of a port that the system has chosen have names that say nothing.
    let untold = ["http-nio-18493", "http-nio-auto-1"];
    let mut expected: Vec<(String, u64)> = told
        .pools
        .into_iter()
        .filter(|pool| !untold.contains(&&*pool.name))
        .map(|pool| (pool.name, pool.threads.expect("a number")))
        .collect();
    expected.sort();

    let mut counted = counted(&recorded("many/threads.txt"), &connectors, TEN);

    counted.sort();
    assert_eq!(counted, expected);
}

#[test]
fn pollers_and_acceptors_are_no_workers() {
    for (version, port) in [("9", 18191), ("10", 18192)] {
        let threads = recorded(&format!("{version}/threads.txt"));
        assert_eq!(counted(&threads, &[], TEN), [(format!("http-nio-{port}"), 10)]);
        assert_eq!(counted(&threads, &[], None), [], "older releases have more of them");
    }
    let short = b"http-nio-8080-e\nhttp-nio-8080-e\nhttp-nio-8080-P\nhttp-nio-8080-A\nhttp-nio-8080-B";
    assert_eq!(counted(short, &[], None), pools(&[("http-nio-8080", 2)]));
    assert_eq!(counted(b"http-nio-80-exe\nhttp-nio-80-Pol", &[], None), pools(&[("http-nio-80", 1)]));
}

#[test]
fn names_that_are_cut_are_completed_where_one_connector_fits() {
    let cut = b"https-jsse-nio-\nhttps-jsse-nio-\nhttps-jsse-nio-\n";
    let one = connectors(r#"<Connector port="8443" SSLEnabled="true"/><Connector port="8080"/>"#);
    let two =
        connectors(r#"<Connector port="8443" SSLEnabled="true"/><Connector port="9443" SSLEnabled="true"/>"#);

    assert_eq!(counted(cut, &one, TEN), pools(&[("https-jsse-nio-8443", 1)]));
    assert_eq!(counted(cut, &two, TEN), []);
    assert_eq!(counted(cut, &[], TEN), []);
}

#[test]
fn other_threads_are_left_out() {
    let others = b"java\nG1 Main Marker\nCatalina-utilit\ncatalina-exec-1\nhttp-nio\nhttp-nio-\nqtp-http-nio-80\nhttp-client-1\n\xff\xfe";
    assert_eq!(counted(others, &[], TEN), []);
}
