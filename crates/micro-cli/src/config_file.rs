//! The user's settings: a JSON tree that is addressed with dotted keys.

use std::io::ErrorKind;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::errors::{Failure, Result};
use crate::home::{Lock, failed, write_private};

/// The content of `config.json`. What this program does not know is kept as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Config(Map<String, Value>);

impl Default for Config {
    fn default() -> Self {
        Self(Map::from_iter([("env".to_owned(), json!("local"))]))
    }
}

impl Config {
    /// Reads a file; one that is not there holds the defaults.
    pub fn load(path: &Path) -> Result<Self> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(failed("read", path, &error)),
        };
        if text.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(&text).map(Self).map_err(|error| {
            Failure::new(
                1,
                format!("The settings in {} cannot be read: {error}", path.display()),
            )
            .with_hint("mend the file, or move it away to start with the defaults")
        })
    }

    /// Changes a file under its lock, so that no other process's change is lost.
    pub fn update<T>(path: &Path, change: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let _lock = Lock::hold(path)?;
        let before = Self::load(path)?;
        let mut config = before.clone();
        let answer = change(&mut config)?;
        if config != before || !path.exists() {
            let text = serde_json::to_vec_pretty(&config.0)
                .map_err(|error| Failure::new(1, format!("Cannot write {}: {error}", path.display())))?;
            write_private(path, &text)?;
        }
        Ok(answer)
    }

    /// The value of a key without the blanks around it; empty when there is none. Objects are JSON.
    pub fn get(&self, key: &str) -> String {
        let mut parts = key.split('.');
        let first = parts.next().and_then(|part| self.0.get(part));
        match parts.fold(first, |value, part| value?.get(part)) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(other) => other.to_string(),
        }
    }

    /// Sets a key; the objects on its way are made.
    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        let (folders, last) = split(key)?;
        let mut at = &mut self.0;
        for folder in folders {
            let next = at.entry(folder).or_insert_with(|| json!({}));
            // A blank is what other programs leave for a deleted key.
            if next.is_null() || next == "" {
                *next = json!({});
            }
            at = next.as_object_mut().ok_or_else(|| {
                Failure::new(1, format!("Cannot set {key}: {folder} holds a value of its own"))
            })?;
        }
        at.insert(last.to_owned(), json!(value));
        Ok(())
    }

    /// Removes a key and all below it; one that is not there is no error.
    pub fn delete(&mut self, key: &str) -> Result<()> {
        let (folders, last) = split(key)?;
        let mut at = &mut self.0;
        for folder in folders {
            match at.get_mut(folder).and_then(Value::as_object_mut) {
                Some(next) => at = next,
                None => return Ok(()),
            }
        }
        at.remove(last);
        Ok(())
    }
}

fn split(key: &str) -> Result<(Vec<&str>, &str)> {
    let mut parts: Vec<&str> = key.split('.').collect();
    match parts.pop() {
        Some(last) if !last.is_empty() && parts.iter().all(|part| !part.is_empty()) => Ok((parts, last)),
        _ => Err(Failure::new(
            1,
            format!("{key:?} is not a key: expected words joined by dots"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_paths_and_what_is_unknown_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/config.json");
        assert_eq!(Config::load(&path).unwrap().get("env"), "local");
        Config::update(&path, |config| config.set("namespaces.local.current", " shop ")).unwrap();
        std::fs::write(
            &path,
            r#"{"env":"x","other":{"list":[1]},"namespaces":{"local":{"current":" shop "}}}"#,
        )
        .unwrap();
        Config::update(&path, |config| {
            config.set("git.credentials.github", "secret")?;
            config.delete("env")?;
            config.delete("not.there")
        })
        .unwrap();
        let config = Config::load(&path).unwrap();
        for (key, value) in [
            ("env", ""),
            ("namespaces.local.current", "shop"),
            ("namespaces.local.current.deeper", ""),
            ("other", r#"{"list":[1]}"#),
            ("git.credentials.github", "secret"),
            ("", ""),
        ] {
            assert_eq!(config.get(key), value, "{key}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let mut config = Config::default();
        assert!(
            config
                .set("env.deeper", "x")
                .unwrap_err()
                .text
                .contains("env holds a value")
        );
        assert!(config.set("a..b", "x").is_err());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, "[1").unwrap();
        assert!(Config::load(&path).unwrap_err().text.contains("config.json"));
        assert!(Config::update(&path, |_| Ok(())).is_err());
        assert_eq!(
            std::fs::read(&path).unwrap(),
            b"[1",
            "a file that cannot be read is left alone"
        );
    }
}
