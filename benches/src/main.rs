//! Measures, or is one of the servers that are measured.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use micro_benches::child;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.as_slice() {
        [serve, role] if serve == "serve" => child::serve(role, || None),
        args => measure(args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &[String]) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start threads")?;
    runtime.block_on(micro_benches::run(args))
}
