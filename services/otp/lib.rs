//! The service `otp`: codes that are good once, for a short time.

pub mod handler {
    pub mod otp;
}

pub mod service {
    pub mod codes;
}

use otp_proto as proto;

/// What the platform runs.
pub fn service(platform: &micro::Platform) -> micro::Service {
    let handler = handler::otp::Otp::new(service::codes::Codes::new(platform));
    let service = micro::Service::new("otp");
    let service = service.examples(include_str!("api/examples.json"));
    service.handle(proto::OtpServer::new(handler))
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn the_examples_hold() -> micro::Result<()> {
        micro::examples::check(super::service).await
    }

    #[test]
    fn every_call_has_an_example() {
        let service = super::service(&micro::Platform::in_memory("micro"));
        for endpoint in service.endpoints() {
            assert!(
                endpoint.metadata.contains_key(micro::examples::METADATA),
                "{}",
                endpoint.name
            );
        }
    }
}
