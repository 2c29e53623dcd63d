//! The service that clients are tried on: it says what it was told, and misbehaves as asked.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use micro::{Context, Platform, Service, Streaming, async_trait};
use micro_rpc::wkt::Empty;
use micro_rpc::{Error, Result};

use crate::library;
use crate::proto::echo as proto;
use proto::{
    Attempted, Attempts, EchoServer, Everything, Failure, Identity, MirrorServer, Number, Pause, Range, Text,
};

/// What the platform runs.
pub fn service(_platform: &Platform) -> Service {
    let service = Service::new("echo")
        .handle(EchoServer::new(Echo::default()))
        .handle(MirrorServer::new(Mirror));
    library::mount(service)
}

/// How often a failing call was made, for each key.
#[derive(Default)]
struct Echo(Mutex<HashMap<String, i32>>);

struct Mirror;

#[async_trait]
impl proto::Echo for Echo {
    async fn call(&self, _ctx: &Context, request: Everything) -> Result<Everything> {
        Ok(request)
    }

    async fn whoami(&self, ctx: &Context, _request: Empty) -> Result<Identity> {
        Ok(Identity {
            account: ctx
                .account()
                .map_or_else(String::new, |account| account.id.clone()),
            namespace: ctx.namespace().to_owned(),
        })
    }

    async fn fail(&self, _ctx: &Context, request: Failure) -> Result<Empty> {
        Err(Error::new(request.id, request.code, request.detail))
    }

    async fn wait(&self, _ctx: &Context, request: Pause) -> Result<Empty> {
        let milliseconds = u64::try_from(request.milliseconds).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        Ok(Empty {})
    }

    async fn flaky(&self, _ctx: &Context, request: Attempts) -> Result<Attempted> {
        self.attempt(&request)
    }

    async fn once(&self, _ctx: &Context, request: Attempts) -> Result<Attempted> {
        self.attempt(&request)
    }

    async fn count(&self, _ctx: &Context, request: Range) -> Result<Streaming<Number>> {
        let (sender, numbers) = Streaming::channel(1);
        tokio::spawn(async move {
            for (value, sent) in (request.from..=request.to).zip(0..) {
                if request.fail_after > 0 && sent == request.fail_after {
                    return sender.fail(Error::new("echo.Echo.Count", 418, "enough")).await;
                }
                if sender.send(Number { value }).await.is_err() {
                    return;
                }
            }
        });
        Ok(numbers)
    }

    async fn sum(&self, _ctx: &Context, mut request: Streaming<Number>) -> Result<Number> {
        let mut value = 0;
        while let Some(number) = request.next().await {
            value += number?.value;
        }
        Ok(Number { value })
    }

    async fn chat(&self, _ctx: &Context, request: Streaming<Number>) -> Result<Streaming<Number>> {
        Ok(request.map(|number| {
            Ok(Number {
                value: number.value * 2,
            })
        }))
    }
}

impl Echo {
    fn attempt(&self, request: &Attempts) -> Result<Attempted> {
        let mut counts = self.0.lock().unwrap();
        let calls = counts.entry(request.key.clone()).or_default();
        *calls += 1;
        if *calls <= request.failures {
            return Err(Error::unavailable("echo.Echo.Flaky", "not yet"));
        }
        Ok(Attempted { calls: *calls })
    }
}

#[async_trait]
impl proto::Mirror for Mirror {
    async fn turn(&self, _ctx: &Context, request: Text) -> Result<Text> {
        Ok(Text {
            text: request.text.chars().rev().collect(),
        })
    }
}
