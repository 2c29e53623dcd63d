//! The service `email`.

pub mod service {
    pub mod address;
}

/// What the platform runs.
pub fn service(_platform: &micro::Platform) -> micro::Service {
    micro::Service::new("email")
}
