//! `cargo xtask fuzz`: random and mutated input into whatever reads bytes from outside, on the stable toolchain.
//!
//! `fuzz [TARGET...] [--seconds N] [--seed N]`. A panic ends the run and prints the input, ready to be pasted into a test.
#![allow(clippy::unwrap_used, reason = "a panic is what is looked for")]

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use micro_tests::random::Random;

mod targets;

use targets::{TARGETS, Target};

/// An input that takes longer is a fault too: somebody will send it again and again.
const SLOW: Duration = Duration::from_secs(2);
const LONGEST: usize = 4096;
/// As many interesting inputs as are kept to be mutated further.
const POOL: usize = 512;

fn main() -> ExitCode {
    let (names, seconds, seed) = match arguments() {
        Ok(arguments) => arguments,
        Err(complaint) => {
            let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            eprintln!(
                "{complaint}\nusage: fuzz [TARGET...] [--seconds N] [--seed N]; targets: {}",
                known.join(" ")
            );
            return ExitCode::from(2);
        }
    };
    let chosen: Vec<&'static Target> = TARGETS
        .iter()
        .filter(|target| names.is_empty() || names.iter().any(|name| name == target.name))
        .collect();
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut complaints = Vec::new();
    for together in chosen.chunks(cores) {
        complaints.extend(attack_all(together, Duration::from_secs(seconds), seed));
    }
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    if complaints.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Each on a core of its own; what was found.
fn attack_all(targets: &[&'static Target], duration: Duration, seed: u64) -> Vec<String> {
    std::thread::scope(|scope| {
        let attacks: Vec<_> = targets
            .iter()
            .map(|target| scope.spawn(move || attack(target, duration, seed)))
            .collect();
        let ended = attacks
            .into_iter()
            .map(|attack| attack.join().expect("the driver does not panic"));
        ended.filter_map(Result::err).collect()
    })
}

fn arguments() -> Result<(Vec<String>, u64, u64), String> {
    let (mut names, mut seconds, mut seed) = (Vec::new(), 3, Random::fresh_seed());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || {
            words
                .next()
                .and_then(|text| text.parse().ok())
                .ok_or(format!("{word} takes a number"))
        };
        match word.as_str() {
            "--seconds" => seconds = number()?,
            "--seed" => seed = number()?,
            name if TARGETS.iter().any(|target| target.name == name) => names.push(word),
            other => return Err(format!("no such target: {other}")),
        }
    }
    Ok((names, seconds, seed))
}

fn attack(target: &Target, duration: Duration, seed: u64) -> Result<(), String> {
    let mut random = Random::new(seed);
    let mut pool: Vec<Vec<u8>> = target
        .corpus
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect();
    let start = Instant::now();
    let mut tried = 0u64;
    while start.elapsed() < duration {
        let input = input(&mut random, &pool);
        let began = Instant::now();
        let accepted = catch_unwind(AssertUnwindSafe(|| (target.feed)(&input)));
        tried += 1;
        match accepted {
            Err(_) => return Err(found(target, seed, &input, "it panicked")),
            Ok(_) if began.elapsed() > SLOW => return Err(found(target, seed, &input, "it took too long")),
            // What was accepted is near the border of what is: worth a change or two.
            Ok(true) if pool.len() < POOL => pool.push(input),
            Ok(true) => {
                let at = target.corpus.len() + random.below(POOL - target.corpus.len());
                pool[at] = input;
            }
            Ok(false) => {}
        }
    }
    println!(
        "fuzz {}: {tried} inputs in {:.0} s, seed {seed}",
        target.name,
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

fn input(random: &mut Random, pool: &[Vec<u8>]) -> Vec<u8> {
    let mut input = match random.below(10) {
        0 => {
            let count = random.below(64);
            random.bytes(count)
        }
        1 => random.text(64).into_bytes(),
        _ => {
            let (one, other) = (random.below(pool.len()), random.below(pool.len()));
            random.mutate(&pool[one], &pool[other])
        }
    };
    input.truncate(LONGEST);
    input
}

fn found(target: &Target, seed: u64, input: &[u8], what: &str) -> String {
    format!(
        "fuzz {}: {what} (seed {seed}) on\n    b\"{}\"",
        target.name,
        input.escape_ascii()
    )
}
