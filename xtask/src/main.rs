//! `cargo xtask`: the one door to the project's chores.

mod bench;
mod fuzz;
mod r#gen;
mod packages;
mod step;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

/// The commands and what each is for, as `cargo xtask --help` prints them and as `tidy` looks them up.
pub const COMMANDS: &[(&str, &str)] = &[
    (
        "test",
        "install what is missing, then run every check and test [--fuzz-seconds N]",
    ),
    ("ci", "test, with a minute of fuzzing for each target"),
    ("gen", "write the generated code anew [--check: only compare]"),
    (
        "bench",
        "measure against bare references [--quick] [--json FILE] [NAME...]",
    ),
    ("tidy", "check the rules of the house"),
    (
        "fuzz",
        "feed random input to whatever reads bytes from outside [TARGET...] [--seconds N]",
    ),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = args.split_first() else {
        eprint!("{}", usage());
        return ExitCode::from(2);
    };
    let outcome = match command.as_str() {
        "test" => test::run(rest),
        "ci" => test::run(&[String::from("--fuzz-seconds"), fuzz::CI_SECONDS.to_string()]),
        "gen" => switch(rest, "--check").and_then(r#gen::run),
        "bench" => bench::run(rest),
        "tidy" => tidy::run(),
        "fuzz" => fuzz::run(rest),
        "help" | "--help" | "-h" => {
            print!("{}", usage());
            return ExitCode::SUCCESS;
        }
        other => {
            eprint!("unknown command: {other}\n\n{}", usage());
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The one switch that a command takes, or an error that names what it does not take.
fn switch(args: &[String], name: &str) -> anyhow::Result<bool> {
    match args {
        [] => Ok(false),
        [only] if only == name => Ok(true),
        _ => anyhow::bail!("expected nothing or {name}, found: {}", args.join(" ")),
    }
}

fn usage() -> String {
    let mut text = String::from("usage: cargo xtask COMMAND\n\n");
    for (name, about) in COMMANDS {
        text.push_str(&format!("  {name:<6} {about}\n"));
    }
    text
}
