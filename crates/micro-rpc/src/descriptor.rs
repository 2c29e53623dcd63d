//! What is known of a contract at run time.

/// An RPC service of a contract.
#[derive(Debug)]
pub struct ServiceDescriptor {
    /// The proto package, `grpc.health.v1`.
    pub package: &'static str,
    /// The name within the package, `Health`.
    pub name: &'static str,
    /// Its methods in the order of the proto.
    pub methods: &'static [MethodDescriptor],
    /// A serialised `google.protobuf.FileDescriptorSet` of the proto and all that it imports.
    pub file_descriptor_set: &'static [u8],
}

/// A method of an RPC service.
#[derive(Debug)]
pub struct MethodDescriptor {
    /// As in the proto, `Check`.
    pub name: &'static str,
    /// Whether the caller sends a stream.
    pub client_streaming: bool,
    /// Whether the answer is a stream.
    pub server_streaming: bool,
}

impl ServiceDescriptor {
    /// `grpc.health.v1.Health`
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.package, self.name)
    }

    /// The method of that name.
    pub fn method(&self, name: &str) -> Option<&MethodDescriptor> {
        self.methods.iter().find(|method| method.name == name)
    }
}
