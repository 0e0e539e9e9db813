//! Which devices, interfaces, mounts and processes are of interest.

use edgewatch_core::config::ConfigError;
use regex::bytes::RegexSet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How names are compared with the entries of a list.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MatchType {
    /// The whole name equals an entry.
    Strict,
    /// An entry, a regular expression, is found in the name.
    Regexp,
}

/// Defines a list of names with its `match_type`.
macro_rules! selection {
    ($(#[$doc:meta])* $name:ident, $(#[$list_doc:meta])* $list:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
        #[serde(default, deny_unknown_fields)]
        pub(crate) struct $name {
            $(#[$list_doc])*
            pub(crate) $list: Vec<String>,
            /// How the entries are compared: `strict` (equal) or `regexp` (found in the name). Must be stated
            /// when there are entries. Default: none.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(crate) match_type: Option<MatchType>,
        }

        impl Selection for $name {
            const LIST: &'static str = stringify!($list);

            fn entries(&self) -> (&[String], Option<MatchType>) {
                (&self.$list, self.match_type)
            }
        }
    };
}

/// A list of names with its `match_type`.
pub(crate) trait Selection {
    /// The key of the list.
    const LIST: &'static str;

    /// The list and how it is compared.
    fn entries(&self) -> (&[String], Option<MatchType>);

    /// Checks the list.
    fn validate(&self) -> Result<(), ConfigError> {
        self.matcher().map(|_| ())
    }

    /// What the list means; `None` when it is empty.
    fn matcher(&self) -> Result<Option<Matcher>, ConfigError> {
        let (entries, match_type) = self.entries();
        if entries.is_empty() {
            return Ok(None);
        }
        match match_type {
            None => Err(ConfigError::new(
                "match_type",
                format!("{} has entries, but match_type is missing; write strict or regexp", Self::LIST),
            )),
            Some(MatchType::Strict) => Ok(Some(Matcher::Strict(entries.to_vec()))),
            Some(MatchType::Regexp) => RegexSet::new(entries)
                .map(|set| Some(Matcher::Regexp(set)))
                .map_err(|error| ConfigError::new(Self::LIST, format!("not a regular expression: {error}"))),
        }
    }
}

selection! {
    /// Disks or file systems by their device.
    Devices,
    /// Names of devices. Default: none.
    devices
}
selection! {
    /// Network interfaces.
    Interfaces,
    /// Names of interfaces. Default: none.
    interfaces
}
selection! {
    /// File systems by their type.
    FileSystemTypes,
    /// Types such as `ext4`. Default: none.
    fs_types
}
selection! {
    /// File systems by where they are mounted.
    MountPoints,
    /// Directories, as the host sees them whatever `root_path` is. Default: none.
    mount_points
}
selection! {
    /// Processes by the name of their executable.
    Names,
    /// Names of executables, without directories. Default: none.
    names
}

/// A list of names, ready for use.
#[derive(Clone, Debug)]
pub(crate) enum Matcher {
    /// Names that are equal to one of these.
    Strict(Vec<String>),
    /// Names in which one of these is found.
    Regexp(RegexSet),
}

impl Matcher {
    fn matches(&self, name: &[u8]) -> bool {
        match self {
            Self::Strict(names) => names.iter().any(|entry| entry.as_bytes() == name),
            Self::Regexp(set) => set.is_match(name),
        }
    }
}

/// What is included, and what of that is excluded again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    include: Option<Matcher>,
    exclude: Option<Matcher>,
}

impl Filter {
    /// A filter of two selections.
    pub(crate) fn new(include: &impl Selection, exclude: &impl Selection) -> Result<Self, ConfigError> {
        Ok(Self { include: include.matcher()?, exclude: exclude.matcher()? })
    }

    /// Whether `name` is of interest.
    pub(crate) fn admits(&self, name: &[u8]) -> bool {
        self.include.as_ref().is_none_or(|include| include.matches(name))
            && !self.exclude.as_ref().is_some_and(|exclude| exclude.matches(name))
    }
}
