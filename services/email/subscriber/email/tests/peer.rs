//! A mail server that does as a test tells it: it speaks SMTP (RFC 5321) on a port of its own.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What it does with a mail.
#[derive(Clone, Copy, Debug)]
pub enum Say {
    /// Takes it.
    Yes,
    /// Answers the command that begins so with this line.
    To(&'static str, &'static str),
    /// Ends the connection when the command comes.
    Nothing(&'static str),
}

pub struct Peer {
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    mails: Vec<String>,
    commands: Vec<String>,
}

impl Peer {
    /// A server that does one thing after the other, a connection each, and the last one from then on.
    pub async fn start(script: &'static [Say]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let told = seen.clone();
        // It ends with the test's runtime.
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let say = script[connection.min(script.len() - 1)];
                // A client that breaks off is its own affair.
                let _ = converse(stream, say, &told).await;
            }
        });
        Self { address, seen }
    }

    /// The mails that it took, whole.
    pub fn mails(&self) -> Vec<String> {
        self.seen.lock().unwrap().mails.clone()
    }

    /// All that it was told.
    pub fn commands(&self) -> Vec<String> {
        self.seen.lock().unwrap().commands.clone()
    }
}

async fn converse(stream: TcpStream, say: Say, seen: &Mutex<Seen>) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 peer.test ESMTP\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        seen.lock().unwrap().commands.push(line.clone());
        let answer = match say {
            Say::Nothing(to) if line.starts_with(to) => return Ok(()),
            Say::To(to, answer) if line.starts_with(to) => answer,
            _ if line.starts_with("EHLO") => "250-peer.test\r\n250-AUTH PLAIN\r\n250 8BITMIME",
            _ if line.starts_with("AUTH") => "235 welcome",
            _ if line.starts_with("DATA") => {
                writer.write_all(b"354 go on\r\n").await?;
                let mut mail = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    mail.push_str(&format!("{line}\n"));
                }
                match say {
                    Say::To("mail", answer) => answer,
                    Say::Nothing("mail") => {
                        seen.lock().unwrap().mails.push(mail);
                        return Ok(());
                    }
                    _ => {
                        seen.lock().unwrap().mails.push(mail);
                        "250 taken"
                    }
                }
            }
            _ => "250 fine",
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
