//! The command line of a JVM: its name, flags and properties, without its secrets.
