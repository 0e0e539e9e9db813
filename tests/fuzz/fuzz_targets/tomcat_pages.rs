//! Pages of the manager application of a Tomcat, its server.xml and its library are read without a panic, whatever they are.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| edgewatch::fuzzing::tomcat_pages(data));
