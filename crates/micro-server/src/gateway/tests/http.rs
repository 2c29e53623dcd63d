//! HTTP by hand, to see each byte.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A whole answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn failed(&self, status: u16) -> String {
        let error = self.json();
        let text = || self.text().chars().take(200).collect::<String>();
        assert_eq!(
            (self.status, error["code"].as_u64()),
            (status, Some(status.into())),
            "{}",
            text()
        );
        assert!(
            ["id", "detail", "status"]
                .iter()
                .all(|key| error[*key].is_string()),
            "{error}"
        );
        error["detail"].as_str().unwrap().to_owned()
    }
}

/// Sends bytes and reads until the other side closes.
pub(crate) async fn exchange(address: &str, request: &[u8], closes: bool) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(request).await;
    if closes {
        let _ = stream.shutdown().await;
    }
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    assert!(
        read.is_ok(),
        "neither answered nor closed: {}",
        request.escape_ascii()
    );
    answer
}

/// One request on a connection of its own. `line` is `POST /path`.
pub(crate) async fn send(
    address: &str,
    line: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> Answer {
    let body = body.as_ref();
    let mut request = format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
    if !body.is_empty() {
        request.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    parse(&exchange(address, &[request.as_bytes(), body].concat(), false).await)
}

pub(crate) async fn get(address: &str, path: &str) -> Answer {
    send(address, &format!("GET {path}"), &[], "").await
}

/// The last answer of those that came.
pub(crate) fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no answer: {}", bytes.escape_ascii()));
    let head = String::from_utf8(bytes[..end].to_vec())
        .unwrap()
        .to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = &bytes[end + 4..];
    if status == 100 {
        return parse(body);
    }
    let body = if head.contains("transfer-encoding: chunked") {
        unchunk(body)
    } else {
        body.to_vec()
    };
    Answer { status, head, body }
}

fn unchunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = bytes
            .windows(2)
            .position(|window| window == b"\r\n")
            .expect("a chunk");
        let length = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return whole;
        }
        whole.extend_from_slice(&bytes[end + 2..end + 2 + length]);
        bytes = &bytes[end + 2 + length + 2..];
    }
}
