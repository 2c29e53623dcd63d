//! What a run measures, how long and how often.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};

/// How long and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    /// Whether somebody waits for it.
    pub fn is_quick(&self) -> bool {
        *self == Self::QUICK
    }
}

/// What the arguments ask for.
#[derive(Debug)]
pub struct Options {
    pub plan: Plan,
    /// Where the figures of this run go besides.
    pub json: Option<PathBuf>,
    /// What is measured, in the order of [`NAMES`].
    pub names: Vec<&'static str>,
}

/// When a measurement runs that nobody has named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unnamed {
    /// Also with `--quick`, which is to take less than three minutes altogether.
    Always,
    /// Not with `--quick`.
    Full,
    Never,
}

/// The measurements, by the word that picks one.
const NAMES: &[(&str, Unnamed)] = &[
    ("rpc", Unnamed::Always),
    ("local", Unnamed::Always),
    ("gateway", Unnamed::Always),
    ("memory", Unnamed::Always),
    ("allocations", Unnamed::Always),
    ("overload", Unnamed::Full),
    ("scale", Unnamed::Full),
    ("platform", Unnamed::Full),
    ("journey", Unnamed::Full),
    ("reload", Unnamed::Full),
    ("generator", Unnamed::Full),
    ("blocks", Unnamed::Full),
    ("backends", Unnamed::Full),
    ("domains", Unnamed::Full),
    ("soak", Unnamed::Never),
];

impl Options {
    /// Reads `[--quick] [--json FILE] [NAME...]`.
    pub fn parse(args: &[String]) -> Result<Self> {
        let (mut plan, mut json, mut named) = (Plan::FULL, None, Vec::new());
        let mut words = args.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => plan = Plan::QUICK,
                "--json" => match words.next() {
                    Some(file) => json = Some(file.into()),
                    None => bail!("--json takes a file"),
                },
                name if NAMES.iter().any(|(known, _)| *known == name) => named.push(name),
                other => {
                    let known: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
                    bail!(
                        "no such measurement or flag: {other}; measurements: {}",
                        known.join(" ")
                    );
                }
            }
        }
        let is_meant = |(name, unnamed): &&(&str, Unnamed)| match (named.is_empty(), unnamed) {
            (false, _) => named.contains(name),
            (true, Unnamed::Always) => true,
            (true, Unnamed::Full) => !plan.is_quick(),
            (true, Unnamed::Never) => false,
        };
        Ok(Options {
            plan,
            json,
            names: NAMES.iter().filter(is_meant).map(|(name, _)| *name).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Options> {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words)
    }

    #[test]
    fn named_or_not() {
        for (words, expected) in [
            ("--quick", "rpc local gateway memory allocations"),
            ("soak", "soak"),
            ("gateway --quick rpc", "rpc gateway"),
            ("--quick scale", "scale"),
        ] {
            assert_eq!(parse(words).unwrap().names.join(" "), expected, "{words}");
        }
        let all = parse("").unwrap().names;
        assert_eq!(all.len(), NAMES.len() - 1, "{all:?}");
        assert!(!all.contains(&"soak"), "{all:?}");
    }

    #[test]
    fn a_quick_run_is_short_and_its_file_is_named() {
        let options = parse("--quick --json figures.json").unwrap();
        assert!(options.plan.is_quick());
        assert_eq!(options.json, Some("figures.json".into()));
        assert_eq!(parse("rpc").unwrap().plan, Plan::FULL);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (words, expected) in [("--json", "a file"), ("--fast", "--fast"), ("rcp", "rcp")] {
            let error = parse(words).unwrap_err().to_string();
            assert!(error.contains(expected), "{words}: {error}");
        }
    }
}
