//! What the generator costs, and what it makes costs to build.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use micro_tests::Micro;

use crate::Plan;
use crate::load::median;
use crate::report::Figure;

const CONTRACTS: usize = 100;
const CALLS: usize = 10;
/// A service is built from nothing: once is a minute on two cores.
const BUILDS: usize = 1;

/// `micro gen` for many contracts, and the build of a new service from an empty cache.
pub async fn measure(plan: Plan) -> Result<Vec<Figure>> {
    let home = tempfile::tempdir()?;
    let folder = tempfile::tempdir()?;
    let micro = Micro::new(home.path()).within(folder.path());
    let contracts = folder.path().join("contracts");
    std::fs::create_dir(&contracts)?;
    for number in 0..CONTRACTS {
        std::fs::write(contracts.join(format!("domain{number}.proto")), contract(number))?;
    }
    let mut took = Vec::new();
    for _ in 0..plan.rounds {
        for entry in std::fs::read_dir(&contracts)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "proto") {
                if path.is_dir() {
                    std::fs::remove_dir_all(path)?
                } else {
                    std::fs::remove_file(path)?
                }
            }
        }
        let start = Instant::now();
        micro.ok(&["gen", "--rust", "contracts"]).await;
        took.push(start.elapsed().as_secs_f64());
    }
    let made = std::fs::read_to_string(contracts.join("domain0.rs"))?;
    micro.ok(&["new", "plain"]).await;
    let service = folder.path().join("plain");
    let builds: Vec<f64> = (0..BUILDS).map(|_| build(&service)).collect::<Result<_>>()?;
    Ok(vec![
        Figure::alone("gen_100_contracts", median(took), "s"),
        Figure::alone("generated_lines_per_rpc", lines_per_rpc(&made), "lines"),
        Figure::alone("service_build_cpu", median(builds), "CPU-s"),
        Figure::alone("service_packages", packages(&service)?, "packages"),
    ])
}

/// One RPC service; each call has messages of its own with a few fields.
fn contract(number: usize) -> String {
    let mut text = format!("syntax = \"proto3\";\npackage domain{number};\n\nservice Domain{number} {{\n");
    for call in 0..CALLS {
        let _ = writeln!(
            text,
            "  // Call{call} does it.\n  rpc Call{call}(Request{call}) returns (Response{call});"
        );
    }
    text.push_str("}\n");
    for call in 0..CALLS {
        let _ = writeln!(
            text,
            "\nmessage Request{call} {{\n  string id = 1;\n  repeated string names = 2;\n  map<string, int64> counts = 3;\n}}\n\n\
             message Response{call} {{\n  int64 count = 1;\n  Request{call} request = 2;\n}}"
        );
    }
    text
}

/// Of trait, client and server; not of messages, which are as long as their fields.
fn lines_per_rpc(code: &str) -> f64 {
    let start = code
        .find("pub const DOMAIN0_SERVICE")
        .or_else(|| code.find("pub static DOMAIN0_SERVICE"));
    let services = &code[start.unwrap_or(0)..];
    services.lines().count() as f64 / CALLS as f64
}

/// CPU seconds, of all its compilers together.
fn build(service: &Path) -> Result<f64> {
    let target = tempfile::tempdir()?;
    let output = Command::new("bash")
        .args(["-c", "cargo build --quiet && times"])
        .current_dir(service)
        .env("CARGO_TARGET_DIR", target.path())
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = String::from_utf8(output.stdout)?;
    // The second line is about children: `0m31.2s 0m4.5s`.
    let children = said.lines().nth(1).context("times says two lines")?;
    let seconds = children.split_whitespace().map(|time| {
        let (minutes, seconds) = time.trim_end_matches('s').split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    });
    seconds
        .sum::<Option<f64>>()
        .context("times says minutes and seconds")
}

/// What the service is built of, itself and its contract included.
fn packages(service: &Path) -> Result<f64> {
    let words = ["tree", "--edges=normal,build", "--prefix=none", "--format={p}"];
    let output = Command::new("cargo").args(words).current_dir(service).output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = String::from_utf8(output.stdout)?;
    let names = said.lines().map(|line| line.trim_end_matches(" (*)"));
    Ok(names
        .filter(|line| !line.is_empty())
        .collect::<std::collections::BTreeSet<_>>()
        .len() as f64)
}
