//! gRPC by an independent peer: tonic, with messages written by hand from the contract.

use anyhow::{Context, Result, anyhow};
use futures_util::stream;
use http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

/// helloworld's messages.
pub mod helloworld {
    /// Asks for a greeting.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        /// Who is greeted.
        #[prost(string, tag = "1")]
        pub name: String,
    }

    /// The greeting.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        /// Its text.
        #[prost(string, tag = "1")]
        pub msg: String,
    }

    /// How far to count; also one number of the count, and a stroke of the ping and the pong.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Number {
        /// The number.
        #[prost(int64, tag = "1")]
        pub value: i64,
    }
}

/// The messages of grpc.reflection.v1 that the tests use.
pub mod reflection {
    /// A question; one of the fields is set.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Question {
        /// The host.
        #[prost(string, tag = "1")]
        pub host: String,
        /// A symbol whose file is asked for.
        #[prost(string, optional, tag = "4")]
        pub file_containing_symbol: Option<String>,
        /// Any text, to ask for the list of services.
        #[prost(string, optional, tag = "7")]
        pub list_services: Option<String>,
    }

    /// An answer; one of the fields is set.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Answer {
        /// Files, as descriptors.
        #[prost(message, optional, tag = "4")]
        pub files: Option<Files>,
        /// Services.
        #[prost(message, optional, tag = "6")]
        pub services: Option<Services>,
        /// What went wrong.
        #[prost(message, optional, tag = "7")]
        pub error: Option<Failure>,
    }

    /// Encoded file descriptors.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Files {
        /// One for each file.
        #[prost(bytes = "vec", repeated, tag = "1")]
        pub descriptors: Vec<Vec<u8>>,
    }

    /// The services of a server.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Services {
        /// One for each service.
        #[prost(message, repeated, tag = "1")]
        pub services: Vec<Named>,
    }

    /// A service.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Named {
        /// Its full name.
        #[prost(string, tag = "1")]
        pub name: String,
    }

    /// A failed question.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Failure {
        /// A gRPC code.
        #[prost(int32, tag = "1")]
        pub code: i32,
        /// What was wrong.
        #[prost(string, tag = "2")]
        pub message: String,
    }
}

/// A connection to the proxy or to a service.
#[derive(Clone, Debug)]
pub struct Peer {
    channel: Channel,
}

impl Peer {
    /// Connects to `host:port`.
    pub async fn connect(address: &str) -> Result<Self> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
        Ok(Peer {
            channel: endpoint
                .connect()
                .await
                .with_context(|| format!("cannot connect to {address}"))?,
        })
    }

    /// A unary call; the whole answer, with its metadata, or the status.
    pub async fn unary<Q, R>(&self, path: &str, request: Q) -> Result<R, tonic::Status>
    where
        Q: prost::Message + Default + 'static,
        R: prost::Message + Default + 'static,
    {
        let mut client = self.ready().await?;
        let reply = client
            .unary(
                tonic::Request::new(request),
                parse(path)?,
                ProstCodec::<Q, R>::default(),
            )
            .await?;
        Ok(reply.into_inner())
    }

    /// A server stream: the replies, one after the other. The request stream stays open, as clients of the original do.
    pub async fn server_stream<Q, R>(
        &self,
        path: &str,
        request: Q,
    ) -> Result<tonic::Streaming<R>, tonic::Status>
    where
        Q: prost::Message + Default + 'static,
        R: prost::Message + Default + 'static,
    {
        use futures_util::StreamExt;
        self.streaming(path, stream::iter([request]).chain(stream::pending()))
            .await
    }

    /// Both sides send as they please.
    pub async fn streaming<Q, R>(
        &self,
        path: &str,
        requests: impl futures_util::Stream<Item = Q> + Send + 'static,
    ) -> Result<tonic::Streaming<R>, tonic::Status>
    where
        Q: prost::Message + Default + 'static,
        R: prost::Message + Default + 'static,
    {
        let mut client = self.ready().await?;
        let reply = client
            .streaming(
                tonic::Request::new(requests),
                parse(path)?,
                ProstCodec::<Q, R>::default(),
            )
            .await?;
        Ok(reply.into_inner())
    }

    /// One question to reflection.
    pub async fn reflect(&self, question: reflection::Question) -> Result<reflection::Answer> {
        let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
        let mut answers = self.server_stream(path, question).await?;
        answers
            .message()
            .await?
            .ok_or_else(|| anyhow!("reflection ended without an answer"))
    }

    async fn ready(&self) -> Result<tonic::client::Grpc<Channel>, tonic::Status> {
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        client
            .ready()
            .await
            .map_err(|error| tonic::Status::unavailable(error.to_string()))?;
        Ok(client)
    }
}

fn parse(path: &str) -> Result<PathAndQuery, tonic::Status> {
    path.parse()
        .map_err(|_| tonic::Status::invalid_argument(format!("not a path: {path}")))
}
