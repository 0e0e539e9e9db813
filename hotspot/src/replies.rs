//! Reads the answers of diagnostic commands.
