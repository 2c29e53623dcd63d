//! The same calls without the network: the address is one where nobody listens.

use super::*;
use crate::{Local, Open};

const ADDRESS: &str = "127.0.0.1:1";

fn echo() -> Server {
    Server::builder("echo")
        .handle(Arc::new(Echo))
        .guard(Arc::new(Doorman))
        .build()
}

fn client(local: &Local) -> Client {
    Client::builder().local(local).address(ADDRESS).build()
}

fn here() -> (Client, Server, Open) {
    let (local, server) = (Local::default(), echo());
    let open = local.open(ADDRESS, &server);
    (client(&local), server, open)
}

/// What comes of a call with all its answers.
async fn outcome(client: &Client, ctx: &Context, endpoint: &str, words: &[&str]) -> Result<Vec<Text>> {
    let echo = client.service("echo");
    let words: Vec<_> = words.iter().copied().map(text).collect();
    match endpoint {
        "Echo.Call" => Ok(vec![echo.unary(ctx, endpoint, &words[0]).await?]),
        "Echo.Count" => {
            echo.server_stream(ctx, endpoint, &words[0])
                .await?
                .collect()
                .await
        }
        "Echo.Join" => {
            let joined = echo.client_stream(ctx, endpoint, Streaming::from_iter(words));
            Ok(vec![joined.await?])
        }
        _ => {
            let answers = echo.bidi(ctx, endpoint, Streaming::from_iter(words));
            answers.await?.collect().await
        }
    }
}

#[tokio::test]
async fn a_call_here_ends_as_one_from_elsewhere() {
    let far = Client::to_address(&start().await);
    let (near, server, _open) = here();
    let plain = Context::background();
    let known = plain.clone().with_token("good");
    let named = plain.clone().with_namespace("acme").with_metadata("x-one", "1");
    let hurried = plain.clone().with_timeout(Duration::from_millis(50));
    let cases: [(&Context, &str, &[&str]); 13] = [
        (&plain, "Echo.Call", &["hello"]),
        (&plain, "Echo.Call", &["panic"]),
        (&plain, "Echo.Call", &["who"]),
        (&known, "Echo.Call", &["who"]),
        (&named, "Echo.Call", &["meta"]),
        (&plain, "Echo.Count", &["5"]),
        (&plain, "Echo.Count", &["five"]),
        (&plain, "Echo.Join", &["a", "b"]),
        (&known, "Echo.Join", &["a", "b"]),
        (&plain, "Echo.Chat", &["a", "b", "fail", "c"]),
        (&plain, "Echo.Missing", &["a"]),
        (&plain, "Missing.Call", &["a"]),
        (&hurried, "Echo.Call", &["sleep"]),
    ];
    for (ctx, endpoint, words) in cases {
        let expected = outcome(&far, ctx, endpoint, words).await;
        let found = outcome(&near, ctx, endpoint, words).await;
        assert_eq!(found, expected, "{endpoint} {words:?}");
    }
    let counted = server.stats().snapshot();
    assert!(counted.requests >= 12 && counted.errors >= 6, "{counted:?}");
}

#[tokio::test]
async fn unary_calls_of_streams_and_other_codecs_work_too() {
    let (near, _, _open) = here();
    let ctx = Context::background();
    let first: Text = near
        .service("echo")
        .unary(&ctx, "Echo.Count", &text("3"))
        .await
        .unwrap();
    assert_eq!(first, text("0"));
    let nothing = near
        .service("echo")
        .unary::<_, Text>(&ctx, "Echo.Count", &text("0"))
        .await;
    assert_eq!(nothing.unwrap_err().code, 500);
    let body = Bytes::from_static(br#"{"text":"json"}"#);
    let answer = near.call_raw(&ctx, "echo", "Echo.Call", Codec::Json, body.clone());
    assert_eq!(answer.await.unwrap(), body);
}

#[tokio::test]
async fn messages_go_back_and_forth_and_the_caller_may_hang_up() {
    let (near, _, _open) = here();
    let (words, requests) = Streaming::channel(1);
    let mut answers = near
        .service("echo")
        .bidi::<Text, Text>(&Context::background(), "Echo.Chat", requests)
        .await
        .unwrap();
    for number in 0..100 {
        words.send(text(number.to_string())).await.unwrap();
        let answer = answers.next().await.unwrap().unwrap();
        assert_eq!(answer, text(number.to_string()));
    }
    drop(answers);
    words.closed().await;
}

#[tokio::test]
async fn a_stream_that_is_cut_off_does_not_end_well() {
    let (near, _, _open) = here();
    let ctx = Context::background();
    let words = Streaming::from_iter([text("a"), text("panic")]);
    let echo = near.service("echo");
    let answers = echo.bidi::<Text, Text>(&ctx, "Echo.Chat", words).await;
    let mut answers = answers.unwrap();
    assert_eq!(answers.next().await.unwrap().unwrap(), text("a"));
    assert_eq!(answers.next().await.unwrap().unwrap_err().code, 500);
    assert!(answers.next().await.is_none());
}

#[tokio::test]
async fn requests_that_fail_are_why_the_call_does() {
    let (near, _, _open) = here();
    let (words, requests) = Streaming::channel(1);
    let ctx = Context::background();
    let echo = near.service("echo");
    let answers = echo.bidi::<Text, Text>(&ctx, "Echo.Chat", requests).await;
    let answers = answers.unwrap();
    words.fail(Error::conflict("caller", "changed his mind")).await;
    let failed = answers.collect().await.unwrap_err();
    assert_eq!((failed.code, failed.detail.as_str()), (409, "changed his mind"));
}

/// Calls itself as often as it is told to, each time from within the call before.
struct Nested(Client);

#[async_trait]
impl Handler for Nested {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        &ECHO
    }

    async fn call(&self, ctx: &Context, _: &'static MethodDescriptor, mut call: Call) -> Result<Reply> {
        let request: Text = call.request().await?;
        let left: usize = request.text.parse().unwrap();
        if left > 0 {
            let next = text((left - 1).to_string());
            let _: Text = self.0.service("echo").unary(ctx, "Echo.Call", &next).await?;
        }
        call.reply(&request)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_lead_to_calls_do_not_use_up_the_stack() {
    let local = Local::default();
    let near = client(&local);
    let nested = Arc::new(Nested(near.clone()));
    let _open = local.open(ADDRESS, &Server::builder("echo").handle(nested).build());
    let deep = text("3000");
    let calling = tokio::spawn(async move {
        let echo = near.service("echo");
        echo.unary::<_, Text>(&Context::background(), "Echo.Call", &deep)
            .await
    });
    assert_eq!(calling.await.unwrap().unwrap(), text("3000"));
}

#[tokio::test]
async fn a_server_that_is_here_no_more_is_called_where_it_is() {
    let (near, _, open) = here();
    let call = || async {
        let ctx = Context::background();
        outcome(&near, &ctx, "Echo.Call", &["hello"]).await
    };
    assert!(call().await.is_ok());
    drop(open);
    assert_eq!(call().await.unwrap_err().code, 503);
}

/// A gateway's cores each have a runtime of their own.
#[test]
fn a_handler_runs_where_its_server_does() {
    struct Where;
    #[async_trait]
    impl Handler for Where {
        fn descriptor(&self) -> &'static ServiceDescriptor {
            &ECHO
        }

        async fn call(&self, _: &Context, method: &'static MethodDescriptor, call: Call) -> Result<Reply> {
            let here = text(tokio::runtime::Handle::current().id().to_string());
            match method.server_streaming {
                true => Ok(call).and_then(|mut call| call.reply_stream(Streaming::from_iter([here]))),
                false => call.reply(&here),
            }
        }
    }
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let (home, other) = (runtime(), runtime());
    let local = Local::default();
    let server = Server::builder("echo").handle(Arc::new(Where)).build();
    let _open = home.block_on(async { local.open(ADDRESS, &server) });
    let near = client(&local);
    for calling in [&home, &other] {
        for endpoint in ["Echo.Call", "Echo.Count"] {
            let answers = calling.block_on(outcome(&near, &Context::background(), endpoint, &[""]));
            assert_eq!(answers.unwrap(), [text(home.handle().id().to_string())]);
        }
    }
}
