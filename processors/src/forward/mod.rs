//! Leads what pipelines put in unchanged into the pipelines that name it as their receiver: to fan in, to fan
//! out, or to give several pipelines one common tail.

mod config;
mod connector;

#[cfg(test)]
mod tests;

pub(crate) use connector::Forward;
