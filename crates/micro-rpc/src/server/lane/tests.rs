//! A server's end of a lane, with a client by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::lane::{ANSWER, BYE, CALL, CANCEL, FAILED, Frame, HELLO, PING, PONG, Said, encode, number, put};
use crate::server::Limits;
use crate::server::fair::AT_ONCE;
use crate::{
    Access, Account, Call, Codec, Context, Guard, Handler, Metadata, MethodDescriptor, Packer, Reply, Result,
    Server, ServiceDescriptor, Trace, async_trait,
};

static ECHO: ServiceDescriptor = ServiceDescriptor {
    package: "echo",
    name: "Echo",
    methods: &[MethodDescriptor {
        name: "Call",
        client_streaming: false,
        server_streaming: false,
    }],
    file_descriptor_set: &[],
};

/// Answers what it is told, at once, later or never.
#[derive(Default)]
struct Echo {
    begun: AtomicUsize,
    under_way: Arc<AtomicUsize>,
}

/// Counts a call until it ends, however it does.
struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Handler for Echo {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        &ECHO
    }

    async fn call(&self, _: &Context, _: &'static MethodDescriptor, mut call: Call) -> Result<Reply> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let _under_way = UnderWay(self.under_way.clone());
        let text: String = call.request().await?;
        match text.as_str() {
            "never" => std::future::pending().await,
            "computed" => compute(),
            "later" => tokio::time::sleep(Duration::from_millis(50)).await,
            _ => {}
        }
        call.reply(&text)
    }
}

/// Knows everybody by what he shows.
struct Doorman;

impl Guard for Doorman {
    fn authenticate(&self, token: &str) -> Option<Arc<Account>> {
        Some(Arc::new(Account {
            id: token.to_owned(),
            ..Account::default()
        }))
    }

    fn authorise(&self, _: &Access<'_>) -> Result<()> {
        Ok(())
    }
}

/// For longer than a quick call does.
fn compute() {
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(2) {
        std::hint::spin_loop();
    }
}

async fn serving(limits: Limits) -> (String, Arc<Echo>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let echo = Arc::new(Echo::default());
    let server = Server::builder("echo")
        .handle(echo.clone())
        .guard(Arc::new(Doorman))
        .limits(limits)
        .build();
    tokio::spawn(async move {
        let never = std::future::pending();
        server.serve(listener, never, Duration::ZERO).await;
    });
    (address, echo)
}

fn frame(text: &str) -> Bytes {
    Codec::Proto.frame(&text.to_owned()).unwrap()
}

fn call_with(call: u64, text: &str, metadata: &Metadata) -> Vec<u8> {
    let trace = Trace::start();
    let said = Said {
        codec: Codec::Proto,
        deadline: None,
        trace: &trace,
        service: "echo",
        endpoint: "Echo.Call",
        namespace: "micro",
        token: None,
        metadata,
    };
    let mut said = encode(&said, &frame(text)).unwrap();
    number(&mut said, call);
    said
}

fn call(call: u64, text: &str) -> Vec<u8> {
    call_with(call, text, &Metadata::default())
}

fn said(kind: u8, call: u64) -> Vec<u8> {
    let mut said = Vec::new();
    put(&mut said, kind, call, &[]);
    said
}

async fn until(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting)
        .await
        .unwrap();
}

/// The next thing that is said.
async fn answer(stream: &mut TcpStream) -> (u8, u64, Bytes) {
    let reading = async {
        let mut read = BytesMut::from(&[0; 4][..]);
        stream.read_exact(&mut read).await.unwrap();
        let length = u32::from_be_bytes(*read.first_chunk().unwrap());
        read.resize(4 + length as usize, 0);
        stream.read_exact(&mut read[4..]).await.unwrap();
        let Frame { kind, call, body } = Frame::take(&mut read).unwrap().unwrap();
        (kind, call, body)
    };
    tokio::time::timeout(Duration::from_secs(10), reading)
        .await
        .unwrap()
}

async fn greet(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&HELLO).await.unwrap();
    let mut said = [0; HELLO.len() + 4];
    stream.read_exact(&mut said).await.unwrap();
    assert_eq!(said[..HELLO.len()], HELLO);
    stream
}

#[tokio::test]
async fn what_is_no_call_ends_a_lane_and_nothing_else() {
    let (address, _) = serving(Limits::default()).await;
    let mut other = greet(&address).await;
    let mut stream = greet(&address).await;
    let mut headless = Vec::new();
    put(&mut headless, CALL, 1, &[b"no head"]);
    stream.write_all(&headless).await.unwrap();
    let (kind, number, body) = answer(&mut stream).await;
    assert_eq!((kind, number, body[..2].to_vec()), (FAILED, 1, vec![0, 3]));
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 32], &[0xff; 4096]] {
        let mut stream = greet(&address).await;
        stream.write_all(garbage).await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_u8()).await;
        assert!(ended.unwrap().is_err());
    }
    other.write_all(&call(7, "a")).await.unwrap();
    assert_eq!(answer(&mut other).await, (ANSWER, 7, frame("a")));
}

#[tokio::test]
async fn who_takes_no_answers_is_not_read_any_more() {
    let (address, echo) = serving(Limits::default()).await;
    let mut stream = greet(&address).await;
    let call = call(1, &"x".repeat(20_000));
    let mut written = 0;
    while let Ok(wrote) = tokio::time::timeout(Duration::from_millis(500), stream.write_all(&call)).await {
        wrote.unwrap();
        written += 1;
        assert!(written < 20_000, "400 MB of answers are kept");
    }
    let begun = echo.begun.load(Ordering::SeqCst);
    assert!(begun > 10);
    // All of it is answered once it is taken.
    let (mut answers, mut read) = (0, BytesMut::new());
    while answers < begun {
        stream.read_buf(&mut read).await.unwrap();
        while let Some(Frame { kind, mut body, .. }) = Frame::take(&mut read).unwrap() {
            body.advance(5);
            answers += usize::from(kind == ANSWER);
        }
    }
}

#[tokio::test]
async fn who_hangs_up_ends_all_that_he_asked_for() {
    let (address, echo) = serving(Limits::default()).await;
    let mut stream = greet(&address).await;
    // Also where he uses a number again that is in use.
    for number in [1, 2, 1, 1, 3] {
        stream.write_all(&call(number, "never")).await.unwrap();
    }
    until(|| echo.begun.load(Ordering::SeqCst) == 5).await;
    drop(stream);
    until(|| echo.under_way.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_call_may_be_cancelled_before_it_was_looked_at() {
    let (address, echo) = serving(Limits::default()).await;
    let mut stream = greet(&address).await;
    let together = [
        call(1, "never"),
        said(CANCEL, 1),
        call(2, "never"),
        said(CANCEL, 2),
        call(3, "a"),
    ];
    stream.write_all(&together.concat()).await.unwrap();
    loop {
        let (kind, call, body) = answer(&mut stream).await;
        if call == 3 {
            assert_eq!((kind, body), (ANSWER, frame("a")));
            break;
        }
    }
    until(|| echo.under_way.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_alone() {
    let limits = Limits {
        streams: 4,
        headers: 1024,
        ..Limits::default()
    };
    let (address, _) = serving(limits).await;
    let mut stream = greet(&address).await;
    let mut packer = Packer::new();
    packer.push("x-large", &[b'x'; 2048]);
    stream
        .write_all(&call_with(1, "a", &packer.finish()))
        .await
        .unwrap();
    let (kind, _, body) = answer(&mut stream).await;
    assert_eq!((kind, body[0]), (FAILED, 0));
    assert!(String::from_utf8_lossy(&body).contains("431"), "{body:?}");
    // A codec that is not known, in the first byte behind the number.
    let mut odd = call(2, "a");
    odd[13] = 9;
    stream.write_all(&odd).await.unwrap();
    let (kind, number, body) = answer(&mut stream).await;
    assert_eq!((kind, number, body[..2].to_vec()), (FAILED, 2, vec![0, 3]));
    for number in 3..11 {
        stream.write_all(&call(number, "never")).await.unwrap();
    }
    stream.write_all(&call(11, "a")).await.unwrap();
    let (kind, number, body) = answer(&mut stream).await;
    assert_eq!((kind, number, body[..2].to_vec()), (FAILED, 11, vec![1, 8]));
}

#[tokio::test]
async fn the_last_answers_come_before_the_end() {
    let (address, _) = serving(Limits::default()).await;
    let mut stream = greet(&address).await;
    stream.write_all(&said(PING, 0)).await.unwrap();
    assert_eq!(answer(&mut stream).await, (PONG, 0, Bytes::new()));
    let large = "x".repeat(50_000);
    stream.write_all(&call(1, "later")).await.unwrap();
    stream.write_all(&call(2, &large)).await.unwrap();
    stream.write_all(&said(BYE, 0)).await.unwrap();
    // What is never read does not cost anybody his answer.
    stream.write_all(&said(CANCEL, 7)).await.unwrap();
    let (mut said, mut read) = (Vec::new(), BytesMut::new());
    while stream.read_buf(&mut read).await.unwrap() > 0 {
        while let Some(Frame { kind, call, .. }) = Frame::take(&mut read).unwrap() {
            said.push((kind, call));
        }
    }
    said.retain(|(kind, _)| *kind == ANSWER);
    said.sort_unstable();
    assert_eq!(said, [(ANSWER, 1), (ANSWER, 2)]);
}

#[tokio::test]
async fn callers_behind_a_gateway_take_turns() {
    // Those that may be in the queue, and some that came before it was known that they compute.
    let most = *AT_ONCE as u64 + 100;
    let calls = 4 * most;
    let (address, _echo) = serving(Limits::default()).await;
    let mut stream = greet(&address).await;
    let token = |token: &str| {
        let mut packer = Packer::new();
        packer.push("authorization", format!("Bearer {token}").as_bytes());
        packer.finish()
    };
    let [noisy, quiet] = ["the token of one", "the token of another"].map(token);
    let mut said: Vec<u8> = (1..=calls)
        .flat_map(|number| call_with(number, "computed", &noisy))
        .collect();
    said.extend(call_with(calls + 1, "computed", &quiet));
    stream.write_all(&said).await.unwrap();
    let mut before = 0;
    while answer(&mut stream).await.1 <= calls {
        before += 1;
    }
    assert!(before < most, "{before} of {calls} were answered before");
}
