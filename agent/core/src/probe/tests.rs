use std::io;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use super::certificate::{Validity, parse};
use super::process::inodes;
use super::*;
use crate::config::Severity;

/// A certificate in PEM that is valid from the beginning of the first year to that of the second.
fn certificate(from: i32, until: i32) -> rcgen::Certificate {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
    params.self_signed(&key).expect("a certificate")
}

fn time(text: &str) -> SystemTime {
    humantime::parse_rfc3339(text).expect("a time")
}

fn look(pem: &str, role: Role, now: &str) -> Result<(), (Severity, String)> {
    let looked = validity("cert_file", pem.as_bytes(), role, time(now));
    looked.map_err(|trouble| (trouble.severity, trouble.findings.to_string()))
}

#[test]
fn the_validity_of_a_certificate_is_read_in_both_forms_of_time() {
    // Years from 2050 on are written in another form.
    let der = certificate(2020, 2060);
    let expected = Validity { from: time("2020-01-01T00:00:00Z"), until: time("2060-01-01T00:00:00Z") };
    assert_eq!(parse(der.der()), Some(expected));
}

#[test]
fn what_is_no_certificate_has_no_validity_and_does_no_harm() {
    let der = certificate(2020, 2021);
    for cut in 0..der.der().len() {
        let _ = parse(&der.der()[..cut]);
    }
    let mut damaged = der.der().to_vec();
    for index in 0..damaged.len() {
        damaged[index] ^= 0xFF;
        let _ = parse(&damaged);
        damaged[index] ^= 0xFF;
    }
    assert_eq!(parse(b""), None);
}

#[test]
fn a_certificate_must_be_valid_now_and_for_a_while() {
    let pem = certificate(2020, 2021).pem();
    let at = |now| look(&pem, Role::Chain, now);

    assert_eq!(at("2020-06-01T00:00:00Z"), Ok(()));
    let (severity, fact) = at("2021-01-02T00:00:00Z").expect_err("too late");
    assert_eq!(severity, Severity::Error);
    assert_eq!(fact, "cert_file: the certificate has expired on 2021-01-01T00:00:00Z");
    let (severity, fact) = at("2019-12-31T00:00:00Z").expect_err("too early");
    assert_eq!(severity, Severity::Error);
    assert_eq!(fact, "cert_file: the certificate is valid only from 2020-01-01T00:00:00Z");
    let (severity, fact) = at("2020-12-25T00:00:00Z").expect_err("soon");
    assert_eq!(severity, Severity::Warning);
    assert_eq!(fact, "cert_file: the certificate expires on 2021-01-01T00:00:00Z");
}

#[test]
fn every_certificate_of_a_chain_must_be_valid_and_one_of_a_bundle() {
    let now = "2022-06-01T00:00:00Z";
    let both = certificate(2022, 2024).pem() + &certificate(2020, 2021).pem();
    assert!(look(&both, Role::Chain, now).is_err());
    assert_eq!(look(&both, Role::Authorities, now), Ok(()));
    let old = certificate(2020, 2021).pem();
    assert!(look(&old, Role::Authorities, now).is_err());
}

#[test]
fn files_and_directories_are_looked_at_without_touching_them() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("file");
    std::fs::write(&file, "x").expect("a file");
    let missing = folder.path().join("a/b/c");

    assert_eq!(readable(&file), Ok(()));
    assert!(readable(&missing).is_err());
    assert!(readable(folder.path()).is_err(), "a directory is no file");
    assert_eq!(readable_directory(folder.path()), Ok(()));
    assert_eq!(writable_file(&file, false), Ok(()));
    assert!(writable_file(&missing, false).is_err());
    assert_eq!(writable_file(&missing, true), Ok(()), "its directories can be made");
    assert_eq!(writable_directory(&missing, true), Ok(()));
    assert!(writable_directory(&missing, false).is_err());
    assert!(writable_directory(&file.join("below"), true).is_err(), "a file has nothing below it");

    assert_eq!(std::fs::read_dir(folder.path()).expect("a directory").count(), 1, "nothing was made");
}

#[test]
fn what_the_user_may_not_do_is_told_with_the_user() {
    if rustix::process::geteuid().is_root() {
        // Root may do everything, except on file systems that nobody may write to.
        let fault = writable_directory(std::path::Path::new("/proc/self"), false);
        assert!(fault.is_err());
        return;
    }
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o500)).expect("own directory");
    let fault = writable_directory(folder.path(), false).expect_err("read only").error_at("path");
    assert!(fault.findings.to_string().contains("Permission denied"));
}

#[test]
fn a_port_that_the_configuration_wants_twice_is_told_apart_from_one_that_is_taken() {
    let ports = Ports::default();
    let in_use = io::Error::from(io::ErrorKind::AddrInUse);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    ports.hold(port, "receivers.otlp", listener);

    let twice = ports.trouble("endpoint", "localhost:1", port, &in_use);
    assert_eq!(
        twice.findings.to_string(),
        "endpoint: localhost:1 is wanted by receivers.otlp of this configuration as well"
    );
    let nowhere = ports.trouble("endpoint", "192.0.2.1:1", 1, &io::ErrorKind::AddrNotAvailable.into());
    assert!(nowhere.findings.to_string().starts_with("endpoint: 192.0.2.1:1 cannot be listened on: "));
}

#[test]
fn listening_sockets_are_found_in_the_tables_of_the_kernel() {
    let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
        0: 0100007F:10DD 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n   \
        1: 0100007F:10DD 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1\n";
    assert_eq!(inodes(table, 4317), ["4711"], "a connection is no listener");
    assert!(inodes(table, 4318).is_empty());
    let of_v6 = table.replace("0100007F:10DD", "00000000000000000000000001000000:10DE");
    assert_eq!(inodes(&of_v6, 4318), ["4711"]);
}

#[tokio::test]
async fn a_probe_of_a_part_names_the_keys_of_the_whole() {
    let probe = Probe::new("endpoint", "the port", async {
        tokio::time::sleep(Duration::ZERO).await;
        Err(Fault::new("is taken", "choose another").error_at("endpoint"))
    });
    let probe = probe.under("protocols.grpc");

    assert_eq!((probe.key(), probe.what()), ("protocols.grpc.endpoint", "the port"));
    let trouble = probe.run().await.expect_err("found");
    assert_eq!(trouble.findings.to_string(), "protocols.grpc.endpoint: is taken");
}
