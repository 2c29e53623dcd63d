//! The addresses of the server, and what answers on them until it is told to stop.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::Error;
use crate::drain::Drain;

/// How long another server may take to say who it is.
const PATIENCE: Duration = Duration::from_millis(500);

/// Where an address was set, to tell who has to change it.
pub(super) struct Setting<'a> {
    pub(super) address: &'a str,
    pub(super) flag: &'static str,
    pub(super) variable: &'static str,
}

impl Setting<'_> {
    pub(super) async fn bind(&self) -> Result<TcpListener, Error> {
        // `:8080` is every interface.
        let full = match self.address.starts_with(':') {
            true => format!("0.0.0.0{}", self.address),
            false => self.address.to_owned(),
        };
        match TcpListener::bind(&full).await {
            Ok(listener) => Ok(listener),
            Err(source) => Err(Error::Listen {
                address: self.address.to_owned(),
                flag: self.flag,
                variable: self.variable,
                by_micro: source.kind() == io::ErrorKind::AddrInUse && is_micro(&full).await,
                source,
            }),
        }
    }
}

/// How this machine reaches an address that it listens on.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], v4.port())),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
            SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, v6.port()))
        }
        other => other,
    }
}

/// Whether a micro server listens on an address: a gateway tells its version, a proxy who it is, and pages what they list.
async fn is_micro(address: &str) -> bool {
    let asked = tokio::time::timeout(PATIENCE, ask(address)).await;
    let answer = asked.ok().and_then(Result::ok).unwrap_or_default();
    // One over TLS says that it does not speak what it was asked in.
    [
        "{\"version\"",
        "\"id\":\"proxy\"",
        "\"id\":\"go.micro.api\"",
        "<title>Services of ",
    ]
    .iter()
    .any(|mark| answer.contains(mark))
}

async fn ask(address: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A task that answers on a listener. Dropping it begins its drain.
pub(super) struct Listening {
    drain: Drain,
    ended: watch::Receiver<()>,
    task: AbortHandle,
}

impl Listening {
    pub(super) fn start(drain: Drain, serving: impl Future<Output = ()> + Send + 'static) -> Self {
        let (alive, ended) = watch::channel(());
        let task = tokio::spawn(async move {
            serving.await;
            drop(alive);
        });
        Self {
            drain,
            ended,
            task: task.abort_handle(),
        }
    }

    /// Takes no new calls, and waits for those under way; those that take longer than `patience` are cut off.
    pub(super) async fn end(self, patience: Duration) {
        self.drain.begin();
        let _ = tokio::time::timeout(patience, self.ended()).await;
        self.task.abort();
        self.ended().await;
    }

    /// Ready when nothing answers any more, for whatever reason.
    pub(super) fn ended(&self) -> impl Future<Output = ()> + use<> {
        let mut ended = self.ended.clone();
        async move { while ended.changed().await.is_ok() {} }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interface_is_reached_over_loopback() {
        for (bound, expected) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("10.0.0.1:80", "10.0.0.1:80"),
        ] {
            assert_eq!(reachable(bound.parse().unwrap()).to_string(), expected);
        }
    }

    #[tokio::test]
    async fn a_listener_that_does_not_drain_is_cut_off() {
        let listening = Listening::start(Drain::new(), std::future::pending());
        tokio::time::timeout(Duration::from_secs(5), listening.end(Duration::from_millis(1)))
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn one_that_fails_is_noticed() {
        let listening = Listening::start(Drain::new(), async { panic!("as if by a fault") });
        tokio::time::timeout(Duration::from_secs(5), listening.ended())
            .await
            .unwrap();
    }
}
