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

    /// Runs `micro new --web NAME` in the folder.
    pub async fn with_pages(micro: &Micro, within: &Path, name: &str) -> Self {
        micro.within(within).ok(&["new", "--web", name]).await;
        Source {
            name: name.to_owned(),
            folder: within.join(name),
        }
    }

    /// Adds to the pages that `with_pages` made: calls of `Pages`, what they name, and files of the folder `web`.
    pub fn add_pages(&self, calls: &str, items: &str, files: &[(&str, &str)]) {
        let web = self.folder.join("web");
        for (name, text) in files {
            std::fs::write(web.join(name), text).expect("the file can be written");
        }
        let code = web.join(format!("{}.rs", self.name));
        let page = ".page(\"\", Greeting)";
        self.replace_in(&code, page, &format!("{page}{calls}"));
        let tests = "\n#[cfg(test)]\n";
        self.replace_in(&code, tests, &format!("\n{items}\n{tests}"));
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
        self.replace_in(&self.handler(), from, to);
    }

    /// Shows pages: files of the folder `web`, which are written first.
    pub fn show(&self, files: &[(&str, &str)]) {
        let mut pages = "micro::web::Pages::new()".to_owned();
        for (name, text) in files {
            let file = self.folder.join("web").join(name);
            std::fs::create_dir_all(file.parent().expect("a file is in a folder"))
                .expect("a folder can be made");
            std::fs::write(file, text).expect("the file can be written");
            pages.push_str(&format!(".file({name:?}, include_bytes!(\"web/{name}\"))"));
        }
        let service = "    service.handle(";
        let with_pages = format!("    let service = service.web({pages});\n{service}");
        self.replace_in(&self.folder.join("lib.rs"), service, &with_pages);
    }

    /// Adds a line to what it depends on.
    pub fn add_dependency(&self, line: &str) {
        let manifest = self.folder.join("Cargo.toml");
        self.replace_in(
            &manifest,
            "[dependencies]\n",
            &format!("[dependencies]\n{line}\n"),
        );
    }

    /// Makes it a member of the workspace that it lies in, instead of one of its own.
    pub fn join_workspace(&self) {
        let manifest = self.folder.join("Cargo.toml");
        self.edit(&manifest, |text| {
            let own = text.find("[workspace]").unwrap_or(text.len());
            text[..own].replace("version = \"0.1.0\"\n", "version.workspace = true\n")
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

    fn replace_in(&self, file: &Path, from: &str, to: &str) {
        self.edit(file, |text| {
            assert!(text.contains(from), "{} has no {from}:\n{text}", file.display());
            text.replace(from, to)
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
