use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::super::super::access::Release;
use super::super::super::logs::{Tomcat, find};
use super::super::super::properties::Properties;
use super::super::super::server_xml::{Container, Server, parse};

const SERVER_XML: &str = include_str!("../../testdata/server.xml");
const VALVES_XML: &str = include_str!("../../testdata/valves.xml");

/// The root directory of a process, with a Tomcat at /srv/base.
fn host(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = root.path().join("srv/base").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    root
}

fn tomcat<'t>(root: &'t Path, properties: &'t [(String, String)], open: &'t [PathBuf]) -> Tomcat<'t> {
    let base = Path::new("/srv/base");
    let release = Some(Release { major: 10, minor: 1 });
    Tomcat { root, base, home: base, properties, tz: None, release, open }
}

const DATE: &str = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]";

#[test]
fn every_valve_is_found_with_its_files() {
    let logging = include_str!("../../testdata/logging.properties");
    let files = [
        ("conf/server.xml", SERVER_XML),
        ("conf/valves.xml", VALVES_XML),
        ("conf/logging.properties", logging),
    ];
    let root = host(&files);
    let logs = find(&tomcat(root.path(), &[], &[]));
    assert_eq!(logs.problems, Vec::<String>::new());
    let access: Vec<_> = logs.access.iter().map(|log| (log.glob.clone(), log.counts)).collect();
    let dated = |name: &str| format!("/srv/base/logs/{name}.{DATE}.txt");
    // All of them see all requests of the host: the first that knows durations counts.
    let expected = [
        (dated("common"), false),
        ("/srv/base/logs/combined.txt".to_owned(), false),
        (dated("detailed"), true),
        (dated("units"), false),
        (dated("extended"), false),
        (dated("json"), false),
    ];
    assert_eq!(access, expected);
    let server: Vec<_> = logs.server.iter().map(|log| log.glob.as_str()).collect();
    let expected = ["catalina", "localhost", "manager", "host-manager"]
        .map(|name| format!("/srv/base/logs/{name}.{DATE}.log"));
    assert_eq!(server, expected);
    assert_eq!(logs.scheme.as_deref(), Some("http"));
}

#[test]
fn a_broken_file_is_told_and_the_usual_log_is_followed() {
    let root = host(&[("conf/server.xml", "<Server><Service>")]);
    let open = [PathBuf::from("/var/log/tomcat/localhost_access_log.2026-11-20.txt")];
    let logs = find(&tomcat(root.path(), &[], &open));
    assert_eq!(logs.problems.len(), 1);
    assert!(
        logs.problems[0].starts_with("/srv/base/conf/server.xml: not well-formed: "),
        "{:?}",
        logs.problems
    );
    let globs: Vec<_> = logs.access.iter().map(|log| log.glob.clone()).collect();
    let at = |folder: &str| format!("{folder}/localhost_access_log.{DATE}.txt");
    assert_eq!(globs, [at("/srv/base/logs"), at("/var/log/tomcat")]);
    assert_eq!(logs.server.len(), 4);
}

#[test]
fn nothing_is_read_outside_of_the_root() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("server.xml"), SERVER_XML).unwrap();
    let root = host(&[]);
    fs::create_dir_all(root.path().join("srv/base/conf")).unwrap();
    std::os::unix::fs::symlink(
        outside.path().join("server.xml"),
        root.path().join("srv/base/conf/server.xml"),
    )
    .unwrap();
    let logs = find(&tomcat(root.path(), &[], &[]));
    assert_eq!(logs.problems.len(), 1, "{:?}", logs.problems);
}

#[test]
fn properties_are_filled_in() {
    let xml = r#"<Server><Service><Engine><Host name="a">
        <Valve className="org.apache.catalina.valves.AccessLogValve" directory="${logs.dir}/x" prefix="${name:-access}" suffix="[1].log"
            fileDateFormat=".yyyy-MM-dd.HH" pattern="${shape}"/>
    </Host></Engine></Service></Server>"#;
    let properties = "logs.dir=/var/${where}\n# comment\nshape = %h \\\n  %D\n";
    let root = host(&[("conf/server.xml", xml), ("conf/catalina.properties", properties)]);
    let command = [("where".to_owned(), "log".to_owned())];
    let logs = find(&tomcat(root.path(), &command, &[]));
    let globs: Vec<_> = logs.access.iter().map(|log| log.glob.clone()).collect();
    assert_eq!(globs, [format!("/var/log/x/access.{DATE}.[0-9][0-9][[]1[]].log")]);
    assert!(logs.access[0].format.has_duration());
}

#[test]
fn the_console_is_read_only_when_nothing_else_has_it() {
    let console_only = "handlers = java.util.logging.ConsoleHandler\n";
    let root = host(&[("conf/server.xml", "<Server/>"), ("conf/logging.properties", console_only)]);
    let open = [PathBuf::from("/srv/base/logs/catalina.out")];
    let globs = |root: &TempDir| -> Vec<_> {
        find(&tomcat(root.path(), &[], &open)).server.into_iter().map(|log| log.glob).collect()
    };
    assert_eq!(globs(&root), ["/srv/base/logs/catalina.out"]);
    let both = host(&[("conf/server.xml", "<Server/>")]);
    assert!(globs(&both).iter().all(|glob| !glob.ends_with("catalina.out")));
}

#[test]
fn valves_inside_of_a_counted_one_are_not_counted() {
    let valve = |prefix: &str, more: &str| {
        format!(r#"<Valve className="org.apache.catalina.valves.AccessLogValve" prefix="{prefix}" {more}/>"#)
    };
    let counted = |xml: String| -> Vec<bool> {
        let root = host(&[("conf/server.xml", &xml)]);
        find(&tomcat(root.path(), &[], &[])).access.iter().map(|log| log.counts).collect()
    };
    let xml = |engine: &str, a: &str, b: &str| {
        format!(
            "<Server><Service><Engine>{engine}<Host name='a'>{a}</Host><Host name='b'>{b}</Host></Engine></Service></Server>"
        )
    };
    assert_eq!(counted(xml(&valve("e", ""), &valve("a", ""), &valve("b", ""))), [true, false, false]);
    assert_eq!(counted(xml("", &valve("a", ""), &valve("b", ""))), [true, true]);
    let two = valve("a", "conditionIf='x'") + &valve("c", "");
    assert_eq!(counted(xml("", &two, &valve("b", ""))), [false, true, true]);
}

#[test]
fn entities_that_grow_without_end_are_refused() {
    let xml = r#"<!DOCTYPE a [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
        <!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">]><Server>&e;&e;&e;&e;</Server>"#;
    let mut server = Server::default();
    assert!(parse(xml, &[], &Properties::default(), &mut server, &Container::Engine).is_err());
}
