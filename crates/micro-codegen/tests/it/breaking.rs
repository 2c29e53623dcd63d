//! What breaks those who rely on a contract, and what is near to that and does not.

mod additions;
mod coverage;
mod enums;
mod fields;
mod files;
mod messages;
mod services;
mod texts;
mod types;

use micro_codegen::breaking::{Break, compare};
use micro_codegen::compile_sources;

/// Compares two versions; each is files as `name` and text.
fn compare_files(old: &[(&str, &str)], new: &[(&str, &str)]) -> Vec<Break> {
    let compile = |files: &[(&str, &str)]| {
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        let files: Vec<_> = files.iter().map(owned).collect();
        match compile_sources(&files) {
            Ok(set) => set,
            Err(error) => panic!("{error}\n{files:?}"),
        }
    };
    compare(&compile(old), &compile(new))
}

/// A file of the package `p`.
fn file(body: &str) -> String {
    format!("syntax = \"proto3\";\npackage p;\n{body}\n")
}

/// The names of the rules that a change breaks, in order, each as often as it is told.
fn rules(found: &[Break]) -> Vec<&'static str> {
    let mut names: Vec<_> = found.iter().map(|it| it.rule.name()).collect();
    names.sort_unstable();
    names
}

/// The old text, the new text, and the rules that the change breaks.
type Case = (&'static str, &'static str, &'static [&'static str]);

fn check_all(cases: &[Case]) {
    for (old, new, expected) in cases {
        check(old, new, expected);
    }
}

fn check(old: &str, new: &str, expected: &[&str]) {
    let found = compare_files(&[("x.proto", &file(old))], &[("x.proto", &file(new))]);
    assert_eq!(rules(&found), expected, "{old}\n{new}\n{found:#?}");
    for it in &found {
        assert_eq!(it.breaks, it.rule.breaks());
        let is_told = !it.advice.is_empty() && it.file == "x.proto" && it.line > 0;
        assert!(is_told, "{it:?}");
    }
}
