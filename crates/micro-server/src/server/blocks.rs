//! The ports that programs written for version 3 know for each building block. There every block was a process with a port
//! of its own; here one process answers, and on each of these ports it answers everything that the proxy does.
//!
//! They are a courtesy: one that something else has is a warning and no failure, and a server that was told where to listen
//! opens none of them, so that several can run side by side.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use tokio::net::TcpListener;

/// The blocks and their ports.
pub const BLOCK_PORTS: [(&str, u16); 7] = [
    ("registry", 8000),
    ("config", 8001),
    ("store", 8002),
    ("broker", 8003),
    ("auth", 8010),
    ("runtime", 8088),
    ("network", 8443),
];

/// A port of a block that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The block.
    pub name: &'static str,
    /// Where it answers.
    pub address: SocketAddr,
}

/// Which of the ports to open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BlockPorts {
    /// None.
    #[default]
    None,
    /// All of them.
    All,
    /// These.
    Some(Vec<u16>),
}

impl BlockPorts {
    /// Opens what can be opened on that interface, and says what cannot.
    pub(super) async fn open(&self, ip: IpAddr) -> (Vec<Block>, Vec<TcpListener>) {
        let mut opened = (Vec::new(), Vec::new());
        for (name, port) in BLOCK_PORTS {
            if !self.contains(port) {
                continue;
            }
            let address = SocketAddr::new(ip, port);
            match TcpListener::bind(address).await {
                Ok(listener) => {
                    opened.0.push(Block { name, address });
                    opened.1.push(listener);
                }
                Err(error) => tracing::warn!(
                    "port {port}, which other programs know as {name}, is not opened: {error}; \
                     they reach {name} at the proxy too"
                ),
            }
        }
        opened
    }

    fn contains(&self, port: u16) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Some(ports) => ports.contains(&port),
        }
    }
}

impl FromStr for BlockPorts {
    type Err = String;

    /// `all`, `none`, or ports of blocks, separated by commas.
    fn from_str(text: &str) -> Result<Self, String> {
        let known = || {
            let ports = BLOCK_PORTS.map(|(name, port)| format!("{port} ({name})"));
            format!("write all, none, or some of {}", ports.join(", "))
        };
        match text.trim() {
            "all" => Ok(Self::All),
            "none" | "" => Ok(Self::None),
            list => list
                .split(',')
                .map(|word| {
                    let port = word.trim().parse().ok();
                    port.filter(|port| BLOCK_PORTS.iter().any(|(_, known)| known == port))
                        .ok_or_else(|| format!("{word:?} is no port of a block; {}", known()))
                })
                .collect::<Result<_, _>>()
                .map(Self::Some),
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.address.port(), self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_chosen() {
        for (text, expected) in [
            ("all", Ok(BlockPorts::All)),
            ("none", Ok(BlockPorts::None)),
            ("8003, 8443", Ok(BlockPorts::Some(vec![8003, 8443]))),
            ("80", Err(())),
            ("8003,x", Err(())),
        ] {
            assert_eq!(text.parse::<BlockPorts>().map_err(drop), expected, "{text}");
        }
        let refused = "80".parse::<BlockPorts>().unwrap_err();
        assert!(refused.contains("8003 (broker)"), "{refused}");
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_left_out() {
        // An address of the loopback network that nothing else uses, other runs of this test included.
        let [_, _, high, low] = std::process::id().to_be_bytes();
        let ip = IpAddr::from([127, 86, high, low]);
        let taken = TcpListener::bind((ip, 8003)).await.unwrap();
        let (blocks, listeners) = BlockPorts::Some(vec![8003, 8443]).open(ip).await;
        assert_eq!((blocks.len(), listeners.len()), (1, 1));
        assert_eq!(blocks[0].to_string(), "8443 (network)");
        drop(taken);
        assert!(BlockPorts::None.open(ip).await.0.is_empty());
    }
}
