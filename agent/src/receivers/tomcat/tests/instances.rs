//! Which processes are Tomcats, on a host that is a few directories.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use edgewatch_core::kernel::Paths;
use edgewatch_core::testing::FakeHost;
use tempfile::TempDir;

use crate::receivers::tomcat::config::Config;
use crate::receivers::tomcat::instances::{Directories, Instance, Search, recognise};
use crate::receivers::tomcat::version::Version;

const LIBJVM: &str =
    "7f1000000000-7f1001000000 r-xp 00000000 fe:00 99     /usr/lib/jvm/lib/server/libjvm.so\n";
const MAIN: &str = "org.apache.catalina.startup.Bootstrap";

/// A host whose processes are directories.
pub(super) struct MadeUp(TempDir);

impl MadeUp {
    pub(super) fn new() -> Self {
        let host = Self(tempfile::tempdir().expect("a directory"));
        fs::create_dir_all(host.root().join("proc/self")).expect("create");
        fs::write(host.root().join("proc/stat"), "cpu 1\nbtime 1000\n").expect("write");
        host
    }

    pub(super) fn root(&self) -> &Path {
        self.0.path()
    }

    /// Starts a process, and returns its directory.
    pub(super) fn start(&self, pid: u32, ticks: u64, arguments: &[&str]) -> PathBuf {
        let process = self.root().join(format!("proc/{pid}"));
        fs::create_dir_all(process.join("root")).expect("create");
        fs::create_dir_all(process.join(format!("task/{pid}"))).expect("create");
        fs::write(process.join(format!("task/{pid}/comm")), "java\n").expect("write");
        // The program of a Tomcat begins elsewhere than others.
        let image = if arguments.contains(&MAIN) { 2 } else { 1 };
        let stat =
            format!("{pid} (ja) va) S 1 1 1 0 -1 0 {} {ticks} 0 0 0 {image} 0 3\n", "1 ".repeat(12).trim());
        fs::write(process.join("stat"), stat).expect("write");
        let uids = format!("Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nNSpid:\t{pid}\n");
        fs::write(process.join("status"), uids).expect("write");
        let maps = if image == 2 { LIBJVM } else { "" };
        fs::write(process.join("maps"), maps).expect("write");
        fs::write(process.join("cmdline"), arguments.join("\0") + "\0").expect("write");
        fs::write(process.join("cgroup"), "0::/system.slice/tomcat.service\n").expect("write");
        process
    }

    /// Starts a Tomcat with `base` as both of its directories.
    pub(super) fn tomcat(&self, pid: u32, base: &str) -> PathBuf {
        let process =
            self.start(pid, 200, &["/usr/bin/java", &format!("-Dcatalina.base={base}"), MAIN, "start"]);
        let seen = process.join("root").join(base.trim_start_matches('/'));
        fs::create_dir_all(seen.join("conf")).expect("create");
        fs::create_dir_all(seen.join("logs")).expect("create");
        fs::write(seen.join("conf/server.xml"), r#"<Connector port="8080"/>"#).expect("write");
        fs::write(seen.join("RELEASE-NOTES"), "   Apache Tomcat Version 10.1.48\n").expect("write");
        process
    }

    pub(super) fn search(&self, include: &[&str], exclude: &[&str], most: usize) -> Search {
        let root = self.root().display().to_string();
        let paths = Paths::find(&root, &FakeHost::default());
        let config = serde_json::json!({ "include": include, "exclude": exclude, "max_instances": most });
        let config: Config = serde_json::from_value(config).expect("a valid configuration");
        Search::new(&paths, &config, "tomcat").expect("globs")
    }
}

fn names(found: Option<Arc<[Arc<Instance>]>>) -> Vec<String> {
    found.expect("a change").iter().map(|instance| instance.name.clone()).collect()
}

#[test]
fn a_tomcat_is_known_by_its_command_line() {
    let base =
        |arguments: &[&'static str]| recognise(arguments).map(|Directories { base, home }| (base, home));
    let (a, b) = ("/a", "/b");

    assert_eq!(base(&["java", "-Dcatalina.base=/a", "-Dcatalina.home=/b", MAIN, "start"]), Some((a, b)));
    assert_eq!(base(&["jsvc.exec", "-Dcatalina.home=/b", MAIN]), Some((b, b)));
    assert_eq!(base(&["java", "-Dcatalina.base=/x", "-Dcatalina.base=/a", MAIN, "start"]), Some((a, a)));
    assert_eq!(base(&["java", "-Dcatalina.base=/a", MAIN, "stop"]), None, "it ends one");
    assert_eq!(base(&["java", "-Dcatalina.base=/a", "org.example.Main"]), None);
    assert_eq!(base(&["java", MAIN, "-Dcatalina.base=/a"]), None, "an argument is no property");
    assert_eq!(base(&["grep", "-r", "-Dcatalina.base", MAIN]), None);
}

#[test]
fn it_comes_with_what_its_files_say_and_goes() {
    let host = MadeUp::new();
    let mut search = host.search(&[], &[], 10);
    host.start(1, 1, &["init"]);
    assert!(search.look().is_none());
    let process = host.tomcat(7, "/opt/shop");

    let found = search.look().expect("a change");

    let [instance] = &*found else { panic!("{found:?}") };
    assert_eq!((&*instance.name, &*instance.base), ("shop", Path::new("/opt/shop")));
    assert_eq!(instance.version, Some(Version { major: 10, minor: 1, patch: 48 }));
    assert_eq!(instance.connectors.len(), 1);
    let ticks = rustix::param::clock_ticks_per_second();
    assert_eq!(instance.started, 1_000_000_000_000 + 200 * 1_000_000_000 / ticks);
    assert_eq!(instance.seen(&instance.base), process.join("root/opt/shop"));
    assert!(search.look().is_none(), "nothing has changed");

    fs::remove_dir_all(&process).expect("remove");
    assert_eq!(names(search.look()), Vec::<String>::new());
}

#[test]
fn a_successor_with_the_same_number_is_another_tomcat() {
    let host = MadeUp::new();
    let mut search = host.search(&[], &[], 10);
    let process = host.tomcat(7, "/opt/shop");
    let first = search.look().expect("a change")[0].id;

    let stat = fs::read_to_string(process.join("stat")).expect("stat");
    fs::write(process.join("stat"), stat.replace(" 200 0 0 0 2 0 3", " 300 0 0 0 2 0 3")).expect("write");

    let second = search.look().expect("a change")[0].id;
    assert_eq!((first.pid, first.start, second.pid, second.start), (7, 200, 7, 300));
}

#[test]
fn a_process_that_becomes_a_tomcat_is_noticed() {
    let host = MadeUp::new();
    let mut search = host.search(&[], &[], 10);
    host.start(7, 200, &["/bin/sh", "catalina.sh", "run"]);
    assert!(search.look().is_none());

    host.tomcat(7, "/opt/shop");

    assert_eq!(names(search.look()), ["shop"]);
}

#[test]
fn names_decide_and_the_number_of_tomcats_is_limited() {
    let host = MadeUp::new();
    for (pid, base) in [(5, "/srv/shop-1"), (6, "/srv/shop-2"), (7, "/srv/blog"), (8, "/srv/shop-3/")] {
        host.tomcat(pid, base);
    }

    assert_eq!(names(host.search(&["shop-*"], &["*-2"], 10).look()), ["shop-1", "shop-3"]);
    let mut limited = host.search(&[], &[], 2);
    assert_eq!(names(limited.look()), ["shop-1", "shop-2"]);
    assert_eq!(limited.report.told().len(), 1, "{:?}", limited.report.told());
}

#[test]
fn links_of_a_container_do_not_lead_out_of_it() {
    let host = MadeUp::new();
    let process = host.tomcat(7, "/opt/shop");
    let secret = host.root().join("secret.xml");
    fs::write(&secret, r#"<Connector port="1"/><Connector port="2"/>"#).expect("write");
    let server_xml = process.join("root/opt/shop/conf/server.xml");
    fs::remove_file(&server_xml).expect("remove");
    symlink(&secret, &server_xml).expect("link");

    let found = host.search(&[], &[], 10).look().expect("a change");

    assert_eq!(found[0].connectors.len(), 0);

    // The same path inside is another file.
    let inside = process.join("root").join(secret.strip_prefix("/").expect("absolute"));
    fs::create_dir_all(inside.parent().expect("a directory")).expect("create");
    fs::write(&inside, r#"<Connector port="3"/>"#).expect("write");
    assert_eq!(host.search(&[], &[], 10).look().expect("a change")[0].connectors.len(), 1);
}

#[test]
fn without_its_files_a_tomcat_is_still_known_and_what_is_missing_is_told_once() {
    let host = MadeUp::new();
    let process = host.tomcat(7, "/opt/shop");
    fs::remove_dir_all(process.join("root")).expect("remove");
    let mut search = host.search(&[], &[], 10);

    let found = search.look().expect("a change");

    assert_eq!((found[0].version, found[0].connectors.len()), (None, 0));
    let told = ["the version of shop", "server.xml of shop"].map(|what| ("discovery", what.to_owned()));
    assert_eq!(search.report.told(), told);
    search.look();
    assert_eq!(search.report.told().len(), 2);
}
