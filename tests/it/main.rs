//! The whole, driven through the real binary: one integration binary, a module per feature.
#![allow(clippy::unwrap_used, reason = "in a test a broken assumption is to stop it")]

mod auth;
mod blob;
mod broker;
mod browser;
mod cli;
mod clients;
mod config;
mod crash;
mod domains;
mod dynamic;
mod echo;
mod events;
mod faults;
mod foreign;
mod handlers;
mod hot_reload;
mod instances;
mod main_job;
mod malformed;
mod moving;
mod network;
mod new;
mod operator;
mod platform;
mod power;
mod readme;
mod routes;
mod run_helloworld;
mod server;
mod several;
mod sidecar;
mod store;
mod web;
