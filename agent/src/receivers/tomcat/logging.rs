//! `conf/logging.properties`: which files JULI writes.

use super::properties::Properties;

/// Files that are taken from it at most.
const MOST: usize = 100;

/// What JULI writes to files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Written {
    pub(super) directory: String,
    pub(super) prefix: String,
    pub(super) suffix: String,
    pub(super) rotatable: bool,
}

/// What the file says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Logging {
    pub(super) files: Vec<Written>,
    /// How times are written, where that is stated.
    pub(super) time_format: Option<String>,
    /// Whether what the server says goes to a file too: then the console has nothing more to say.
    pub(super) has_root_file: bool,
}

impl Logging {
    /// What Tomcat's own `logging.properties` says.
    pub(super) fn usual() -> Self {
        let files = ["catalina.", "localhost.", "manager.", "host-manager."].map(|prefix| Written {
            directory: "logs".to_owned(),
            prefix: prefix.to_owned(),
            suffix: ".log".to_owned(),
            rotatable: true,
        });
        Self { files: files.into(), time_format: None, has_root_file: true }
    }

    /// What these properties say; `${names}` come from `properties`.
    pub(super) fn parse(text: &str, properties: &Properties) -> Self {
        let stated = Properties::parse(text);
        let get = |name: &str| stated.get(name).map(|value| properties.fill(value));
        let mut logging = Self::default();
        let formatters =
            ["org.apache.juli.OneLineFormatter.timeFormat", "org.apache.juli.JsonFormatter.timeFormat"];
        logging.time_format = formatters.into_iter().find_map(get);
        for (key, value) in stated.iter() {
            let of_root = key == "handlers" || key == ".handlers";
            if !of_root && !key.ends_with(".handlers") {
                continue;
            }
            for handler in value.split([',', ' ']).map(str::trim).filter(|handler| !handler.is_empty()) {
                let juli = handler.ends_with("org.apache.juli.FileHandler")
                    || handler.ends_with("org.apache.juli.AsyncFileHandler");
                if !juli {
                    continue;
                }
                // With root handlers stated, those in `handlers` exist but write only what loggers send them.
                logging.has_root_file |= key == ".handlers" || stated.get(".handlers").is_none() && of_root;
                let of = |name: &str| get(&format!("{handler}.{name}"));
                let file = Written {
                    directory: of("directory").unwrap_or_else(|| "logs".to_owned()),
                    prefix: of("prefix").unwrap_or_else(|| "juli.".to_owned()),
                    suffix: of("suffix").unwrap_or_else(|| ".log".to_owned()),
                    rotatable: of("rotatable").is_none_or(|value| !value.eq_ignore_ascii_case("false")),
                };
                if !logging.files.contains(&file) && logging.files.len() < MOST {
                    logging.files.push(file);
                }
            }
        }
        logging
    }
}
