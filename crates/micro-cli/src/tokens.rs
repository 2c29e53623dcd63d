//! The user's tokens, one a line: `micro://<proxy>/<namespace>/<account>:<base64 of JSON>`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::errors::{Failure, Result};
use crate::home::{Lock, failed, write_private};

/// What an account was given at its login. Times are seconds since 1970.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Token {
    /// Sent with every call.
    pub access_token: String,
    /// Buys the next access token.
    pub refresh_token: String,
    /// When it was issued.
    pub created: i64,
    /// When it ends.
    pub expiry: i64,
}

impl Token {
    /// Whether it ends within a minute.
    pub fn is_stale(&self) -> bool {
        self.expiry <= now() + 60
    }
}

impl From<micro_proto::auth::Token> for Token {
    fn from(token: micro_proto::auth::Token) -> Self {
        let created = if token.created > 0 { token.created } else { now() };
        Self {
            access_token: token.access_token,
            refresh_token: token.refresh_token,
            created,
            expiry: if token.expiry > 0 {
                token.expiry
            } else {
                created + 600
            },
        }
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("created", &self.created)
            .field("expiry", &self.expiry)
            .finish_non_exhaustive()
    }
}

/// Whose token it is, and where it is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `host:port` of the proxy.
    pub address: String,
    /// The account's namespace.
    pub namespace: String,
    /// The account's id.
    pub account: String,
}

impl Owner {
    /// From its three parts.
    pub fn new(address: &str, namespace: &str, account: &str) -> Self {
        Self {
            address: address.to_owned(),
            namespace: namespace.to_owned(),
            account: account.to_owned(),
        }
    }

    fn prefix(&self) -> String {
        format!("micro://{}/{}/{}", self.address, self.namespace, self.account)
    }
}

/// The file of tokens.
#[derive(Clone, Debug)]
pub struct Tokens(PathBuf);

impl Tokens {
    /// The file in a home.
    pub fn of(home: &Path) -> Self {
        Self(home.join("tokens"))
    }

    /// An account's token.
    pub fn get(&self, owner: &Owner) -> Result<Option<Token>> {
        let prefix = owner.prefix();
        let text = self.read()?;
        // A line that cannot be read is no token: its owner logs in again.
        Ok(text
            .lines()
            .find_map(|line| parse(line).filter(|(found, _)| *found == prefix))
            .and_then(|(_, token)| token))
    }

    /// Keeps an account's token in place of the one before.
    pub fn put(&self, owner: &Owner, token: &Token) -> Result<()> {
        let json = serde_json::to_vec(token)
            .map_err(|error| Failure::new(1, format!("Cannot write {}: {error}", self.0.display())))?;
        self.replace(
            owner,
            Some(format!("{}:{}\n", owner.prefix(), STANDARD.encode(json))),
        )
    }

    /// Forgets an account's token.
    pub fn remove(&self, owner: &Owner) -> Result<()> {
        self.replace(owner, None)
    }

    fn replace(&self, owner: &Owner, line: Option<String>) -> Result<()> {
        let _lock = Lock::hold(&self.0)?;
        let (before, prefix) = (self.read()?, owner.prefix());
        let others = before
            .lines()
            .filter(|line| !line.trim().is_empty() && parse(line).is_none_or(|(found, _)| found != prefix));
        let mut after: String = others.flat_map(|line| [line, "\n"]).collect();
        after.push_str(&line.unwrap_or_default());
        if after == before {
            Ok(())
        } else {
            write_private(&self.0, after.as_bytes())
        }
    }

    fn read(&self) -> Result<String> {
        match std::fs::read_to_string(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            read => read.map_err(|error| failed("read", &self.0, &error)),
        }
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The owner's part of a line, and the token if it is whole. Addresses have colons, base64 has none.
fn parse(line: &str) -> Option<(&str, Option<Token>)> {
    let (owner, encoded) = line.trim().rsplit_once(':')?;
    let json = STANDARD.decode(encoded).ok();
    Some((owner, json.and_then(|json| serde_json::from_slice(&json).ok())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Token {
        Token {
            access_token: text.to_owned(),
            expiry: now() + 600,
            ..Token::default()
        }
    }

    #[test]
    fn tokens_are_kept_by_owner() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::of(folder.path());
        let one = Owner::new("127.0.0.1:8081", "micro", "admin");
        let two = Owner::new("127.0.0.1:8081", "micro", "a/b:c@d");
        assert_eq!(tokens.get(&one).unwrap(), None);
        for (owner, text) in [(&one, "first"), (&two, "second"), (&one, "third")] {
            tokens.put(owner, &token(text)).unwrap();
            assert_eq!(tokens.get(owner).unwrap().unwrap().access_token, text);
        }
        tokens.remove(&one).unwrap();
        assert_eq!(tokens.get(&one).unwrap(), None);
        assert_eq!(tokens.get(&two).unwrap().unwrap().access_token, "second");
        let text = std::fs::read_to_string(folder.path().join("tokens")).unwrap();
        assert!(
            text.starts_with("micro://127.0.0.1:8081/micro/a/b:c@d:"),
            "{text}"
        );
    }

    #[test]
    fn broken_lines_do_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("tokens"),
            "rubbish\nmicro://h:1/micro/admin:???\n",
        )
        .unwrap();
        let tokens = Tokens::of(folder.path());
        let owner = Owner::new("h:1", "micro", "admin");
        assert_eq!(tokens.get(&owner).unwrap(), None);
        tokens.put(&owner, &token("good")).unwrap();
        assert_eq!(tokens.get(&owner).unwrap().unwrap().access_token, "good");
        assert!(
            std::fs::read_to_string(folder.path().join("tokens"))
                .unwrap()
                .starts_with("rubbish\n")
        );
    }
}
