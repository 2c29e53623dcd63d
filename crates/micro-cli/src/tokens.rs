//! `tokens`: who is logged in where, a line each: `micro://<proxy>/<namespace>/<account>:<base64 of JSON>`.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::errors::{Failure, Result};
use crate::files;

/// What an account logs in with until it expires.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Token {
    /// Goes with each call.
    pub access_token: String,
    /// Is exchanged for the next access token.
    pub refresh_token: String,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds.
    pub expiry: i64,
}

impl Token {
    /// Seconds that are left.
    pub fn remaining(&self) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.expiry.saturating_sub(i64::try_from(now).unwrap_or(i64::MAX))
    }
}

impl From<micro_proto::auth::Token> for Token {
    fn from(token: micro_proto::auth::Token) -> Self {
        Self {
            access_token: token.access_token,
            refresh_token: token.refresh_token,
            created: token.created,
            expiry: token.expiry,
        }
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("expiry", &self.expiry).finish_non_exhaustive()
    }
}

/// Whose token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// `host:port` of the proxy.
    pub proxy: String,
    /// The namespace of the account.
    pub namespace: String,
    /// Its id.
    pub account: String,
}

impl Key {
    fn text(&self) -> String {
        format!("micro://{}/{}/{}", self.proxy, self.namespace, self.account)
    }
}

/// The file of tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    path: PathBuf,
}

impl Tokens {
    /// The tokens in a file, which need not be there yet.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The token of an account.
    pub fn get(&self, key: &Key) -> Result<Option<Token>> {
        let text = files::read(&self.path).map_err(|error| self.failed("read", &error))?;
        let key = key.text();
        Ok(text.lines().filter_map(split).find(|(found, _)| *found == key).and_then(|(_, token)| decode(token)))
    }

    /// Keeps the token of an account, instead of the one before.
    pub fn save(&self, key: &Key, token: &Token) -> Result<()> {
        let json = serde_json::to_string(token).map_err(|error| self.failed("write", &error))?;
        let line = format!("{}:{}", key.text(), STANDARD.encode(json));
        self.change(key, Some(line))
    }

    /// Forgets the token of an account.
    pub fn remove(&self, key: &Key) -> Result<()> {
        self.change(key, None)
    }

    fn change(&self, key: &Key, line: Option<String>) -> Result<()> {
        let _lock = files::Lock::of(&self.path).map_err(|error| self.failed("write", &error))?;
        let text = files::read(&self.path).map_err(|error| self.failed("read", &error))?;
        let key = key.text();
        // Lines that are not understood are somebody's: they stay.
        let kept = text.lines().filter(|line| !line.trim().is_empty() && split(line).is_none_or(|(found, _)| found != key));
        let mut lines: Vec<&str> = kept.collect();
        lines.extend(line.as_deref());
        let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
        files::replace(&self.path, &text).map_err(|error| self.failed("write", &error))
    }

    fn failed(&self, what: &str, cause: &dyn std::fmt::Display) -> Failure {
        Failure::plain(format!("cannot {what} the tokens in {}: {cause}", self.path.display()))
    }
}

/// Base64 has no colon: the last one ends the key, whatever is in the account's name.
fn split(line: &str) -> Option<(&str, &str)> {
    line.trim().rsplit_once(':').filter(|(key, _)| key.starts_with("micro://"))
}

fn decode(token: &str) -> Option<Token> {
    let bytes = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD].iter().find_map(|alphabet| alphabet.decode(token).ok())?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(account: &str) -> Key {
        Key { proxy: "127.0.0.1:8081".into(), namespace: "micro".into(), account: account.into() }
    }

    #[test]
    fn each_account_has_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        std::fs::write(&path, "something else\n").unwrap();
        let tokens = Tokens::at(path.clone());
        let token = |text: &str| Token { access_token: text.into(), expiry: 1, ..Token::default() };
        tokens.save(&key("admin"), &token("a")).unwrap();
        tokens.save(&key("a:b/c"), &token("b")).unwrap();
        tokens.save(&key("admin"), &token("c")).unwrap();
        assert_eq!(tokens.get(&key("admin")).unwrap(), Some(token("c")));
        assert_eq!(tokens.get(&key("a:b/c")).unwrap(), Some(token("b")));
        tokens.remove(&key("admin")).unwrap();
        assert_eq!(tokens.get(&key("admin")).unwrap(), None);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("something else\nmicro://127.0.0.1:8081/micro/a:b/c:"), "{text}");
        assert!(token("x").remaining() < 0);
    }

    #[test]
    fn lines_of_earlier_programs_are_understood() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        let json = r#"{"access_token":"a.b.c","refresh_token":"r","created":1,"expiry":4102444800}"#;
        std::fs::write(&path, format!("micro://127.0.0.1:8081/micro/admin:{}\n", URL_SAFE_NO_PAD.encode(json))).unwrap();
        let token = Tokens::at(path).get(&key("admin")).unwrap().unwrap();
        assert_eq!((token.access_token.as_str(), token.remaining() > 0), ("a.b.c", true));
    }
}
