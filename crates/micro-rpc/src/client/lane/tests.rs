//! Both ends of a lane, and what becomes of calls where one of them does not do what it should.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::join_all;
use http::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::codec::frame_raw;
use crate::lane::{ANSWER, BYE, CALL, Frame, GONE, HELLO, LAST, PING, put};
use crate::{
    Call, Client, Codec, Context, Error, Handler, MethodDescriptor, Reply, Resolver, Result, Server,
    ServiceDescriptor, Streaming, async_trait,
};

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
            name: "Count",
            client_streaming: false,
            server_streaming: true,
        },
    ],
    file_descriptor_set: &[],
};

/// Answers as it is told.
#[derive(Default)]
struct Echo {
    begun: AtomicUsize,
    ended: Arc<AtomicUsize>,
    heard: Mutex<Vec<Vec<(String, String)>>>,
}

/// Counts calls that end, however they do.
struct End(Arc<AtomicUsize>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Handler for Echo {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        &ECHO
    }

    async fn call(&self, ctx: &Context, method: &'static MethodDescriptor, mut call: Call) -> Result<Reply> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let _end = End(self.ended.clone());
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let metadata = ctx.metadata().iter().map(owned).collect();
        self.heard.lock().unwrap().push(metadata);
        let text: String = call.request().await?;
        if method.name == "Count" && text == "panic" {
            let numbers = Streaming::from_iter(["1".to_owned(), "2".to_owned()]);
            return call.reply_stream(numbers.map(|number| match number.as_str() {
                "1" => Ok(number),
                _ => panic!("on purpose"),
            }));
        }
        if method.name == "Count" {
            let to: usize = text.parse().unwrap_or(0);
            let numbers = (0..to).map(|number| number.to_string());
            return call.reply_stream(Streaming::from_iter(numbers));
        }
        match text.as_str() {
            "panic" => panic!("on purpose"),
            "conflict" => Err(Error::conflict("echo.Call", "100% é")),
            "plain" => Err(Error::plain(10, "no error of ours: 100% é")),
            "never" => std::future::pending().await,
            "later" => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                call.reply(&text)
            }
            "large" => call.reply(&"x".repeat(3 << 20)),
            "trace" => {
                let trace = ctx.trace();
                let parent = trace.parent.as_ref().map(ToString::to_string);
                call.reply(&format!("{} {parent:?} {}", trace.id, ctx.namespace()))
            }
            "left" => call.reply(&ctx.remaining().map_or(0, |left| left.as_secs()).to_string()),
            _ => call.reply(&text),
        }
    }
}

async fn serving() -> (String, Arc<Echo>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let echo = Arc::new(Echo::default());
    let server = Server::builder("echo").handle(echo.clone()).build();
    tokio::spawn(async move {
        let never = std::future::pending();
        server.serve(listener, never, Duration::ZERO).await;
    });
    (address, echo)
}

async fn say(client: &Client, endpoint: &str, text: &str) -> Result<String> {
    let ctx = Context::background()
        .with_metadata("x-one", "1")
        .with_token("good");
    client
        .service("echo")
        .unary(&ctx, endpoint, &text.to_owned())
        .await
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting)
        .await
        .unwrap();
}

fn has_lane(client: &Client, address: &str) -> bool {
    client.0.pool.target(address).lanes.is_open()
}

/// A client that has a lane to the address.
async fn over_lane(address: &str) -> Client {
    let client = Client::to_address(address).with_own_connections(1);
    until(async || {
        let _ = client
            .call_raw(
                &Context::background(),
                "echo",
                "Echo.Call",
                Codec::Proto,
                Bytes::new(),
            )
            .await;
        has_lane(&client, address)
    })
    .await;
    client
}

/// How often something came over the lane.
fn reads(client: &Client, address: &str) -> u64 {
    let lane = client.0.pool.target(address).lane().unwrap();
    lane.shared.reads.load(Ordering::SeqCst)
}

#[tokio::test]
async fn small_calls_go_over_a_lane_and_are_what_they_were() {
    let (address, echo) = serving().await;
    let (lane, plain) = (over_lane(&address).await, Client::to_address(&address));
    say(&plain, "Echo.Call", "first").await.unwrap();
    plain.0.pool.target(&address).lanes.avoid();
    for (endpoint, text) in [
        ("Echo.Call", "hello"),
        ("Echo.Call", ""),
        ("Echo.Call", "conflict"),
        ("Echo.Call", "plain"),
        ("Echo.Call", "panic"),
        ("Echo.Call", "later"),
        ("Echo.Call", "large"),
        ("Echo.Count", "3"),
        ("Echo.Count", "0"),
        ("Echo.Other", ""),
        ("Other.Call", ""),
        ("Echo.", ""),
        ("Echo", ""),
    ] {
        let before = reads(&lane, &address);
        echo.heard.lock().unwrap().clear();
        let answers = [
            say(&plain, endpoint, text).await,
            say(&lane, endpoint, text).await,
        ];
        assert_eq!(answers[0], answers[1], "{endpoint} {text}");
        let is_name = endpoint.len() > 5;
        assert_eq!(reads(&lane, &address) > before, is_name, "{endpoint} {text}");
        let heard = std::mem::take(&mut *echo.heard.lock().unwrap());
        if let [plain, lane] = &heard[..] {
            let sorted = |headers: &Vec<(String, String)>| {
                let is_said = |(name, _): &&(String, String)| {
                    !name.starts_with("micro-trace") && !name.starts_with("micro-span")
                };
                let mut all: Vec<_> = headers.iter().filter(is_said).cloned().collect();
                all.sort();
                all
            };
            assert_eq!(sorted(plain), sorted(lane));
        }
    }
    assert!(!has_lane(&plain, &address));
}

#[tokio::test]
async fn trace_namespace_and_time_travel() {
    let (address, _) = serving().await;
    let client = over_lane(&address).await;
    let ctx = Context::background().with_namespace("shop");
    let asked = |text: &str| {
        let (client, ctx, text) = (client.clone(), ctx.clone(), text.to_owned());
        async move {
            let ctx = ctx.with_timeout(Duration::from_secs(100));
            client
                .service("echo")
                .unary::<String, String>(&ctx, "Echo.Call", &text)
                .await
        }
    };
    let trace = ctx.trace();
    let expected = format!("{} Some(\"{}\") shop", trace.id, trace.span);
    assert_eq!(asked("trace").await, Ok(expected));
    assert!(["99", "100"].contains(&asked("left").await.unwrap().as_str()));
    let short = ctx.with_timeout(Duration::from_millis(20));
    let (service, never) = (client.service("echo"), "never".to_owned());
    let late = service.unary::<_, String>(&short, "Echo.Call", &never);
    assert_eq!(late.await.unwrap_err().code, 408);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_and_small_ones_and_very_many_share_it() {
    let (address, _) = serving().await;
    let client = over_lane(&address).await;
    let large = "y".repeat(1 << 20);
    let (large, very, many) = tokio::join!(
        say(&client, "Echo.Call", &large),
        say(&client, "Echo.Call", "large"),
        join_all((0..3_000).map(|_| say(&client, "Echo.Call", "later"))),
    );
    assert_eq!((large.unwrap().len(), very.unwrap().len()), (1 << 20, 3 << 20));
    assert!(many.into_iter().all(|one| one.unwrap() == "later"));
    assert_eq!(client.0.pool.target(&address).lane().unwrap().load(), 0);
}

#[tokio::test]
async fn whoever_leaves_stops_the_work() {
    let (address, echo) = serving().await;
    let client = over_lane(&address).await;
    let (begun, ended) = (
        echo.begun.load(Ordering::SeqCst),
        echo.ended.load(Ordering::SeqCst),
    );
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { say(&client, "Echo.Call", "never").await })
        })
        .collect();
    until(async || echo.begun.load(Ordering::SeqCst) == begun + 50).await;
    calls.iter().for_each(|call| call.abort());
    until(async || echo.ended.load(Ordering::SeqCst) == ended + 50).await;
    assert_eq!(
        say(&client, "Echo.Call", "still here").await.unwrap(),
        "still here"
    );
    // So does a client that goes as a whole.
    let other = over_lane(&address).await;
    let begun = echo.begun.load(Ordering::SeqCst);
    let call = tokio::spawn(async move { say(&other, "Echo.Call", "never").await });
    until(async || echo.begun.load(Ordering::SeqCst) == begun + 1).await;
    let ended = echo.ended.load(Ordering::SeqCst);
    call.abort();
    until(async || echo.ended.load(Ordering::SeqCst) == ended + 1).await;
}

/// What a server by hand does with the calls on its lane.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    /// It answers them.
    Answers,
    /// It says something else in place of the hello.
    Strange,
    /// It ends as soon as it is connected to.
    Ends,
    Gone,
    Breaks,
    Freezes,
    Garbage,
    /// It reads nothing any more.
    Deaf,
    /// It says that it goes away, and takes no more.
    Last,
}

/// Who answers plain calls and says that it takes lanes; how many connections and calls on lanes it had.
async fn by_hand(says: bool, manner: Manner) -> (String, Arc<[AtomicUsize; 2]>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let counts = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let counted = counts.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted[0].fetch_add(1, Ordering::SeqCst);
            let counts = counted.clone();
            tokio::spawn(async move {
                let mut first = [0];
                stream.peek(&mut first).await.unwrap();
                match first[0] == HELLO[0] {
                    true => drop(lane_by_hand(stream, manner, &counts[1]).await),
                    false => http2_by_hand(stream, says).await,
                }
            });
        }
    });
    (address, counts)
}

async fn http2_by_hand(stream: TcpStream, says: bool) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let mut response = Response::new(());
        if says && request.headers().contains_key("micro-lane") {
            response.headers_mut().insert("micro-lane", "1".parse().unwrap());
        }
        let mut stream = respond.send_response(response, false).unwrap();
        stream.send_data(frame_raw(b"").unwrap(), true).unwrap();
    }
}

async fn lane_by_hand(mut stream: TcpStream, manner: Manner, calls: &AtomicUsize) -> std::io::Result<()> {
    match manner {
        Manner::Ends => return Ok(()),
        Manner::Strange => {
            return stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
                .await;
        }
        _ => {}
    }
    let mut hello = [0; HELLO.len()];
    stream.read_exact(&mut hello).await?;
    assert_eq!(hello, HELLO);
    stream.write_all(&HELLO).await?;
    stream.write_all(&100_u32.to_be_bytes()).await?;
    let mut read = BytesMut::new();
    let mut is_last = false;
    if manner == Manner::Deaf {
        std::future::pending::<()>().await;
    }
    while stream.read_buf(&mut read).await? > 0 {
        while let Some(Frame { kind, call, .. }) = Frame::take(&mut read).unwrap() {
            match kind {
                CALL => {}
                BYE => return Ok(()),
                kind => {
                    assert!(kind != PING || manner == Manner::Freezes);
                    continue;
                }
            }
            calls.fetch_add(1, Ordering::SeqCst);
            let mut said = Vec::new();
            match manner {
                Manner::Answers => put(&mut said, ANSWER, call, &[&[0; 5]]),
                Manner::Gone => put(&mut said, GONE, call, &[]),
                Manner::Garbage => said.extend_from_slice(&[0xff; 64]),
                Manner::Breaks => return Ok(()),
                Manner::Last => {
                    put(&mut said, LAST, 0, &[]);
                    put(&mut said, ANSWER, call, &[&[0; 5]]);
                    assert!(!std::mem::replace(&mut is_last, true), "a call behind the last");
                }
                _ => {}
            }
            stream.write_all(&said).await?;
        }
    }
    Ok(())
}

async fn empty(client: &Client) -> Result<Bytes> {
    let ctx = Context::background();
    client
        .call_raw(&ctx, "echo", "Echo.Call", Codec::Proto, Bytes::new())
        .await
}

#[tokio::test]
async fn who_does_not_know_lanes_is_not_bothered() {
    for (says, manner, connections) in [
        (false, Manner::Answers, 1),
        (true, Manner::Strange, 2),
        (true, Manner::Ends, 2),
    ] {
        let (address, counts) = by_hand(says, manner).await;
        let client = Client::to_address(&address).with_own_connections(1);
        empty(&client).await.unwrap();
        until(async || {
            empty(&client).await.unwrap();
            counts[0].load(Ordering::SeqCst) == connections
        })
        .await;
        for _ in 0..20 {
            empty(&client).await.unwrap();
        }
        assert_eq!(counts[0].load(Ordering::SeqCst), connections);
        assert_eq!(counts[1].load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn what_was_not_begun_goes_elsewhere_and_what_may_have_been_does_not() {
    struct Known(Arc<[String]>);
    #[async_trait]
    impl Resolver for Known {
        async fn resolve(&self, _: &str, _: &str) -> Result<Arc<[String]>> {
            Ok(self.0.clone())
        }
    }
    for (manner, code) in [
        (Manner::Answers, 0),
        (Manner::Gone, 0),
        (Manner::Breaks, 503),
        (Manner::Garbage, 503),
    ] {
        let (odd, counts) = by_hand(true, manner).await;
        let (good, _) = by_hand(true, Manner::Answers).await;
        let client = Client::builder()
            .resolver(Arc::new(Known([odd.clone(), good].into())))
            .build();
        let mut failed = Vec::new();
        until(async || {
            // Several at once, since one at a time goes to the faster one.
            let answers = join_all((0..4).map(|_| empty(&client))).await;
            failed.extend(answers.into_iter().filter_map(Result::err));
            counts[1].load(Ordering::SeqCst) > 0
        })
        .await;
        assert_eq!(!failed.is_empty(), code > 0, "{failed:?}");
        assert!(failed.iter().all(|error| error.code == code), "{failed:?}");
    }
}

#[tokio::test]
async fn with_nobody_else_it_is_said() {
    let (address, _) = by_hand(true, Manner::Gone).await;
    let client = over_lane(&address).await;
    let error = empty(&client).await.unwrap_err();
    assert_eq!(
        (error.code, error.detail.as_str()),
        (503, "the instance goes away")
    );
}

#[tokio::test]
async fn no_call_follows_the_last_one() {
    let (address, counts) = by_hand(true, Manner::Last).await;
    let client = over_lane(&address).await;
    for _ in 0..20 {
        empty(&client).await.unwrap();
    }
    // Lanes were opened anew, and each had one call.
    assert!(counts[1].load(Ordering::SeqCst) >= 1);
}

#[tokio::test]
async fn who_has_frozen_is_given_up() {
    let (address, counts) = by_hand(true, Manner::Freezes).await;
    let client = Client::builder()
        .address(&address)
        .timeout(Duration::from_secs(60))
        .connections(1)
        .keep_alive(Duration::from_millis(50))
        .build();
    until(async || {
        let answered = tokio::time::timeout(Duration::from_secs(10), empty(&client)).await;
        let is_error = answered.unwrap().is_err_and(|error| error.code == 503);
        is_error && counts[1].load(Ordering::SeqCst) > 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_answers_what_is_under_way() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let echo = Arc::new(Echo::default());
    let server = Server::builder("echo").handle(echo.clone()).build();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        server.serve(listener, stopped, Duration::from_secs(20)).await;
    });
    let client = over_lane(&address).await;
    let begun = echo.begun.load(Ordering::SeqCst);
    let calls = join_all((0..20).map(|_| say(&client, "Echo.Call", "later")));
    let stops = async {
        until(async || echo.begun.load(Ordering::SeqCst) >= begun + 20).await;
        stop.send(()).unwrap();
    };
    let (answers, ()) = tokio::join!(calls, stops);
    assert!(answers.into_iter().all(|answer| answer.unwrap() == "later"));
    // The client closes its side, so nobody waits for long.
    tokio::time::timeout(Duration::from_secs(5), serving)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn what_breaks_in_the_middle_is_told_at_once() {
    let (address, _) = serving().await;
    let client = over_lane(&address).await;
    let told = tokio::time::timeout(Duration::from_secs(5), say(&client, "Echo.Count", "panic"));
    assert_eq!(told.await.unwrap().unwrap_err().code, 500);
}

#[tokio::test]
async fn who_reads_nothing_does_not_make_a_client_grow() {
    let (address, _) = by_hand(true, Manner::Deaf).await;
    let client = Client::to_address(&address).with_own_connections(1);
    until(async || {
        let _ = empty(&client).await;
        has_lane(&client, &address)
    })
    .await;
    let target = client.0.pool.target(&address);
    let lane = target.lane().unwrap();
    let waits = || lane.shared.state().bytes.len();
    let ctx = Context::background().with_timeout(Duration::from_millis(1));
    let message = Bytes::from(vec![0; 60_000]);
    let mut calls = 0;
    // What the system takes for both ends comes first.
    until(async || {
        while waits() < super::FULL {
            let call = client.call_raw(&ctx, "echo", "Echo.Call", Codec::Proto, message.clone());
            assert_eq!(call.await.unwrap_err().code, 408);
            calls += 1;
            assert!(calls < 2_000);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        waits() >= super::FULL
    })
    .await;
    // The others go over HTTP/2, which that server does read.
    for _ in 0..100 {
        empty(&client).await.unwrap();
    }
    assert!(waits() < super::FULL + 64 * 1024 + 100 * 64);
}

#[tokio::test]
async fn a_lane_that_breaks_takes_the_other_connections_along() {
    let (address, counts) = by_hand(true, Manner::Breaks).await;
    let client = over_lane(&address).await;
    assert_eq!(counts[0].load(Ordering::SeqCst), 2);
    assert_eq!(empty(&client).await.unwrap_err().code, 503);
    empty(&client).await.unwrap();
    assert!(counts[0].load(Ordering::SeqCst) > 2, "it is connected to anew");
}

#[tokio::test]
async fn what_fails_later_says_nothing_of_what_is_there() {
    let (address, _) = serving().await;
    let client = over_lane(&address).await;
    let target = client.0.pool.target(&address);
    target.lanes.opened(Err(super::NotOpened::Unknown), 1);
    target.lanes.opened(Err(super::NotOpened::Unreachable), 1);
    assert!(target.lane().is_some());
    // Nor of who is there since.
    let other = Client::to_address(&address);
    let target = other.0.pool.target(&address);
    target.lanes.forget();
    target.lanes.opened(Err(super::NotOpened::Unknown), 0);
    assert!(target.lanes.is_unknown());
}

#[tokio::test]
async fn an_answer_to_who_did_not_ask_says_nothing() {
    let (address, echo) = serving().await;
    let client = Client::to_address(&address).with_own_connections(1);
    let target = client.0.pool.target(&address);
    target.lanes.hold();
    assert!(target.lanes.is_unknown());
    say(&client, "Echo.Call", "asks").await.unwrap();
    assert!(!target.lanes.is_unknown());
    // As when another connection of HTTP/2 is opened while this call is under way.
    let begun = echo.begun.load(Ordering::SeqCst);
    let forgets = async {
        until(async || echo.begun.load(Ordering::SeqCst) > begun).await;
        target.lanes.forget();
    };
    let (answer, ()) = tokio::join!(say(&client, "Echo.Call", "later"), forgets);
    answer.unwrap();
    assert!(target.lanes.is_unknown());
}
