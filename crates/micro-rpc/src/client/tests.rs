//! Instances that go away under their callers' hands.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{
    Call, Client, Codec, Context, Handler, MethodDescriptor, Reply, Resolver, Result, Server,
    ServiceDescriptor, Streaming, async_trait,
};

const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
/// With no error, and with no stream that it leaves out.
const GOAWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const HEADERS: u8 = 1;
const DATA: u8 = 0;

static ECHO: ServiceDescriptor = ServiceDescriptor {
    package: "echo",
    name: "Echo",
    methods: &[
        MethodDescriptor {
            name: "Call",
            client_streaming: false,
            server_streaming: false,
        },
        MethodDescriptor {
            name: "Chat",
            client_streaming: true,
            server_streaming: true,
        },
    ],
    file_descriptor_set: &[],
};

/// Answers with what it was sent.
#[derive(Default)]
struct Echo {
    calls: AtomicUsize,
}

#[async_trait]
impl Handler for Echo {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        &ECHO
    }

    async fn call(&self, _: &Context, method: &'static MethodDescriptor, mut call: Call) -> Result<Reply> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        match method.name {
            "Call" => {
                let number: i64 = call.request().await?;
                call.reply(&number)
            }
            _ => {
                let numbers: Streaming<i64> = call.requests();
                call.reply_stream(numbers)
            }
        }
    }
}

/// How an instance refuses what it was sent.
#[derive(Clone, Copy)]
enum Manner {
    /// A GOAWAY that leaves out what was sent, after the head and the first message are there.
    GoAway,
    /// RST_STREAM with REFUSED_STREAM.
    Refuses,
    /// The connection breaks without a word.
    Breaks,
}

/// An instance that takes no call; how many it was sent.
async fn leaving(manner: Manner) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(refuse(stream, manner, count.clone()));
        }
    });
    (address, seen)
}

async fn refuse(mut stream: TcpStream, manner: Manner, seen: Arc<AtomicUsize>) -> std::io::Result<()> {
    let mut preface = [0; PREFACE];
    stream.read_exact(&mut preface).await?;
    stream.write_all(&SETTINGS).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
        stream.read_exact(&mut payload).await?;
        if head[3] == HEADERS {
            seen.fetch_add(1, Ordering::SeqCst);
        }
        if head[3] != DATA {
            continue;
        }
        match manner {
            Manner::GoAway => stream.write_all(&GOAWAY).await?,
            Manner::Refuses => {
                let mut reset = vec![0, 0, 4, 3, 0];
                reset.extend_from_slice(&head[5..]);
                reset.extend([0, 0, 0, 7]);
                stream.write_all(&reset).await?;
            }
            Manner::Breaks => return Ok(()),
        }
    }
}

async fn serving() -> (String, Arc<Echo>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let echo = Arc::new(Echo::default());
    let server = Server::builder("echo").handle(echo.clone()).build();
    tokio::spawn(async move {
        server
            .serve(listener, std::future::pending(), Duration::ZERO)
            .await;
    });
    (address, echo)
}

struct Known(Vec<String>);

#[async_trait]
impl Resolver for Known {
    async fn resolve(&self, _: &str, _: &str) -> Result<Vec<String>> {
        Ok(self.0.clone())
    }
}

fn client(addresses: &[&String]) -> Client {
    let known = Known(addresses.iter().map(|address| (*address).clone()).collect());
    Client::builder().resolver(Arc::new(known)).build()
}

async fn unary(client: &Client) -> Result<i64> {
    let ctx = Context::background();
    client.service("echo").unary(&ctx, "Echo.Call", &7i64).await
}

/// What comes back of three messages, sent as they are asked for.
async fn chat(client: &Client) -> Result<Vec<i64>> {
    let ctx = Context::background();
    let numbers = Streaming::from_iter([1i64, 2, 3]);
    let echoed: Streaming<i64> = client.service("echo").bidi(&ctx, "Echo.Chat", numbers).await?;
    echoed.collect().await
}

#[tokio::test]
async fn what_was_not_begun_is_sent_elsewhere() {
    for manner in [Manner::GoAway, Manner::Refuses] {
        let ((left, seen), (good, echo)) = (leaving(manner).await, serving().await);
        assert_eq!(unary(&client(&[&left, &good])).await.unwrap(), 7);
        assert_eq!(chat(&client(&[&left, &good])).await.unwrap(), [1, 2, 3]);
        assert_eq!(seen.load(Ordering::SeqCst), 2);
        assert_eq!(echo.calls.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn with_nobody_else_it_is_tried_three_times() {
    let (left, seen) = leaving(Manner::GoAway).await;
    assert_eq!(unary(&client(&[&left])).await.unwrap_err().code, 503);
    assert_eq!(chat(&client(&[&left])).await.unwrap_err().code, 503);
    assert_eq!(seen.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn what_may_have_been_begun_is_not_sent_twice() {
    let ((broken, seen), (good, echo)) = (leaving(Manner::Breaks).await, serving().await);
    assert_eq!(unary(&client(&[&broken, &good])).await.unwrap_err().code, 503);
    assert_eq!(chat(&client(&[&broken, &good])).await.unwrap_err().code, 503);
    assert_eq!(seen.load(Ordering::SeqCst), 2);
    assert_eq!(echo.calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn more_than_is_kept_is_not_sent_twice() {
    let ((left, _), (good, echo)) = (leaving(Manner::GoAway).await, serving().await);
    let big = Bytes::from(vec![0u8; 80 * 1024]);
    let requests = Streaming::from_iter([Bytes::new(), big]);
    let client = client(&[&left, &good]);
    let ctx = Context::background();
    let mut answers = client
        .stream_raw(&ctx, "echo", "Echo.Chat", Codec::Proto, requests)
        .await
        .unwrap();
    assert_eq!(answers.next().await.unwrap().unwrap_err().code, 503);
    assert_eq!(echo.calls.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_loses_no_call() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (good, _) = serving().await;
    let server = Server::builder("echo").handle(Arc::new(Echo::default())).build();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        server.serve(listener, stopped, Duration::from_secs(10)).await;
    });
    let client = client(&[&address, &good]);
    let mut stop = Some(stop);
    for round in 0..1_000 {
        if round == 300 {
            stop.take().unwrap().send(()).unwrap();
        }
        let (one, many) = tokio::join!(unary(&client), chat(&client));
        assert_eq!((one.unwrap(), many.unwrap()), (7, vec![1, 2, 3]));
    }
    serving.await.unwrap();
}
