//! What is measured: a service of the framework beside the real server, and a client of the framework, with everything on.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use micro::{
    Call, Client, Context, Handler, MethodDescriptor, Reply, ServiceClient, ServiceDescriptor, async_trait,
};
use micro_tests::wait;

use crate::child;
use crate::echo::{Request, Response, greet, request};

/// A server of the platform with one service of ours.
pub struct Subject {
    server: micro_tests::Server,
    _service: child::Server,
    address: String,
    token: String,
}

impl Subject {
    /// Starts both and waits until the service is known.
    pub async fn start() -> Result<Self> {
        let server = micro_tests::Server::start().await;
        let home = server.home().to_string_lossy().into_owned();
        let service = child::Server::start("micro", &[("MICRO_HOME", &home)]).await?;
        let micro = server.micro();
        let micro = &micro;
        let address = wait::until(
            "the service to be registered",
            Duration::from_secs(30),
            || async move {
                let ran = micro.run(&["get", "service", "helloworld"]).await;
                let address = ran
                    .stdout
                    .split_whitespace()
                    .find(|word| word.parse::<std::net::SocketAddr>().is_ok());
                address.map(String::from).ok_or_else(|| ran.to_string())
            },
        )
        .await;
        let token = micro.ok(&["user", "token"]).await.trim().to_owned();
        Ok(Subject {
            server,
            _service: service,
            address,
            token,
        })
    }

    /// Where the gateway listens.
    pub fn gateway(&self) -> String {
        self.server.gateway()
    }

    /// An access token that the rules let pass.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A client that calls the service directly, as services do.
    pub fn caller(&self) -> Caller {
        let client = Client::to_address(&self.address);
        Caller {
            client: client.service("helloworld"),
            ctx: Arc::new(Context::background().with_token(&self.token)),
        }
    }
}

/// One caller.
#[derive(Clone)]
pub struct Caller {
    client: ServiceClient,
    ctx: Arc<Context>,
}

impl Caller {
    /// One call.
    pub async fn call(self) -> Result<Self> {
        let response: Response = self
            .client
            .unary(&self.ctx, "Helloworld.Call", &request())
            .await?;
        ensure!(response.msg == "Hello Alice", "a wrong answer: {response:?}");
        Ok(self)
    }
}

/// The service, joined to the server whose home it is given.
pub async fn serve() -> Result<()> {
    // Where it listens is for the registry to say; the parent asks there.
    child::ready(([127, 0, 0, 1], 0).into());
    let (ended, outcome) = tokio::sync::oneshot::channel();
    // The framework brings a runtime of its own; its thread ends with the process.
    std::thread::spawn(move || {
        ended.send(micro::run(|_| {
            micro::Service::new("helloworld").handle(Helloworld)
        }))
    });
    Ok(outcome.await??)
}

struct Helloworld;

static DESCRIPTOR: ServiceDescriptor = ServiceDescriptor {
    package: "helloworld",
    name: "Helloworld",
    methods: &[MethodDescriptor {
        name: "Call",
        client_streaming: false,
        server_streaming: false,
    }],
    // Reflection is not measured.
    file_descriptor_set: &[],
};

#[async_trait]
impl Handler for Helloworld {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        &DESCRIPTOR
    }

    async fn call(&self, _: &Context, _: &'static MethodDescriptor, mut call: Call) -> micro::Result<Reply> {
        let request: Request = call.request().await?;
        call.reply(&greet(request))
    }
}
