//! The reference for RPC: a bare tonic server and client, wired as its generator would, and nothing else on.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use anyhow::Result;
use http::uri::PathAndQuery;
use tonic::codegen::{Body, BoxFuture, Service, StdError};
use tonic::server::{NamedService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic_prost::ProstCodec;

use crate::child::ready;
use crate::echo::{Request, Response, greet, request};

/// Serves for ever.
pub async fn serve() -> Result<()> {
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into())?.with_nodelay(Some(true));
    ready(incoming.local_addr()?);
    Ok(Server::builder()
        .add_service(Helloworld)
        .serve_with_incoming(incoming)
        .await?)
}

/// A client on a connection of its own.
pub async fn connect(address: SocketAddr) -> Result<Channel> {
    Ok(Endpoint::from_shared(format!("http://{address}"))?
        .tcp_nodelay(true)
        .connect()
        .await?)
}

/// One call.
pub async fn call(channel: Channel) -> Result<Channel> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await?;
    let path = PathAndQuery::from_static("/helloworld.Helloworld/Call");
    let codec = ProstCodec::<Request, Response>::default();
    let response = client
        .unary(tonic::Request::new(request()), path, codec)
        .await?
        .into_inner();
    anyhow::ensure!(response.msg == "Hello Alice", "a wrong answer: {response:?}");
    Ok(channel)
}

#[derive(Clone)]
struct Helloworld;

impl NamedService for Helloworld {
    const NAME: &'static str = "helloworld.Helloworld";
}

impl<B> Service<http::Request<B>> for Helloworld
where
    B: Body + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<Response, Request>::default());
            Ok(grpc.unary(Call, request).await)
        })
    }
}

struct Call;

impl UnaryService<Request> for Call {
    type Response = Response;
    type Future = BoxFuture<tonic::Response<Response>, tonic::Status>;

    fn call(&mut self, request: tonic::Request<Request>) -> Self::Future {
        Box::pin(async move { Ok(tonic::Response::new(greet(request.into_inner()))) })
    }
}
