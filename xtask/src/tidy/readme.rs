//! The README's commands are there to be typed.

use crate::COMMANDS;

/// Cargo's own commands that the README may use.
const CARGO: &[&str] = &["run", "install", "build", "test"];

/// Commands of the README that would not work: an unknown `cargo xtask`, a path that is not there.
/// `micro`'s own commands are checked against the binary, by the tests.
pub fn commands(readme: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut findings = Vec::new();
    for command in typed(readme) {
        let words: Vec<&str> = command.split_whitespace().collect();
        let complaint = match words.as_slice() {
            ["cargo", "xtask", name, ..] => (!COMMANDS.iter().any(|(known, _)| known == name))
                .then(|| format!("no such command: cargo xtask {name}")),
            ["cargo", "run", .., "run", path] => missing(path, &exists),
            ["cargo", "install", "--path", path, ..] => missing(path, &exists),
            ["cargo", name, ..] => (!CARGO.contains(name)).then(|| format!("no such command: cargo {name}")),
            [script, ..] if script.starts_with("./") || script.starts_with(".ci/") => {
                missing(script, &exists)
            }
            _ => None,
        };
        findings.extend(complaint.map(|what| format!("README.md: {what}")));
    }
    findings
}

fn missing(path: &str, exists: &impl Fn(&str) -> bool) -> Option<String> {
    (!exists(path)).then(|| format!("{path} is not there"))
}

/// What a reader would type: indented or fenced lines, and words between back-ticks.
fn typed(readme: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced || line.starts_with("    ") {
            let without_comment = line.split(" #").next().unwrap_or_default();
            found.extend(
                without_comment
                    .split("&&")
                    .map(|command| command.trim().to_owned()),
            );
        } else {
            found.extend(
                line.split('`')
                    .skip(1)
                    .step_by(2)
                    .map(|command| command.trim().to_owned()),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_would_not_work_are_named() {
        let readme = "Do `cargo xtask test`, never `cargo xtask dance`.\n\n    cargo run --release -- run services/gone\n\n```\ncargo install --path crates/micro-cli && cargo fly   # up\n```\n";
        let found = commands(readme, |path| path == "crates/micro-cli");
        let expected = [
            "no such command: cargo xtask dance",
            "services/gone is not there",
            "no such command: cargo fly",
        ];
        assert_eq!(found, expected.map(|what| format!("README.md: {what}")));
    }
}
