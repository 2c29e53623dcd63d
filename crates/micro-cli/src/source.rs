//! A service's source on this machine, as the runtime takes it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use micro_rpc::Streaming;
use micro_rpc::bytes::Bytes;

use crate::errors::{Failure, Result};

/// What the runtime takes, with room to spare: sources are text.
const LIMIT: u64 = 64 * 1024 * 1024;
const CHUNK: usize = 256 * 1024;
/// Made by tools, or by the runtime itself.
const SKIPPED: [&str; 6] = ["target", ".git", ".micro", "node_modules", ".idea", ".vscode"];

/// A folder with a service in it.
#[derive(Debug)]
pub(crate) struct Source {
    /// The service's name.
    pub name: String,
    /// What is uploaded: the service's folder, or the workspace that it is a member of.
    pub root: PathBuf,
    /// The service's folder within the root; empty for the root itself.
    pub entrypoint: String,
    /// The service's folder.
    pub folder: PathBuf,
}

impl Source {
    /// Looks at what the user named: a folder, or nothing for the current one.
    pub(crate) fn find(given: &str) -> Result<Self> {
        let folder = Path::new(given).canonicalize().map_err(|error| {
            let text = format!("no service at {given}: {error}");
            Failure::new(1, text).with_hint("give the folder of a service, or make one with `micro new NAME`")
        })?;
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).map_err(|_| {
            let text = format!("{} has no Cargo.toml, so it is no service", folder.display());
            Failure::new(1, text).with_hint("give the folder of a service, or make one with `micro new NAME`")
        })?;
        let inherits = manifest.contains("workspace = true") && !manifest.contains("[workspace]");
        let root = if inherits {
            workspace(&folder)?
        } else {
            folder.clone()
        };
        let entrypoint = folder
            .strip_prefix(&root)
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        let name = name(&folder)?;
        Ok(Self {
            name,
            root,
            entrypoint,
            folder,
        })
    }

    /// The source as a tar, in pieces.
    pub(crate) fn tar(&self) -> Result<Vec<Bytes>> {
        let mut archive = tar::Builder::new(Vec::new());
        archive.mode(tar::HeaderMode::Deterministic);
        let mut total = 0;
        self.add(&mut archive, &self.root, &mut total)
            .map_err(|error| Failure::new(1, format!("cannot read {}: {error}", self.root.display())))?;
        let bytes = Bytes::from(archive.into_inner()?);
        Ok((0..bytes.len())
            .step_by(CHUNK)
            .map(|at| bytes.slice(at..bytes.len().min(at + CHUNK)))
            .collect())
    }

    fn add(&self, archive: &mut tar::Builder<Vec<u8>>, folder: &Path, total: &mut u64) -> io::Result<()> {
        let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, kind) = (entry.path(), entry.file_type()?);
            let name = entry.file_name();
            if SKIPPED.iter().any(|skipped| name == *skipped) || kind.is_symlink() {
                continue;
            }
            if kind.is_dir() {
                self.add(archive, &path, total)?;
            } else if kind.is_file() {
                *total += entry.metadata()?.len();
                if *total > LIMIT {
                    let text = format!(
                        "the source is larger than {} MiB; move what is no source elsewhere",
                        LIMIT >> 20
                    );
                    return Err(io::Error::other(text));
                }
                let within = path.strip_prefix(&self.root).unwrap_or(&path);
                archive.append_path_with_name(&path, within)?;
            }
        }
        Ok(())
    }
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

/// The name in the first line of a `.mu` file, else that of the folder.
fn name(folder: &Path) -> Result<String> {
    let mut definitions: Vec<PathBuf> = fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "mu"))
        .collect();
    definitions.sort();
    let Some(definition) = definitions.first() else {
        let name = folder
            .file_name()
            .map(|name| name.to_string_lossy().to_lowercase());
        return name.ok_or_else(|| Failure::new(1, "the root folder is no service"));
    };
    let text = fs::read_to_string(definition)?;
    let first = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or("").trim())
        .find(|line| !line.is_empty());
    match first
        .and_then(|line| line.strip_prefix("service "))
        .map(str::trim)
    {
        Some(name) if !name.is_empty() => Ok(micro::registry::short_name(name).to_owned()),
        _ => Err(Failure::new(
            1,
            format!("{}: the first line must be `service NAME`", definition.display()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(files: &[(&str, &str)]) -> tempfile::TempDir {
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
        let source = Source::find(alone.path().to_str().unwrap()).unwrap();
        assert_eq!(
            (source.name.as_str(), source.entrypoint.as_str()),
            ("greeter", "")
        );
        let mut names = Vec::new();
        let bytes: Vec<u8> = source.tar().unwrap().concat();
        for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
            names.push(entry.unwrap().path().unwrap().display().to_string());
        }
        assert_eq!(names, ["Cargo.toml", "x.mu"]);

        let member = service(&[
            ("Cargo.toml", "[workspace]"),
            ("services/user/Cargo.toml", "micro.workspace = true"),
        ]);
        let source = Source::find(member.path().join("services/user").to_str().unwrap()).unwrap();
        assert_eq!(
            (source.name.as_str(), source.entrypoint.as_str()),
            ("user", "services/user")
        );
    }

    #[test]
    fn what_is_no_service_is_said() {
        assert!(
            Source::find("/nonexistent")
                .unwrap_err()
                .text
                .contains("no service at")
        );
        let empty = service(&[]);
        assert!(
            Source::find(empty.path().to_str().unwrap())
                .unwrap_err()
                .text
                .contains("no Cargo.toml")
        );
    }
}
