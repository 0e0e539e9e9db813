//! Tests of the receiver as a whole.
