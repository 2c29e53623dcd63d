//! A new service: the files of `micro new NAME`.

mod name;

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::compile::compile_source;
use crate::error::{Error, Result};
use crate::generate::{GeneratedFile, Options};
use crate::project::{Language, Outputs};
use crate::{names, project, write};

pub use name::check as check_name;

/// The `max_width` that this project's rustfmt.toml sets; elsewhere rustfmt has none.
pub const WORKSPACE_WIDTH: usize = 110;

/// How a service finds the framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framework {
    /// It is a member of the workspace that the framework is in.
    Workspace,
    /// Through a link `.micro` in its folder, which leads to the framework's sources.
    Link,
}

/// Rooms beyond those that every service has; each comes with a small working example.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rooms {
    /// `service/`: the domain's types and rules.
    pub service: bool,
    /// A model in `service/`: typed records in the store.
    pub model: bool,
    /// `subscriber/`: what it does when others publish.
    pub subscriber: bool,
    /// `api/`: examples of calls and the OpenAPI document.
    pub api: bool,
    /// `web/`: a page with a form, and its templates.
    pub web: bool,
    /// `client/`: clients in other languages.
    pub client: bool,
}

impl Rooms {
    /// All there are.
    pub const ALL: Rooms = Rooms {
        service: true,
        model: true,
        subscriber: true,
        api: true,
        web: true,
        client: true,
    };
}

/// A service that is to be made.
///
/// ```
/// use micro_codegen::scaffold::{Framework, Rooms, Scaffold};
///
/// let scaffold = Scaffold { name: "greeter".into(), framework: Framework::Link, rooms: Rooms::default() };
/// let files = scaffold.files()?;
/// assert!(files.iter().any(|file| file.path.ends_with("handler/greeter.rs")));
/// # Ok::<(), micro_codegen::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scaffold {
    /// One lower-case word.
    pub name: String,
    pub framework: Framework,
    /// What it has besides contract, handler and main.
    pub rooms: Rooms,
}

impl Scaffold {
    /// The files, relative to the folder of the service.
    ///
    /// # Errors
    ///
    /// When no service can have the name.
    pub fn files(&self) -> Result<Vec<GeneratedFile>> {
        check_name(&self.name)?;
        let mut files = Vec::new();
        for (path, template) in self.templates() {
            files.push(self.file(&path, template)?);
        }
        files.extend(self.generated()?);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// The files that are written once, and are the author's from then on.
    fn templates(&self) -> Vec<(String, &'static str)> {
        let (name, rooms) = (&self.name, self.rooms);
        let (service, proto) = match self.framework {
            Framework::Workspace => (
                include_str!("scaffold/templates/cargo-workspace.toml"),
                include_str!("scaffold/templates/proto-cargo-workspace.toml"),
            ),
            Framework::Link => (
                include_str!("scaffold/templates/cargo-link.toml"),
                include_str!("scaffold/templates/proto-cargo-link.toml"),
            ),
        };
        let all = [
            (true, "Cargo.toml".to_owned(), service),
            (true, "proto/Cargo.toml".to_owned(), proto),
            (
                true,
                "main.rs".to_owned(),
                include_str!("scaffold/templates/main.rs.txt"),
            ),
            (
                true,
                "lib.rs".to_owned(),
                include_str!("scaffold/templates/lib.rs.txt"),
            ),
            (
                true,
                format!("{name}.mu"),
                include_str!("scaffold/templates/definition.mu"),
            ),
            (
                true,
                "README.md".to_owned(),
                include_str!("scaffold/templates/readme.md"),
            ),
            (
                true,
                ".gitignore".to_owned(),
                include_str!("scaffold/templates/gitignore"),
            ),
            (
                true,
                "proto/lib.rs".to_owned(),
                include_str!("scaffold/templates/proto-lib.rs.txt"),
            ),
            (
                true,
                self.contract(),
                include_str!("scaffold/templates/contract.proto"),
            ),
            (
                true,
                format!("handler/{name}.rs"),
                include_str!("scaffold/templates/handler.rs.txt"),
            ),
            (
                rooms.service || rooms.model,
                format!("service/{name}.rs"),
                include_str!("scaffold/templates/service.rs.txt"),
            ),
            (
                rooms.model,
                "service/guests.rs".to_owned(),
                include_str!("scaffold/templates/guests.rs.txt"),
            ),
            (
                rooms.subscriber,
                format!("subscriber/{name}.rs"),
                include_str!("scaffold/templates/subscriber.rs.txt"),
            ),
            (
                rooms.api,
                "api/examples.json".to_owned(),
                include_str!("scaffold/templates/examples.json"),
            ),
            (
                rooms.web,
                "askama.toml".to_owned(),
                include_str!("scaffold/templates/askama.toml"),
            ),
            (
                rooms.web,
                format!("web/{name}.rs"),
                include_str!("scaffold/templates/web.rs.txt"),
            ),
            (
                rooms.web,
                "web/layout.html".to_owned(),
                include_str!("scaffold/templates/layout.html"),
            ),
            (
                rooms.web,
                "web/index.html".to_owned(),
                include_str!("scaffold/templates/index.html"),
            ),
            (
                rooms.web,
                "web/style.css".to_owned(),
                include_str!("scaffold/templates/style.css"),
            ),
        ];
        let wanted = all.into_iter().filter(|(is_wanted, ..)| *is_wanted);
        wanted.map(|(_, path, template)| (path, template)).collect()
    }

    fn contract(&self) -> String {
        format!("proto/{}.proto", self.name)
    }

    /// What follows from the contract.
    fn generated(&self) -> Result<Vec<GeneratedFile>> {
        let contract = self.file(
            &format!("{}.proto", self.name),
            include_str!("scaffold/templates/contract.proto"),
        )?;
        let set = compile_source(&format!("{}.proto", self.name), &contract.content)?;
        let outputs = Outputs {
            rust: true,
            openapi: self.rooms.api,
            clients: if self.rooms.client {
                Language::ALL.to_vec()
            } else {
                Vec::new()
            },
        };
        let options = Options {
            width: self.width(),
            ..Options::default()
        };
        project::files(&set, &outputs, &options)
    }

    /// Makes the folder of the service in `parent` and returns its files, in order.
    ///
    /// # Errors
    ///
    /// When no service can have the name, when the folder exists already, which is then left as it
    /// is, or when it cannot be written.
    pub fn create(&self, parent: &Path) -> Result<Vec<PathBuf>> {
        let files = self.files()?;
        let folder = parent.join(&self.name);
        fs::create_dir(&folder).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => Error::Exists(folder.clone()),
            _ => Error::File {
                path: folder.clone(),
                source,
            },
        })?;
        let written = write(&files, &folder, false);
        if written.is_err() {
            let _ = fs::remove_dir_all(&folder); // it is ours, and half of it helps nobody
        }
        written
    }

    fn file(&self, path: &str, template: &str) -> Result<GeneratedFile> {
        let wrong = |source| Error::Template {
            path: path.to_owned(),
            source,
        };
        let mut environment = minijinja::Environment::new();
        let syntax = minijinja::syntax::SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build();
        environment.set_syntax(syntax.map_err(wrong)?);
        environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        let Rooms {
            service,
            model,
            subscriber,
            api,
            web,
            client,
        } = self.rooms;
        let facts = minijinja::context! {
            name => self.name.clone(),
            title => names::type_name(&self.name),
            service => service || model,
            model, subscriber, api, web, client,
        };
        let content = environment
            .render_str(template, facts)
            .map_err(|error| Error::Template {
                path: path.to_owned(),
                source: error,
            })?;
        Ok(GeneratedFile {
            path: path.into(),
            content,
        })
    }

    fn width(&self) -> usize {
        match self.framework {
            Framework::Workspace => WORKSPACE_WIDTH,
            Framework::Link => Options::default().width,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaffold(name: &str) -> Scaffold {
        Scaffold {
            name: name.into(),
            framework: Framework::Link,
            rooms: Rooms::default(),
        }
    }

    #[test]
    fn a_service_has_all_its_rooms() {
        let files = scaffold("greeter").files().unwrap();
        let paths: Vec<_> = files.iter().map(|file| file.path.to_str().unwrap()).collect();
        let expected = [
            ".gitignore",
            "Cargo.toml",
            "README.md",
            "greeter.mu",
            "handler/greeter.rs",
            "lib.rs",
            "main.rs",
            "proto/Cargo.toml",
            "proto/greeter/descriptor.rs",
            "proto/greeter/fakes.rs",
            "proto/greeter.proto",
            "proto/greeter.rs",
            "proto/lib.rs",
        ];
        assert_eq!(paths, expected);
        let left = files
            .iter()
            .filter(|file| !file.path.starts_with("proto/greeter"));
        for file in left {
            assert!(
                !file.content.contains("{{") && !file.content.contains("{%"),
                "{file:?}"
            );
        }
    }

    #[test]
    fn an_existing_folder_is_never_touched() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(scaffold("greeter").create(dir.path()).unwrap().len(), 13);
        let main = dir.path().join("greeter/main.rs");
        fs::write(&main, "mine").unwrap();
        let refused = scaffold("greeter").create(dir.path()).unwrap_err();
        assert!(matches!(refused, Error::Exists(_)), "{refused}");
        assert_eq!(fs::read_to_string(main).unwrap(), "mine");
    }
}
