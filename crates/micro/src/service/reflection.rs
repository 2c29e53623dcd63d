//! gRPC server reflection: which contracts a server speaks.

mod ask;

use std::collections::BTreeMap;
use std::sync::Arc;

use micro_proto::reflection::server_reflection_request::MessageRequest;
use micro_proto::reflection::server_reflection_response::MessageResponse;
use micro_proto::reflection::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse, ServerReflection,
    ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};
use micro_rpc::bytes::Bytes;
use micro_rpc::{Context, Result, ServiceDescriptor, Streaming};
use prost::Message;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

pub use ask::{Described, describe};

const NOT_FOUND: i32 = 5;
const UNIMPLEMENTED: i32 = 12;

/// Answers `grpc.reflection.v1.ServerReflection` from the descriptors that generated code carries.
#[derive(Clone, Default)]
pub struct Reflection(Arc<Index>);

#[derive(Default)]
struct Index {
    services: Vec<String>,
    files: BTreeMap<String, (Bytes, Vec<String>)>,
    symbols: BTreeMap<String, String>,
    /// The file of an extension, by the message that it extends and its number.
    extensions: BTreeMap<(String, i32), String>,
}

impl Reflection {
    /// The reflection of these contracts.
    pub fn new(descriptors: &[&'static ServiceDescriptor]) -> Self {
        let mut index = Index::default();
        for descriptor in descriptors {
            index.services.push(descriptor.full_name());
            // A descriptor that cannot be read is the generator's fault; the service itself works without it.
            let set = Files::decode(descriptor.file_descriptor_set).unwrap_or_default();
            set.files.into_iter().for_each(|bytes| index.add(bytes));
        }
        index.services.sort();
        index.services.dedup();
        Self(Arc::new(index))
    }

    /// The full names of the services.
    pub fn services(&self) -> &[String] {
        &self.0.services
    }

    /// Answers one question; `None` when the symbol or file is not known here.
    pub fn answer(&self, question: &MessageRequest) -> Option<MessageResponse> {
        match question {
            MessageRequest::ListServices(_) => Some(list(self.0.services.clone())),
            MessageRequest::FileByFilename(name) => self.0.file(name),
            MessageRequest::FileContainingSymbol(symbol) => self
                .0
                .symbols
                .get(symbol.trim_start_matches('.'))
                .and_then(|file| self.0.file(file)),
            MessageRequest::AllExtensionNumbersOfType(name) => self.0.symbols.contains_key(name).then(|| {
                MessageResponse::AllExtensionNumbersResponse(ExtensionNumberResponse {
                    base_type_name: name.clone(),
                    extension_number: self.0.extension_numbers(name),
                })
            }),
            MessageRequest::FileContainingExtension(asked) => {
                let extended = asked.containing_type.trim_start_matches('.').to_owned();
                let file = self.0.extensions.get(&(extended, asked.extension_number));
                file.and_then(|file| self.0.file(file))
            }
        }
    }
}

/// The answer that lists services.
pub fn list(names: Vec<String>) -> MessageResponse {
    let service = names.into_iter().map(|name| ServiceResponse { name }).collect();
    MessageResponse::ListServicesResponse(ListServiceResponse { service })
}

/// A whole answer, with an error in place of an answer that there is not.
pub fn respond(
    request: ServerReflectionRequest,
    answer: Option<MessageResponse>,
) -> ServerReflectionResponse {
    let (code, text) = match &request.message_request {
        Some(_) => (NOT_FOUND, "no such symbol or file"),
        None => (UNIMPLEMENTED, "unknown question"),
    };
    let error = || {
        MessageResponse::ErrorResponse(ErrorResponse {
            error_code: code,
            error_message: text.to_owned(),
        })
    };
    ServerReflectionResponse {
        valid_host: request.host.clone(),
        message_response: Some(answer.unwrap_or_else(error)),
        original_request: Some(request),
    }
}

/// A set of files as their bytes: read and written again, a file would lose the options that are not protobuf's own, such as
/// the routes of its methods.
#[derive(Clone, PartialEq, Message)]
struct Files {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    files: Vec<Bytes>,
}

impl Index {
    fn add(&mut self, bytes: Bytes) {
        let Ok(file) = FileDescriptorProto::decode(&*bytes) else {
            return;
        };
        let name = file.name().to_owned();
        let package = file.package().to_owned();
        for service in &file.service {
            let full = join(&package, service.name());
            service
                .method
                .iter()
                .for_each(|method| self.symbol(join(&full, method.name()), &name));
            self.symbol(full, &name);
        }
        file.message_type
            .iter()
            .for_each(|message| self.message(&package, message, &name));
        file.enum_type
            .iter()
            .for_each(|one| self.enumeration(&package, one, &name));
        let needs = file.dependency.clone();
        for extension in &file.extension {
            let extended = extension.extendee().trim_start_matches('.').to_owned();
            self.symbol(join(&package, extension.name()), &name);
            self.extensions
                .insert((extended, extension.number()), name.clone());
        }
        self.files.insert(name, (bytes, needs));
    }

    fn message(&mut self, scope: &str, message: &DescriptorProto, file: &str) {
        let full = join(scope, message.name());
        message
            .nested_type
            .iter()
            .for_each(|nested| self.message(&full, nested, file));
        message
            .enum_type
            .iter()
            .for_each(|one| self.enumeration(&full, one, file));
        self.symbol(full, file);
    }

    fn enumeration(&mut self, scope: &str, one: &EnumDescriptorProto, file: &str) {
        self.symbol(join(scope, one.name()), file);
    }

    fn extension_numbers(&self, message: &str) -> Vec<i32> {
        let of_message = self.extensions.keys().filter(|(extended, _)| extended == message);
        of_message.map(|(_, number)| *number).collect()
    }

    fn symbol(&mut self, name: String, file: &str) {
        self.symbols.insert(name, file.to_owned());
    }

    // The file first, then all that it imports, each once.
    fn file(&self, name: &str) -> Option<MessageResponse> {
        let mut wanted = vec![name];
        let mut files = Vec::new();
        let mut at = 0;
        while let Some(next) = wanted.get(at).copied() {
            at += 1;
            let (bytes, needs) = self.files.get(next)?;
            files.push(bytes.clone());
            for need in needs {
                if !wanted.contains(&need.as_str()) {
                    wanted.push(need);
                }
            }
        }
        Some(MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
            file_descriptor_proto: files,
        }))
    }
}

fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() {
        name.to_owned()
    } else {
        format!("{scope}.{name}")
    }
}

#[micro_rpc::async_trait]
impl ServerReflection for Reflection {
    async fn server_reflection_info(
        &self,
        _ctx: &Context,
        requests: Streaming<ServerReflectionRequest>,
    ) -> Result<Streaming<ServerReflectionResponse>> {
        let index = self.clone();
        Ok(requests.map(move |request| {
            let answer = request
                .message_request
                .as_ref()
                .and_then(|question| index.answer(question));
            Ok(respond(request, answer))
        }))
    }
}
