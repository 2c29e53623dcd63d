//! Contracts as they were: the old version of a comparison, out of git.
//!
//! Git itself is asked, as a child process: it knows worktrees, packs and names of commits, and is there wherever a repository is.
//! Nothing is checked out and nothing is written.

use std::path::{Component, Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::compile::{FileSet, compile_named};
use crate::error::{Error, Result};

/// The reference to compare with where nobody names another: the last commit.
pub const DEFAULT_REFERENCE: &str = "HEAD";

/// Where git looks for its repository if a hook has set them; ours is the one that the folder is in.
const OVERRIDES: [&str; 6] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];

/// The contracts of a git reference: a commit, a branch or a tag.
///
/// `folder` is what imports start from, as the `includes` of [`compile`](crate::compile()), and `protos` are in it, with or
/// without its name in front. The old version has those of them that existed then, and those that existed then and are
/// no longer in the folder: they were removed. Imports come from the same reference.
///
/// `None` where there is nothing to compare with: the folder is in no repository, or in one without a commit.
///
/// # Errors
///
/// When the reference does not exist, when git does not run, when a path is not in the folder, or when the old contracts do not
/// compile; the message says which reference.
pub fn old_version(folder: &Path, protos: &[PathBuf], reference: &str) -> Result<Option<FileSet>> {
    let history = History { folder, reference };
    let Some(commit) = history.commit()? else {
        return Ok(None);
    };
    let then = history.files(&commit)?;
    let wanted = protos.iter().map(|proto| history.name(proto));
    let wanted = wanted.collect::<Result<Vec<String>>>()?;
    let is_old = |name: &String| wanted.contains(name) || !folder.join(name).exists();
    let names: Vec<&str> = then
        .iter()
        .filter(|name| is_old(name))
        .map(String::as_str)
        .collect();
    let sources = then
        .iter()
        .map(|name| Ok((name.clone(), history.text(&commit, name)?)));
    let sources = sources.collect::<Result<Vec<_>>>()?;
    let set = compile_named(&sources, &names);
    set.map(Some)
        .map_err(|error| history.error(format!("they do not compile: {error}")))
}

struct History<'a> {
    folder: &'a Path,
    reference: &'a str,
}

impl History<'_> {
    /// The commit that the reference stands for.
    fn commit(&self) -> Result<Option<String>> {
        let inside = self.run(&["rev-parse", "--git-dir"])?;
        if !inside.status.success() {
            let said = errors(&inside);
            // Anything else, as a repository of somebody else's, is for a person to decide.
            return match said.contains("not a git repository") {
                true => Ok(None),
                false => Err(self.error(said)),
            };
        }
        let wanted = format!("{}^{{commit}}", self.reference);
        let words = ["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted];
        let found = self.run(&words)?;
        if found.status.success() {
            return Ok(Some(String::from_utf8_lossy(&found.stdout).trim().to_owned()));
        }
        match self.output(&["rev-list", "--all", "--max-count=1"])?.is_empty() {
            true => Ok(None),
            false => {
                Err(self
                    .error("there is no such commit, branch or tag: fetch it, or name another".to_owned()))
            }
        }
    }

    /// The names of the contracts in the folder as it was.
    fn files(&self, commit: &str) -> Result<Vec<String>> {
        let listed = self.output(&["ls-tree", "-r", "-z", commit])?;
        // A file whose name is not UTF-8 cannot be imported.
        let entries = listed.split(|byte| *byte == 0);
        let entries = entries.filter_map(|entry| std::str::from_utf8(entry).ok()?.split_once('\t'));
        // The text of a symbolic link (mode 120000) is a path and no contract.
        let files = entries.filter(|(kind, name)| kind.starts_with("100") && name.ends_with(".proto"));
        Ok(files.map(|(_, name)| name.to_owned()).collect())
    }

    fn text(&self, commit: &str, name: &str) -> Result<String> {
        let text = self.output(&["show", &format!("{commit}:./{name}")])?;
        String::from_utf8(text).map_err(|_| self.error(format!("{name} is not UTF-8")))
    }

    /// The name that a file is imported by: its path in the folder, with slashes.
    fn name(&self, proto: &Path) -> Result<String> {
        let path = self.path_within(proto);
        let parts = path.iter().flat_map(|path| path.components());
        let parts = parts.filter(|part| !matches!(part, Component::CurDir));
        let names: Option<Vec<&str>> = parts
            .map(|part| match part {
                Component::Normal(name) => name.to_str(),
                _ => None,
            })
            .collect();
        let (proto, folder) = (proto.display(), self.folder.display());
        names
            .filter(|names| !names.is_empty())
            .map(|names| names.join("/"))
            .ok_or_else(|| self.error(format!("{proto} is not in {folder}")))
    }

    /// A file that is not found would pass for a new one, which breaks nothing; so nothing is guessed.
    fn path_within(&self, proto: &Path) -> Option<PathBuf> {
        let is_plain = |path: &Path| !path.components().any(|part| part == Component::ParentDir);
        match proto.strip_prefix(self.folder) {
            Ok(path) if is_plain(path) => return Some(path.to_owned()),
            Err(_) if proto.is_relative() && is_plain(proto) && self.folder.join(proto).exists() => {
                return Some(proto.to_owned());
            }
            _ => {}
        }
        let (proto, folder) = (proto.canonicalize().ok()?, self.folder.canonicalize().ok()?);
        Some(proto.strip_prefix(folder).ok()?.to_owned())
    }

    fn output(&self, words: &[&str]) -> Result<Vec<u8>> {
        let output = self.run(words)?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(self.error(errors(&output))),
        }
    }

    fn run(&self, words: &[&str]) -> Result<Output> {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(self.folder)
            .args(words)
            .env("LC_ALL", "C") // what it says is compared
            .stdin(Stdio::null());
        for name in OVERRIDES {
            command.env_remove(name);
        }
        command.output().map_err(|error| {
            let problem = match error.kind() {
                std::io::ErrorKind::NotFound => "git was not found: install it".to_owned(),
                _ => format!("git does not run: {error}"),
            };
            self.error(problem)
        })
    }

    fn error(&self, problem: String) -> Error {
        Error::History {
            reference: self.reference.to_owned(),
            problem,
        }
    }
}

/// What git complained of, or how it ended.
fn errors(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    match said.trim() {
        "" => format!("git ended with {}", output.status),
        said => said.trim_start_matches("fatal: ").to_owned(),
    }
}
