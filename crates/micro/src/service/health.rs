//! The gRPC health checking protocol.

use std::sync::Arc;

use micro_proto::health::health_check_response::ServingStatus;
use micro_proto::health::{Health, HealthCheckRequest, HealthCheckResponse};
use micro_rpc::{Context, Error, Result, Streaming};
use tokio::sync::watch;

/// Answers `grpc.health.v1.Health`: serving until the service drains.
pub struct HealthHandler {
    names: Vec<String>,
    serving: watch::Receiver<bool>,
}

impl HealthHandler {
    /// `names` are what a caller may ask for besides the whole server.
    pub fn new(names: Vec<String>, serving: watch::Receiver<bool>) -> Self {
        Self { names, serving }
    }

    fn knows(&self, name: &str) -> bool {
        name.is_empty() || self.names.iter().any(|known| known == name)
    }
}

fn answer(serving: bool) -> HealthCheckResponse {
    let status = if serving {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    };
    HealthCheckResponse {
        status: status.into(),
    }
}

#[micro_rpc::async_trait]
impl Health for HealthHandler {
    async fn check(&self, _ctx: &Context, request: HealthCheckRequest) -> Result<HealthCheckResponse> {
        if !self.knows(&request.service) {
            return Err(Error::not_found(
                "grpc.health.v1",
                format!("unknown service {}", request.service),
            ));
        }
        Ok(answer(*self.serving.borrow()))
    }

    async fn watch(
        &self,
        _ctx: &Context,
        request: HealthCheckRequest,
    ) -> Result<Streaming<HealthCheckResponse>> {
        if !self.knows(&request.service) {
            let unknown = HealthCheckResponse {
                status: ServingStatus::ServiceUnknown.into(),
            };
            return Ok(Streaming::from_iter([unknown]));
        }
        let (sender, stream) = Streaming::channel(1);
        let mut serving = self.serving.clone();
        tokio::spawn(async move {
            loop {
                let now = answer(*serving.borrow_and_update());
                if sender.send(now).await.is_err() {
                    return;
                }
                tokio::select! {
                    changed = serving.changed() => if changed.is_err() { return },
                    () = sender.closed() => return,
                }
            }
        });
        Ok(stream)
    }
}

/// The health of something that serves for as long as it exists.
pub fn always(names: Vec<String>) -> Arc<HealthHandler> {
    let (_, serving) = watch::channel(true);
    Arc::new(HealthHandler::new(names, serving))
}
