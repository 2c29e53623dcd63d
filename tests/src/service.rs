//! Services to drive: made by `micro new`, then changed as an author would change them.

use std::path::{Path, PathBuf};

use crate::command::Micro;

/// A fresh service's folder.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub folder: PathBuf,
}

impl Source {
    /// Runs `micro new NAME` in the folder.
    pub async fn new(micro: &Micro, within: &Path, name: &str) -> Self {
        micro.within(within).ok(&["new", name]).await;
        Source {
            name: name.to_owned(),
            folder: within.join(name),
        }
    }

    /// Puts a statement before the others of a handler's method.
    ///
    /// # Panics
    /// When the handler has no such method.
    pub fn insert(&self, method: &str, statement: &str) {
        self.edit(&self.handler(), |text| {
            let start = text
                .find(&format!("async fn {method}("))
                .unwrap_or_else(|| panic!("no method {method}"));
            let body = start + text[start..].find("{\n").expect("a method has a body") + 2;
            format!("{}        {statement}\n{}", &text[..body], &text[body..])
        });
    }

    /// Replaces a text of the handler.
    ///
    /// # Panics
    /// When it is not there.
    pub fn replace(&self, from: &str, to: &str) {
        self.edit(&self.handler(), |text| {
            assert!(text.contains(from), "the handler has no {from}:\n{text}");
            text.replace(from, to)
        });
    }

    /// Puts a statement before the others of main.
    pub fn insert_in_main(&self, statement: &str) {
        self.edit(&self.folder.join("main.rs"), |text| {
            let start = text.find("fn main(").expect("main.rs has a main");
            let body = start + text[start..].find("{\n").expect("main has a body") + 2;
            format!("{}    {statement}\n{}", &text[..body], &text[body..])
        });
    }

    fn handler(&self) -> PathBuf {
        self.folder.join("handler").join(format!("{}.rs", self.name))
    }

    fn edit(&self, file: &Path, change: impl FnOnce(String) -> String) {
        let text = std::fs::read_to_string(file)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", file.display()));
        std::fs::write(file, change(text)).expect("the file can be written");
    }
}
