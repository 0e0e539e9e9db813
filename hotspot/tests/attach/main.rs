//! Speaks to real JVMs, well and badly. They are taken from the environment variable `EDGEWATCH_JAVA`; without it there is nothing to do.

#![expect(unreachable_pub, reason = "modules of a test")]

#[cfg(test)]
mod guards;
#[cfg(test)]
mod jvm;
#[cfg(test)]
mod privileges;
#[cfg(test)]
mod talk;
