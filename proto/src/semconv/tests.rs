//! The constants are called as what they stand for.

/// Name and value of every constant in a file, with the module it stands in.
fn constants(source: &'static str) -> Vec<(String, &'static str)> {
    let mut module = "";
    let mut constants = Vec::new();
    for part in source.split("pub ").skip(1) {
        if let Some(name) = part.strip_prefix("mod ") {
            module = name.split(' ').next().expect("a name");
        } else if let Some(constant) = part.strip_prefix("const ") {
            let (name, rest) = constant.split_once(':').expect("a type");
            let value = rest.split('"').nth(1).expect("a string");
            constants.push((format!("{module}.{name}"), value));
        }
    }
    constants
}

#[test]
fn every_constant_has_the_name_of_its_value() {
    let files =
        [include_str!("resource.rs"), include_str!("item.rs"), include_str!("metric.rs")].map(constants);

    for (name, value) in files.iter().flatten() {
        assert_eq!(name.to_lowercase().replace('.', "_"), value.replace('.', "_"), "{value}");
    }
    assert!(files.iter().all(|constants| constants.len() > 20));
}

#[test]
fn no_name_occurs_twice() {
    for file in [include_str!("resource.rs"), include_str!("item.rs"), include_str!("metric.rs")] {
        let mut values: Vec<_> = constants(file).into_iter().map(|(_, value)| value).collect();
        let all = values.len();
        values.sort_unstable();
        values.dedup();
        assert_eq!(values.len(), all);
    }
}
