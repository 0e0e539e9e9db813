//! Pages of real Tomcats: 9.0.100, 10.1.48 and 11.0.13, the last also with seven connectors.

use super::recorded;
use crate::receivers::tomcat::jmxproxy;
use crate::receivers::tomcat::reading::{Buffer, DataSource, Pool, Processor, Reading, Sessions};
use crate::receivers::tomcat::status;

fn proxied(version: &str) -> Reading {
    let mut reading = Reading::default();
    for page in ["GlobalRequestProcessor", "ThreadPool", "Manager", "DataSource", "BufferPool"] {
        jmxproxy::read(&recorded(&format!("{version}/{page}.txt")), &mut reading).expect("readable");
    }
    reading
}

fn pool(name: &str, threads: u64, busy: u64, limit: u64) -> Pool {
    Pool { name: name.to_owned(), threads: Some(threads), busy: Some(busy), limit: Some(limit) }
}

#[test]
fn the_json_of_a_status_page_has_connectors_and_applications() {
    let reading = status::json(&recorded("10/all.json")).expect("readable");

    let sessions = |context: &str, active| Sessions {
        host: "localhost".to_owned(),
        context: context.to_owned(),
        active: Some(active),
        limit: None,
        most: Some(active),
        created: Some(active),
        expired: Some(0),
        rejected: Some(0),
        longest: Some(0),
        mean: Some(0),
        time: Some(0),
    };
    let expected = Reading {
        processors: vec![Processor {
            name: "http-nio-18192".to_owned(),
            requests: Some(9),
            errors: Some(3),
            time: Some(65),
            longest: Some(37),
            received: Some(0),
            sent: Some(11067),
        }],
        pools: vec![pool("http-nio-18192", 10, 1, 200)],
        sessions: vec![sessions("/examples", 3), sessions("/manager", 0)],
        ..Reading::default()
    };
    assert_eq!(reading, expected);
}

#[test]
fn the_xml_of_a_status_page_says_the_same_of_connectors() {
    for version in ["9", "10", "11", "many"] {
        let json = status::json(&recorded(&format!("{version}/status.json"))).expect("readable");
        let xml = status::xml(&recorded(&format!("{version}/status.xml"))).expect("readable");

        assert_eq!(xml.pools, json.pools, "{version}");
        assert!(!xml.pools.is_empty());
        // Asking for the one was a request that the other counts.
        for (xml, json) in xml.processors.iter().zip(&json.processors) {
            assert_eq!((&xml.name, xml.errors, xml.received), (&json.name, json.errors, json.received));
            assert!(xml.requests >= json.requests && xml.sent >= json.sent && xml.time >= json.time);
        }
        assert_eq!(xml.processors.len(), json.processors.len());
    }
}

#[test]
fn the_limit_of_an_external_executor_is_not_known_to_the_page() {
    let reading = status::json(&recorded("many/status.json")).expect("readable");

    let shared = reading.pools.iter().find(|pool| pool.name == "http-nio-18493").expect("a pool");
    assert_eq!((shared.threads, shared.limit), (Some(4), None));
}

#[test]
fn mbeans_have_all_of_it() {
    for (version, port) in [("9", "18191"), ("10", "18192"), ("11", "18193")] {
        let reading = proxied(version);

        let connector = format!("http-nio-{port}");
        assert_eq!(reading.pools, [pool(&connector, 10, 1, 200)], "{version}");
        let [processor] = &*reading.processors else { panic!("{:?}", reading.processors) };
        assert_eq!((&*processor.name, processor.errors), (&*connector, Some(3)));
        assert!(processor.requests > Some(6) && processor.sent > Some(7000));
        let contexts: Vec<_> =
            reading.sessions.iter().map(|it| (&*it.context, it.active, it.limit)).collect();
        assert_eq!(contexts, [("/examples", Some(3), None), ("/manager", Some(0), None)], "-1 is no limit");
        let expected = DataSource {
            name: "jdbc/orders".to_owned(),
            context: String::new(),
            used: Some(0),
            limit: Some(20),
            initial: Some(0),
        };
        assert_eq!(reading.data_sources, [expected]);
        let names: Vec<_> = reading.buffers.iter().map(|buffer| &*buffer.name).collect();
        assert_eq!(names, ["mapped", "direct", "mapped - 'non-volatile memory'"]);
    }
    let direct =
        Buffer { name: "direct".to_owned(), count: Some(11), used: Some(90112), capacity: Some(90112) };
    assert_eq!(proxied("10").buffers[1], direct);
}

#[test]
fn pools_of_seven_connectors_are_those_of_the_status_page() {
    let mut proxied = Reading::default();
    jmxproxy::read(&recorded("many/ThreadPool.txt"), &mut proxied).expect("readable");
    let mut status = status::json(&recorded("many/status.json")).expect("readable");

    proxied.pools.sort_by(|a, b| a.name.cmp(&b.name));
    status.pools.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(proxied.pools, status.pools);
}

#[test]
fn object_names_may_hold_commas_and_parts_are_no_pools() {
    let page = b"OK - Number of results: 3\r\n\r\n\
        Name: Catalina:type=ThreadPool,name=\"https-jsse-nio-8443\",subType=SocketProperties\r\nmaxThreads: 1\r\n\r\n\
        Name: Catalina:name=\"a,type=Manager,\\\"b\",type=ThreadPool\r\nmaxThreads: 7\r\nName: x\r\n\ty: 1\r\n\r\n\
        Name: Catalina:type=DataSource,context=/shop,name=\"jdbc/x\",connectionpool=connections\r\nnumActive: 9\r\n";
    let mut reading = Reading::default();

    jmxproxy::read(page, &mut reading).expect("readable");

    let name = "a,type=Manager,\\\"b".to_owned();
    assert_eq!(
        reading,
        Reading { pools: vec![Pool { name, limit: Some(7), ..Pool::default() }], ..Reading::default() }
    );
}

#[test]
fn other_pages_are_refused_with_a_way_out() {
    let said = |result: Result<Reading, _>| match result {
        Ok(reading) => panic!("{reading:?}"),
        Err(error) => format!("{error}"),
    };

    assert!(
        said(status::json(b"<html>login</html>")).contains("check that the endpoint leads to the manager")
    );
    assert!(said(status::xml(b"<html>login</html>")).contains("not the XML of a status page"));
    let mut reading = Reading::default();
    let refused = jmxproxy::read(b"<html>", &mut reading).expect_err("refused").to_string();
    assert!(refused.contains("it does not begin with `OK"), "{refused}");
    let refused =
        jmxproxy::read(b"Error - no such bean\r\n\tat x", &mut reading).expect_err("refused").to_string();
    assert_eq!(refused, "Tomcat says: no such bean");
}

#[test]
fn a_list_that_a_better_source_has_is_not_taken_from_another() {
    let mut known = Reading { pools: vec![pool("a", 1, 1, 1)], ..Reading::default() };
    let processors = vec![Processor { name: "a".to_owned(), ..Processor::default() }];
    let other =
        Reading { pools: vec![pool("a", 2, 2, 2)], processors: processors.clone(), ..Reading::default() };

    known.complete(other);

    assert_eq!(known, Reading { pools: vec![pool("a", 1, 1, 1)], processors, ..Reading::default() });
}
