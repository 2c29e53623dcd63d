//! The service `email`.

/// What the platform runs.
pub fn service(_platform: &micro::Platform) -> micro::Service {
    micro::Service::new("email")
}
