use super::super::redact::redact;
use super::*;
use crate::receivers::tomcat::requests::Requests;

#[test]
fn a_line_is_read_and_counted_without_an_allocation() {
    let lines: Vec<&str> = include_str!("../../testdata/10.1/combined.txt").lines().collect();
    let mut reader = reader("combined");
    let mut requests = Requests::default();
    let mut scratch = String::new();
    let mut read_all = || {
        for line in &lines {
            let line = redact(line, &mut scratch);
            let mut request = Request::default();
            assert_eq!(reader.read(line, &mut request), Outcome::Request);
            requests.add(&request, Some("http"));
        }
    };
    // Series and room for what is redacted are there from now on.
    read_all();

    let made = allocation_counter::measure(read_all);

    assert_eq!(made.count_total, 0);
}
