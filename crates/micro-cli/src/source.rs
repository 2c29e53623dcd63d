//! A service's source: on this machine, as the runtime takes it, or where the runtime fetches it.

mod group;
pub(crate) mod packages;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use micro::runtime::Address;
use micro::runtime::definition::Definition;
use micro_rpc::Streaming;
use micro_rpc::bytes::Bytes;

use crate::config_file::Config;
use crate::errors::{Failure, Result};
use crate::framework::LINK;

use crate::run::order::Node;

pub(crate) use group::Group;

/// What the runtime takes, with room to spare: sources are text.
const LIMIT: u64 = 64 * 1024 * 1024;
const CHUNK: usize = 256 * 1024;
/// Made by tools, or by the runtime itself.
pub(crate) const SKIPPED: [&str; 6] = ["target", ".git", LINK, "node_modules", ".idea", ".vscode"];
/// The same of a service in another language, of which little is known.
const NO_SOURCE: [&str; 2] = [".git", LINK];
/// Where services are that are named by a word alone, unless the user's settings say otherwise.
const BASE: &str = "github.com/micro/services";
const LATEST: &str = "latest";

/// A service that can be run.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The service's name.
    pub name: String,
    /// The version to run it as.
    pub version: String,
    /// What the user called the source; a service of a folder is called by its own folder.
    pub given: String,
    /// Where it is.
    pub place: Place,
    /// What its own file says; nothing of a repository, which only the server reads.
    pub definition: Definition,
}

/// Where a source is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// On this machine.
    Folder(Folder),
    /// Where the server fetches it.
    Repository(Address),
}

/// A folder with a service in it.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    /// What is uploaded: the service's folder, or the workspace that it is a member of.
    pub root: PathBuf,
    /// The service's folder within the root; empty for the root itself.
    pub entrypoint: String,
    /// The service's folder.
    pub folder: PathBuf,
    /// Whether cargo builds it.
    is_cargo: bool,
}

/// Where services are that are named by a word alone.
pub(crate) fn base(config: &Config, environment: &str) -> String {
    let keys = [format!("git.{environment}.baseurl"), "git.baseurl".to_owned()];
    let set = keys
        .iter()
        .map(|key| config.get(key))
        .find(|base| !base.is_empty());
    set.unwrap_or_else(|| BASE.to_owned())
}

/// What the user's settings say that a repository is read with.
pub(crate) fn credentials(config: &Config, address: &Address) -> Option<String> {
    let some = |key: &str| Some(config.get(key)).filter(|text| !text.is_empty());
    let host = ["github", "gitlab", "bitbucket"]
        .into_iter()
        .find(|host| address.repository.starts_with(&format!("https://{host}.")));
    let of_host = host.and_then(|host| some(&format!("git.credentials.{host}")));
    let is_listed = some("git.credentials.url").is_some_and(|url| {
        let url = url
            .trim_start_matches("https://")
            .trim_end_matches('/')
            .to_owned();
        address.repository.starts_with(&format!("https://{url}/"))
    });
    of_host.or_else(|| some("git.credentials.token").filter(|_| is_listed))
}

impl Source {
    /// Looks at what the user named: a folder, a repository, or a word for a folder of the repository `base`. A folder
    /// that cargo cannot build needs a command: of its definition, unless one is given.
    pub(crate) fn find(given: &str, base: &str, has_command: bool) -> Result<Self> {
        let path = Path::new(given);
        if path.exists() {
            return Self::of_folder(path, None, has_command);
        }
        let is_word = !given.starts_with(['.', '/']) && !base.is_empty();
        if !Address::is_meant(given) && !is_word {
            let text = format!("no service at {given}: there is no such folder");
            return Err(Failure::new(1, text)
                .with_hint("give the folder of a service, or make one with `micro new NAME`"));
        }
        let text = if Address::is_meant(given) {
            given.to_owned()
        } else {
            eprintln!("there is no folder {given} here; looking in {base}");
            format!("{}/{given}", base.trim_end_matches('/'))
        };
        let address = Address::parse(&text).map_err(|error| Failure::new(1, error.detail))?;
        Ok(Self {
            name: address.name(),
            version: version(&address.reference),
            given: given.to_owned(),
            place: Place::Repository(address),
            definition: Definition::default(),
        })
    }

    /// The same source as its folder is now.
    pub(crate) fn again(&self) -> Result<Self> {
        let Place::Folder(folder) = &self.place else {
            return Ok(self.clone());
        };
        let now = Self::of_folder(&folder.folder, Some(&self.name), true)?;
        Ok(Self {
            name: self.name.clone(),
            version: self.version.clone(),
            given: self.given.clone(),
            ..now
        })
    }

    /// Among several files in the folder, that of the service called so is meant.
    fn of_folder(given: &Path, service: Option<&str>, has_command: bool) -> Result<Self> {
        let wrong = |text: String| {
            Failure::new(1, text).with_hint("give the folder of a service, or make one with `micro new NAME`")
        };
        let folder = given
            .canonicalize()
            .map_err(|error| wrong(format!("no service at {}: {error}", given.display())))?;
        if !folder.is_dir() {
            return Err(wrong(format!("{} is no folder", folder.display())));
        }
        let definition = definition(&folder, service)?.unwrap_or_default();
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok();
        let is_own = !definition.command.is_empty();
        if manifest.is_none() && !is_own && !has_command {
            let text = format!(
                "{} has no Cargo.toml, and nothing says how else to run it, so it is no service",
                folder.display()
            );
            return Err(Failure::new(1, text).with_hint(
                "make a service with `micro new NAME`; for one in another language give --command, or add a line \
                 `command ...` to its .mu file",
            ));
        }
        let inherits = manifest
            .as_ref()
            .is_some_and(|text| text.contains("workspace = true") && !text.contains("[workspace]"));
        let root = if inherits && !is_own {
            workspace(&folder)?
        } else {
            folder.clone()
        };
        let entrypoint = folder
            .strip_prefix(&root)
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        let name = match definition.name.as_str() {
            "" => folder_name(&folder)?,
            name => name.to_owned(),
        };
        Ok(Self {
            name,
            version: definition.version.clone().unwrap_or_else(|| LATEST.to_owned()),
            given: given.display().to_string(),
            place: Place::Folder(Folder {
                root,
                entrypoint,
                folder,
                is_cargo: manifest.is_some() && !is_own,
            }),
            definition,
        })
    }

    /// The service among those that it depends on.
    pub(crate) fn node(&self) -> Node {
        Node {
            name: self.name.clone(),
            depends: self.definition.depends.clone(),
        }
    }

    /// Whether cargo builds it of the framework, so that it is sure to register and to answer what the framework answers.
    pub(crate) fn is_of_framework(&self) -> bool {
        matches!(&self.place, Place::Folder(folder) if folder.is_cargo)
    }

    /// As the runtime knows it.
    pub(crate) fn text(&self) -> String {
        match &self.place {
            Place::Folder(_) => format!("{}{}:{}", micro::runtime::UPLOADED, self.name, self.version),
            // What is named by the version need not be said twice, and a version that has to be said differently is kept.
            Place::Repository(address) if address.reference == self.version => Address {
                reference: String::new(),
                ..address.clone()
            }
            .to_string(),
            Place::Repository(address) => address.to_string(),
        }
    }
}

/// The version for a branch, a tag or a commit: a branch may have slashes in its name.
fn version(reference: &str) -> String {
    match reference {
        "" => LATEST.to_owned(),
        reference => reference.replace(['/', '+', '#', '='], "-"),
    }
}

/// What the service of a folder is called.
pub(crate) fn name_of(folder: &Path) -> Result<String> {
    match definition(folder, None)? {
        Some(definition) => Ok(definition.name),
        None => folder_name(folder),
    }
}

fn definition(folder: &Path, service: Option<&str>) -> Result<Option<Definition>> {
    let found = Definition::find(folder, service).map_err(|text| Failure::new(1, text))?;
    Ok(found.map(|(_, definition)| definition))
}

fn folder_name(folder: &Path) -> Result<String> {
    let name = folder.file_name();
    name.map(|name| name.to_string_lossy().to_lowercase())
        .ok_or_else(|| Failure::new(1, "the root folder is no service"))
}

impl Folder {
    /// The source as a tar, in pieces.
    pub(crate) fn tar(&self) -> Result<Vec<Bytes>> {
        let mut archive = tar::Builder::new(Vec::new());
        archive.mode(tar::HeaderMode::Deterministic);
        self.add_all(&mut archive)
            .map_err(|error| Failure::new(1, format!("cannot read {}: {error}", self.root.display())))?;
        let bytes = Bytes::from(archive.into_inner()?);
        Ok((0..bytes.len())
            .step_by(CHUNK)
            .map(|at| bytes.slice(at..bytes.len().min(at + CHUNK)))
            .collect())
    }

    fn add_all(&self, archive: &mut tar::Builder<Vec<u8>>) -> io::Result<()> {
        let mut total = 0;
        for path in self.files()? {
            total += path.metadata()?.len();
            if total > LIMIT {
                let text = format!(
                    "the source is larger than {} MiB; move what is no source elsewhere",
                    LIMIT >> 20
                );
                return Err(io::Error::other(text));
            }
            let within = path.strip_prefix(&self.root).unwrap_or(&path);
            archive.append_path_with_name(&path, within)?;
        }
        Ok(())
    }

    /// All regular files but those that tools have made, in order.
    pub(crate) fn files(&self) -> io::Result<Vec<PathBuf>> {
        let skipped: &[&str] = if self.is_cargo { &SKIPPED } else { &NO_SOURCE };
        let mut files = Vec::new();
        list(&self.root, skipped, &mut files)?;
        Ok(files)
    }
}

fn list(folder: &Path, skipped: &[&str], files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if skipped.iter().any(|skipped| name == *skipped) {
            continue;
        }
        if kind.is_dir() {
            list(&entry.path(), skipped, files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// The messages of an upload.
pub(crate) fn messages(
    pieces: Vec<Bytes>,
    name: &str,
    version: &str,
) -> Streaming<micro_proto::runtime::UploadRequest> {
    use micro_proto::runtime::{Service, UploadRequest};
    let service = Service {
        name: name.to_owned(),
        version: version.to_owned(),
        ..Service::default()
    };
    let head = UploadRequest {
        service: Some(service),
        data: Bytes::new(),
    };
    let rest = pieces
        .into_iter()
        .map(|data| UploadRequest { service: None, data });
    std::iter::once(head).chain(rest).collect()
}

fn workspace(folder: &Path) -> Result<PathBuf> {
    let root = folder.ancestors().skip(1).find(|above| {
        fs::read_to_string(above.join("Cargo.toml")).is_ok_and(|manifest| manifest.contains("[workspace]"))
    });
    root.map(Path::to_path_buf).ok_or_else(|| {
        Failure::new(
            1,
            format!(
                "{} inherits from a workspace, but is in none",
                folder.join("Cargo.toml").display()
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files.
    pub(super) fn service(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_alone_and_a_member_of_a_workspace() {
        let alone = service(&[
            ("Cargo.toml", "[package]"),
            ("x.mu", "# c\nservice greeter\n"),
            ("target/x", ""),
        ]);
        let (source, folder) = found(alone.path(), false);
        assert_eq!(
            (source.name.as_str(), folder.entrypoint.as_str()),
            ("greeter", "")
        );
        assert_eq!(uploaded(&folder), ["Cargo.toml", "x.mu"]);

        let member = service(&[
            ("Cargo.toml", "[workspace]"),
            ("services/user/Cargo.toml", "micro.workspace = true"),
        ]);
        let (source, folder) = found(&member.path().join("services/user"), false);
        assert_eq!(
            (source.name.as_str(), folder.entrypoint.as_str()),
            ("user", "services/user")
        );
        assert_eq!(source.text(), "source://user:latest");
    }

    fn found(folder: &Path, has_command: bool) -> (Source, Folder) {
        let source = Source::find(folder.to_str().unwrap(), "", has_command).unwrap();
        match source.place.clone() {
            Place::Folder(folder) => (source, folder),
            Place::Repository(address) => panic!("{address}"),
        }
    }

    fn uploaded(folder: &Folder) -> Vec<String> {
        let bytes: Vec<u8> = folder.tar().unwrap().concat();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entries = archive.entries().unwrap();
        entries
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect()
    }

    #[test]
    fn services_in_other_languages_are_uploaded_whole() {
        let files = [
            ("main.py", ""),
            ("node_modules/x", ""),
            ("target/x", ""),
            (".git/x", ""),
        ];
        let defined = "service shop\n    version v2\n    command python3 main.py\n";
        let folder = service(&[&files[..], &[("shop.mu", defined)]].concat());
        let (source, found_there) = found(folder.path(), false);
        assert_eq!((source.name.as_str(), source.version.as_str()), ("shop", "v2"));
        let all = ["main.py", "node_modules/x", "shop.mu", "target/x"];
        assert_eq!(uploaded(&found_there), all);
        let bare = service(&files);
        assert_eq!(
            uploaded(&found(bare.path(), true).1),
            ["main.py", "node_modules/x", "target/x"]
        );
        let broken = service(&[("x.mu", "service x\n  comand y\n")]);
        let error = Source::find(broken.path().to_str().unwrap(), "", true).unwrap_err();
        assert!(error.text.starts_with("x.mu:2:3: "), "{error}");
    }

    #[test]
    fn repositories_are_named_in_full_or_by_a_word() {
        for (given, text, name, version) in [
            (
                "github.com/org/repo/user@v1",
                "https://github.com/org/repo/user",
                "user",
                "v1",
            ),
            (
                "github.com/org/repo/user@a/b",
                "https://github.com/org/repo/user@a/b",
                "user",
                "a-b",
            ),
            ("file:///nowhere/repo", "file:///nowhere/repo", "repo", "latest"),
            (
                "nothere",
                "https://example.com/services.git/nothere",
                "nothere",
                "latest",
            ),
        ] {
            let source = Source::find(given, "example.com/services.git", false).unwrap();
            assert_eq!((source.text().as_str(), source.name.as_str()), (text, name));
            assert_eq!(source.version, version);
        }
    }

    #[test]
    fn the_users_settings_know_where_and_with_what() {
        let mut config = Config::default();
        assert_eq!(base(&config, "local"), "github.com/micro/services");
        config.set("git.baseurl", "example.com/all").unwrap();
        assert_eq!(base(&config, "local"), "example.com/all");
        config.set("git.local.baseurl", "example.com/mine").unwrap();
        assert_eq!(base(&config, "local"), "example.com/mine");

        let address = |text: &str| Address::parse(text).unwrap();
        assert_eq!(credentials(&config, &address("github.com/a/b")), None);
        config.set("git.credentials.github", "one").unwrap();
        config.set("git.credentials.url", "git.example.com").unwrap();
        config.set("git.credentials.token", "two").unwrap();
        for (text, expected) in [
            ("github.com/a/b", Some("one")),
            ("https://git.example.com/a", Some("two")),
            ("https://git.example.com.evil.org/a", None),
            ("gitlab.com/a/b", None),
        ] {
            assert_eq!(
                credentials(&config, &address(text)).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_service_is_said() {
        assert!(
            Source::find("/nonexistent", "", false)
                .unwrap_err()
                .text
                .contains("no service at")
        );
        let empty = service(&[]);
        assert!(
            Source::find(empty.path().to_str().unwrap(), "", false)
                .unwrap_err()
                .text
                .contains("no Cargo.toml")
        );
    }
}
