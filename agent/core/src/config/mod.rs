//! Configuration values: from YAML text to typed settings, every problem with its place.
