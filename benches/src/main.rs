//! Measured comparisons: `cargo xtask bench [--quick] [--json FILE] [NAME...]`. README.md beside this says how.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made is to stop")]

mod axum_reference;
mod backends;
mod blocks;
mod child;
mod domains;
mod echo;
mod gateway;
mod generator;
mod journey;
mod load;
mod micro_subject;
mod platform;
mod raw;
mod reload;
mod report;
mod rpc;
mod soak;
mod tonic_reference;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};

use report::{Figure, Report};

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Interleaved rounds; the figure is their median.
    pub rounds: usize,
    /// How long each side runs in each round.
    pub duration: Duration,
}

impl Plan {
    const FULL: Plan = Plan {
        rounds: 7,
        duration: Duration::from_secs(3),
    };
    const QUICK: Plan = Plan {
        rounds: 5,
        duration: Duration::from_millis(700),
    };
}

struct Options {
    plan: Plan,
    json: Option<PathBuf>,
    names: Vec<String>,
}

/// The measurements, by the word that picks one.
const NAMES: &[&str] = &[
    "rpc",
    "gateway",
    "platform",
    "journey",
    "reload",
    "generator",
    "blocks",
    "backends",
    "domains",
    SOAK,
];

/// Runs only when it is named.
const SOAK: &str = "soak";

#[tokio::main]
async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.as_slice() {
        [serve, role] if serve == "serve" => child::serve(role).await,
        args => measure(args).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(args: &[String]) -> Result<()> {
    let options = parse(args)?;
    let mut report = Report::default();
    for name in NAMES.iter().filter(|name| match options.names.is_empty() {
        true => **name != SOAK,
        false => options.names.iter().any(|chosen| chosen == *name),
    }) {
        println!("measuring {name} ...");
        report.extend(one(name, options.plan).await?);
    }
    print!("{report}");
    report.write(options.json.as_deref())
}

async fn one(name: &str, plan: Plan) -> Result<Vec<Figure>> {
    match name {
        "rpc" => rpc::measure(plan).await,
        "gateway" => gateway::measure(plan).await,
        "platform" => platform::measure(plan).await,
        "reload" => reload::measure(plan).await,
        "generator" => generator::measure(plan).await,
        "blocks" => blocks::measure(plan).await,
        "backends" => backends::measure(plan).await,
        "domains" => domains::measure(plan).await,
        SOAK => soak::measure(plan).await,
        _ => journey::measure(plan).await,
    }
}

fn parse(args: &[String]) -> Result<Options> {
    let mut options = Options {
        plan: Plan::FULL,
        json: None,
        names: Vec::new(),
    };
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => options.plan = Plan::QUICK,
            "--json" => match words.next() {
                Some(file) => options.json = Some(file.into()),
                None => bail!("--json takes a file"),
            },
            name if NAMES.contains(&name) => options.names.push(name.to_owned()),
            other => bail!(
                "no such measurement or flag: {other}; measurements: {}",
                NAMES.join(" ")
            ),
        }
    }
    Ok(options)
}
