use edgewatch_core::factory::Factory;
use edgewatch_core::testing::check_examples;

#[test]
fn the_examples_in_every_manual_are_valid() {
    super::EXPORTERS.iter().for_each(check);
}

#[test]
fn components_stand_in_alphabetical_order() {
    assert!(super::EXPORTERS.is_sorted_by_key(|factory| factory.description.name));
}

fn check<T>(factory: &Factory<T>) {
    let name = factory.description.name;
    let path = format!("{}/src/{name}/README.md", env!("CARGO_MANIFEST_DIR"));
    let manual = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(check_examples(&manual, factory), "", "{name}");
}
