//! What a package of a workspace is built of, as its manifests say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, TableLike};

/// The folder of a package, and those of all packages that it depends on by path. `None` where a manifest says nothing that
/// can be read.
///
/// What only tests need is left out, and so is the framework, which the server has its own copy of.
pub(crate) fn folders(package: &Path, root: &Path) -> Option<BTreeSet<PathBuf>> {
    let workspace = read(root)?;
    let shared = workspace
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"));
    let shared = shared
        .and_then(Item::as_table_like)
        .map(|table| paths(table, root))
        .unwrap_or_default();
    let mut found = BTreeSet::new();
    let mut left = vec![package.to_owned()];
    // Patches stand for packages that any other may depend on.
    for (_, patches) in workspace
        .get("patch")
        .and_then(Item::as_table_like)
        .into_iter()
        .flat_map(TableLike::iter)
    {
        left.extend(
            patches
                .as_table_like()
                .into_iter()
                .flat_map(|table| paths(table, root).into_values()),
        );
    }
    while let Some(folder) = left.pop() {
        if !found.contains(&folder) {
            left.extend(dependencies(read(&folder)?.as_table(), &folder, &shared));
            found.insert(folder);
        }
    }
    Some(found)
}

/// The innermost package that a file belongs to; nothing above `root` counts.
pub(crate) fn package_of(file: &Path, root: &Path) -> Option<PathBuf> {
    let mut folders = file
        .ancestors()
        .skip(1)
        .take_while(|folder| folder.starts_with(root));
    let is_package = |folder: &&Path| read(folder).is_some_and(|manifest| manifest.contains_key("package"));
    folders.find(is_package).map(Path::to_owned)
}

fn read(folder: &Path) -> Option<DocumentMut> {
    fs::read_to_string(folder.join("Cargo.toml")).ok()?.parse().ok()
}

/// The folders of what a table of a manifest, or a table within it, depends on.
fn dependencies(table: &dyn TableLike, folder: &Path, shared: &BTreeMap<String, PathBuf>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (key, item) in table.iter() {
        let Some(inner) = item.as_table_like() else {
            continue;
        };
        match key {
            "dependencies" | "build-dependencies" => {
                found.extend(paths(inner, folder).into_values());
                let inherited = inner.iter().filter(|(_, item)| inherits(item));
                found.extend(inherited.filter_map(|(name, _)| shared.get(name).cloned()));
            }
            // What the workspace says is said of those that inherit it.
            "workspace" | "patch" | "dev-dependencies" => {}
            _ => found.extend(dependencies(inner, folder, shared)),
        }
    }
    found
}

fn inherits(dependency: &Item) -> bool {
    dependency
        .as_table_like()
        .and_then(|table| table.get("workspace"))
        .and_then(Item::as_bool)
        .unwrap_or(false)
}

/// The dependencies that are folders.
fn paths(dependencies: &dyn TableLike, folder: &Path) -> BTreeMap<String, PathBuf> {
    let path = |item: &Item| {
        let path = item.as_table_like()?.get("path")?.as_str()?;
        let is_framework = Path::new(path)
            .components()
            .any(|part| part.as_os_str() == super::LINK);
        (!is_framework)
            .then(|| folder.join(path).canonicalize().ok())
            .flatten()
    };
    let named = dependencies
        .iter()
        .filter_map(|(name, item)| Some((name.to_owned(), path(item)?)));
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tests::service as folder;

    #[test]
    fn what_a_package_is_built_of() {
        let workspace = folder(&[
            (
                "Cargo.toml",
                "[workspace]\nmembers = ['*']\n[workspace.dependencies]\nuser-proto = { path = 'user/proto' }\nmicro = { path = '.micro/micro' }\n\
                 [patch.crates-io]\npatched = { path = 'patched' }\n",
            ),
            (
                "user/Cargo.toml",
                "[package]\nname = 'user'\n[dependencies]\nuser-proto.workspace = true\nmicro.workspace = true\n",
            ),
            (
                "user/proto/Cargo.toml",
                "[package]\nname = 'user-proto'\n[dependencies]\nserde = '1'\n",
            ),
            (
                "mail/Cargo.toml",
                "[package]\nname = 'mail'\n[target.'cfg(unix)'.dependencies]\nuser-proto = { path = '../user/proto' }\n\
                 [dev-dependencies]\nuser = { path = '../user' }\n",
            ),
            ("patched/Cargo.toml", "[package]\nname = 'patched'\n"),
            ("broken/Cargo.toml", "[package\n"),
        ]);
        let root = workspace.path().canonicalize().unwrap();
        let check = |package: &str, expected: &[&str]| {
            let found = folders(&root.join(package), &root).unwrap();
            let expected = expected.iter().map(|name| root.join(name)).collect();
            assert_eq!(found, expected, "{package}");
        };
        check("user", &["user", "user/proto", "patched"]);
        check("mail", &["mail", "user/proto", "patched"]);
        assert_eq!(folders(&root.join("broken"), &root), None);
        for (file, package) in [
            ("user/handler/user.rs", Some("user")),
            ("user/proto/user.proto", Some("user/proto")),
            ("Cargo.lock", None),
            ("docs/x.md", None),
        ] {
            let expected = package.map(|package| root.join(package));
            assert_eq!(package_of(&root.join(file), &root), expected, "{file}");
        }
    }
}
