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
    /// Nothing comes any more, and the connection stays.
    Freezes,
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
            Manner::Freezes => {
                std::future::pending::<()>().await;
            }
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

struct Known(Arc<[String]>);

#[async_trait]
impl Resolver for Known {
    async fn resolve(&self, _: &str, _: &str) -> Result<Arc<[String]>> {
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
        // Which one is asked first is by lot.
        let mut made = 0;
        while seen.load(Ordering::SeqCst) < 4 {
            assert_eq!(unary(&client(&[&left, &good])).await.unwrap(), 7);
            assert_eq!(chat(&client(&[&left, &good])).await.unwrap(), [1, 2, 3]);
            made += 2;
        }
        assert_eq!(echo.calls.load(Ordering::SeqCst), made);
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
    let (mut failed, mut made) = (0, 0);
    while failed < 4 {
        let answers = [
            unary(&client(&[&broken, &good])).await.map(drop),
            chat(&client(&[&broken, &good])).await.map(drop),
        ];
        made += answers.len();
        for error in answers.into_iter().filter_map(Result::err) {
            assert_eq!(error.code, 503);
            failed += 1;
        }
    }
    assert_eq!(seen.load(Ordering::SeqCst), failed);
    assert_eq!(echo.calls.load(Ordering::SeqCst), made - failed);
}

#[tokio::test]
async fn more_than_is_kept_is_not_sent_twice() {
    let ((left, seen), (good, echo)) = (leaving(Manner::GoAway).await, serving().await);
    let big = Bytes::from(vec![0u8; 80 * 1024]);
    let client = client(&[&left, &good]);
    let ctx = Context::background();
    loop {
        let requests = Streaming::from_iter([Bytes::new(), big.clone()]);
        let begun = echo.calls.load(Ordering::SeqCst);
        let mut answers = client
            .stream_raw(&ctx, "echo", "Echo.Chat", Codec::Proto, requests)
            .await
            .unwrap();
        let answer = answers.next().await.unwrap();
        if seen.load(Ordering::SeqCst) > 0 {
            assert_eq!(answer.unwrap_err().code, 503);
            assert_eq!(echo.calls.load(Ordering::SeqCst), begun);
            return;
        }
    }
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

/// Answers after a while, or with a failure.
struct Clumsy {
    calls: AtomicUsize,
    takes: Duration,
    code: i32,
}

#[async_trait]
impl Handler for Clumsy {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        &ECHO
    }

    async fn call(&self, _: &Context, _: &'static MethodDescriptor, mut call: Call) -> Result<Reply> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let number: i64 = call.request().await?;
        tokio::time::sleep(self.takes).await;
        match self.code {
            200 => call.reply(&number),
            code => Err(crate::Error::new("echo", code, "not now")),
        }
    }
}

async fn clumsy(takes: Duration, code: i32) -> (String, Arc<Clumsy>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let clumsy = Arc::new(Clumsy {
        calls: AtomicUsize::new(0),
        takes,
        code,
    });
    let server = Server::builder("echo").handle(clumsy.clone()).build();
    tokio::spawn(async move {
        server
            .serve(listener, std::future::pending(), Duration::ZERO)
            .await;
    });
    (address, clumsy)
}

async fn idempotent(client: &Client) -> Result<i64> {
    let ctx = Context::background();
    client.service("echo").idempotent(&ctx, "Echo.Call", &7i64).await
}

/// Calls by so many at a time; how many failed.
async fn calls(client: &Client, number: usize, at_once: usize) -> usize {
    let each = |_| async move {
        let mut failed = 0;
        for _ in 0..number / at_once {
            failed += usize::from(idempotent(client).await.is_err());
        }
        failed
    };
    let all: Vec<_> = (0..at_once).map(each).collect();
    futures_util::future::join_all(all).await.into_iter().sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_much_slower_is_hardly_called() {
    let ms = Duration::from_millis;
    let (a, b) = (clumsy(ms(2), 200).await, clumsy(ms(2), 200).await);
    let (slow, by_slow) = clumsy(ms(100), 200).await;
    let client = client(&[&slow, &a.0, &b.0]);
    assert_eq!(calls(&client, 400, 8).await, 0);
    let before = by_slow.calls.load(Ordering::SeqCst);
    assert_eq!(calls(&client, 2_000, 8).await, 0);
    let after = by_slow.calls.load(Ordering::SeqCst) - before;
    assert!(after < 40, "{after} of 2000 went to the slow one");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_fails_is_left_alone() {
    let (good, _) = serving().await;
    let (failing, by_failing) = clumsy(Duration::ZERO, 503).await;
    let client = client(&[&failing, &good]);
    assert_eq!(calls(&client, 400, 4).await, 0);
    let called = by_failing.calls.load(Ordering::SeqCst);
    assert!((1..=40).contains(&called), "{called}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_gone_is_noticed_by_nobody() {
    let (one, two) = (serving().await, serving().await);
    let (gone, ends) = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = Server::builder("echo").handle(Arc::new(Echo::default())).build();
        let serving = tokio::spawn(async move {
            server
                .serve(listener, std::future::pending(), Duration::ZERO)
                .await;
        });
        (address, serving)
    };
    let client = client(&[&gone, &one.0, &two.0]);
    let calling = tokio::spawn({
        let client = client.clone();
        async move { calls(&client, 8_000, 16).await }
    });
    while one.1.calls.load(Ordering::SeqCst) < 100 {
        tokio::task::yield_now().await;
    }
    ends.abort();
    assert_eq!(calling.await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_fail_few_calls_are_made_again() {
    let (failing, by_failing) = clumsy(Duration::ZERO, 503).await;
    let client = client(&[&failing]);
    assert_eq!(calls(&client, 200, 20).await, 200);
    let called = by_failing.calls.load(Ordering::SeqCst);
    assert!(called <= 200 + 200 / 5 + 10, "{called} for 200");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_takes_its_time_is_made_elsewhere_too() {
    let long = Duration::from_secs(60);
    let (stuck, by_stuck) = clumsy(long, 200).await;
    let (good, echo) = serving().await;
    let hedged = client(&[&stuck, &good]).hedged(Duration::from_millis(5));
    // As many as a new client may make twice, however slow this machine is.
    for _ in 0..10 {
        assert_eq!(idempotent(&hedged).await, Ok(7));
    }
    assert!(by_stuck.calls.load(Ordering::SeqCst) >= 1);
    assert!(echo.calls.load(Ordering::SeqCst) >= 10);
    // What may be made once only is not made twice.
    let plain = client(&[&stuck]).hedged(Duration::from_millis(5));
    let waiting = tokio::time::timeout(Duration::from_millis(100), unary(&plain));
    assert!(waiting.await.is_err());
}

#[tokio::test]
async fn who_has_frozen_is_given_up_long_before_the_call_is() {
    let ((frozen, seen), (good, _)) = (leaving(Manner::Freezes).await, serving().await);
    let known = Known([frozen.clone(), good].into());
    let client = Client::builder()
        .resolver(Arc::new(known))
        .timeout(Duration::from_secs(60))
        .keep_alive(Duration::from_millis(50))
        .build();
    while seen.load(Ordering::SeqCst) == 0 {
        let answered = tokio::time::timeout(Duration::from_secs(20), idempotent(&client)).await;
        assert_eq!(answered.unwrap(), Ok(7));
    }
    let alone = Client::builder()
        .address(&frozen)
        .keep_alive(Duration::from_millis(50))
        .build();
    let answered = tokio::time::timeout(Duration::from_secs(5), unary(&alone)).await;
    assert_eq!(answered.unwrap().unwrap_err().code, 503);
}

#[tokio::test]
async fn where_nobody_is_there_the_reason_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = listener.local_addr().unwrap().to_string();
    drop(listener);
    for answered in [
        unary(&client(&[&gone])).await,
        idempotent(&client(&[&gone])).await,
    ] {
        let error = answered.unwrap_err();
        assert_eq!(error.code, 503);
        assert!(error.detail.contains("connection refused"), "{error}");
    }
}
