//! Ten thousand malformed requests to the gateway and the proxy: refused, and forgotten.

use std::time::Duration;

use micro_tests::grpc::Peer;
use micro_tests::http::is_error;
use micro_tests::random::Random;
use micro_tests::{Server, process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const GATEWAY_REQUESTS: usize = 7_000;
const PROXY_REQUESTS: usize = 3_000;
const AT_ONCE: usize = 32;
/// As much as memory may grow between the first tenth of the requests and the last.
const GROWTH: u64 = 16 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_are_refused_and_leave_nothing_behind() {
    let server = Server::start().await;
    let seed = Random::fresh_seed();
    println!("seed {seed}");

    storm(&server, GATEWAY_REQUESTS / 10, PROXY_REQUESTS / 10, seed).await;
    let before = process::resident(server.pid()).unwrap();
    storm(
        &server,
        GATEWAY_REQUESTS * 9 / 10,
        PROXY_REQUESTS * 9 / 10,
        seed + 1,
    )
    .await;
    let after = process::resident(server.pid()).unwrap();

    assert!(
        after < before + GROWTH,
        "resident memory grew from {before} to {after} bytes"
    );
    assert!(!server.log().contains("panicked at"), "{}", server.log());
    assert_eq!(server.http().get("/").await.status, 200);
    server.micro().ok(&["services"]).await;
    Peer::connect(&server.proxy()).await.unwrap();
}

async fn storm(server: &Server, gateway: usize, proxy: usize, seed: u64) {
    let mut tasks = JoinSet::new();
    for worker in 0..AT_ONCE {
        let (gateway_address, proxy_address) = (server.gateway(), server.proxy());
        let mut random = Random::new(seed.wrapping_add(worker as u64));
        tasks.spawn(async move {
            for _ in 0..gateway / AT_ONCE + 1 {
                let request = http_request(&mut random);
                let answer = exchange(&gateway_address, &request).await;
                check_http(&request, &answer);
            }
            for _ in 0..proxy / AT_ONCE + 1 {
                let request = h2_request(&mut random);
                let answer = exchange(&proxy_address, &request).await;
                check_h2(&request, &answer);
            }
        });
    }
    while let Some(outcome) = tasks.join_next().await {
        outcome.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}

/// Sends all, closes our side, and reads until the server closes its own.
async fn exchange(address: &str, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("the server accepts");
    let mut answer = Vec::new();
    // The server may well hang up while we are still writing.
    let _ = stream.write_all(request).await;
    let _ = stream.shutdown().await;
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "neither answered nor closed: {}", shown(request));
    answer
}

/// A request that is wrong somewhere.
fn http_request(random: &mut Random) -> Vec<u8> {
    let valid = b"POST /auth/Auth/Inspect HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{\"token\":\"\"}";
    let post = |path: &str, body: &[u8]| {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    let get =
        |path: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").into_bytes();
    match random.below(12) {
        0 => {
            let count = random.below(2000);
            random.bytes(count)
        }
        1 => valid[..random.below(valid.len())].to_vec(),
        2 => get(&format!("/{}", random.text(200).replace(' ', ""))),
        3 => get(&format!(
            "/auth/Auth/Inspect?{}",
            random.text(200).replace(' ', "")
        )),
        4 => post("/auth/Auth/Inspect", random.text(300).as_bytes()),
        5 => {
            let count = random.below(500);
            post("/auth/Auth/Inspect", &random.bytes(count))
        }
        6 => random.mutate(valid, b"transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n"),
        7 => format!(
            "GET /x HTTP/1.1\r\nhost: x\r\n{}: {}\r\n\r\n",
            random.text(20),
            "v".repeat(random.below(200_000))
        )
        .into_bytes(),
        8 => format!(
            "POST /auth/Auth/Inspect HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{{",
            random.pick(&["-1", "abc", "99999999999999999999", "104857601", "7, 9"])
        )
        .into_bytes(),
        9 => {
            let deep = "[".repeat(random.below(20_000));
            post("/auth/Auth/Inspect", format!("{{\"token\":{deep}").as_bytes())
        }
        10 => {
            let kind = random.pick(&[
                "multipart/form-data",
                "multipart/form-data; boundary=",
                "multipart/form-data; boundary=x",
                "application/x-www-form-urlencoded",
                "application/protobuf",
            ]);
            let body = random.text(300);
            format!("POST /auth/Auth/Inspect HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
        }
        _ => format!(
            "{} /registry/Registry/GetService HTTP/{}\r\nhost: x\r\nconnection: close\r\n\r\n",
            random.text(12),
            random.pick(&["1.1", "1.0", "2.0", "9", ""])
        )
        .into_bytes(),
    }
}

/// Closed without a word, or a refusal; a body of ours has the shape of all errors.
fn check_http(request: &[u8], answer: &[u8]) {
    if answer.is_empty() {
        return;
    }
    let text = String::from_utf8_lossy(answer);
    let status: u16 = text
        .split_whitespace()
        .nth(1)
        .and_then(|word| word.parse().ok())
        .unwrap_or_else(|| panic!("no status: {text}"));
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    // A mutation may leave a request whole; what is whole may be answered.
    assert!(status < 600, "{status} to {}", shown(request));
    if status >= 400 && !body.is_empty() && text.contains("application/json") {
        // A mutation may make two requests of one, and then two answers follow each other.
        let mut answers = serde_json::Deserializer::from_str(body).into_iter();
        let error = answers
            .next()
            .and_then(Result::ok)
            .unwrap_or_else(|| panic!("not JSON: {text}\nto {}", shown(request)));
        assert!(is_error(&error), "{text}\nto {}", shown(request));
    }
    assert!(!body.contains("panic recovered"), "{text}\nto {}", shown(request));
}

/// HTTP/2 that is wrong somewhere: in the preface, in a frame, in a header, in a message.
fn h2_request(random: &mut Random) -> Vec<u8> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let settings = frame(4, 0, 0, &[]);
    let mut bytes = [PREFACE, &settings].concat();
    match random.below(7) {
        0 => {
            let count = random.below(500);
            return random.bytes(count);
        }
        1 => return b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
        2 => bytes.truncate(random.below(bytes.len())),
        3 => {
            for _ in 0..random.below(20) {
                let count = random.below(100);
                let payload = random.bytes(count);
                bytes.extend(frame(
                    random.next() as u8,
                    random.next() as u8,
                    random.next() as u32 & 0x7fff_ffff,
                    &payload,
                ));
            }
        }
        // Longer than any frame may be.
        4 => bytes.extend([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]),
        5 => {
            let message = random.bytes(20);
            bytes.extend(call(&format!("/{}", random.text(60)), &message));
        }
        _ => {
            // A call that is well formed up to its message: a length that lies, compressed without saying how.
            let message = random.pick(&[
                b"\0\xff\xff\xff\xff{}".as_slice(),
                b"\x01\0\0\0\x02{}",
                b"\0\0\0\0\x02{",
                b"\0\0",
                b"\0\0\0\0\x03{x}",
            ]);
            bytes.extend(call("/auth.Auth/Inspect", message));
        }
    }
    bytes
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// HEADERS and DATA of one gRPC call, the headers as plain literals.
fn call(path: &str, message: &[u8]) -> Vec<u8> {
    let mut block = vec![0x83, 0x86]; // :method POST, :scheme http
    for (name, value) in [
        (":path", path),
        (":authority", "x"),
        ("content-type", "application/grpc+json"),
        ("te", "trailers"),
    ] {
        let value = &value.as_bytes()[..value.len().min(126)];
        block.extend([0, name.len() as u8]);
        block.extend(name.as_bytes());
        block.push(value.len() as u8);
        block.extend(value);
    }
    [frame(1, 0x4, 1, &block), frame(0, 0x1, 1, message)].concat()
}

/// What comes back are frames of HTTP/2, an answer of HTTP/1, or nothing.
fn check_h2(request: &[u8], answer: &[u8]) {
    if answer.starts_with(b"HTTP/1.") {
        return check_http(request, answer);
    }
    assert!(
        !contains(answer, b"panic recovered"),
        "{}\nto {}",
        shown(answer),
        shown(request)
    );
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The first of the bytes, in a form that can be pasted into a test.
fn shown(bytes: &[u8]) -> String {
    format!(
        "b\"{}\" ({} bytes)",
        bytes[..bytes.len().min(2000)].escape_ascii(),
        bytes.len()
    )
}
