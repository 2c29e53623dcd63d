//! The README's `micro` commands exist. (`cargo xtask tidy` looks after those of cargo.)

use std::collections::BTreeSet;

use micro_tests::command::{Micro, root};

/// Services that the README speaks of: dynamic commands, answered by whoever runs.
const SERVICES: &[&str] = &["helloworld", "greeter"];

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_readme_exists() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let words: BTreeSet<&str> = readme.split("micro ").skip(1).filter_map(first_word).collect();
    let typed: Vec<_> = words
        .into_iter()
        .filter(|word| crate::cli::COMMANDS.contains(word))
        .collect();
    assert!(typed.len() > 5, "the README shows the commands: {typed:?}");

    let home = tempfile::tempdir().unwrap();
    let micro = Micro::new(home.path());
    for word in typed {
        micro.ok(&[word, "--help"]).await;
    }
    for line in readme.lines().filter_map(|line| line.strip_prefix("    micro ")) {
        for command in line.split("&& micro ") {
            let word = first_word(command).unwrap_or_default();
            assert!(
                crate::cli::COMMANDS.contains(&word) || SERVICES.contains(&word),
                "no such command: micro {command}"
            );
        }
    }
}

fn first_word(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_lowercase())
        .next()
        .filter(|word| !word.is_empty())
}
