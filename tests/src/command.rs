//! The binary `micro`, run as a user runs it.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};

/// Longer than a first build of the framework on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(400);

/// The binary with a home: whose commands see which server.
#[derive(Clone, Debug)]
pub struct Micro {
    home: PathBuf,
    folder: PathBuf,
    variables: Vec<(String, String)>,
    /// What the binary is run by, with its arguments.
    under: Vec<String>,
}

/// What a command left behind.
#[derive(Debug)]
pub struct Ran {
    /// The words after `micro`.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output, as text.
    pub stdout: String,
    /// Standard error, as text.
    pub stderr: String,
}

impl Micro {
    /// The binary, with `home` as its home and the folder it is started in.
    pub fn new(home: &Path) -> Self {
        Micro {
            home: home.to_owned(),
            folder: home.to_owned(),
            variables: Vec::new(),
            under: Vec::new(),
        }
    }

    /// The same, started elsewhere.
    pub fn within(&self, folder: &Path) -> Self {
        Micro {
            folder: folder.to_owned(),
            ..self.clone()
        }
    }

    /// The same, with one more variable.
    pub fn with(&self, key: &str, value: &str) -> Self {
        let mut micro = self.clone();
        micro.variables.push((key.to_owned(), value.to_owned()));
        micro
    }

    /// The same, run by a program that takes the binary as its last argument.
    pub fn under(&self, program: &str, arguments: Vec<String>) -> Self {
        let mut micro = self.clone();
        micro.under = std::iter::once(program.to_owned()).chain(arguments).collect();
        micro
    }

    /// The command, not yet started: no input, nothing of our own environment that could lead it to another server.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = match self.under.split_first() {
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(binary());
                command
            }
            None => Command::new(binary()),
        };
        let led_astray = ["MICRO_", "CARGO_PKG_", "CARGO_MANIFEST_"];
        for (key, _) in
            std::env::vars().filter(|(key, _)| led_astray.iter().any(|prefix| key.starts_with(prefix)))
        {
            command.env_remove(key);
        }
        command
            .env("MICRO_HOME", &self.home)
            .env("MICRO_BUILD_DIR", build_folder());
        command.envs(self.variables.iter().map(|(key, value)| (key, value)));
        command
            .args(words)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Starts it and leaves it running, its output in files of that name in the home.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(&self, words: &[&str], log: &Path) -> Child {
        let out = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("the log can be opened");
        let err = out.try_clone().expect("a second handle of the log");
        self.command(words)
            .stdout(out)
            .stderr(err)
            .spawn()
            .expect("micro starts")
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn run(&self, words: &[&str]) -> Ran {
        self.run_within(PATIENCE, words).await
    }

    /// Runs it to its end, which must come in time.
    ///
    /// # Panics
    /// When it does not.
    pub async fn run_within(&self, deadline: Duration, words: &[&str]) -> Ran {
        let output = tokio::time::timeout(deadline, self.command(words).output()).await;
        let output =
            output.unwrap_or_else(|_| panic!("micro {} did not end within {deadline:?}", words.join(" ")));
        let output = output.expect("micro starts");
        Ran {
            command: words.join(" "),
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs it, and it must go well; returns what it printed.
    pub async fn ok(&self, words: &[&str]) -> String {
        self.run(words).await.ok()
    }
}

impl Ran {
    /// What it printed.
    ///
    /// # Panics
    /// When it failed.
    #[track_caller]
    pub fn ok(self) -> String {
        assert!(self.status.success(), "{self}");
        self.stdout
    }

    /// What it complained of.
    ///
    /// # Panics
    /// When it did not end with that code.
    #[track_caller]
    pub fn failed_with(self, code: i32) -> String {
        assert_eq!(self.status.code(), Some(code), "{self}");
        self.stderr
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Ran {
            command,
            status,
            stdout,
            stderr,
        } = self;
        write!(
            f,
            "micro {command} ended with {status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        )
    }
}

/// `MICRO_BIN`, or what cargo has built beside this test.
///
/// # Panics
/// When there is none.
pub fn binary() -> PathBuf {
    let path = std::env::var_os("MICRO_BIN").map_or_else(|| target().join("debug/micro"), PathBuf::from);
    assert!(
        path.is_file(),
        "{} is not there: cargo build --workspace --all-targets makes it, MICRO_BIN names another",
        path.display()
    );
    path
}

/// One folder for all servers of a test run, or each would compile the framework for itself.
pub fn build_folder() -> PathBuf {
    std::env::var_os("MICRO_BUILD_DIR").map_or_else(|| target().join("micro-tests/build"), PathBuf::from)
}

/// The root of the clone.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the clone")
        .to_owned()
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
