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
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet};

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
}

impl Reflection {
    /// The reflection of these contracts.
    pub fn new(descriptors: &[&'static ServiceDescriptor]) -> Self {
        let mut index = Index::default();
        for descriptor in descriptors {
            index.services.push(descriptor.full_name());
            // A descriptor that cannot be read is the generator's fault; the service itself works without it.
            let set = FileDescriptorSet::decode(descriptor.file_descriptor_set).unwrap_or_default();
            set.file.into_iter().for_each(|file| index.add(file));
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
                    extension_number: Vec::new(),
                })
            }),
            MessageRequest::FileContainingExtension(_) => None,
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

impl Index {
    fn add(&mut self, file: FileDescriptorProto) {
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
        self.files.insert(name, (file.encode_to_vec().into(), needs));
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
