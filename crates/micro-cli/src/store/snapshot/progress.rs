//! How far it is, for who watches.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::checksum::Tally;

const EVERY: Duration = Duration::from_millis(200);

/// One line of the terminal, written over and over; nothing where there is none.
pub struct Progress {
    is_shown: bool,
    told: Instant,
}

impl Progress {
    pub fn new() -> Self {
        Self {
            is_shown: std::io::stderr().is_terminal(),
            told: Instant::now(),
        }
    }

    pub fn tell(&mut self, tally: &Tally) {
        if self.is_shown && self.told.elapsed() >= EVERY {
            self.told = Instant::now();
            let _ = write!(std::io::stderr(), "\r\x1b[K{tally}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
