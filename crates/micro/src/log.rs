//! Where a process's own messages go: lines on standard error.

use std::io::IsTerminal;

use tracing::Level;

/// Starts logging at the level that `MICRO_LOG_LEVEL` names (error, warn, info, debug, trace), or at `default`.
/// A second call does nothing.
pub fn start(default: Level) {
    let asked = std::env::var("MICRO_LOG_LEVEL").ok();
    let level = asked.and_then(|level| level.parse().ok()).unwrap_or(default);
    let _ = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
}
