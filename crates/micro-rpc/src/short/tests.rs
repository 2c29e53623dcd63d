use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::is_of;
use crate::codec::frame_raw;
use crate::{
    Account, Call, Client, Codec, Context, Error, Guard, Handler, MethodDescriptor, Reply, Result, Server,
    ServiceDescriptor, async_trait,
};

/// Answers every call with nothing and tells of its headers; whether it understands short calls, where who asks is who is there.
async fn listen(understands: bool) -> (String, mpsc::Receiver<HeaderMap>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tells, told) = mpsc::channel(8);
    tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            let mut response = Response::new(());
            let question = request.headers().get("micro-short");
            if understands && question.is_some_and(|said| said == peer.to_string().as_str()) {
                response.headers_mut().insert("micro-short", "1".parse().unwrap());
            }
            let _ = tells.send(request.headers().clone()).await;
            let mut stream = respond.send_response(response, false).unwrap();
            stream.send_data(frame_raw(b"").unwrap(), true).unwrap();
        }
    });
    (address, told)
}

async fn told(client: &Client, token: &str, heard: &mut mpsc::Receiver<HeaderMap>) -> Vec<(String, String)> {
    let ctx = Context::background().with_token(token);
    let sent = client.call_raw(&ctx, "echo", "Echo.Call", Codec::Proto, Bytes::new());
    sent.await.unwrap();
    let headers = heard.recv().await.unwrap();
    let names = [
        "content-type",
        "te",
        "timeout",
        "grpc-timeout",
        "authorization",
        "micro-token",
        "micro-short",
    ];
    let said = |name: &&str| {
        Some((
            (*name).to_owned(),
            headers.get(*name)?.to_str().unwrap().to_owned(),
        ))
    };
    names.iter().filter_map(said).collect()
}

fn names(said: &[(String, String)]) -> Vec<&str> {
    said.iter().map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn who_understands_is_sent_short_calls() {
    const SHORT: [&str; 3] = ["content-type", "grpc-timeout", "authorization"];
    const AGAIN: [&str; 3] = ["content-type", "grpc-timeout", "micro-token"];
    let (address, mut heard) = listen(true).await;
    let client = Client::to_address(&address).with_own_connections(1);
    let first = told(&client, "one", &mut heard).await;
    let whole = [
        "content-type",
        "te",
        "timeout",
        "grpc-timeout",
        "authorization",
        "micro-short",
    ];
    assert_eq!(names(&first), whole);
    for (token, expected) in [
        ("one", SHORT),
        ("one", AGAIN),
        ("one", AGAIN),
        ("two", SHORT),
        ("one", SHORT),
        ("one", AGAIN),
    ] {
        let said = told(&client, token, &mut heard).await;
        assert_eq!(names(&said), expected, "{said:?}");
        assert_eq!(said[0].1, "application/grpc+proto;form=short");
        assert_eq!(said[2].1, format!("Bearer {token}"));
    }
}

#[tokio::test]
async fn who_does_not_understand_is_asked_once_and_sent_whole_ones() {
    let (address, mut heard) = listen(false).await;
    let client = Client::to_address(&address).with_own_connections(1);
    for count in [6, 5, 5] {
        let said = told(&client, "one", &mut heard).await;
        assert_eq!(said.len(), count, "{said:?}");
        assert_eq!(said[0].1, "application/grpc+proto");
        assert_eq!(said[4].0, "authorization");
    }
}

static WHO: ServiceDescriptor = ServiceDescriptor {
    package: "who",
    name: "Who",
    methods: &[MethodDescriptor {
        name: "Call",
        client_streaming: false,
        server_streaming: false,
    }],
    file_descriptor_set: &[],
};

/// Answers what the caller said of himself, and refuses who said nothing.
struct Who;

#[async_trait]
impl Handler for Who {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        &WHO
    }

    async fn call(&self, ctx: &Context, _: &'static MethodDescriptor, call: Call) -> Result<Reply> {
        let account = ctx.account().ok_or_else(|| Error::conflict("who", "nobody"))?;
        let seen = ["micro-token", "micro-short"].map(|name| ctx.metadata().get(name).is_some());
        let token = ctx.metadata().get("authorization").unwrap_or_default();
        call.reply(&format!("{} {token} {seen:?}", account.id))
    }
}

struct Alice;

#[async_trait]
impl Guard for Alice {
    fn authenticate(&self, token: &str) -> Option<Arc<Account>> {
        let account = Account {
            id: "alice".to_owned(),
            ..Account::default()
        };
        (token == "good").then(|| Arc::new(account))
    }

    fn authorise(&self, _: &crate::Access<'_>) -> Result<()> {
        Ok(())
    }
}

async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder("who")
        .handle(Arc::new(Who))
        .guard(Arc::new(Alice))
        .build();
    tokio::spawn(async move {
        let never = std::future::pending();
        server.serve(listener, never, Duration::ZERO).await;
    });
    address
}

/// The headers of the answer, its bytes, and its trailers.
async fn ask(
    sender: &mut SendRequest<Bytes>,
    headers: &[(&str, &str)],
) -> (HeaderMap, Bytes, Option<HeaderMap>) {
    let mut request = Request::post("http://localhost/who.Who/Call");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (answer, mut stream) = sender.send_request(request.body(()).unwrap(), false).unwrap();
    stream.send_data(frame_raw(b"").unwrap(), true).unwrap();
    let (parts, mut body) = answer.await.unwrap().into_parts();
    let mut bytes = Vec::new();
    while let Some(piece) = body.data().await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    (parts.headers, bytes.into(), body.trailers().await.unwrap())
}

#[tokio::test]
async fn a_server_says_so_to_its_own_peer_alone_and_answers_as_it_is_asked() {
    const WHOLE: (&str, &str) = ("content-type", "application/grpc+proto");
    const FORM: (&str, &str) = ("content-type", "application/grpc+proto;form=short");
    let stream = TcpStream::connect(server().await).await.unwrap();
    let here = stream.local_addr().unwrap().to_string();
    let (mut sender, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let good = ("authorization", "Bearer good");
    for (said, is_told) in [(here.as_str(), true), ("127.0.0.1:1", false), ("1", false)] {
        let (headers, _, trailers) = ask(&mut sender, &[WHOLE, good, ("micro-short", said)]).await;
        assert_eq!(headers.contains_key("micro-short"), is_told, "{said}");
        assert_eq!(trailers.unwrap()["grpc-status"], "0");
    }
    for token in ["authorization", "micro-token"] {
        let (headers, body, trailers) = ask(&mut sender, &[FORM, (token, "Bearer good")]).await;
        assert!(
            headers.is_empty() && trailers.is_none(),
            "{headers:?} {trailers:?}"
        );
        let answer: String = Codec::Proto.decode(&body[5..]).unwrap();
        assert_eq!(answer, "alice Bearer good [false, false]");
    }
    // Nobody, also where somebody hands on a header that he does not know.
    for nobody in [vec![FORM], vec![WHOLE, ("micro-token", "Bearer good")]] {
        let (headers, body, _) = ask(&mut sender, &nobody).await;
        assert_eq!(headers["grpc-status"], "6");
        assert!(body.is_empty());
    }
}

#[test]
fn an_address_is_the_same_however_it_is_written() {
    let peer = |text: &str| Some(text.parse().unwrap());
    assert!(is_of("10.0.0.5:1", peer("10.0.0.5:1")));
    assert!(is_of("10.0.0.5:1", peer("[::ffff:10.0.0.5]:1")));
    for (said, seen) in [
        ("10.0.0.5:1", peer("10.0.0.5:2")),
        ("10.0.0.5:1", peer("10.0.0.6:1")),
        ("10.0.0.5", peer("10.0.0.5:1")),
        ("", None),
    ] {
        assert!(!is_of(said, seen), "{said}");
    }
}
