//! How a mail leaves: by a mail server where one is set, and else not at all, which is what a developer wants.
//!
//! A mail server says no in two ways. What it may take later is tried again: it is away, busy, or does not know the sender
//! yet (4xx). What it will never take is not (5xx), unless what it did not like is the service's own login: that is a mistake in the
//! settings, which an operator corrects, and no fault of the mail.

use std::error::Error as _;
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls as Encryption, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use micro::Platform;
use micro::bytes::Bytes;
use tokio::time::timeout;

use super::mail::{Mail, Outcome, Via};
use super::message::message;
use super::settings::{Following, Smtp, Tls};

/// For an attempt in whole; the lease of a mail is longer.
const PATIENCE: Duration = Duration::from_secs(40);
/// What is refused so is the login.
const LOGIN: [u16; 4] = [530, 534, 535, 538];

/// Sends mails as the settings say.
pub struct Delivery {
    settings: Following,
}

impl Delivery {
    /// With the settings of the namespace.
    pub fn new(platform: &Platform) -> Self {
        Self {
            settings: Following::new(platform),
        }
    }

    /// Tries once to send a mail.
    pub async fn attempt(&self, mail: &Mail, contents: Vec<Bytes>) -> Outcome {
        let settings = match self.settings.get().await {
            Ok(settings) => settings,
            Err(error) => return Outcome::Postponed(error.detail),
        };
        let Some(smtp) = &settings.smtp else {
            return Outcome::Sent(Via::Outbox);
        };
        let message = match message(mail, contents, &settings) {
            Ok(message) => message,
            Err(why) => return Outcome::Refused(why),
        };
        match timeout(PATIENCE, send(smtp, message)).await {
            Ok(Ok(())) => Outcome::Sent(Via::Smtp),
            Ok(Err(error)) => outcome(&error),
            Err(_) => Outcome::Postponed(format!(
                "the mail server took longer than {} s",
                PATIENCE.as_secs()
            )),
        }
    }
}

/// A connection for each mail: services idle most of the time, and servers end connections that do.
async fn send(smtp: &Smtp, message: Message) -> Result<(), SmtpError> {
    let parameters = || TlsParameters::new(smtp.host.clone());
    let encryption = match smtp.tls {
        Tls::Starttls => Encryption::Required(parameters()?),
        Tls::Tls => Encryption::Wrapper(parameters()?),
        Tls::None => Encryption::None,
    };
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
        .port(smtp.port())
        .timeout(Some(PATIENCE))
        .tls(encryption);
    if !smtp.username.is_empty() {
        let password = smtp.password.expose().to_owned();
        transport = transport.credentials(Credentials::new(smtp.username.clone(), password));
    }
    transport.build().send(message).await.map(drop)
}

fn outcome(error: &SmtpError) -> Outcome {
    let why = reason(error);
    let is_login = error
        .status()
        .is_some_and(|code| LOGIN.contains(&u16::from(code)));
    match error.is_permanent() && !is_login {
        true => Outcome::Refused(why),
        false => Outcome::Postponed(why),
    }
}

/// The error with its causes, on one line.
fn reason(error: &SmtpError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text
}
