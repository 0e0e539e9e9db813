//! Lines that Tomcat 9.0.100, 10.1.48 and 11.0.13 wrote, for the same requests.

use super::*;

const DETAILED: &str = r#"%a %{remote}p %A %v:%p %l %u %{begin:yyyy-MM-dd'T'HH:mm:ss.SSSXXX}t %t "%m %U%q %H" %s %B D=%D T=%T F=%F X=%X I=[%I] S=%S "%{Referer}i" "%{User-Agent}i" %{traceparent}i %{msec}t "%{Content-Type}o" "%{JSESSIONID}c" %{peer}a"#;
const UNITS: &str = r#"%h %{sec}t.%{msec_frac}t %{dd/MMM/yyyy HH:mm:ss,SSS Z}t %{ms}T %{us}T %{fracsec}T %{ns}T %{c}L "%r" %s %b"#;
const JSON: &str = r#"%h %l %u %t %{msec}t "%r" %s %b %D %T %F %m %U %q %I %X %{Referer}i %{User-Agent}i %{Content-Type}o %{traceparent}i"#;
const EXTENDED: &str = "date time time-taken c-ip c-dns s-ip s-dns cs-method cs-uri cs-uri-stem cs-uri-query sc-status bytes cs(User-Agent) sc(Content-Type) x-threadname x-H(protocol) x-H(scheme) x-H(remoteUser)";

macro_rules! files {
    ($release:literal) => {
        [
            include_str!(concat!("../../testdata/", $release, "/common.txt")),
            include_str!(concat!("../../testdata/", $release, "/combined.txt")),
            include_str!(concat!("../../testdata/", $release, "/detailed.txt")),
            include_str!(concat!("../../testdata/", $release, "/units.txt")),
            include_str!(concat!("../../testdata/", $release, "/extended.txt")),
            include_str!(concat!("../../testdata/", $release, "/json.txt")),
        ]
    };
}

fn formats(release: Release) -> [Format; 6] {
    [
        Format::pattern("common", release),
        Format::pattern("combined", release),
        Format::pattern(DETAILED, release),
        Format::pattern(UNITS, release),
        Format::extended(EXTENDED),
        Format::json(JSON, release),
    ]
}

const RELEASES: [(Release, [&str; 6]); 3] =
    [(OLD, files!("9.0")), (NEW, files!("10.1")), (Release { major: 11, minor: 0 }, files!("11.0"))];

#[test]
fn every_valve_of_every_release_tells_the_same_requests() {
    for (release, files) in RELEASES {
        let told: Vec<Vec<_>> = formats(release)
            .into_iter()
            .zip(files)
            .map(|(format, lines)| {
                let mut reader = Reader::new(format, TimeZone::UTC);
                let requests = lines.lines().filter(|line| !line.starts_with('#'));
                requests
                    .map(|line| {
                        let request = read(&mut reader, line);
                        let path = request.path.map(str::to_owned);
                        let time = request.time.unwrap() / 1_000_000_000;
                        assert!((1_795_188_040..1_795_188_080).contains(&time), "{line}");
                        (request.method.map(str::to_owned), path, request.status, request.bytes)
                    })
                    .collect()
            })
            .collect();
        for (at, requests) in told.iter().enumerate() {
            assert_eq!(requests, &told[0], "{release:?}, format {at}");
        }
        assert_eq!(told[0].len(), 17);
        let of = |at: usize| {
            let (method, path, status, _) = &told[0][at];
            (method.as_deref(), path.as_deref(), status.unwrap())
        };
        assert_eq!(of(3), (Some("GET"), Some("/missing/%C3%BC"), 404));
        assert_eq!(of(9), (Some("FROBNICATE"), Some("/ok.jsp"), 405));
        assert_eq!(of(11), (Some("GET"), None, 400));
        assert_eq!(of(12), (None, None, 400));
        assert_eq!(of(15), (Some("GET"), Some("/bad"), 404));
    }
}

#[test]
fn comments_are_no_requests() {
    let (_, files) = RELEASES[1];
    let mut reader = Reader::new(Format::extended(EXTENDED), TimeZone::UTC);
    let outcomes = files[4].lines().take(4).map(|line| reader.read(line, &mut Request::default()));
    let expected = [Outcome::Comment, Outcome::Comment, Outcome::Comment, Outcome::Request];
    assert_eq!(outcomes.collect::<Vec<_>>(), expected);
}

#[test]
fn everything_that_a_detailed_line_says_is_found() {
    for (release, files) in RELEASES {
        let mut reader = Reader::new(Format::pattern(DETAILED, release), TimeZone::UTC);
        let request = read(&mut reader, files[2].lines().nth(1).unwrap());
        assert_eq!((request.client, request.peer), (Some("127.0.0.1"), Some("127.0.0.1")));
        assert!(request.client_port.is_some() && request.server_port.is_some_and(|port| port > 28_000));
        assert_eq!(request.server, Some("127.0.0.1"));
        assert_eq!(request.query, Some("x=1&sig=SECRETVALUE&y=2"));
        assert_eq!(plain(request.protocol).as_deref(), Some("HTTP/1.1"));
        assert!(
            request.duration.is_some_and(|nanos| (1_000_000..10_000_000).contains(&nanos)),
            "{release:?}"
        );
        assert!(request.first_byte.is_some());
        assert_eq!(request.connection, Some(b'+'));
        assert!(request.thread.is_some_and(|thread| thread.starts_with("http-nio-127.0.0.1-2839")));
        assert_eq!(plain(request.agent).as_deref(), Some("Mo\"z\"illa \\x Ã¼nÃ¯"));
        assert!(request.trace.is_some());
        // Milliseconds of %{msec}t.
        assert_ne!(request.time.unwrap() % 1_000_000_000, 0);
        let named: Vec<_> = request
            .named
            .iter()
            .map(|(at, text)| (reader.format().named()[*at].key.as_str(), plain(Some(*text)).unwrap()))
            .collect();
        assert_eq!(named[0].0, "http.request.header.referer");
        assert_eq!(named[0].1, "https://example.org/?AWSAccessKeyId=AKIA&z=1");
        assert_eq!(named[1].0, "http.response.header.content-type");
    }
}

#[test]
fn users_are_told_by_all_valves() {
    for (release, files) in RELEASES {
        for (format, lines) in formats(release).into_iter().zip(files) {
            if format.named().is_empty() && lines.starts_with("127.0.0.1 1795") {
                continue;
            }
            let mut reader = Reader::new(format, TimeZone::UTC);
            let lines: Vec<_> = lines.lines().filter(|line| !line.starts_with('#')).collect();
            assert_eq!(plain(read(&mut reader, lines[6]).user).as_deref(), Some("mo \"n"), "{}", lines[6]);
            assert_eq!(plain(read(&mut reader, lines[7]).user).as_deref(), Some("John Smith"));
            assert_eq!(read(&mut reader, lines[8]).user, None);
        }
    }
}
