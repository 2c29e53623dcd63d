//! The wish to end, however it is expressed.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::errors::Result;

/// Ctrl-C and the request to terminate. Made before anything is started, so that neither is missed.
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// From now on the signals no longer end the process by themselves.
    pub fn new() -> Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for either. Cancel-safe.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
