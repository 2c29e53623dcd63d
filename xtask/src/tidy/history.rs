//! Commits and their sign-offs.

use anyhow::Result;

use crate::workspace::{capture, git};

const FIELD: char = '\u{1f}';
const RECORD: char = '\u{1e}';

/// Every commit but merges: hash, subject and sign-offs. Empty where nothing was committed yet.
pub fn log() -> Result<String> {
    if !git(&["rev-parse", "--verify", "--quiet", "HEAD"])
        .output()?
        .status
        .success()
    {
        return Ok(String::new());
    }
    let format = "--format=%h%x1f%s%x1f%(trailers:key=Signed-off-by,valueonly)%x1e";
    capture(&mut git(&["log", "--no-merges", format]))
}

/// The commits that nobody signed off.
pub fn unsigned(log: &str) -> Vec<String> {
    let records = log
        .split(RECORD)
        .map(str::trim)
        .filter(|record| !record.is_empty());
    records.filter_map(complaint).collect()
}

fn complaint(record: &str) -> Option<String> {
    let mut fields = record.split(FIELD);
    let (hash, subject, signers) = (
        fields.next()?,
        fields.next().unwrap_or_default(),
        fields.next().unwrap_or_default(),
    );
    let signed = signers
        .lines()
        .any(|signer| signer.contains('<') && signer.contains('@'));
    (!signed).then(|| format!("commit {hash} ({subject}) has no Signed-off-by: git commit --signoff"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_without_sign_off_are_named() {
        let log = "a1\u{1f}one\u{1f}Ann <ann@example.com>\n\u{1e}\nb2\u{1f}two\u{1f}\u{1e}\nc3\u{1f}three\u{1f}nobody\n\u{1e}\n";
        let found = unsigned(log);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].contains("b2 (two)") && found[1].contains("c3 (three)"),
            "{found:?}"
        );
        assert!(unsigned("").is_empty());
    }
}
