use edgewatch_processors::log_templates::miner::Limits;

use super::run::{find, print};

fn output(input: &[u8], summary: bool) -> String {
    let found = find(&mut &*input, None, Limits::default()).expect("reads");
    let mut out = Vec::new();
    print(&found, summary, &mut out).expect("prints");
    String::from_utf8(out).expect("is text")
}

fn column(csv: &str, column: usize) -> Vec<String> {
    csv.lines().skip(1).map(|row| row.splitn(3, ',').nth(column).expect("three columns").to_owned()).collect()
}

#[test]
fn prints_a_row_for_every_line_with_the_template_as_it_stands_at_the_end() {
    let names = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"];
    let input: String =
        names.map(|name| format!("Accepted password for user {name} from 10.0.0.7\n")).concat();

    let csv = output(input.as_bytes(), false);

    assert!(csv.starts_with("line,template_id,template\n"));
    assert_eq!(column(&csv, 0), (1..=8).map(|line| line.to_string()).collect::<Vec<_>>());
    assert_eq!(column(&csv, 2), vec!["Accepted password for user <*> from <*>"; 8]);
}

#[test]
fn keeps_empty_lines_and_a_last_line_without_an_end() {
    let csv = output(b"started\n\n\r\nstarted", false);

    assert_eq!(column(&csv, 2), ["started", "", "", "started"]);
}

#[test]
fn quotes_what_would_break_a_row() {
    let csv = output(b"said \"no\", twice\n", false);

    assert_eq!(column(&csv, 2), ["\"said \"\"no\"\", twice\""]);
}

#[test]
fn shows_the_most_frequent_template_first_with_its_first_line() {
    let text = output(b"ready\ntook 5 ms\ntook 17 ms\n", true);

    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|row| row.split_whitespace().collect()).collect();
    assert_eq!(rows[0][..2], ["2", "66.6%"]);
    assert_eq!(rows[0][3..], ["took", "<*>", "ms", "took", "5", "ms"]);
    assert_eq!(rows[1][3..], ["ready"]);
}

#[test]
fn survives_bytes_that_are_no_text_and_lines_without_end() {
    let mut input = vec![0xff, 0xfe, b'\n'];
    input.extend(std::iter::repeat_n(b'x', 300_000));

    assert_eq!(output(&input, false).lines().count(), 3);
}
