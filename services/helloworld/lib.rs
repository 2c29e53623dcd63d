//! The service `helloworld`.

pub mod handler {
    pub mod helloworld;
}

use helloworld_proto as proto;

/// What the platform runs.
pub fn service(_platform: &micro::Platform) -> micro::Service {
    let handler = handler::helloworld::Helloworld::default();
    let service = micro::Service::new("helloworld");
    service.handle(proto::HelloworldServer::new(handler))
}
