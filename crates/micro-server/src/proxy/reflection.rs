//! Reflection at the proxy: the platform's contracts from here, those of services from the services themselves.

use std::sync::Arc;
use std::time::Duration;

use micro::registry::Registry;
use micro::service::reflection::{Reflection, list, respond};
use micro_proto::reflection::server_reflection_request::MessageRequest;
use micro_proto::reflection::server_reflection_response::MessageResponse;
use micro_proto::reflection::{
    ServerReflection, ServerReflectionClient, ServerReflectionRequest, ServerReflectionResponse,
};
use micro_rpc::futures_util::StreamExt;
use micro_rpc::{Client, Context, Result, Streaming};

const PATIENCE: Duration = Duration::from_secs(2);

/// Answers reflection for everything that is called through the proxy.
#[derive(Clone)]
pub struct ProxyReflection {
    own: Reflection,
    registry: Arc<dyn Registry>,
    client: Client,
}

impl ProxyReflection {
    /// `own` are the contracts of the platform; `client` finds the instances of services.
    pub fn new(own: Reflection, registry: Arc<dyn Registry>, client: Client) -> Self {
        Self {
            own,
            registry,
            client,
        }
    }

    async fn answer(&self, ctx: &Context, request: ServerReflectionRequest) -> ServerReflectionResponse {
        let Some(question) = request.message_request.clone() else {
            return respond(request, None);
        };
        let answer = match &question {
            MessageRequest::ListServices(_) => Some(self.all(ctx).await),
            other => match self.own.answer(other) {
                Some(answer) => Some(answer),
                None => self.ask_services(ctx, other).await,
            },
        };
        respond(request, answer)
    }

    async fn all(&self, ctx: &Context) -> MessageResponse {
        let mut names = self.own.services().to_vec();
        for service in self.services(ctx).await {
            let handlers = service
                .endpoints
                .iter()
                .filter_map(|endpoint| endpoint.name.split_once('.'));
            names.extend(handlers.map(|(handler, _)| format!("{}.{handler}", service.name)));
        }
        names.sort();
        names.dedup();
        list(names)
    }

    async fn services(&self, ctx: &Context) -> Vec<micro::registry::Service> {
        let namespace = if ctx.namespace().is_empty() {
            "micro"
        } else {
            ctx.namespace()
        };
        self.registry.list(namespace).await.unwrap_or_default()
    }

    /// The service that a symbol begins with is asked first; a file or foreign symbol may be anybody's.
    async fn ask_services(&self, ctx: &Context, question: &MessageRequest) -> Option<MessageResponse> {
        let symbol = match question {
            MessageRequest::FileContainingSymbol(symbol) => symbol.as_str(),
            MessageRequest::FileByFilename(file) => file.as_str(),
            _ => return None,
        };
        let mut names: Vec<String> = self
            .services(ctx)
            .await
            .into_iter()
            .map(|service| service.name)
            .collect();
        names.dedup();
        names.sort_by_key(|name| !symbol.starts_with(name.as_str()));
        for name in names.iter().take(32) {
            let asked = tokio::time::timeout(PATIENCE, self.ask(ctx, name, question.clone())).await;
            if let Ok(Some(answer)) = asked {
                return Some(answer);
            }
        }
        None
    }

    async fn ask(&self, ctx: &Context, service: &str, question: MessageRequest) -> Option<MessageResponse> {
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(question),
        };
        let client = ServerReflectionClient::with_name(&self.client, service);
        let mut answers = client
            .server_reflection_info(ctx, Streaming::from_iter([request]))
            .await
            .ok()?;
        match answers.next().await?.ok()?.message_response? {
            MessageResponse::ErrorResponse(_) => None,
            answer => Some(answer),
        }
    }
}

#[micro_rpc::async_trait]
impl ServerReflection for ProxyReflection {
    async fn server_reflection_info(
        &self,
        ctx: &Context,
        requests: Streaming<ServerReflectionRequest>,
    ) -> Result<Streaming<ServerReflectionResponse>> {
        let (own, ctx) = (self.clone(), ctx.clone());
        Ok(Streaming::new(requests.then(move |request| {
            let (own, ctx) = (own.clone(), ctx.clone());
            async move { Ok(own.answer(&ctx, request?).await) }
        })))
    }
}
