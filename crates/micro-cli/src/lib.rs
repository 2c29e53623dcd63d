//! The platform for hands: one binary that is server, command line and generator.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod app;
pub mod args;
mod auth;
mod blob;
mod broker;
mod call;
mod completion;
mod config;
mod config_file;
mod debug;
mod doctor;
mod dynamic;
mod env;
mod errors;
mod events;
mod framework;
mod generate;
mod home;
mod init;
mod kill;
mod login;
mod logs;
mod namespace;
mod network;
mod new;
mod output;
mod resume;
mod run;
mod server;
mod service;
mod services;
mod session;
mod shell;
mod shutdown;
mod source;
mod status;
mod store;
mod target;
mod tokens;
mod user;
mod watch;
mod web;

pub use app::main;
