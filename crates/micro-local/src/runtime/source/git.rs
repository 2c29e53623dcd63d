//! Sources in git repositories.
//!
//! The program `git` fetches one commit into a bare repository that is thrown away afterwards; the tree is taken from it as
//! a tar, like an upload. There is no checkout, so nothing of the repository runs: no hooks, no submodules. Credentials
//! go through the environment of git alone, and only to the host that the address names.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use micro::runtime::Address;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use super::super::environment::Variables;

/// How long fetching may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// As much as may be fetched.
const BYTES: u64 = 512 * 1024 * 1024;
const LOOK: Duration = Duration::from_millis(250);
/// What git says that is kept.
const WORDS: usize = 2048;
/// What `latest` may stand for, before the repository's own default.
const LATEST: [&str; 4] = ["latest", "main", "master", "trunk"];

/// Asks for the credentials that the environment holds. The text that others can see in the list of processes has none.
const HELPER: &str = "!f() { echo \"username=$MICRO_GIT_USER\"; echo \"password=$MICRO_GIT_PASSWORD\"; }; f";

/// What is to be fetched, and with whose rights.
pub struct Wanted<'a> {
    pub address: &'a Address,
    /// A branch, a tag or a commit; `latest` stands for the newest.
    pub reference: &'a str,
    /// `user:password`, or a token.
    pub credentials: Option<&'a str>,
    pub environment: &'a Variables,
}

/// What was fetched.
pub struct Fetched {
    pub tar: PathBuf,
    pub commit: String,
}

/// Fetches into a folder that is there; what it answers lies within. Dropped half-way, it ends git.
pub async fn fetch(wanted: &Wanted<'_>, folder: &Path) -> Result<Fetched, String> {
    let work = async {
        tokio::select! {
            fetched = fetch_within(wanted, folder) => fetched,
            () = grown(folder) => Err(format!("it is larger than {} MiB", BYTES >> 20)),
        }
    };
    let fetched = match tokio::time::timeout(PATIENCE, work).await {
        Ok(fetched) => fetched,
        Err(_) => Err(format!("it took longer than {} s", PATIENCE.as_secs())),
    };
    fetched.map_err(|reason| {
        let reason = without(&reason, wanted.credentials);
        let Wanted {
            address, reference, ..
        } = wanted;
        format!("cannot fetch {} at {reference}: {reason}", address.repository)
    })
}

async fn fetch_within(wanted: &Wanted<'_>, folder: &Path) -> Result<Fetched, String> {
    let git = Git {
        wanted,
        repository: folder.join("repository"),
    };
    tokio::fs::create_dir(&git.repository)
        .await
        .map_err(|error| error.to_string())?;
    git.run(&["init", "--quiet", "--bare", "--template="]).await?;
    let commit = git.fetch().await?;
    let tar = folder.join("tar");
    let output = format!("--output={}", tar.display());
    git.run(&["archive", "--format=tar", &output, &commit]).await?;
    Ok(Fetched { tar, commit })
}

struct Git<'a> {
    wanted: &'a Wanted<'a>,
    repository: PathBuf,
}

impl Git<'_> {
    /// Brings the commit here, and answers which it is.
    async fn fetch(&self) -> Result<String, String> {
        let reference = match self.wanted.reference {
            "latest" => self.latest().await?,
            named => named.to_owned(),
        };
        let only = ["fetch", "--quiet", "--depth=1", "--no-tags"];
        let alone = self.fetch_with(&only, &[&reference]).await;
        match alone {
            Ok(()) => self.commit("FETCH_HEAD").await,
            // A commit that is no tip: some servers hand out only what they list, and none knows short names.
            Err(_) if is_commit(&reference) => {
                let all = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
                self.fetch_with(&["fetch", "--quiet", "--no-tags"], &all).await?;
                self.commit(&reference)
                    .await
                    .map_err(|_| "there is no such commit".to_owned())
            }
            Err(reason) => Err(reason),
        }
    }

    async fn fetch_with(&self, how: &[&str], what: &[&str]) -> Result<(), String> {
        let fixed = ["--no-recurse-submodules", "--", &self.wanted.address.repository];
        let words: Vec<&str> = [how, &fixed, what].concat();
        self.run(&words).await.map(drop)
    }

    /// The first of the names that are taken to be the newest, else what the repository itself says.
    async fn latest(&self) -> Result<String, String> {
        let listed = self
            .run(&["ls-remote", "--quiet", "--", &self.wanted.address.repository])
            .await?;
        let names: Vec<&str> = listed
            .lines()
            .filter_map(|line| line.split_whitespace().nth(1))
            .collect();
        if names.is_empty() {
            return Err("the repository is empty".to_owned());
        }
        let full = |name: &&str| {
            let places = ["heads", "tags"].map(|place| format!("refs/{place}/{name}"));
            places.into_iter().find(|place| names.contains(&place.as_str()))
        };
        Ok(LATEST.iter().find_map(full).unwrap_or_else(|| "HEAD".to_owned()))
    }

    async fn commit(&self, name: &str) -> Result<String, String> {
        let wanted = format!("{name}^{{commit}}");
        let commit = self
            .run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])
            .await?;
        Ok(commit.trim().to_owned())
    }

    /// Runs git to its end; what it printed.
    async fn run(&self, words: &[&str]) -> Result<String, String> {
        let mut command = Command::new("git");
        command
            .args(words)
            .current_dir(&self.repository)
            .env_clear()
            .envs(
                self.wanted
                    .environment
                    .iter()
                    .filter(|(name, _)| is_for_git(name))
                    .cloned(),
            )
            .envs(self.settings())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let child = command.spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                "git was not found on the server's machine: install it there, or run the service from a folder"
                    .to_owned()
            }
            _ => format!("cannot start git: {error}"),
        })?;
        let mut running = Running(child);
        let (stdout, stderr) = (running.0.stdout.take(), running.0.stderr.take());
        let (output, errors) = tokio::join!(read(stdout), read(stderr));
        let status = running.0.wait().await.map_err(|error| error.to_string())?;
        if status.success() {
            return Ok(output);
        }
        let said = errors.trim();
        Err(match said.is_empty() {
            true => format!("git {} ended with {status}", words[0]),
            false => said.chars().take(WORDS).collect(),
        })
    }

    /// Settings that no file on this machine, and nothing in a repository, can change.
    fn settings(&self) -> Vec<(String, String)> {
        let mut settings = vec![
            ("core.hooksPath".to_owned(), "/dev/null".to_owned()),
            ("core.fsmonitor".to_owned(), "false".to_owned()),
            ("fetch.recurseSubmodules".to_owned(), "false".to_owned()),
            ("gc.auto".to_owned(), "0".to_owned()),
            ("maintenance.auto".to_owned(), "false".to_owned()),
            ("advice.detachedHead".to_owned(), "false".to_owned()),
        ];
        let mut variables = vec![
            ("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned()),
            (
                "GIT_ALLOW_PROTOCOL".to_owned(),
                "https:http:ssh:git:file".to_owned(),
            ),
            ("GIT_ASKPASS".to_owned(), "true".to_owned()),
            ("GIT_DIR".to_owned(), self.repository.display().to_string()),
            ("LC_ALL".to_owned(), "C".to_owned()),
        ];
        let is_set = |(name, _): &(std::ffi::OsString, _)| name == "GIT_SSH_COMMAND";
        if !self.wanted.environment.iter().any(is_set) {
            // Nobody is there to be asked for a passphrase.
            variables.push(("GIT_SSH_COMMAND".to_owned(), "ssh -o BatchMode=yes".to_owned()));
        }
        if let Some((credentials, host)) = self.wanted.credentials.zip(self.host()) {
            let (user, password) = credentials
                .split_once(':')
                .unwrap_or(("x-access-token", credentials));
            // An empty helper makes git forget those of this machine.
            settings.push(("credential.helper".to_owned(), String::new()));
            settings.push((format!("credential.{host}.helper"), HELPER.to_owned()));
            variables.push(("MICRO_GIT_USER".to_owned(), user.to_owned()));
            variables.push(("MICRO_GIT_PASSWORD".to_owned(), password.to_owned()));
        }
        variables.push(("GIT_CONFIG_COUNT".to_owned(), settings.len().to_string()));
        for (number, (key, value)) in settings.into_iter().enumerate() {
            variables.push((format!("GIT_CONFIG_KEY_{number}"), key));
            variables.push((format!("GIT_CONFIG_VALUE_{number}"), value));
        }
        variables
    }

    /// `https://host`, where there may be somebody to log in to.
    fn host(&self) -> Option<&str> {
        let repository = &self.wanted.address.repository;
        let (scheme, rest) = repository.split_once("://")?;
        let end = scheme.len() + "://".len() + rest.find('/')?;
        scheme.starts_with("http").then(|| &repository[..end])
    }
}

/// Of git's own variables those that say how a host is reached. The others would lead it to a repository of the server's.
fn is_for_git(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    let reaches = ["GIT_SSH", "GIT_SSL_", "GIT_PROXY_", "GIT_HTTP_"];
    !name.starts_with("GIT_") || reaches.iter().any(|prefix| name.starts_with(prefix))
}

/// A running git, that ends with all it has started when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let id = self.0.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = id.and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

async fn read(pipe: Option<impl tokio::io::AsyncRead + Unpin>) -> String {
    /// A list of references may be long; nothing else is.
    const MOST: u64 = 16 * 1024 * 1024;
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let _ = pipe.take(MOST).read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_commit(reference: &str) -> bool {
    (7..=64).contains(&reference.len()) && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Ready when a folder has grown too large.
async fn grown(folder: &Path) {
    loop {
        tokio::time::sleep(LOOK).await;
        let folder = folder.to_owned();
        let size = tokio::task::spawn_blocking(move || size(&folder)).await;
        if size.is_ok_and(|size| size > BYTES) {
            return;
        }
    }
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

/// The text without the credentials, should git ever repeat them.
fn without(text: &str, credentials: Option<&str>) -> String {
    let mut text = text.to_owned();
    let password = credentials.and_then(|credentials| credentials.split_once(':'));
    for secret in credentials
        .into_iter()
        .chain(password.map(|(_, password)| password))
    {
        if !secret.is_empty() {
            text = text.replace(secret, "...");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn variables(text: &str, credentials: Option<&str>) -> Vec<(String, String)> {
        let wanted = Wanted {
            address: &address(text),
            reference: "latest",
            credentials,
            environment: &Vec::new(),
        };
        Git {
            wanted: &wanted,
            repository: PathBuf::from("/repository"),
        }
        .settings()
    }

    #[test]
    fn credentials_go_to_their_host_and_to_the_environment_alone() {
        let value = |variables: &[(String, String)], name: &str| {
            let found = variables.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone())
        };
        let given = variables("https://example.com:8443/org/repo.git", Some("ann:pass:word"));
        assert_eq!(value(&given, "MICRO_GIT_USER").unwrap(), "ann");
        assert_eq!(value(&given, "MICRO_GIT_PASSWORD").unwrap(), "pass:word");
        let settings: Vec<&String> = given
            .iter()
            .filter(|(key, _)| key.starts_with("GIT_CONFIG"))
            .map(|(_, value)| value)
            .collect();
        assert!(
            settings
                .iter()
                .any(|key| *key == "credential.https://example.com:8443.helper")
        );
        assert!(settings.iter().all(|text| !text.contains("pass:word")));
        let token = variables("github.com/org/repo", Some("t0ken"));
        assert_eq!(value(&token, "MICRO_GIT_PASSWORD").unwrap(), "t0ken");
        for without in [
            variables("github.com/org/repo", None),
            variables("git@example.com:repo", Some("x")),
        ] {
            assert_eq!(value(&without, "MICRO_GIT_PASSWORD"), None);
        }
        assert_eq!(without("no ann:pw, no pw", Some("ann:pw")), "no ..., no ...");
    }
}
