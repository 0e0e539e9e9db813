use edgewatch_proto::encode::{self, Times};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use proptest::prelude::*;
use prost::Message;

use super::super::super::access::request::Request;
use super::super::super::encoding::Metrics;
use super::super::super::requests::{Counted, Requests};
use crate::measuring::metric::{Window, write_resource};

fn written(requests: &Requests, counted: Counted) -> Vec<(String, Data)> {
    let mut bytes = Vec::new();
    let window = Window { start: 1, now: 2 };
    encode::metrics(&mut bytes, |request| {
        write_resource(
            request,
            "test",
            window,
            |_| {},
            |out| {
                requests.write(out, Times::since(1, 2), &Metrics::default(), counted);
            },
        );
    });
    let request = ExportMetricsServiceRequest::decode(bytes.as_slice()).unwrap();
    let scopes = request.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
    let metrics = scopes.flat_map(|scope| scope.metrics);
    metrics.map(|metric| (metric.name, metric.data.unwrap())).collect()
}

fn request(method: &'static str, status: u16, duration: Option<u64>) -> Request<'static> {
    Request { method: Some(method), status: Some(status), duration, bytes: Some(10), ..Request::default() }
}

#[test]
fn requests_are_counted_by_method_status_and_scheme() {
    let mut requests = Requests::default();
    requests.add(&request("GET", 200, Some(5_000_000)), Some("http"));
    requests.add(&request("GET", 200, Some(5_000_001)), Some("http"));
    requests.add(&request("BREW", 503, Some(20_000_000_000)), None);
    let written = written(&requests, Counted::All);
    let names: Vec<_> = written.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["http.server.request.duration", "tomcat.request.count", "tomcat.error.count", "tomcat.network.io"]
    );
    let Data::Histogram(histogram) = &written[0].1 else { panic!() };
    let points: Vec<_> = histogram
        .data_points
        .iter()
        .map(|point| {
            let attributes: Vec<_> = point.attributes.iter().map(|pair| pair.key.as_str()).collect();
            (point.count, point.bucket_counts.iter().position(|count| *count > 0), attributes)
        })
        .collect();
    let usual = vec!["http.request.method", "http.response.status_code", "url.scheme"];
    let failed = vec!["http.request.method", "http.response.status_code", "error.type"];
    assert_eq!(points, [(2, Some(0), usual), (1, Some(14), failed)]);
    assert_eq!(histogram.data_points[0].bucket_counts[..2], [1, 1]);
}

#[test]
fn only_durations_are_left_where_pages_count() {
    let mut requests = Requests::default();
    requests.add(&request("GET", 200, None), None);
    assert_eq!(written(&requests, Counted::Durations), []);
    requests.add(&request("GET", 200, Some(1)), None);
    assert_eq!(written(&requests, Counted::Durations).len(), 1);
}

#[test]
fn the_number_of_series_is_bounded() {
    let mut requests = Requests::default();
    for method in ["GET", "PUT", "POST"] {
        for status in 100..1000 {
            requests.add(&request(method, status, None), None);
        }
    }
    let written = written(&requests, Counted::All);
    let Data::Sum(sum) = &written[0].1 else { panic!() };
    assert_eq!(sum.data_points.len(), 501);
    assert_eq!(sum.data_points[500].attributes[0].key, "otel.metric.overflow");
}

proptest! {
    #[test]
    fn nothing_is_lost_or_doubled(all in proptest::collection::vec((0_usize..4, 95_u16..1005, proptest::option::of(0_u64..20_000_000_000)), 0..200)) {
        let mut requests = Requests::default();
        for (method, status, duration) in &all {
            requests.add(&request(["GET", "PUT", "X", "HEAD"][*method], *status, *duration), None);
        }
        for (name, data) in written(&requests, Counted::All) {
            match (name.as_str(), data) {
                ("tomcat.request.count", Data::Sum(sum)) => {
                    let keys: std::collections::HashSet<_> = sum.data_points.iter().map(|point| format!("{:?}", point.attributes)).collect();
                    prop_assert_eq!(keys.len(), sum.data_points.len());
                }
                ("http.server.request.duration", Data::Histogram(histogram)) => {
                    let counted: u64 = histogram.data_points.iter().map(|point| point.count).sum();
                    prop_assert_eq!(counted, all.iter().filter(|(.., duration)| duration.is_some()).count() as u64);
                    for point in &histogram.data_points {
                        prop_assert_eq!(point.count, point.bucket_counts.iter().sum::<u64>());
                    }
                }
                _ => {}
            }
        }
    }
}
