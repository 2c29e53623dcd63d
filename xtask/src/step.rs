//! A step of a longer job: its name before, its duration after, and when it fails its name as the last word.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

/// Runs one step and says how long it took.
pub fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n=== {name}");
    let start = Instant::now();
    let outcome = work();
    let took = seconds(start.elapsed());
    match outcome {
        Ok(()) => {
            println!("--- {name}: {took}");
            Ok(())
        }
        // The cause goes first: whoever looks at the end of the screen sees which step it was.
        Err(error) => Err(anyhow!("{error:#}\nfailed after {took}: {name}")),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_step_ends_with_its_name() {
        let error = step("lints", || anyhow::bail!("three warnings"))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("three warnings"), "{error}");
        assert!(error.ends_with(": lints"), "{error}");
    }
}
