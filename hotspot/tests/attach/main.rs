//! Speaks to real JVMs, well and badly. They are taken from the environment variable `EDGEWATCH_JAVA`; without it there is nothing to do.

#![expect(unreachable_pub, reason = "tests")]

mod guards;
mod jvm;
mod privileges;
mod talk;
