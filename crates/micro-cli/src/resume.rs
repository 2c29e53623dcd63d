//! Streams that outlive a restart of the server.

use std::time::{Duration, Instant};

use micro_rpc::Streaming;

use crate::errors::{Failure, Result};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A stream that has lived so long was in order: pauses begin anew.
const SETTLED: Duration = Duration::from_secs(5);

/// How to open what has ended once more.
pub struct Resume {
    pause: Duration,
    opened: Instant,
}

impl Resume {
    /// For something that is open now.
    pub fn new() -> Self {
        Self {
            pause: FIRST_PAUSE,
            opened: Instant::now(),
        }
    }

    /// Opens again, however long the server is away.
    ///
    /// # Errors
    ///
    /// That with which the stream ended, and that of `open`, unless it says that the server is away.
    pub async fn open<S>(
        &mut self,
        ended: Option<Failure>,
        mut open: impl AsyncFnMut() -> Result<S>,
    ) -> Result<S> {
        if let Some(failure) = ended.filter(|failure| !failure.is_away) {
            return Err(failure);
        }
        if self.opened.elapsed() > SETTLED {
            self.pause = FIRST_PAUSE;
        }
        let mut is_told = false;
        loop {
            tokio::time::sleep(self.pause).await;
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            match open().await {
                Err(failure) if failure.is_away => {
                    if !std::mem::replace(&mut is_told, true) {
                        eprintln!("The server is away, trying again (Ctrl-C ends)");
                    }
                }
                opened => {
                    self.opened = Instant::now();
                    return opened;
                }
            }
        }
    }
}

/// Hands each message on, and opens the stream again whenever it ends. What fails the first time fails for good.
pub async fn follow<T: Send + 'static>(
    mut open: impl AsyncFnMut() -> Result<Streaming<T>>,
    mut each: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    let mut stream = open().await?;
    let mut resume = Resume::new();
    loop {
        let ended = match stream.next().await {
            Some(Ok(message)) => {
                each(message)?;
                continue;
            }
            Some(Err(error)) => Some(Failure::from(error)),
            None => None,
        };
        stream = resume.open(ended, &mut open).await?;
    }
}

#[cfg(test)]
mod tests {
    use micro_rpc::Error;

    use super::*;

    #[tokio::test]
    async fn ends_and_lost_servers_are_outlived_and_refusals_are_not() {
        let mut turns = 0;
        let mut seen = Vec::new();
        let ended = follow(
            async || {
                turns += 1;
                match turns {
                    1 => Ok(Streaming::from_iter([1, 2])),
                    2 => Err(Failure::from(Error::unavailable("x", "away"))),
                    3 => Ok(Streaming::new(micro_rpc::futures_util::stream::iter([
                        Ok(3),
                        Err(Error::unavailable("x", "connection broke")),
                    ]))),
                    4 => Ok(Streaming::from_iter([4])),
                    _ => Err(Failure::from(Error::forbidden("x", "no more"))),
                }
            },
            |number| {
                seen.push(number);
                Ok(())
            },
        )
        .await;
        assert_eq!(ended.unwrap_err().text, "no more");
        assert_eq!(seen, [1, 2, 3, 4]);
        let never = async || Err::<Streaming<u8>, _>(Failure::from(Error::unavailable("x", "away")));
        assert!(follow(never, |_| Ok(())).await.unwrap_err().is_away);
    }
}
