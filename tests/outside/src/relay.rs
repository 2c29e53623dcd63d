//! A cable that can be cut: hands bytes on between a port of its own and a server's.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Hands connections on to a server until it is cut.
pub struct Relay {
    address: SocketAddr,
    state: Arc<watch::Sender<State>>,
    task: JoinHandle<()>,
}

/// How the cable is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Whole,
    /// Open connections break, and new ones are refused as soon as they are made.
    Cut,
    /// Connections stay open and are accepted, and no byte passes.
    Silent,
}

impl Relay {
    /// A relay to a port of this machine.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(watch::Sender::new(State::Whole));
        let states = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((inbound, _)) = listener.accept().await {
                if *states.borrow() != State::Cut {
                    tokio::spawn(carry(inbound, port, states.subscribe()));
                }
            }
        });
        Self { address, state, task }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Breaks all connections, and refuses new ones.
    pub fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// Keeps connections open and lets nothing pass: a partition, as both ends see it.
    pub fn silence(&self) {
        self.state.send_replace(State::Silent);
    }

    /// All is well again.
    pub fn mend(&self) {
        self.state.send_replace(State::Whole);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.cut();
        self.task.abort();
    }
}

async fn carry(inbound: TcpStream, port: u16, state: watch::Receiver<State>) {
    let Ok(outbound) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
        return;
    };
    let _ = (inbound.set_nodelay(true), outbound.set_nodelay(true));
    let ((from_here, to_here), (from_there, to_there)) = (inbound.into_split(), outbound.into_split());
    tokio::join!(
        pass(from_here, to_there, state.clone()),
        pass(from_there, to_here, state)
    );
}

async fn pass(
    from: tokio::net::tcp::OwnedReadHalf,
    to: tokio::net::tcp::OwnedWriteHalf,
    mut state: watch::Receiver<State>,
) {
    let mut buffer = [0; 16 * 1024];
    loop {
        let now = *state.borrow_and_update();
        tokio::select! {
            changed = state.changed() => if changed.is_err() { return },
            readable = from.readable(), if now == State::Whole => {
                if readable.is_err() || !forward(&from, &to, &mut buffer).await {
                    return;
                }
            }
            () = std::future::ready(()), if now == State::Cut => return,
        }
    }
}

/// Whether there may be more.
async fn forward(
    from: &tokio::net::tcp::OwnedReadHalf,
    to: &tokio::net::tcp::OwnedWriteHalf,
    buffer: &mut [u8],
) -> bool {
    let mut rest = match from.try_read(buffer) {
        Ok(0) => return false,
        Ok(count) => &buffer[..count],
        Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
    };
    while !rest.is_empty() {
        if to.writable().await.is_err() {
            return false;
        }
        match to.try_write(rest) {
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return false,
        }
    }
    true
}
