//! `config.json`: what the command line remembers, a tree of JSON under keys with dots.
//!
//! What it does not know it keeps. Commands that run at the same time change it one after the other.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::errors::{Failure, Result};
use crate::files;

/// The file of settings.
#[derive(Clone, Debug)]
pub struct Config {
    path: PathBuf,
}

impl Config {
    /// The settings in a file, which need not be there yet.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The value of a key without the space around it; empty when there is none.
    pub fn get(&self, key: &str) -> Result<String> {
        Ok(text(lookup(&self.read()?, key)).trim().to_owned())
    }

    /// Everything below a key, as JSON.
    pub fn tree(&self, key: &str) -> Result<Option<Value>> {
        Ok(lookup(&self.read()?, key).cloned())
    }

    /// Sets a key.
    pub fn set(&self, key: &str, value: &str) -> Result<()> {
        self.change(|root| insert(root, key, value))
    }

    /// Sets a key to nothing.
    pub fn delete(&self, key: &str) -> Result<()> {
        self.set(key, "")
    }

    /// Sets a key to what `change` makes of its value; nobody else changes it meanwhile.
    pub fn update(&self, key: &str, change: impl FnOnce(String) -> Result<String>) -> Result<()> {
        self.change(|root| {
            let value = change(text(lookup(root, key)).trim().to_owned())?;
            insert(root, key, &value)
        })
    }

    fn change(&self, change: impl FnOnce(&mut Value) -> Result<()>) -> Result<()> {
        let _lock = files::Lock::of(&self.path).map_err(|error| self.failed("write", &error))?;
        let mut root = self.read()?;
        change(&mut root)?;
        let text = serde_json::to_string_pretty(&root).map_err(|error| self.failed("write", &error))?;
        files::replace(&self.path, &(text + "\n")).map_err(|error| self.failed("write", &error))
    }

    fn read(&self) -> Result<Value> {
        let text = files::read(&self.path).map_err(|error| self.failed("read", &error))?;
        if text.trim().is_empty() {
            return Ok(Value::Object(Map::from_iter([("env".to_owned(), Value::from("local"))])));
        }
        match serde_json::from_str(&text) {
            Ok(root @ Value::Object(_)) => Ok(root),
            Ok(_) => Err(self.failed("read", &"it is not a JSON object")),
            Err(error) => Err(self.failed("read", &error)),
        }
    }

    fn failed(&self, what: &str, cause: &dyn std::fmt::Display) -> Failure {
        Failure::plain(format!("cannot {what} the settings in {}: {cause}", path(&self.path)))
    }
}

fn path(path: &Path) -> std::path::Display<'_> {
    path.display()
}

fn lookup<'a>(root: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(root, |value, part| value.get(part))
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn insert(root: &mut Value, key: &str, value: &str) -> Result<()> {
    let parts: Vec<&str> = key.split('.').collect();
    let (Some((last, path)), false) = (parts.split_last(), parts.iter().any(|part| part.is_empty())) else {
        return Err(Failure::plain(format!("{key:?} is no key: write words with dots between them, such as git.baseurl")));
    };
    let mut at = root;
    for part in path {
        // A blank was a value that was deleted: it makes room for a tree.
        let fresh = || Value::Object(Map::new());
        let Value::Object(map) = at else { return Err(in_the_way(key)) };
        at = map.entry(*part).or_insert_with(fresh);
        if *at == Value::Null || *at == Value::from("") {
            *at = fresh();
        }
    }
    let Value::Object(map) = at else { return Err(in_the_way(key)) };
    map.insert((*last).to_owned(), Value::from(value));
    Ok(())
}

fn in_the_way(key: &str) -> Failure {
    Failure::plain(format!("cannot set {key}: a key above it has a value of its own; delete that first"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> (tempfile::TempDir, Config) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, text).unwrap();
        (folder, Config::at(path))
    }

    #[test]
    fn keys_have_dots_and_what_is_unknown_stays() {
        let (folder, config) = config(r#"{"env":" staging\n","other":{"deep":[1,2]}}"#);
        assert_eq!(config.get("env").unwrap(), "staging");
        assert_eq!(config.get("nothing.there").unwrap(), "");
        config.set("namespaces.local.current", "shop").unwrap();
        config.set("namespaces.local.all", "shop,other").unwrap();
        assert_eq!(config.get("namespaces.local.current").unwrap(), "shop");
        assert_eq!(config.get("namespaces.local").unwrap(), r#"{"all":"shop,other","current":"shop"}"#);
        assert_eq!(config.get("other.deep").unwrap(), "[1,2]");
        config.delete("namespaces.local").unwrap();
        assert_eq!(config.get("namespaces.local.current").unwrap(), "");
        config.set("namespaces.local.current", "again").unwrap();
        assert_eq!(config.get("namespaces.local.current").unwrap(), "again");
        assert!(config.set("env.local", "x").is_err(), "a value is not overwritten by a tree");
        assert!(config.set("a..b", "x").is_err());
        assert!(std::fs::read_to_string(folder.path().join("config.json")).unwrap().contains("deep"));
    }

    #[test]
    fn a_fresh_one_is_local_and_a_broken_one_is_left_alone() {
        let (_folder, fresh) = config("");
        assert_eq!(fresh.get("env").unwrap(), "local");
        let (folder, broken) = config("{oops");
        assert!(broken.set("a", "b").is_err());
        assert_eq!(std::fs::read_to_string(folder.path().join("config.json")).unwrap(), "{oops");
    }

    #[test]
    fn changes_at_the_same_time_are_all_kept() {
        let (_folder, config) = config("");
        std::thread::scope(|scope| {
            for number in 0..16 {
                let config = config.clone();
                scope.spawn(move || config.set(&format!("key{number}"), "there").unwrap());
            }
        });
        for number in 0..16 {
            assert_eq!(config.get(&format!("key{number}")).unwrap(), "there");
        }
    }
}
