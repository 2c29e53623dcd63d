//! Asking others by reflection.

use std::collections::{BTreeMap, BTreeSet};

use micro_proto::reflection::server_reflection_request::MessageRequest;
use micro_proto::reflection::server_reflection_response::MessageResponse;
use micro_proto::reflection::{ServerReflection as _, ServerReflectionClient, ServerReflectionRequest};
use micro_rpc::bytes::Bytes;
use micro_rpc::{Client, Context, Streaming};
use prost::Message;

/// What servers answer about themselves, which is no part of what they are for.
const OWN: [&str; 2] = ["grpc.reflection.", "grpc.health."];
/// No contract is made of more files.
const MOST_FILES: usize = 256;

/// The part of a file's descriptor that says what else is needed.
#[derive(Clone, PartialEq, Message)]
struct File {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, repeated, tag = "3")]
    dependency: Vec<String>,
}

/// An RPC service as a server tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// `user.User`
    pub name: String,
    /// Its file and all that it imports: a serialised `FileDescriptorSet`. Nothing for what servers answer about themselves.
    pub files: Vec<u8>,
}

/// Asks a server which RPC services it has; `None` when it does not tell. `name` is the service that is
/// asked, or the protocol (`grpc.reflection.v1`) where the client leads to one address. The context bounds the time.
pub async fn describe(client: &Client, name: &str, ctx: &Context) -> Option<Vec<Described>> {
    let asker = Asker {
        client: ServerReflectionClient::with_name(client, name),
        ctx,
    };
    let listed = asker.ask(MessageRequest::ListServices(String::new())).await?;
    let MessageResponse::ListServicesResponse(listed) = listed else {
        return None;
    };
    let mut described = Vec::new();
    for service in listed.service {
        let is_own = OWN.iter().any(|own| service.name.starts_with(own));
        let files = match is_own {
            true => BTreeMap::new(),
            false => asker.files(&service.name).await,
        };
        described.push(Described {
            files: set(&files),
            name: service.name,
        });
    }
    Some(described)
}

/// A set of files is the files one after the other, each as its first field.
fn set(files: &BTreeMap<String, Bytes>) -> Vec<u8> {
    let mut set = Vec::new();
    for file in files.values() {
        set.push(0x0a);
        prost::encoding::encode_varint(file.len() as u64, &mut set);
        set.extend_from_slice(file);
    }
    set
}

struct Asker<'a> {
    client: ServerReflectionClient,
    ctx: &'a Context,
}

impl Asker<'_> {
    async fn ask(&self, question: MessageRequest) -> Option<MessageResponse> {
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(question),
        };
        let questions = Streaming::from_iter([request]);
        let mut answers = self
            .client
            .server_reflection_info(self.ctx, questions)
            .await
            .ok()?;
        answers.next().await?.ok()?.message_response
    }

    /// The file of a service and all that it imports. Some programs send them at once, others one by one.
    async fn files(&self, service: &str) -> BTreeMap<String, Bytes> {
        let mut files = BTreeMap::new();
        let mut asked = BTreeSet::new();
        let mut questions = vec![MessageRequest::FileContainingSymbol(service.to_owned())];
        while let Some(question) = questions.pop() {
            let Some(MessageResponse::FileDescriptorResponse(answer)) = self.ask(question).await else {
                continue;
            };
            let mut wanted = Vec::new();
            for bytes in answer.file_descriptor_proto {
                if let Ok(file) = File::decode(&*bytes) {
                    files.insert(file.name, bytes);
                    wanted.extend(file.dependency);
                }
            }
            wanted.retain(|name| !files.contains_key(name) && asked.insert(name.clone()));
            questions.extend(wanted.into_iter().map(MessageRequest::FileByFilename));
            if files.len() > MOST_FILES {
                break;
            }
        }
        files
    }
}
