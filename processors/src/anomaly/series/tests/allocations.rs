use super::*;

/// Points of as many series, at a time.
fn points(time: f64, count: i64) -> Vec<NumberDataPoint> {
    let point = |series: usize| NumberDataPoint {
        attributes: vec![
            text("a", &series.to_string()),
            text("b", "x"),
            attribute("c", any_value::Value::IntValue(1)),
        ],
        ..number(0.0, time, Value::AsInt(count))
    };
    (0..20).map(point).collect()
}

fn allocations(requests: [ExportMetricsServiceRequest; 2]) -> u64 {
    let [first, second] = requests.map(|request| request.encode_to_vec());
    let mut pasts = vec![Past::default(); 20];
    let mut readings = 0;
    let mut read_all = |request: &[u8]| {
        let mut pasts = pasts.iter_mut();
        walk(request, &mut |found| {
            let past = pasts.next().expect("as many as there are series");
            readings += past.take(found).len();
        });
    };
    // What is remembered of histograms takes room, once.
    read_all(&first);
    let made = allocation_counter::measure(|| read_all(&second));
    assert!(readings >= 40);
    made.count_total
}

#[test]
fn points_of_gauges_and_sums_are_read_without_an_allocation() {
    for (temporality, is_monotonic) in [(DELTA, true), (CUMULATIVE, true), (DELTA, false)] {
        let request = |time, count| {
            let data_points = points(time, count);
            request(Data::Sum(Sum { data_points, aggregation_temporality: temporality, is_monotonic }))
        };
        assert_eq!(allocations([request(10.0, 5), request(20.0, 7)]), 0);
    }
    let request = |time| request(Data::Gauge(Gauge { data_points: points(time, 1) }));
    assert_eq!(allocations([request(10.0), request(20.0)]), 0);
}

#[test]
fn points_of_histograms_are_read_without_an_allocation_once_their_series_are_known() {
    let bounds: Vec<f64> = (0..15).map(f64::from).collect();
    let request = |time, count| {
        let point = buckets(0.0, time, &bounds, &[count; 16]);
        let data_points = vec![point; 20];
        request(Data::Histogram(Histogram { data_points, aggregation_temporality: CUMULATIVE }))
    };
    assert_eq!(allocations([request(10.0, 5), request(20.0, 15)]), 0);
}
