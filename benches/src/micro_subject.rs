//! What is measured: a service of the framework beside the real server, and a client of the framework, with everything on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use micro::{
    Call, Client, Context, Handler, MethodDescriptor, Reply, ServiceClient, ServiceDescriptor, async_trait,
};
use micro_tests::wait;

use crate::child;
use crate::echo::{Request, Response, greet, request};

/// What the service is called.
const NAME: &str = "helloworld";

/// A server of the platform with one service of ours.
pub struct Subject {
    // Ends before its platform does, which it would miss.
    service: child::Server,
    server: micro_tests::Server,
    address: SocketAddr,
    token: String,
}

impl Subject {
    /// Starts both and waits until the service is known.
    pub async fn start() -> Result<Self> {
        let server = micro_tests::Server::start().await;
        let service = child::Server::start("micro", &[("MICRO_HOME", &home(&server))]).await?;
        Self::once_known(server, service).await
    }

    /// The same, with the service at every address of the machine.
    pub async fn start_everywhere() -> Result<Self> {
        let server = micro_tests::Server::start().await;
        let variables = [
            ("MICRO_HOME", home(&server)),
            ("MICRO_SERVICE_ADDRESS", "0.0.0.0:0".to_owned()),
        ];
        let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
        let service = child::Server::start("micro", &variables).await?;
        Self::once_known(server, service).await
    }

    /// The same, with the allocations of the service counted.
    pub async fn start_counted() -> Result<Self> {
        let server = micro_tests::Server::start().await;
        let service = child::Server::start_counted("micro", &[("MICRO_HOME", &home(&server))]).await?;
        Self::once_known(server, service).await
    }

    async fn once_known(server: micro_tests::Server, service: child::Server) -> Result<Self> {
        let micro = server.micro();
        let micro = &micro;
        let address = wait::until(
            "the service to be registered",
            Duration::from_secs(30),
            || async move {
                let ran = micro.run(&["get", "service", "helloworld"]).await;
                let address = ran.stdout.split_whitespace().find_map(|word| word.parse().ok());
                address.ok_or_else(|| ran.to_string())
            },
        )
        .await;
        let token = micro.ok(&["user", "token"]).await.trim().to_owned();
        Ok(Subject {
            server,
            service,
            address,
            token,
        })
    }

    /// The platform.
    pub fn server(&self) -> &micro_tests::Server {
        &self.server
    }

    /// The process of the service.
    pub fn service(&mut self) -> &mut child::Server {
        &mut self.service
    }

    /// Ends the service alone, which writes down what it has seen.
    pub async fn end(self) -> Result<()> {
        self.service.end().await
    }

    /// Where the service listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the gateway listens.
    pub fn gateway(&self) -> SocketAddr {
        self.server.gateway().parse().expect("join.json has an address")
    }

    /// An access token that the rules let pass.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A client that calls the service directly, as services do.
    pub fn caller(&self) -> Caller {
        self.caller_with(&Client::to_address(&self.address.to_string()), NAME)
    }

    /// The same on one connection.
    pub fn caller_on_one_connection(&self) -> Caller {
        let client = Client::builder().address(&self.address.to_string());
        self.caller_with(&client.connections(1).build(), NAME)
    }

    /// A client that calls it by some name.
    pub fn caller_with(&self, client: &Client, name: &str) -> Caller {
        Caller {
            client: client.service(name),
            ctx: Arc::new(Context::background().with_token(&self.token)),
        }
    }
}

fn home(server: &micro_tests::Server) -> String {
    server.home().to_string_lossy().into_owned()
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
pub fn serve() -> Result<()> {
    // Where it listens is for the registry to say; the parent asks there.
    child::ready(([127, 0, 0, 1], 0).into());
    Ok(micro::run(|_| micro::Service::new(NAME).handle(Helloworld))?)
}

/// Its handler.
pub struct Helloworld;

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
