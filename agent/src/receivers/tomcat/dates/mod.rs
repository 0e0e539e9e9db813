//! Times as they stand in Tomcat's logs: numbers of the calendar ([`civil`]), formats of Java's `SimpleDateFormat` ([`mod@format`]), and
//! what a time without a zone means ([`zone`]).

pub(super) mod civil;
pub(super) mod format;
#[cfg(test)]
mod tests;
pub(super) mod zone;
