//! The interface: the only room that knows ratatui. Keys become [`action::Action`]s, actions change the app, drawing only reads.

pub mod action;
pub mod evaluate;
pub mod explore;
pub mod session;
pub mod theme;
pub mod widgets;
pub fn run(_e:&crate::engine::Engine,_s:crate::search::Settings,_c:&crate::config::Config)->anyhow::Result<()>{Ok(())}
