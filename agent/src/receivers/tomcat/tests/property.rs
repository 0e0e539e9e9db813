//! Whatever pages and files say, they are read, and nothing is there twice in what is sent.

use std::collections::HashSet;

use proptest::prelude::*;

use super::decoded::lines;
use super::recorded;
use crate::measuring::metric::Window;
use crate::receivers::tomcat::encoding::{Metrics, write};
use crate::receivers::tomcat::properties::Properties;
use crate::receivers::tomcat::reading::Reading;
use crate::receivers::tomcat::server_xml::{Container, Server, parse};
use crate::receivers::tomcat::threads::Connector;
use crate::receivers::tomcat::{jmxproxy, status};

/// Text that looks like pages in places.
fn page() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("OK - Number of results: 2\r\n".to_owned()),
        Just("\r\nName: Catalina:type=ThreadPool,name=\"a\"\r\n".to_owned()),
        Just("\r\nName: Catalina:type=Manager,host=h,context=/c\r\n".to_owned()),
        Just("\r\nName: java.nio:name=direct,type=BufferPool\r\n".to_owned()),
        "[a-zA-Z]{1,8}: -?[0-9]{1,22}\r\n",
        Just("<status><connector name='\"x\"'>".to_owned()),
        Just("<threadInfo maxThreads='3'".to_owned()),
        Just("<Connector port='8443' SSLEnabled='true'".to_owned()),
        Just("<!-- <![CDATA[ ]]> -->".to_owned()),
        "&(#[0-9]{1,4}|#x[0-9a-f]{1,6}|lt|quot)?;",
        ".{0,6}",
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

fn sent(mut reading: Reading) -> Vec<String> {
    reading.keep_first();
    let mut request = Vec::new();
    edgewatch_proto::encode::metrics(&mut request, |request| {
        write(request, &Metrics::default(), &reading, Window { start: 1, now: 2 }, |_| {});
    });
    lines(&request)
}

fn read_server_xml(text: &str) {
    let mut server = Server::default();
    let _ = parse(text, &[], &Properties::default(), &mut server, &Container::Engine);
    server.connectors.iter().for_each(|connector| drop(Connector::new(connector)));
}

proptest! {
    #[test]
    fn any_page_is_read(page in page()) {
        let mut reading = Reading::default();
        let _ = jmxproxy::read(page.as_bytes(), &mut reading);
        let _ = status::json(page.as_bytes());
        read_server_xml(&page);
        if let Ok(other) = status::xml(page.as_bytes()) {
            reading.complete(other);
        }
        let lines = sent(reading);
        let series: HashSet<&str> = lines.iter().filter_map(|line| line.split_once("} ").map(|(series, _)| series)).collect();
        prop_assert!(series.len() + 1 >= lines.len(), "{lines:?}");
    }

    #[test]
    fn a_page_that_breaks_off_or_is_damaged_is_read(cut in 0_usize..4000, at in 0_usize..4000, byte: u8) {
        for file in ["10/Manager.txt", "10/status.xml", "10/all.json", "many/server.xml"] {
            let mut page = recorded(file);
            let length = page.len();
            page[at % length] = byte;
            page.truncate(cut % length);
            let mut reading = Reading::default();
            let _ = jmxproxy::read(&page, &mut reading);
            let _ = status::json(&page);
            let _ = status::xml(&page);
            read_server_xml(&String::from_utf8_lossy(&page));
            let _ = sent(reading);
        }
    }
}
