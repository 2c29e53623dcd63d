//! Programs called `micro-<word>` are commands of their own.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::errors::{Failure, Result};

/// Becomes the program of the first word, if there is one; otherwise does nothing.
pub fn execute(words: &[String]) -> Result<()> {
    let Some((word, rest)) = words.split_first() else { return Ok(()) };
    let Some(program) = find(word, &std::env::var_os("PATH").unwrap_or_default()) else { return Ok(()) };
    let error = Command::new(&program).args(rest).exec();
    Err(Failure::plain(format!("cannot run {}: {error}", program.display())))
}

fn find(word: &str, path: &std::ffi::OsStr) -> Option<PathBuf> {
    // A word with a slash would lead out of the folders that programs are looked for in.
    let is_name = !word.is_empty() && !word.contains(['/', '\0']);
    let name = is_name.then(|| format!("micro-{word}"))?;
    std::env::split_paths(path).map(|folder| folder.join(&name)).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for (name, mode) in [("micro-hello", 0o755), ("micro-text", 0o644)] {
            let file = folder.path().join(name);
            std::fs::write(&file, "").unwrap();
            std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        }
        let path = folder.path().as_os_str();
        assert_eq!(find("hello", path), Some(folder.path().join("micro-hello")));
        for word in ["text", "nothing", "", "../hello"] {
            assert_eq!(find(word, path), None, "{word}");
        }
    }
}
