use super::*;

fn rate(second: f64, value: f64) -> Vec<Reading> {
    vec![reading(Aspect::Rate, second, value)]
}

fn value(second: f64, value: f64) -> Vec<Reading> {
    vec![reading(Aspect::Value, second, value)]
}

#[test]
fn a_gauge_says_its_value_unless_that_is_no_number() {
    let values =
        [Value::AsDouble(1.5), Value::AsInt(-2), Value::AsDouble(f64::NAN), Value::AsDouble(f64::INFINITY)];
    let requests = values.map(|value| gauge(number(0.0, 1.0, value)));

    assert_eq!(read(&mut Past::default(), requests), [value(1.0, 1.5), value(1.0, -2.0), vec![], vec![]]);
}

#[test]
fn a_counter_says_its_rate_from_its_second_point_on() {
    let points = [(10.0, 100), (20.0, 150), (30.0, 150), (90.0, 750)];
    let requests = points.map(|(time, count)| counter(CUMULATIVE, -1.0, time, count));

    let readings = read(&mut Past::default(), requests);

    assert_eq!(readings, [vec![], rate(20.0, 5.0), rate(30.0, 0.0), rate(90.0, 10.0)]);
}

#[test]
fn the_first_point_says_a_rate_if_it_began_lately() {
    for (start, expected) in
        [(0.0, rate(650.0, 2.0)), (-1.0, vec![]), (649.95, vec![]), (650.0, vec![]), (660.0, vec![])]
    {
        let requests = [counter(CUMULATIVE, if start == 0.0 { 600.0 } else { start }, 650.0, 100)];
        assert_eq!(read(&mut Past::default(), requests), [expected], "{start}");
    }
    let requests = [counter(CUMULATIVE, 0.0, 650.0, 100)];
    assert_eq!(read(&mut Past::default(), requests), [vec![]], "gathered over too long a time");
}

#[test]
fn a_counter_that_fell_says_what_it_has_counted_since_its_start_if_that_is_known() {
    let base = || counter(CUMULATIVE, 1.0, 100.0, 5000);
    for (next, expected) in [
        (counter(CUMULATIVE, 110.0, 120.0, 40), rate(120.0, 4.0)),
        (counter(CUMULATIVE, 100.0, 120.0, 40), rate(120.0, 2.0)),
        // Of a life before the last point it cannot have fallen.
        (counter(CUMULATIVE, 1.0, 120.0, 40), vec![]),
        (counter(CUMULATIVE, -1.0, 120.0, 40), vec![]),
        // Too short to tell.
        (counter(CUMULATIVE, 119.95, 120.0, 40), vec![]),
        // A new life that has counted more than the old one.
        (counter(CUMULATIVE, 110.0, 120.0, 9000), rate(120.0, 900.0)),
        // A start that moves is none.
        (counter(CUMULATIVE, 1.3, 120.0, 5040), rate(120.0, 2.0)),
    ] {
        let mut past = Past::default();
        assert_eq!(read(&mut past, [base(), next.clone()])[1], expected, "{next:?}");
        let after = counter(CUMULATIVE, -1.0, 130.0, 100_000);
        assert_eq!(read(&mut past, [after])[0].len(), 1, "the point after a reset has a base again");
    }
}

#[test]
fn what_is_late_or_doubled_or_no_amount_disturbs_nothing() {
    let odd = [
        counter(CUMULATIVE, -1.0, 20.0, 160),
        counter(CUMULATIVE, -1.0, 15.0, 1),
        counter(CUMULATIVE, -1.0, 25.0, -1),
        sum(CUMULATIVE, true, number(-1.0, 25.0, Value::AsDouble(f64::NAN))),
        sum(CUMULATIVE, true, number(-1.0, 25.0, Value::AsDouble(f64::INFINITY))),
        sum(CUMULATIVE, true, NumberDataPoint { value: None, ..number(-1.0, 25.0, Value::AsInt(0)) }),
        sum(CUMULATIVE, true, NumberDataPoint { flags: 1, ..number(-1.0, 25.0, Value::AsInt(0)) }),
        sum(CUMULATIVE, true, NumberDataPoint { time_unix_nano: 0, ..number(-1.0, 25.0, Value::AsInt(0)) }),
        sum(
            CUMULATIVE,
            true,
            NumberDataPoint { time_unix_nano: u64::MAX, ..number(-1.0, 25.0, Value::AsInt(0)) },
        ),
        // An interval too short to tell a rate is part of the next one.
        counter(CUMULATIVE, -1.0, 20.05, 151),
    ];
    let mut past = Past::default();
    read(&mut past, [counter(CUMULATIVE, -1.0, 20.0, 150)]);

    assert_eq!(read(&mut past, odd), vec![Vec::<Reading>::new(); 10]);
    assert_eq!(read(&mut past, [counter(CUMULATIVE, -1.0, 30.0, 250)]), [rate(30.0, 10.0)]);
}

#[test]
fn a_clock_that_was_set_back_starts_the_series_anew() {
    let mut past = Past::default();
    read(&mut past, [counter(CUMULATIVE, -1.0, 10_000.0, 5)]);

    let readings =
        read(&mut past, (0..40).map(|n| counter(CUMULATIVE, -1.0, 10.0 * f64::from(n), i64::from(n) * 20)));

    assert_eq!(readings.iter().position(|readings| !readings.is_empty()), Some(31));
    assert_eq!(readings[31], rate(310.0, 2.0));
}

#[test]
fn a_large_counter_keeps_every_count() {
    let points = [(10.0, i64::MAX - 30), (20.0, i64::MAX - 20), (30.0, i64::MAX)];
    let requests = points.map(|(time, count)| counter(CUMULATIVE, -1.0, time, count));

    assert_eq!(read(&mut Past::default(), requests), [vec![], rate(20.0, 1.0), rate(30.0, 2.0)]);
}

#[test]
fn a_delta_is_told_over_its_window() {
    let points = [
        (10.0, 20.0, 50, rate(20.0, 5.0)),
        // Nothing is sent while nothing is counted.
        (50.0, 60.0, 100, rate(60.0, 10.0)),
        // Windows that overlap.
        (50.0, 70.0, 100, rate(70.0, 5.0)),
        // A missing start is the time of the point before, and so is one that is none.
        (-1.0, 80.0, 100, rate(80.0, 10.0)),
        (90.0, 90.0, 100, rate(90.0, 10.0)),
        // Late, doubled, no amount.
        (80.0, 90.0, 100, vec![]),
        (60.0, 70.0, 100, vec![]),
        (90.0, 100.0, -1, vec![]),
        // Too short, and taken together with the next.
        (90.0, 90.05, 7, vec![]),
        (90.05, 100.0, 93, rate(100.0, 10.0)),
    ];
    let requests = points.clone().map(|(start, time, count, _)| counter(DELTA, start, time, count));

    assert_eq!(read(&mut Past::default(), requests), points.map(|(.., expected)| expected));
}

#[test]
fn the_first_delta_without_a_start_says_nothing() {
    let requests = [counter(DELTA, -1.0, 10.0, 50), counter(DELTA, -1.0, 20.0, 50)];
    assert_eq!(read(&mut Past::default(), requests), [vec![], rate(20.0, 5.0)]);
}

#[test]
fn a_sum_that_also_falls_says_its_value_and_deltas_are_added_up() {
    let requests = |temporality, values: [i64; 4]| {
        let times = [(10.0, 20.0), (20.0, 30.0), (30.0, 40.0), (30.0, 40.0)];
        times.into_iter().zip(values).map(move |((start, time), count)| {
            sum(temporality, false, number(start, time, Value::AsInt(count)))
        })
    };

    let cumulative = read(&mut Past::default(), requests(CUMULATIVE, [5, 3, -2, -2]));
    let delta = read(&mut Past::default(), requests(DELTA, [5, -2, -5, -5]));

    assert_eq!(cumulative[..3], [value(20.0, 5.0), value(30.0, 3.0), value(40.0, -2.0)]);
    assert_eq!(delta[..3], cumulative[..3]);
    assert_eq!(delta[3], vec![], "doubled");
}

#[test]
fn a_sum_of_no_known_temporality_says_nothing() {
    for is_monotonic in [true, false] {
        let requests = [1.0, 2.0].map(|time| sum(0, is_monotonic, number(0.0, time, Value::AsInt(1))));
        assert_eq!(read(&mut Past::default(), requests), [vec![], vec![]]);
    }
}

#[test]
fn a_counter_may_change_its_temporality() {
    let requests = [
        counter(CUMULATIVE, 0.0, 10.0, 50),
        counter(DELTA, 10.0, 20.0, 50),
        counter(CUMULATIVE, 0.0, 30.0, 150),
        counter(CUMULATIVE, 0.0, 40.0, 200),
    ];
    // The third is a first one again, and began lately.
    let expected = [rate(10.0, 5.0), rate(20.0, 5.0), rate(30.0, 5.0), rate(40.0, 5.0)];
    assert_eq!(read(&mut Past::default(), requests), expected);
}
