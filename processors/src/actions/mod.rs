//! The actions on attributes that the `attributes` and `resource` processors share: what a user may write,
//! and the engine that carries it out on spliced requests.

mod action;
mod apply;
mod config;
mod literal;
mod rewrite;

#[cfg(test)]
mod tests;

pub(crate) use action::Actions;
pub(crate) use config::ActionConfig;
pub(crate) use literal::Literal;
pub(crate) use rewrite::Rewriting;
