//! Another site: what it shows is a test's to say, and what is sent to it is kept.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A web server with one page, which every address below it shows. It ends when dropped.
pub struct Site {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
    page: Arc<Mutex<String>>,
    server: JoinHandle<()>,
}

impl Site {
    /// Starts it on a free port of this machine.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a listener has an address").port();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let page = Arc::<Mutex<String>>::default();
        let (kept, shown) = (heads.clone(), page.clone());
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, shown) = (kept.clone(), shown.clone());
                tokio::spawn(async move {
                    let _ = answer(stream, &kept, &shown).await;
                });
            }
        });
        Self {
            port,
            heads,
            page,
            server,
        }
    }

    /// From now on this is shown.
    pub fn show(&self, page: &str) {
        page.clone_into(&mut self.page.lock().unwrap());
    }

    /// Where it is; to a browser each name of this machine is a site of its own.
    pub fn url(&self, host: &str) -> String {
        format!("http://{host}:{}/", self.port)
    }

    /// The heads of the requests so far that begin so, in lower case.
    pub fn asked(&self, beginning: &str) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        heads
            .iter()
            .filter(|head| head.starts_with(beginning))
            .cloned()
            .collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(stream: TcpStream, heads: &Mutex<Vec<String>>, page: &Mutex<String>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 {
            return Ok(());
        }
    }
    heads.lock().unwrap().push(head.to_lowercase());
    // Browsers open connections before they have something to ask.
    let page = page.lock().unwrap().clone();
    let length = page.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{page}"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
