//! Whatever stands in the logs and the configuration of a Tomcat is read without a panic, and what is made of it is well-formed.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| edgewatch::fuzzing::access_log(data));
