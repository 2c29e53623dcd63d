//! The suite in Rust: the generated client over gRPC, through the proxy.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use micro_rpc::wkt::{Duration as Span, Empty, FieldMask, Timestamp};
use micro_rpc::{Client, Context, Credentials, Error, Streaming};
use micro_tests::proto::echo::everything::{Choice, Inner};
use micro_tests::proto::echo::{
    Attempts, Colour, Echo as _, EchoClient, Everything, Failure, Mirror as _, MirrorClient, Number, Pause,
    Range, Text,
};

use super::Bench;

struct Token(Arc<str>);

impl Credentials for Token {
    fn token(&self) -> Option<Arc<str>> {
        Some(self.0.clone())
    }
}

struct Suite {
    echo: EchoClient,
    mirror: MirrorClient,
    proxy: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_in_rust_holds_the_suite() {
    let bench = Bench::start().await;
    let proxy = bench.server.proxy();
    let client = Client::builder()
        .address(&proxy)
        .credentials(Arc::new(Token(bench.token.as_str().into())))
        .build();
    let suite = Suite {
        echo: EchoClient::new(&client),
        mirror: MirrorClient::new(&client),
        proxy,
    };
    suite.messages().await;
    suite.callers().await;
    suite.failures().await;
    suite.streams().await;
}

fn number(value: i64) -> Number {
    Number { value }
}

fn inner(name: &str) -> Inner {
    Inner {
        name: name.to_owned(),
        ..Inner::default()
    }
}

fn everything() -> Everything {
    let text = |text: &str| text.to_owned();
    Everything {
        a_double: 1.5,
        a_float: 0.25,
        an_int32: -7,
        an_int64: 9_007_199_254_740_993,
        a_uint32: 4_000_000_000,
        a_uint64: 9_007_199_254_740_993,
        a_bool: true,
        a_string: text("Grüße \"quoted\" \n 世界"),
        some_bytes: Bytes::from_static(&[0, 1, 255]),
        colour: Colour::Blue.into(),
        inner: Some(Inner {
            name: text("in"),
            id: 1,
            deeper: Some(Box::new(inner("deep"))),
        }),
        numbers: vec![1, -1],
        blobs: vec![Bytes::from_static(b"a"), Bytes::new()],
        colours: vec![Colour::Red.into(), Colour::Blue.into()],
        inners: vec![inner("one"), inner("two")],
        labels: BTreeMap::from(
            [("a", "b"), ("", "empty"), ("ü", "x")].map(|(key, value)| (text(key), text(value))),
        ),
        blobs_by_id: BTreeMap::from([(-1, Bytes::from_static(b"x"))]),
        colours_by_flag: BTreeMap::from([(true, Colour::Red.into()), (false, Colour::Blue.into())]),
        inners_by_name: BTreeMap::from([(text("one"), inner("one"))]),
        maybe_number: Some(0),
        maybe_text: Some(String::new()),
        choice: Some(Choice::Message(inner("chosen"))),
        at: Some(Timestamp {
            seconds: 1_795_696_496,
            nanos: 123_456_789,
        }),
        after: Some(Span {
            seconds: 1,
            nanos: 500_000_000,
        }),
        mask: Some(FieldMask {
            paths: vec![text("a"), text("b.c")],
        }),
        nothing: Some(Empty {}),
        class: text("c"),
        r#type: text("t"),
        user_id: text("u"),
    }
}

impl Suite {
    /// What is sent comes back.
    async fn same(&self, message: Everything) {
        let ctx = Context::background();
        assert_eq!(self.echo.call(&ctx, message.clone()).await, Ok(message));
    }

    /// unary, defaults, bigNumbers, bytes, enums, oneof, optional, wellKnown, secondService
    async fn messages(&self) {
        self.same(everything()).await;
        self.same(Everything::default()).await;
        for extreme in [i64::MIN, i64::MAX] {
            self.same(Everything {
                an_int64: extreme,
                a_uint64: u64::MAX,
                numbers: vec![extreme],
                blobs_by_id: BTreeMap::from([(extreme, Bytes::new())]),
                maybe_number: Some(extreme),
                ..Everything::default()
            })
            .await;
        }
        self.same(Everything {
            some_bytes: (0..=255).collect::<Vec<u8>>().into(),
            colour: 77,
            maybe_number: None,
            ..everything()
        })
        .await;
        for choice in [
            Choice::Text(String::new()),
            Choice::Number(0),
            Choice::Message(Inner::default()),
            Choice::Raw(Bytes::new()),
        ] {
            self.same(Everything {
                choice: Some(choice),
                ..Everything::default()
            })
            .await;
        }
        self.same(Everything {
            after: Some(Span {
                seconds: -3,
                nanos: -1,
            }),
            a_double: f64::NEG_INFINITY,
            ..Everything::default()
        })
        .await;
        let nan = Everything {
            a_double: f64::NAN,
            ..Everything::default()
        };
        let nan = self.echo.call(&Context::background(), nan).await.unwrap();
        assert!(nan.a_double.is_nan());
        let text = "Grüße".to_owned();
        let turned = self.mirror.turn(&Context::background(), Text { text }).await;
        assert_eq!(turned.unwrap().text, "eßürG");
    }

    /// token, namespace
    async fn callers(&self) {
        let ctx = Context::background();
        let known = self.echo.whoami(&ctx, Empty {}).await.unwrap();
        assert_eq!(
            (known.account.as_str(), known.namespace.as_str()),
            ("admin", "micro")
        );
        let nobody = EchoClient::new(&Client::builder().address(&self.proxy).build());
        assert_eq!(nobody.whoami(&ctx, Empty {}).await.unwrap().account, "");
        let elsewhere = self.echo.whoami(&ctx.with_namespace("elsewhere"), Empty {}).await;
        assert_eq!(elsewhere.unwrap().namespace, "elsewhere");
    }

    /// error, notFound, deadline, cancel, retry, noRetry, unreachable, concurrent
    async fn failures(&self) {
        let ctx = Context::background();
        let failure = Failure {
            id: "echo.Echo.Fail.teapot".to_owned(),
            code: 418,
            detail: "short and stout".to_owned(),
        };
        let failed = self.echo.fail(&ctx, failure.clone()).await.unwrap_err();
        assert_eq!(
            (failed.id, failed.code, failed.detail),
            (failure.id, failure.code, failure.detail)
        );

        let client = Client::builder().address(&self.proxy).build();
        let lost = EchoClient::with_name(&client, "nowhere")
            .call(&ctx, Everything::default())
            .await;
        let lost = lost.unwrap_err();
        assert!(
            matches!(lost.code, 404 | 500) && lost.detail.contains("not found"),
            "{lost}"
        );

        let began = Instant::now();
        let pause = Pause { milliseconds: 10_000 };
        let soon = ctx.clone().with_timeout(Duration::from_millis(200));
        assert_eq!(self.echo.wait(&soon, pause.clone()).await.unwrap_err().code, 408);
        // A future that is dropped is a call given up.
        drop(tokio::time::timeout(Duration::from_millis(100), self.echo.wait(&ctx, pause)).await);
        assert!(began.elapsed() < Duration::from_secs(2));

        let attempts = |key: &str, failures| Attempts {
            key: key.to_owned(),
            failures,
        };
        assert_eq!(self.echo.flaky(&ctx, attempts("rust", 2)).await.unwrap().calls, 3);
        assert_eq!(
            self.echo
                .flaky(&ctx, attempts("rust, too often", 3))
                .await
                .unwrap_err()
                .code,
            503
        );
        assert_eq!(
            self.echo
                .once(&ctx, attempts("rust, once", 1))
                .await
                .unwrap_err()
                .code,
            503
        );

        let began = Instant::now();
        let nobody = EchoClient::new(&Client::to_address("127.0.0.1:1"));
        let unreachable = nobody.call(&ctx, Everything::default()).await.unwrap_err();
        assert_eq!(
            (unreachable.id.as_str(), unreachable.code),
            ("go.micro.client", 503),
            "{unreachable}"
        );
        assert!(began.elapsed() < Duration::from_secs(5));

        let calls = (0..50).map(|_| self.echo.call(&ctx, everything()));
        for answered in futures_util::future::join_all(calls).await {
            assert_eq!(answered, Ok(everything()));
        }
    }

    /// serverStream, streamError, streamLeft, clientStream, bidi
    async fn streams(&self) {
        let ctx = Context::background();
        let range = |to, fail_after| Range {
            from: 1,
            to,
            fail_after,
        };
        let counted = self.echo.count(&ctx, range(5, 0)).await.unwrap().collect().await;
        assert_eq!(counted, Ok((1..=5).map(number).collect()));

        let mut counted = self.echo.count(&ctx, range(5, 2)).await.unwrap();
        assert_eq!(counted.next().await, Some(Ok(number(1))));
        assert_eq!(counted.next().await, Some(Ok(number(2))));
        let failed: Option<Result<_, Error>> = counted.next().await;
        assert!(matches!(failed, Some(Err(error)) if error.code == 418));

        let mut left = self.echo.count(&ctx, range(i64::MAX, 0)).await.unwrap();
        for expected in 1..=3 {
            assert_eq!(left.next().await, Some(Ok(number(expected))));
        }
        drop(left);

        let numbers = || Streaming::from_iter([1, 2, 3].map(number));
        assert_eq!(self.echo.sum(&ctx, numbers()).await, Ok(number(6)));
        let doubled = self.echo.chat(&ctx, numbers()).await.unwrap().collect().await;
        assert_eq!(doubled, Ok([2, 4, 6].map(number).into()));
    }
}
