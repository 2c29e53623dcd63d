//! The clients that `micro gen` writes, on a real platform: every language holds `tests/clients/README.md`.

mod rust;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::echo;
use micro_tests::command::{Micro, root};
use micro_tests::{Server, wait};
use tokio::process::{Child, Command};

/// All cases, as the README lists them.
const CASES: [&str; 25] = [
    "unary",
    "defaults",
    "bigNumbers",
    "bytes",
    "floats",
    "enums",
    "oneof",
    "optional",
    "wellKnown",
    "secondService",
    "token",
    "namespace",
    "error",
    "notFound",
    "deadline",
    "cancel",
    "retry",
    "noRetry",
    "unreachable",
    "serverStream",
    "streamError",
    "streamLeft",
    "clientStream",
    "bidi",
    "concurrent",
];
/// Where the service runs.
const NAMESPACES: [&str; 2] = ["micro", "elsewhere"];
const LONG: Duration = Duration::from_secs(240);

/// A platform with the service `echo`, and a folder with the clients.
pub(crate) struct Bench {
    pub(crate) server: Server,
    pub(crate) token: String,
    folder: tempfile::TempDir,
    _echoes: [Child; 2],
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let server = Server::start().await;
        let micro = server.micro();
        let token = micro.ok(&["user", "token"]).await.trim().to_owned();
        let echo = |namespace: &str| {
            echo::command(&server)
                .env("MICRO_NAMESPACE", namespace)
                .spawn()
                .unwrap()
        };
        let echoes = NAMESPACES.map(echo);
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("proto")).unwrap();
        let contract = root().join("tests/src/proto/echo.proto");
        std::fs::copy(contract, folder.path().join("proto/echo.proto")).unwrap();
        let bench = Self {
            server,
            token,
            folder,
            _echoes: echoes,
        };
        for namespace in NAMESPACES {
            wait::until("echo to answer", Duration::from_secs(30), || async {
                let header = format!("--metadata=Micro-Namespace={namespace}");
                let ran = micro.run(&["call", &header, "echo", "Echo.Whoami"]).await;
                if ran.stdout.contains(namespace) {
                    Ok(())
                } else {
                    Err(ran.to_string())
                }
            })
            .await;
        }
        bench
    }

    /// The folder with the clients in a language.
    async fn client(&self, language: &str) -> PathBuf {
        let folder = self.folder.path();
        let option = format!("--client={language}");
        let written = self
            .micro()
            .ok(&["gen", &option, &folder.display().to_string()])
            .await;
        assert!(written.contains(language), "{written}");
        folder.join("client").join(language)
    }

    fn micro(&self) -> Micro {
        self.server.micro()
    }

    fn address(&self) -> String {
        format!("http://{}", self.server.gateway())
    }

    /// Runs a suite's program and looks for each case.
    async fn hold(&self, command: &mut Command) {
        let command = command
            .env("MICRO_API_TOKEN", &self.token)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = tokio::time::timeout(LONG, command.output()).await;
        let output = output.expect("the suite to end").unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let missed = CASES
            .iter()
            .filter(|case| !said.lines().any(|line| line == format!("ok {case}")));
        let missed: Vec<_> = missed.collect();
        assert!(
            output.status.success() && missed.is_empty(),
            "{:?} does not hold {missed:?}\n{said}\n{}",
            command.as_std(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn copy(from: &str, to: &Path) {
    let from = root().join("tests/clients").join(from);
    std::fs::copy(&from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_in_go_holds_the_suite() {
    let bench = Bench::start().await;
    let client = bench.client("go").await.join("echo");
    let suite = tempfile::tempdir().unwrap();
    copy("go/suite.go", &suite.path().join("suite.go"));
    let module = format!(
        "module suite\n\ngo 1.19\n\nrequire go.micro.service.echo v0.0.0\n\nreplace go.micro.service.echo => {}\n",
        client.display()
    );
    std::fs::write(suite.path().join("go.mod"), module).unwrap();
    let mut command = Command::new("go");
    command
        .args(["run", ".", &bench.address()])
        .current_dir(suite.path())
        .envs([("GOFLAGS", "-mod=mod"), ("GOPROXY", "off"), ("GOWORK", "off")]);
    bench.hold(&mut command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_in_python_holds_the_suite() {
    let bench = Bench::start().await;
    let client = bench.client("python").await;
    let suite = root().join("tests/clients/python/suite.py");
    let mut command = Command::new("python3");
    command
        .arg("-B")
        .arg(suite)
        .arg(bench.address())
        .env("PYTHONPATH", client);
    bench.hold(&mut command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_in_typescript_holds_the_suite() {
    let bench = Bench::start().await;
    let client = bench.client("typescript").await;
    copy("typescript/suite.ts", &client.join("suite.ts"));
    let compiled = Command::new("tsc")
        .args([
            "--strict",
            "--target",
            "es2020",
            "--lib",
            "es2020,dom",
            "--module",
            "commonjs",
        ])
        .args(["--outDir", "out", "suite.ts", "echo.ts", "micro.ts"])
        .current_dir(&client)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&compiled.stdout);
    assert!(compiled.status.success(), "{said}");
    let mut command = Command::new("node");
    command.arg(client.join("out/suite.js")).arg(bench.address());
    bench.hold(&mut command).await;
}
