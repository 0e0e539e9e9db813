use proptest::prelude::*;

use super::outcome;

/// Parts of configurations that meet each other in all the wrong places.
fn yaml() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("receivers"),
        Just("processors"),
        Just("exporters"),
        Just("connectors"),
        Just("extensions"),
        Just("service"),
        Just("pipelines"),
        Just("telemetry"),
        Just("otlp"),
        Just("otlp/2"),
        Just("batch"),
        Just("debug"),
        Just("forward"),
        Just("traces"),
        Just("metrics/x"),
        Just("logs"),
        Just("readers"),
        Just("level"),
        Just("resource"),
        Just("timeout"),
        Just("endpoint"),
        Just("health_check"),
        Just("1"),
        Just("~"),
        Just("/"),
        Just("a/"),
        Just("''"),
    ];
    let leaf = word.prop_map(str::to_owned).boxed();
    leaf.clone().prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec((leaf.clone(), inner.clone()), 0..6).prop_map(|pairs| {
                let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{{}}}", pairs.join(", "))
            }),
            proptest::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
        ]
    })
}

proptest! {
    #[test]
    fn no_configuration_makes_the_reader_panic_or_pass_silently(
        service in yaml(),
        receivers in yaml(),
        whole in yaml(),
    ) {
        for text in [format!("receivers: {receivers}\nexporters: {{debug: }}\nservice: {service}"), whole] {
            let outcome = outcome(&text);
            prop_assert_eq!(outcome.config.is_some(), !outcome.problems.has_errors());
            prop_assert!(!outcome.problems.render(&outcome.sources, false).is_empty());
        }
    }
}
