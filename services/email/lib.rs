//! The service `email`: takes mails, keeps them, and sends them.

pub mod handler {
    pub mod email;
}

pub mod service {
    pub mod address;
    pub mod delivery;
    pub mod mail;
    pub mod mails;
    pub mod message;
    pub mod settings;
    pub mod templates;
}

pub mod subscriber {
    pub mod email;
}

pub mod web {
    pub mod outbox;
}

use email_proto as proto;
use service::delivery::Delivery;
use service::mails::{Mails, TOPIC};
use service::templates::Templates;

/// What the platform runs.
pub fn service(platform: &micro::Platform) -> micro::Service {
    let mails = Mails::new(platform);
    let handler = handler::email::Email::new(mails.clone(), Templates::new(platform));
    let subscriber = subscriber::email::Email::new(mails.clone(), Delivery::new(platform));
    let service = micro::Service::new("email").outbox(mails.outbox());
    let service = service.subscribe(TOPIC, subscriber);
    let service = service.web(web::outbox::pages(&mails));
    let service = service.examples(include_str!("api/examples.json"));
    service.handle(proto::EmailServer::new(handler))
}

#[cfg(test)]
mod tests {
    use micro::store::model::Model;
    use micro::{Context, Platform, Tenant};

    use super::service::mail::{Draft, Mail};
    use super::service::templates::Template;

    /// What the examples are about is there already.
    async fn filled() -> micro::Result<Platform> {
        let platform = Platform::in_memory("micro");
        let tenant = Tenant::of(&Context::background().with_account(micro::examples::caller()))?;
        let table = platform.table("email").of(&tenant);
        let draft = Draft {
            to: "ann@example.org".to_owned(),
            ..Draft::default()
        };
        let mail = Mail::new(
            "k3v9s0a1b2c3d4e5f6g7h8j9".to_owned(),
            &draft,
            platform.clock.now(),
        );
        Model::new(table.clone()).create(&mail).await?;
        let template = Template {
            name: "welcome".to_owned(),
            text: "Hello {{name}}".to_owned(),
            ..Template::default()
        };
        Model::new(table).create(&template).await?;
        Ok(platform)
    }

    #[tokio::test]
    async fn the_examples_hold() -> micro::Result<()> {
        micro::examples::check_on(&filled().await?, super::service).await
    }

    #[tokio::test]
    async fn every_call_has_an_example() -> micro::Result<()> {
        let service = super::service(&filled().await?);
        for endpoint in service.endpoints() {
            let is_shown = endpoint.metadata.contains_key(micro::examples::METADATA);
            assert!(is_shown || endpoint.name == "Web.Serve", "{}", endpoint.name);
        }
        Ok(())
    }
}
