//! Measured comparisons: `cargo xtask bench [--quick] [--json FILE] [NAME...]`. README.md beside this says how.
//!
//! [`run`] measures what is named and reports it; [`child`] is what is measured, a process of its own. In reading order: the
//! plan of a run, loads, servers, measurements, and what is made of figures.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made is to stop")]

mod plan;

mod http_caller;
mod load;
mod local;

pub mod child;
mod echo;

mod axum_reference;
mod hyper_reference;
mod micro_subject;
mod nginx;
mod raw;
mod tonic_reference;

mod allocations;
mod backends;
mod blocks;
mod domains;
mod gateway;
mod generator;
mod journey;
mod memory;
mod overload;
mod platform;
mod reload;
mod rpc;
mod scale;
mod soak;

mod bars;
mod plot;
mod report;

use anyhow::Result;

use plan::{Options, Plan};
use report::{Figure, Report};

/// Measures what the arguments name, prints a table, and writes figures and plots.
pub async fn run(args: &[String]) -> Result<()> {
    let options = Options::parse(args)?;
    let mut report = Report::default();
    for name in options.names {
        println!("measuring {name} ...");
        report.extend(measure(name, options.plan).await?);
    }
    print!("{report}");
    report.write(options.json.as_deref())
}

async fn measure(name: &str, plan: Plan) -> Result<Vec<Figure>> {
    match name {
        "rpc" => rpc::measure(plan).await,
        "local" => local::measure(plan).await,
        "gateway" => gateway::measure(plan).await,
        "memory" => memory::measure(plan).await,
        "allocations" => allocations::measure().await,
        "overload" => overload::measure(plan).await,
        "scale" => scale::measure(plan).await,
        "platform" => platform::measure(plan).await,
        "reload" => reload::measure(plan).await,
        "generator" => generator::measure(plan).await,
        "blocks" => blocks::measure(plan).await,
        "backends" => backends::measure(plan).await,
        "domains" => domains::measure(plan).await,
        "soak" => soak::measure(plan).await,
        _ => journey::measure(plan).await,
    }
}
