//! What is generated from the types of the configuration: `config.example.yaml` and the tables of keys in the READMEs of components.
//!
//! `UPDATE=1 cargo test --package edgewatch --test manual` writes them; without it the tests fail where they differ.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use edgewatch::config::{Components, example};
use edgewatch_core::config::manual;
use edgewatch_core::factory::{ComponentKind, Description};

const BEGIN: &str = "<!-- keys:begin -->\n";
const END: &str = "<!-- keys:end -->";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Compares `file` with what it should be, or writes it.
fn settle(file: &Path, wanted: &str, differing: &mut Vec<String>) -> io::Result<()> {
    let current = fs::read_to_string(file).unwrap_or_default();
    if current == wanted {
        return Ok(());
    }
    if std::env::var_os("UPDATE").is_some() {
        return fs::write(file, wanted);
    }
    differing.push(file.strip_prefix(root()).unwrap_or(file).display().to_string());
    Ok(())
}

fn finish(differing: &[String]) {
    assert!(
        differing.is_empty(),
        "these differ from the types they are made from; run UPDATE=1 cargo test --package edgewatch --test manual: {differing:#?}"
    );
}

#[test]
fn the_example_shows_every_key_with_its_default() -> io::Result<()> {
    let mut differing = Vec::new();
    settle(&root().join("config.example.yaml"), &example(&Components::of_this_build()), &mut differing)?;
    finish(&differing);
    Ok(())
}

#[test]
fn the_readme_of_every_component_has_its_table_of_keys() -> io::Result<()> {
    let components = Components::of_this_build();
    let mut differing = Vec::new();
    for kind in ComponentKind::ALL {
        for description in components.descriptions(kind) {
            let file = folder(description).join("README.md");
            let text = fs::read_to_string(&file);
            let text = text.unwrap_or_else(|error| panic!("{}: {error}; write one", file.display()));
            let table = manual::table(&(description.schema)(), &(description.defaults)());
            let Some((before, rest)) = text.split_once(BEGIN) else {
                panic!("{} has no line {}", file.display(), BEGIN.trim());
            };
            let Some((_, after)) = rest.split_once(END) else {
                panic!("{} has no line {END}", file.display());
            };
            settle(&file, &format!("{before}{BEGIN}\n{}\n\n{END}{after}", table.trim()), &mut differing)?;
        }
    }
    finish(&differing);
    Ok(())
}

#[test]
fn the_first_readme_names_every_component() {
    let text = fs::read_to_string(root().join("README.md")).expect("there is one");
    let components = Components::of_this_build();
    let all = ComponentKind::ALL.into_iter().flat_map(|kind| components.descriptions(kind));
    for description in all {
        let folder = folder(description);
        let folder = folder.strip_prefix(root()).expect("below the root").display();
        let link = format!("[`{}`]({folder}/README.md)", description.name);
        assert!(text.contains(&link), "README.md has no {link}");
    }
}

/// A component's folder has the name that users write.
fn folder(description: &Description) -> PathBuf {
    let home = match description.kind {
        ComponentKind::Receiver => "agent/src/receivers",
        ComponentKind::Extension => "agent/src/extensions",
        ComponentKind::Connector if is_router(description) => "agent/src/connectors",
        ComponentKind::Processor | ComponentKind::Connector => "processors/src",
        ComponentKind::Exporter => "exporters/src",
    };
    root().join(home).join(description.name)
}

/// Whether a connector chooses among the pipelines behind it.
fn is_router(description: &Description) -> bool {
    let routers = Components::of_this_build().routers;
    routers.iter().any(|factory| factory.description.name == description.name)
}
