//! The settings of the service, below `email` in the configuration of its namespace. They are followed, so a change needs no restart.

#[cfg(test)]
mod tests;

use std::fmt;

use micro::config::Live;
use micro::serde_json::{self, Value};
use micro::{Error, Platform, Result, serde};
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::address::Mailbox;

const PATH: &str = "email";
/// What mails are from that stay here.
const LOCAL: &str = "noreply@localhost";

/// The settings, read when they are first needed: a service that starts waits for nothing.
pub struct Following {
    platform: Platform,
    live: OnceCell<Live>,
}

/// What may be set; a key that is not known is a mistake.
#[derive(Debug, Default, Deserialize)]
#[serde(crate = "micro::serde", default, deny_unknown_fields)]
pub struct Settings {
    /// The address that mails are from. Needed where there is a mail server.
    address: String,
    /// The name that they are from where a mail says none.
    pub name: String,
    /// The mail server; without one, mails stay in the outbox.
    pub smtp: Option<Smtp>,
}

/// How a mail server is reached.
#[derive(Debug, Deserialize)]
#[serde(crate = "micro::serde", deny_unknown_fields)]
pub struct Smtp {
    pub host: String,
    /// That of the kind of encryption unless said.
    port: Option<u16>,
    #[serde(default)]
    pub username: String,
    #[serde(default)]
    pub password: Password,
    #[serde(default)]
    pub tls: Tls,
}

/// How the way to a mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(crate = "micro::serde", rename_all = "lowercase")]
pub enum Tls {
    /// It begins in clear and goes on encrypted; where the server cannot, nothing is sent.
    #[default]
    Starttls,
    /// From the first byte.
    Tls,
    /// Not at all: for a server on the same machine.
    None,
}

/// Never printed.
#[derive(Default, Deserialize)]
#[serde(crate = "micro::serde", transparent)]
pub struct Password(String);

impl Following {
    /// Those of the namespace.
    pub fn new(platform: &Platform) -> Self {
        Self {
            platform: platform.clone(),
            live: OnceCell::new(),
        }
    }

    /// As they are now.
    ///
    /// # Errors
    ///
    /// When they cannot be read the first time, and 412 where they make no sense; the detail says why.
    pub async fn get(&self) -> Result<Settings> {
        let live = self.live.get_or_try_init(|| self.platform.setting(PATH)).await?;
        Settings::read(live.get().unwrap_or(Value::Null))
    }
}

impl Settings {
    fn read(value: Value) -> Result<Self> {
        if value.is_null() {
            return Ok(Self::default());
        }
        let settings: Self =
            serde_json::from_value(value).map_err(|error| mistake(&format!("{PATH}: {error}")))?;
        match &settings.smtp {
            Some(smtp) => smtp.check()?,
            None => return Ok(settings),
        }
        match Mailbox::parse(&settings.address) {
            Some(_) => Ok(settings),
            None => Err(mistake(&format!(
                "{PATH}.address: {:?} is no address, and a mail server needs one that mails are from",
                settings.address
            ))),
        }
    }

    /// What mails are from.
    pub fn address(&self) -> &str {
        match self.address.as_str() {
            "" => LOCAL,
            address => address,
        }
    }
}

impl Smtp {
    fn check(&self) -> Result<()> {
        let is_here = matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "::1");
        if self.host.is_empty() {
            return Err(mistake("email.smtp.host: a host is required"));
        }
        if self.tls == Tls::None && !self.username.is_empty() && !is_here {
            let detail =
                "email.smtp.tls: a password is sent in clear to no other machine: use starttls or tls";
            return Err(mistake(detail));
        }
        Ok(())
    }

    /// Where the server listens.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            Tls::Starttls => 587,
            Tls::Tls => 465,
            Tls::None => 25,
        })
    }
}

impl Password {
    /// For who logs in with it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

fn mistake(detail: &str) -> Error {
    Error::precondition_failed("email.settings", format!("the settings are wrong: {detail}"))
}
