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
use micro_rpc::futures_util::stream;
use micro_rpc::{Client, Context, Result, Streaming};

use crate::namespace::{self, PLATFORM};

const ID: &str = "grpc.reflection.v1.ServerReflection";
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers reflection for everything that is called through the proxy.
#[derive(Clone)]
pub struct ProxyReflection {
    own: Reflection,
    registry: Arc<dyn Registry>,
    client: Client,
}

/// The questions of one caller.
struct Conversation {
    reflection: ProxyReflection,
    ctx: Context,
    /// The service that knew the last answer: callers ask next for what that answer imports.
    last: Option<String>,
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

    /// The services whose names this caller may see. Those of the platform's namespace are open, so that a tool works
    /// without a token; who is not of another namespace learns nothing about it.
    async fn names(&self, ctx: &Context) -> Vec<micro::registry::Service> {
        let named = namespace::named(ctx.namespace(), PLATFORM, ID).unwrap_or(PLATFORM);
        let may = named == PLATFORM || namespace::authorize(ctx, named, ID).is_ok();
        if may {
            self.registry.list(named).await.unwrap_or_default()
        } else {
            Vec::new()
        }
    }

    async fn all(&self, ctx: &Context) -> MessageResponse {
        let mut names = self.own.services().to_vec();
        for service in self.names(ctx).await {
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

    /// Asks an instance of a service. Its own guard decides about the caller.
    async fn ask(&self, ctx: &Context, service: &str, question: MessageRequest) -> Option<MessageResponse> {
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(question),
        };
        let client = ServerReflectionClient::with_name(&self.client, service);
        let asked = async {
            let questions = Streaming::from_iter([request]);
            let mut answers = client.server_reflection_info(ctx, questions).await.ok()?;
            answers.next().await?.ok()?.message_response
        };
        let answer = tokio::time::timeout(PATIENCE, asked).await.ok()??;
        let is_error = matches!(answer, MessageResponse::ErrorResponse(_));
        (!is_error).then_some(answer)
    }
}

impl Conversation {
    async fn answer(&mut self, request: ServerReflectionRequest) -> ServerReflectionResponse {
        let answer = match &request.message_request {
            Some(MessageRequest::ListServices(_)) => Some(self.reflection.all(&self.ctx).await),
            Some(question) => self.look_up(question).await,
            None => None,
        };
        respond(request, answer)
    }

    async fn look_up(&mut self, question: &MessageRequest) -> Option<MessageResponse> {
        // Files of different services may have one name: who was asked last goes first.
        if matches!(question, MessageRequest::FileByFilename(_))
            && let Some(last) = &self.last
            && let Some(answer) = self.reflection.ask(&self.ctx, last, question.clone()).await
        {
            return Some(answer);
        }
        if let Some(answer) = self.reflection.own.answer(question) {
            self.last = None;
            return Some(answer);
        }
        let service = self.owner(question).await?;
        let answer = self.reflection.ask(&self.ctx, &service, question.clone()).await?;
        self.last = Some(service);
        Some(answer)
    }

    /// The service whose contract a question is about. Only that one is asked: a question must not wake them all.
    async fn owner(&self, question: &MessageRequest) -> Option<String> {
        let known = self.reflection.names(&self.ctx).await;
        let names = known.into_iter().map(|service| service.name);
        match question {
            MessageRequest::FileContainingSymbol(symbol) => {
                names.filter(|name| owns(name, symbol)).max_by_key(String::len)
            }
            MessageRequest::FileByFilename(file) => names
                .filter(|name| is_file_of(name, file))
                .max_by_key(String::len),
            _ => None,
        }
    }
}

/// Symbols begin with the package, which is the service's name.
fn owns(service: &str, symbol: &str) -> bool {
    let symbol = micro::registry::short_name(symbol.trim_start_matches('.'));
    symbol
        .strip_prefix(service)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Files are called after their service, or are in a folder that is.
fn is_file_of(service: &str, file: &str) -> bool {
    file.trim_end_matches(".proto")
        .split('/')
        .any(|part| part == service)
}

#[micro_rpc::async_trait]
impl ServerReflection for ProxyReflection {
    async fn server_reflection_info(
        &self,
        ctx: &Context,
        requests: Streaming<ServerReflectionRequest>,
    ) -> Result<Streaming<ServerReflectionResponse>> {
        let conversation = Conversation {
            reflection: self.clone(),
            ctx: ctx.clone(),
            last: None,
        };
        let answers = stream::unfold(
            (conversation, requests),
            |(mut conversation, mut requests)| async move {
                let answer = match requests.next().await? {
                    Ok(request) => Ok(conversation.answer(request).await),
                    Err(error) => Err(error),
                };
                Some((answer, (conversation, requests)))
            },
        );
        Ok(Streaming::new(answers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_and_files_lead_to_their_service() {
        for (service, symbol, expected) in [
            ("user", "user.User", true),
            ("user", "user.User.Read", true),
            ("user", "go.micro.service.user.User", true),
            ("user", ".user.User", true),
            ("user", "username.User", false),
            ("foo", "foo.bar.Bar", true),
        ] {
            assert_eq!(owns(service, symbol), expected, "{service} {symbol}");
        }
        for (service, file, expected) in [
            ("user", "user.proto", true),
            ("user", "proto/user.proto", true),
            ("user", "user/messages.proto", true),
            ("user", "username.proto", false),
        ] {
            assert_eq!(is_file_of(service, file), expected, "{service} {file}");
        }
    }
}
