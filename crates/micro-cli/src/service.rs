//! `micro service`: a program that knows nothing of the platform, as one of its services.
//!
//! This process stands beside the program: it registers a name, takes the calls to it as any service does, with the rules of its
//! namespace, and hands them on to the program's endpoint, as gRPC or as HTTP with JSON. When it ends the name is gone.

mod child;
mod contract;
mod endpoint;
mod entry;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use micro::auth::RemoteGuard;
use micro::service::{debug::DebugHandler, health};
use micro_proto::debug::DebugServer;
use micro_proto::health::HealthServer;
use micro_rpc::{Handler, Server};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::dynamic;
use crate::errors::{Failure, Result};
use crate::server::Stop;
use crate::session::Globals;
use child::Child;
use endpoint::Endpoint;
use entry::Entry;

/// How long the platform may take to send the rules.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long calls under way may take to finish at the end.
const DRAIN: Duration = Duration::from_secs(10);

/// Make a service of a program that speaks gRPC or HTTP.
#[derive(Args, Debug)]
#[command(
    after_help = "EXAMPLE:\n   micro service --name=clock --endpoint=http://localhost:9090\n   \
        micro service --name=clock --endpoint=grpc://localhost:9090 ./clock --port 9090\n\n\
        A call to clock Clock.Now goes to http://localhost:9090/Clock/Now as a POST with JSON, or over gRPC to the handler Clock in \
        whatever package it is; where the program answers reflection its methods are commands too."
)]
pub struct ServiceArgs {
    /// The name to register
    #[arg(long, default_value = "service")]
    name: String,
    /// The version to register
    #[arg(long, default_value = "latest")]
    version: String,
    /// Where calls are taken; a free port of this machine unless given
    #[arg(long, default_value = "127.0.0.1:0", value_name = "HOST:PORT")]
    address: String,
    /// Where the program answers: http://HOST:PORT or grpc://HOST:PORT
    #[arg(long, default_value = "http://localhost:9090", value_name = "URL")]
    endpoint: String,
    /// A fact that the registry shows, key=value; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    metadata: Vec<String>,
    /// The program to start and to end with, and its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs until Ctrl-C, SIGTERM or the end of the program.
pub async fn run(globals: &Globals, namespace: Option<String>, args: ServiceArgs) -> Result<()> {
    refuse_parts(&args)?;
    micro::start_log(tracing::Level::WARN);
    let endpoint = Endpoint::parse(&args.endpoint)?;
    let namespace = namespace.filter(|name| !name.is_empty());
    let namespace = namespace.unwrap_or_else(|| dynamic::PLATFORM.to_owned());
    let stop = Stop::listen()?;
    let listener = TcpListener::bind(&args.address).await.map_err(|error| {
        Failure::new(1, format!("Cannot listen on {}: {error}", args.address))
            .with_hint("choose another address with --address")
    })?;
    let entry = Entry::join(globals, &namespace, &args, &listener).await?;
    let guard = entry.guard(&namespace);
    guard.ready(PATIENCE).await?;
    let mut child = Child::start(&args.command)?;
    let (closing, closed) = oneshot::channel::<()>();
    let name = micro::registry::short_name(&args.name);
    let server = server(name, &namespace, guard, &endpoint);
    let answering = tokio::spawn(async move {
        let closed = async move { drop(closed.await) };
        server.serve(listener, closed, DRAIN).await;
    });
    let registered = async {
        endpoint.wait(!args.command.is_empty()).await;
        entry.register(&endpoint).await;
    };
    let ended = tokio::select! {
        () = registered => Ok(()),
        ended = child.ended() => ended,
        () = stop.wait() => Ok(()),
    };
    // No new calls come once the name is gone; those under way need the program.
    entry.leave().await;
    drop(closing);
    let _ = answering.await;
    child.stop().await;
    ended
}

/// Hands all on that is not about the service itself.
fn server(name: &str, namespace: &str, guard: Arc<RemoteGuard>, endpoint: &Endpoint) -> Server {
    let debug = Arc::new(DebugHandler::default());
    let debugging: Arc<dyn Handler> = Arc::new(DebugServer::from_arc(debug.clone()));
    let healthy = health::always(vec![name.to_owned()]);
    let server = Server::builder(name)
        .namespace(namespace)
        .guard(guard)
        .handle_as(name, debugging)
        .handle(Arc::new(HealthServer::from_arc(healthy)))
        .relay(endpoint.relay(name))
        .build();
    debug.watch(server.clone());
    server
}

fn refuse_parts(args: &ServiceArgs) -> Result<()> {
    let name = micro::registry::short_name(&args.name);
    if micro::registry::PARTS.contains(&name) {
        let text = format!("{name} is a part of the platform itself: give the service another --name");
        return Err(Failure::new(1, text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: ServiceArgs,
    }

    fn args(line: &str) -> ServiceArgs {
        Line::try_parse_from(line.split(' ')).unwrap().args
    }

    #[test]
    fn parts_are_refused_and_programs_are_not() {
        assert!(
            refuse_parts(&args("service --name=store ./store"))
                .unwrap_err()
                .text
                .contains("store is a part")
        );
        for line in [
            "service",
            "service --name=clock store",
            "service ./store --port 1",
        ] {
            assert!(refuse_parts(&args(line)).is_ok(), "{line}");
        }
        let given = args("service --name clock ./clock -v --port=1");
        assert_eq!(given.command, ["./clock", "-v", "--port=1"]);
    }
}
