//! The service `user`.

pub mod handler {
    mod news;
    pub mod settings;
    pub mod user;
    mod wire;
}

pub mod service {
    pub mod account;
    pub mod attempts;
    pub mod letters;
    pub mod password;
    pub mod problem;
    pub mod proofs;
    pub mod resets;
    pub mod scratch;
    pub mod session;
    pub mod users;
}

pub mod web {
    pub mod account;
    pub mod login;
    pub mod verify;
}

use std::sync::Arc;

use email_proto::{Email, EmailClient};
use micro::web::Pages;
use user_proto as proto;

/// What the platform runs.
pub fn service(platform: &micro::Platform) -> micro::Service {
    let email = Arc::new(EmailClient::new(&platform.client));
    service_with(platform, email)
}

/// The same with another service for mails, for tests.
pub fn service_with(platform: &micro::Platform, email: Arc<dyn Email>) -> micro::Service {
    let handler = handler::user::User::new(platform, email);
    let users = handler.users.clone();
    let pages = Pages::new()
        .file("style.css", include_bytes!("web/style.css"))
        .page("", web::account::Account::new(users.clone()))
        .page("login", web::login::Login::new(users))
        .page("verify", web::verify::Verify::new(handler.proofs.clone()));
    micro::Service::new("user")
        .outbox(&handler.outbox)
        .web(pages)
        .examples(include_str!("api/examples.json"))
        .handle(proto::UserServer::new(handler))
}
