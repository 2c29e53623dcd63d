//! Where in which git repository a service's source is.

use std::fmt;

use micro_rpc::{Error, Result};

/// Hosts whose repositories are `host/owner/name`, whatever follows.
const THREE_PARTS: &[&str] = &["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"];

const SCHEMES: &[&str] = &["https", "http", "ssh", "git", "file"];

/// A folder of a repository at a branch, tag or commit.
///
/// | text | repository | folder | reference |
/// |---|---|---|---|
/// | `github.com/org/repo/user@v1` | `https://github.com/org/repo` | `user` | `v1` |
/// | `https://example.com/org/repo.git/user@v1` | `https://example.com/org/repo.git` | `user` | `v1` |
/// | `git@example.com:org/repo.git@v1` | `git@example.com:org/repo.git` | | `v1` |
/// | `file:///srv/repo@v1` | `file:///srv/repo` | | `v1` |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// What git is given.
    pub repository: String,
    /// The service's folder in it; empty for its root.
    pub folder: String,
    /// A branch, a tag or a commit; empty where the text names none.
    pub reference: String,
}

impl Address {
    /// Whether a text is meant to be an address, rather than a name or a folder.
    pub fn is_meant(text: &str) -> bool {
        if text.starts_with('.') || text.starts_with('/') {
            return false;
        }
        let first = text.split('/').next().unwrap_or_default();
        let has_suffix = first.rsplit_once('.').is_some_and(|(name, suffix)| {
            !name.is_empty() && suffix.len() > 1 && suffix.chars().all(|letter| letter.is_ascii_alphabetic())
        });
        text.contains("://") || is_scp(text) || (text.contains('/') && has_suffix)
    }

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// 400 with what is wrong with it.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            let detail = format!(
                "{:?} is no source: {why}; for example github.com/org/repo/folder@ref",
                without_secret(text)
            );
            Error::bad_request("runtime", detail)
        };
        if text
            .chars()
            .any(|letter| letter.is_whitespace() || letter.is_control())
            || text.starts_with('-')
        {
            return Err(wrong("it has blanks in it, or begins with a dash"));
        }
        let (base, path) = cut(text).map_err(wrong)?;
        let (path, reference) = path.rsplit_once('@').unwrap_or((path, ""));
        if text.ends_with('@') || !is_reference(reference) {
            return Err(wrong("what follows the last @ is no branch, tag or commit"));
        }
        let (repository, folder) = part(&base, path.trim_end_matches('/'));
        if repository.is_empty() || folder.split('/').any(|name| name == "..") {
            return Err(wrong("it names no folder of a repository"));
        }
        Ok(Self {
            repository: format!("{base}{repository}"),
            folder: folder.to_owned(),
            reference: reference.to_owned(),
        })
    }

    /// What a service from there is called unless its definition says otherwise: the folder, or else the repository.
    pub fn name(&self) -> String {
        let path = if self.folder.is_empty() {
            self.repository.trim_end_matches(".git")
        } else {
            &self.folder
        };
        path.rsplit(['/', ':']).next().unwrap_or_default().to_lowercase()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        if !self.folder.is_empty() {
            write!(f, "/{}", self.folder)?;
        }
        if !self.reference.is_empty() {
            write!(f, "@{}", self.reference)?;
        }
        Ok(())
    }
}

/// Whether git can be asked for it without taking it for something else.
pub(crate) fn is_reference(text: &str) -> bool {
    !text.starts_with(['-', '/', '.'])
        && !text.ends_with(['/', '.'])
        && !text.contains("..")
        && !text.contains("//")
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-_./+#=".contains(letter))
}

/// `user@host:path`
fn is_scp(text: &str) -> bool {
    let Some((before, _)) = text.split_once(':') else {
        return false;
    };
    !text.contains("://") && before.contains('@') && !before.contains('/')
}

/// What leads to a host, and the path there.
fn cut(text: &str) -> Result<(String, &str), &'static str> {
    if let Some((scheme, rest)) = text.split_once("://") {
        if !SCHEMES.contains(&scheme) {
            return Err("its scheme is none of https, http, ssh, git and file");
        }
        let (host, path) = rest.split_once('/').ok_or("it names no repository")?;
        let user = host.rsplit_once('@').map(|(user, _)| user);
        let carries_secret = user.is_some_and(|user| user.contains(':') || scheme.starts_with("http"));
        if carries_secret {
            return Err("it has credentials in it: give them as the secret GIT_CREDENTIALS");
        }
        if (scheme == "file") != host.is_empty() || host.starts_with('-') {
            return Err("it names no host");
        }
        return Ok((format!("{scheme}://{host}/"), path));
    }
    if is_scp(text) {
        let (host, path) = text.split_once(':').ok_or("it names no repository")?;
        return Ok((format!("{host}:"), path));
    }
    let (host, path) = text.split_once('/').ok_or("it names no repository")?;
    if !Address::is_meant(text) {
        return Err("it does not begin with a host");
    }
    Ok((format!("https://{host}/"), path))
}

/// Repository and folder of a path.
fn part<'a>(base: &str, path: &'a str) -> (&'a str, &'a str) {
    if let Some(end) = path.find(".git/").map(|at| at + ".git".len()) {
        return (&path[..end], path[end..].trim_matches('/'));
    }
    let host = base
        .trim_start_matches("https://")
        .trim_start_matches("http://")
        .trim_end_matches('/');
    if !base.starts_with("http") || !THREE_PARTS.contains(&host) {
        return (path, "");
    }
    let end = path.match_indices('/').nth(1).map_or(path.len(), |(at, _)| at);
    (&path[..end], path[end..].trim_matches('/'))
}

/// The text without what may be a password.
fn without_secret(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    match host.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://...@{host}/{path}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_three_parts() {
        for (text, repository, folder, reference, name) in [
            (
                "github.com/org/repo/services/user@v1",
                "https://github.com/org/repo",
                "services/user",
                "v1",
                "user",
            ),
            (
                "github.com/org/repo",
                "https://github.com/org/repo",
                "",
                "",
                "repo",
            ),
            (
                "https://github.com/org/repo/user@feature/x",
                "https://github.com/org/repo",
                "user",
                "feature/x",
                "user",
            ),
            (
                "https://example.com/a/b/Repo.git/user/",
                "https://example.com/a/b/Repo.git",
                "user",
                "",
                "user",
            ),
            (
                "https://example.com/a/b/c@main",
                "https://example.com/a/b/c",
                "",
                "main",
                "c",
            ),
            (
                "git@example.com:org/Repo.git@v1",
                "git@example.com:org/Repo.git",
                "",
                "v1",
                "repo",
            ),
            (
                "ssh://git@example.com:2222/repo.git",
                "ssh://git@example.com:2222/repo.git",
                "",
                "",
                "repo",
            ),
            (
                "file:///srv/repo@1234abc",
                "file:///srv/repo",
                "",
                "1234abc",
                "repo",
            ),
            (
                "file:///srv/repo.git/user",
                "file:///srv/repo.git",
                "user",
                "",
                "user",
            ),
            ("example.com/repo", "https://example.com/repo", "", "", "repo"),
        ] {
            let address = Address::parse(text).unwrap();
            let expected = Address {
                repository: repository.to_owned(),
                folder: folder.to_owned(),
                reference: reference.to_owned(),
            };
            assert_eq!(address, expected, "{text}");
            assert_eq!(address.name(), name, "{text}");
            assert_eq!(Address::parse(&address.to_string()).unwrap(), address, "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused_and_passwords_are_not_repeated() {
        for text in [
            "",
            "user",
            "./a/b",
            "-x/y",
            "ext::sh -c x",
            "ext://x/y",
            "https://user:hidden@example.com/repo",
            "https://hidden@example.com/repo",
            "ssh://git:hidden@example.com/repo",
            "https:///repo",
            "file://host/repo",
            "github.com/org/repo@",
            "github.com/org/repo@-x",
            "github.com/org/repo@a..b",
            "github.com/org/repo@a:b",
            "github.com/org/repo/../x",
            "https://github.com",
        ] {
            let error = Address::parse(text).unwrap_err();
            assert!(
                error.code == 400 && !error.detail.contains("hidden"),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn names_and_folders_are_no_addresses() {
        for text in [
            "github.com/org/repo",
            "file:///x",
            "git@host:repo",
            "example.com/x@v1",
        ] {
            assert!(Address::is_meant(text), "{text}");
        }
        for text in [
            "user",
            "services/user",
            ".",
            "../x.com/y",
            "/srv/x",
            "user@v1",
            "user.mu",
        ] {
            assert!(!Address::is_meant(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in "(https://|git@|file://)?[a-z@:/.-]{0,20}|.*") {
            if let Ok(address) = Address::parse(&text) {
                proptest::prop_assert!(!address.repository.starts_with('-'));
            }
        }
    }
}
