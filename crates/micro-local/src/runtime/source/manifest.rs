//! Points the manifests of a source at the server's copy of the framework.
//!
//! On the author's machine the framework is found through a link named `.micro`, wherever it leads to. On the server all
//! services share one copy at one path: it is compiled once, and it is the one the server was built with.

use std::path::{Component, Path, PathBuf};

use micro::{Error, Result};
use toml_edit::{DocumentMut, Item, TableLike, Value};

/// What is taken from the server's copy.
const FRAMEWORK_CRATES: &[&str] = &["micro", "micro-rpc", "micro-proto"];

/// More would be no source tree.
const DEPTH: usize = 64;

/// Rewrites every manifest in a tree.
pub fn point_at_framework(tree: &Path, framework: &Path) -> Result<()> {
    manifests(tree, DEPTH, &mut |path| {
        let text =
            std::fs::read_to_string(path).map_err(|error| unreadable(tree, path, &error.to_string()))?;
        match rewrite(&text, framework) {
            Ok(Some(rewritten)) => {
                std::fs::write(path, rewritten).map_err(|error| unreadable(tree, path, &error.to_string()))
            }
            Ok(None) => Ok(()),
            Err(error) => Err(unreadable(tree, path, &error.to_string())),
        }
    })
}

fn manifests(folder: &Path, depth: usize, visit: &mut dyn FnMut(&Path) -> Result<()>) -> Result<()> {
    let unlisted = |error: std::io::Error| Error::internal("runtime.Upload", error.to_string());
    if depth == 0 {
        return Err(Error::bad_request(
            "runtime.Upload",
            format!("the source is more than {DEPTH} folders deep"),
        ));
    }
    for entry in std::fs::read_dir(folder).map_err(unlisted)? {
        let entry = entry.map_err(unlisted)?;
        let kind = entry.file_type().map_err(unlisted)?;
        if kind.is_dir() {
            manifests(&entry.path(), depth - 1, visit)?;
        } else if kind.is_file() && entry.file_name() == "Cargo.toml" {
            visit(&entry.path())?;
        }
    }
    Ok(())
}

fn unreadable(tree: &Path, path: &Path, error: &str) -> Error {
    let path = path.strip_prefix(tree).unwrap_or(path).display();
    Error::bad_request("runtime.Upload", format!("cannot read {path}: {error}"))
}

/// The manifest with its framework dependencies rewritten; `None` when it has none.
fn rewrite(manifest: &str, framework: &Path) -> Result<Option<String>, toml_edit::TomlError> {
    // Most manifests of a large tree are no concern of ours.
    if !manifest.contains(".micro") {
        return Ok(None);
    }
    let mut document: DocumentMut = manifest.parse()?;
    let is_changed = rewrite_tables(document.as_table_mut(), framework);
    Ok(is_changed.then(|| document.to_string()))
}

/// All tables of dependencies, wherever they are: those of targets, of the workspace, for tests and for build scripts.
fn rewrite_tables(table: &mut dyn TableLike, framework: &Path) -> bool {
    let mut is_changed = false;
    for (key, item) in table.iter_mut() {
        let is_dependencies = key.get().ends_with("dependencies");
        let Some(inner) = item.as_table_like_mut() else {
            continue;
        };
        is_changed |= if is_dependencies {
            rewrite_dependencies(inner, framework)
        } else {
            rewrite_tables(inner, framework)
        };
    }
    is_changed
}

fn rewrite_dependencies(dependencies: &mut dyn TableLike, framework: &Path) -> bool {
    let mut is_changed = false;
    for (key, item) in dependencies.iter_mut() {
        let key = key.get().to_owned();
        let Some(dependency) = item.as_table_like_mut() else {
            continue;
        };
        let package = dependency
            .get("package")
            .and_then(Item::as_str)
            .unwrap_or(&key)
            .to_owned();
        let leads_to_framework = dependency
            .get("path")
            .and_then(Item::as_str)
            .is_some_and(is_link_path);
        if leads_to_framework && FRAMEWORK_CRATES.contains(&package.as_str()) {
            let path = framework.join(&package);
            dependency.insert("path", Item::Value(Value::from(path.to_string_lossy().as_ref())));
            is_changed = true;
        }
    }
    is_changed
}

fn is_link_path(path: &str) -> bool {
    Path::new(path)
        .components()
        .any(|part| part.as_os_str() == ".micro")
}

/// Where cargo keeps the lock file of a package: in its workspace's root, or beside it. Nothing above `source` counts.
pub fn workspace_root(package: &Path, source: &Path) -> PathBuf {
    let folders = package
        .ancestors()
        .take_while(|folder| folder.starts_with(source));
    let mut roots = folders.filter(|folder| {
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        let document = manifest.parse::<DocumentMut>().ok();
        document.is_some_and(|document| document.contains_key("workspace"))
    });
    roots.next().unwrap_or(package).to_owned()
}

/// A service's folder within its source; nothing outside of it.
pub fn package_folder(source: &Path, entrypoint: &str) -> Result<PathBuf> {
    let is_within = Path::new(entrypoint)
        .components()
        .all(|component| matches!(component, Component::Normal(_) | Component::CurDir));
    if !is_within {
        let detail = format!("the entrypoint {entrypoint:?} must be a folder within the source");
        return Err(Error::bad_request("runtime", detail));
    }
    Ok(source.join(entrypoint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(manifest: &str, expected: &str) {
        let rewritten = rewrite(manifest, Path::new("/srv/framework")).unwrap();
        assert_eq!(rewritten.as_deref().unwrap_or(manifest), expected);
    }

    #[test]
    fn framework_dependencies_lead_to_the_servers_copy() {
        check(
            "[package]\nname = \"greeter\" # mine\n\n[dependencies]\nmicro = { path = \".micro/micro\", features = [\"x\"] }\nserde = \"1\"\n",
            "[package]\nname = \"greeter\" # mine\n\n[dependencies]\nmicro = { path = \"/srv/framework/micro\", features = [\"x\"] }\nserde = \"1\"\n",
        );
        check(
            "[dev-dependencies.rpc]\npackage = \"micro-rpc\"\npath = \"../.micro/micro-rpc\"\n",
            "[dev-dependencies.rpc]\npackage = \"micro-rpc\"\npath = \"/srv/framework/micro-rpc\"\n",
        );
        check(
            "[target.'cfg(unix)'.dependencies]\nmicro = { path = \".micro/crates/micro\" }\n",
            "[target.'cfg(unix)'.dependencies]\nmicro = { path = \"/srv/framework/micro\" }\n",
        );
        check(
            "[workspace.dependencies]\nmicro-proto = { path = \".micro/micro-proto\" }\n",
            "[workspace.dependencies]\nmicro-proto = { path = \"/srv/framework/micro-proto\" }\n",
        );
    }

    #[test]
    fn everything_else_is_left_alone() {
        for manifest in [
            "[dependencies]\nmicro = { workspace = true } # not .micro\n",
            "[dependencies]\nmicro = { path = \"../crates/micro\" } # .micro\n",
            "[dependencies]\nother = { path = \".micro/other\" }\n",
            "[dependencies]\nmicro = \"1\" # .micro\n",
        ] {
            check(manifest, manifest);
        }
        assert!(rewrite("not toml = .micro", Path::new("/srv")).is_err());
    }

    #[test]
    fn entrypoints_stay_within() {
        let source = Path::new("/source");
        assert_eq!(
            package_folder(source, "services/x").unwrap(),
            Path::new("/source/services/x")
        );
        assert_eq!(package_folder(source, "").unwrap(), Path::new("/source/"));
        for out in ["..", "a/../../b", "/etc"] {
            assert!(package_folder(source, out).is_err(), "{out}");
        }
    }
}
