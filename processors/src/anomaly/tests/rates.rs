use edgewatch_proto::view::Resource;
use prost::Message;

use crate::anomaly::rates::{Membership, Rates};
use crate::testing::text;

fn resource(attributes: &[(&str, &str)]) -> Vec<u8> {
    let attributes = attributes.iter().map(|(key, value)| text(key, value)).collect();
    opentelemetry_proto::tonic::resource::v1::Resource { attributes, ..Default::default() }.encode_to_vec()
}

fn join(rates: &mut Rates, attributes: &[(&str, &str)]) -> Membership {
    rates.join(Some(Resource::new(&resource(attributes))))
}

/// The resources and shares that are told of at `time`.
fn close(rates: &mut Rates, time: u64) -> Vec<(Vec<u8>, f64)> {
    let mut out = Vec::new();
    rates.close(time, &mut out);
    out.into_iter().map(|rate| (rate.resource.into_vec(), rate.share)).collect()
}

#[test]
fn only_what_says_host_and_service_counts() {
    let mut rates = Rates::new(1 << 16);
    let one = join(&mut rates, &[("a", "1"), ("service.name", "shop"), ("host.name", "web")]);
    let other = join(&mut rates, &[("host.name", "web"), ("service.name", "shop"), ("a", "2")]);
    assert_eq!(one, other);
    rates.note(one, true);
    rates.note(other, false);
    let host = resource(&[("host.name", "web")]);
    let shop = resource(&[("host.name", "web"), ("service.name", "shop")]);
    assert_eq!(close(&mut rates, 1), [(host, 0.5), (shop, 0.5)]);
    assert_eq!(close(&mut rates, 2), []);
}

#[test]
fn what_names_neither_host_nor_service_is_told_of_together() {
    let mut rates = Rates::new(1 << 16);
    let nameless = rates.join(None);
    let space = join(&mut rates, &[("service.namespace", "x")]);
    rates.note(nameless, true);
    rates.note(space, true);
    assert_eq!(close(&mut rates, 1), [(Vec::new(), 1.0)]);
}

#[test]
fn numbers_of_groups_are_few_and_used_again() {
    let mut rates = Rates::new(1 << 16);
    let all: Vec<Membership> =
        (0..600).map(|host| join(&mut rates, &[("host.name", &format!("web-{host}"))])).collect();
    all.iter().for_each(|member| rates.note(*member, false));
    assert_eq!(close(&mut rates, 1).len(), 512);
    assert!(rates.bytes() <= 1 << 16, "{}", rates.bytes());

    all.iter().for_each(|member| rates.leave(*member));
    let late = join(&mut rates, &[("host.name", "late")]);
    rates.note(late, true);
    assert_eq!(close(&mut rates, 2), [(resource(&[("host.name", "late")]), 1.0)]);
}

#[test]
fn an_open_step_goes_on_after_a_restart() {
    let mut rates = Rates::new(1 << 16);
    let shop = [("host.name", "web"), ("service.name", "shop")];
    let member = join(&mut rates, &shop);
    rates.note(member, true);
    let mut saved = Vec::new();
    rates.save(&mut saved);

    let mut successor = Rates::new(1 << 16);
    assert_eq!(successor.restore(&saved[..saved.len() - 1]), None);
    assert_eq!(successor.restore(&saved), Some(()));
    let member = join(&mut successor, &shop);
    successor.note(member, false);
    assert_eq!(close(&mut successor, 1), [(resource(&shop[..1]), 0.5), (resource(&shop), 0.5)]);
}
