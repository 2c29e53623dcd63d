//! The service that says what it was told, as a process that has joined a server.

use std::process::Stdio;

use micro_tests::Server;
use tokio::process::{Child, Command};

/// What starts it, by hand; a variable more says as what.
pub(crate) fn command(server: &Server) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_echo"));
    command
        .env("MICRO_HOME", server.home())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Starts it under a name of its own.
pub(crate) fn start(server: &Server, name: &str) -> Child {
    command(server).env("MICRO_SERVICE_NAME", name).spawn().unwrap()
}
