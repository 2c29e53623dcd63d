//! One of the servers that are measured, with its allocations counted. What counts costs time, so nothing else is measured of it.
//!
//! With `MICRO_BENCH_PROFILE=FOLDER` it also writes there, as `ROLE.json`, where it has allocated: a file for DHAT's viewer.

use std::process::ExitCode;

use micro_benches::child;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Enough to see through runtime and HTTP/2 to who wanted it.
const FRAMES: usize = 60;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [serve, role] = args.as_slice() else {
        eprintln!("error: expected serve ROLE, found: {}", args.join(" "));
        return ExitCode::from(2);
    };
    let profiler = dhat::Profiler::builder().trim_backtraces(Some(FRAMES));
    let _profiler = match std::env::var_os("MICRO_BENCH_PROFILE") {
        Some(folder) => {
            let file = std::path::Path::new(&folder).join(format!("{role}.json"));
            profiler.file_name(file).build()
        }
        None => profiler.testing().build(),
    };
    let outcome = match serve.as_str() {
        "serve" => child::serve(role, || Some(dhat::HeapStats::get().total_blocks)),
        other => Err(anyhow::anyhow!("no such command: {other}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
