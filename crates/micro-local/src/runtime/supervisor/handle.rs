//! How others reach a supervisor.

use std::path::PathBuf;

use micro::runtime::Service;
use micro::{Error, Result};
use tokio::sync::{mpsc, oneshot, watch};

use super::super::desired::Desired;
use super::super::log::Log;
use super::super::status::View;

/// What a supervisor is asked to do. Each is answered as soon as it is safe from a crash, [`Command::Stop`] at the end.
pub enum Command {
    /// Builds the source anew and runs the result as this says.
    Update(
        Box<dyn FnOnce(&Desired) -> Desired + Send>,
        oneshot::Sender<Result<()>>,
    ),
    /// Carries out a request that is written down, unless it was taken up before.
    Take(Box<Desired>),
    /// Ends all processes, and the supervisor.
    Stop(oneshot::Sender<()>),
}

/// How others reach a supervisor. Without handles it ends its processes and itself.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    view: watch::Receiver<View>,
    log: Log,
}

impl Handle {
    pub fn new(commands: mpsc::Sender<Command>, view: watch::Receiver<View>, log: Log) -> Self {
        Self { commands, view, log }
    }

    /// How the service is now.
    pub fn service(&self) -> Service {
        self.view.borrow().service.clone()
    }

    /// All that others see of it.
    pub fn view(&self) -> View {
        self.view.borrow().clone()
    }

    /// The type that it was given.
    pub fn kind(&self) -> String {
        self.view.borrow().kind.clone()
    }

    /// What serves, or will: a program, or a folder with one.
    pub fn program(&self) -> Option<PathBuf> {
        self.view.borrow().program.clone()
    }

    /// Its processes.
    pub fn pids(&self) -> Vec<u32> {
        self.view.borrow().pids.clone()
    }

    /// What it printed.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Asks for an update; the change says what is wanted from then on.
    pub async fn update(&self, change: impl FnOnce(&Desired) -> Desired + Send + 'static) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        let sent = self
            .commands
            .send(Command::Update(Box::new(change), answer))
            .await;
        sent.map_err(|_| stopping())?;
        answered.await.map_err(|_| stopping())?
    }

    /// Has what is written down carried out. One that is being stopped does not, which is right.
    pub async fn take(&self, desired: Desired) {
        let _ = self.commands.send(Command::Take(Box::new(desired))).await;
    }

    /// Ends the service, and answers when it has ended; at once if it had before.
    pub async fn stop(&self) {
        let (answer, answered) = oneshot::channel();
        if self.commands.send(Command::Stop(answer)).await.is_ok() {
            let _ = answered.await;
        }
        self.commands.closed().await;
    }

    /// Whether both lead to the same supervisor.
    pub fn is_same(&self, other: &Self) -> bool {
        self.commands.same_channel(&other.commands)
    }
}

fn stopping() -> Error {
    Error::internal("runtime", "the service is being stopped")
}
