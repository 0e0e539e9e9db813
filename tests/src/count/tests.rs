use bytes::Bytes;

use super::{Malformed, items};
use crate::Signal;
use crate::load::Template;

#[test]
fn counts_every_item_of_each_signal() {
    for signal in Signal::ALL {
        let request = Template::new(signal).request(1);
        assert_eq!(items(signal, &[request]), Ok(100), "{signal}");
    }
}

#[test]
fn counts_the_same_wherever_the_chunks_are_cut() {
    for signal in Signal::ALL {
        let request = Template::new(signal).request(1);
        for size in [1, 2, 3, 7, 100, 4096] {
            let chunks: Vec<Bytes> = request.chunks(size).map(Bytes::copy_from_slice).collect();
            assert_eq!(items(signal, &chunks), Ok(100), "{signal} in chunks of {size}");
        }
    }
}

#[test]
fn joined_requests_count_as_one() {
    let template = Template::new(Signal::Traces);
    assert_eq!(items(Signal::Traces, &[template.request(1), template.request(101)]), Ok(200));
}

#[test]
fn an_empty_request_has_no_items() {
    assert_eq!(items(Signal::Logs, &[]), Ok(0));
}

#[test]
fn refuses_a_request_that_ends_early() {
    let request = Template::new(Signal::Metrics).request(1);
    assert_eq!(items(Signal::Metrics, &[request.slice(..request.len() - 1)]), Err(Malformed));
}

#[test]
fn refuses_a_length_that_leaves_its_message() {
    // resource_spans of two bytes, whose scope_spans claims five.
    assert_eq!(
        items(Signal::Traces, &[Bytes::from_static(&[0x0a, 2, 0x12, 5, 0, 0, 0, 0, 0])]),
        Err(Malformed)
    );
}
