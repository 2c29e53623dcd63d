//! A new service: the files of `micro new NAME`.

mod name;

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::compile::compile_source;
use crate::error::{Error, Result};
use crate::generate::{GeneratedFile, Options, generate};
use crate::{names, write};

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

/// A service that is to be made.
///
/// ```
/// use micro_codegen::scaffold::{Framework, Scaffold};
///
/// let scaffold = Scaffold { name: "greeter".into(), framework: Framework::Link };
/// let files = scaffold.files()?;
/// assert!(files.iter().any(|file| file.path.ends_with("handler/greeter.rs")));
/// # Ok::<(), micro_codegen::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scaffold {
    /// One lower-case word.
    pub name: String,
    pub framework: Framework,
}

impl Scaffold {
    /// The files, relative to the folder of the service.
    ///
    /// # Errors
    ///
    /// When no service can have the name.
    pub fn files(&self) -> Result<Vec<GeneratedFile>> {
        check_name(&self.name)?;
        let (name, proto) = (&self.name, Path::new("proto"));
        let mut files = vec![
            self.file("main.rs", include_str!("scaffold/templates/main.rs.txt")),
            self.file("lib.rs", include_str!("scaffold/templates/lib.rs.txt")),
            self.file(
                &format!("handler/{name}.rs"),
                include_str!("scaffold/templates/handler.rs.txt"),
            ),
            self.file(&format!("{name}.mu"), "service {name}\n"),
            self.file("README.md", include_str!("scaffold/templates/readme.md")),
            self.file(".gitignore", include_str!("scaffold/templates/gitignore")),
            self.file(
                "proto/lib.rs",
                include_str!("scaffold/templates/proto-lib.rs.txt"),
            ),
        ];
        files.extend(self.manifests());
        let contract = self.file(
            &format!("{name}.proto"),
            include_str!("scaffold/templates/contract.proto"),
        );
        let set = compile_source(&format!("{name}.proto"), &contract.content)?;
        let generated = generate(
            &set,
            &Options {
                width: self.width(),
                ..Options::default()
            },
        )?;
        for file in generated.into_iter().chain([contract]) {
            files.push(GeneratedFile {
                path: proto.join(file.path),
                content: file.content,
            });
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
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

    fn manifests(&self) -> [GeneratedFile; 2] {
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
        [
            self.file("Cargo.toml", service),
            self.file("proto/Cargo.toml", proto),
        ]
    }

    fn file(&self, path: &str, template: &str) -> GeneratedFile {
        let title = names::type_name(&self.name);
        let content = template.replace("{name}", &self.name).replace("{title}", &title);
        GeneratedFile {
            path: path.into(),
            content,
        }
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
                !file.content.contains("{name}") && !file.content.contains("{title}"),
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
