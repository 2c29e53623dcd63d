//! Which services a change of files concerns.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::source::{Folder, Place, Source, packages};

/// The services among these that are made of one of the files.
///
/// A service with a folder of its own is made of all of it. A member of a workspace is made of its package and of those that
/// this one depends on; a file of no package, like the workspace's manifest or its lock file, concerns all members.
pub(super) fn concerned<'a>(services: &'a [Source], files: &[PathBuf]) -> Vec<&'a Source> {
    let folders: Vec<&Path> = services
        .iter()
        .filter_map(folder)
        .map(|at| at.folder.as_path())
        .collect();
    let is_concerned = |source: &&Source| {
        let Some(folder) = folder(source) else {
            return false;
        };
        let mut made_of = None;
        files
            .iter()
            .any(|file| concerns(folder, file, &folders, &mut made_of))
    };
    services.iter().filter(is_concerned).collect()
}

fn folder(source: &Source) -> Option<&Folder> {
    match &source.place {
        Place::Folder(folder) => Some(folder),
        Place::Repository(_) => None,
    }
}

fn concerns(
    at: &Folder,
    file: &Path,
    services: &[&Path],
    made_of: &mut Option<Option<BTreeSet<PathBuf>>>,
) -> bool {
    if !file.starts_with(&at.root) {
        return false;
    }
    if at.entrypoint.is_empty() {
        return true;
    }
    let owner = services
        .iter()
        .copied()
        .filter(|folder| file.starts_with(folder))
        .max_by_key(|folder| folder.components().count());
    let package = packages::package_of(file, &at.root);
    match (owner, package) {
        // In the folder of a service that cargo does not build.
        (Some(owner), package) if package.as_ref().is_none_or(|package| !package.starts_with(owner)) => {
            owner == at.folder
        }
        (_, Some(package)) => {
            let made_of = made_of.get_or_insert_with(|| packages::folders(&at.folder, &at.root));
            made_of.as_ref().is_none_or(|folders| folders.contains(&package))
        }
        (_, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::source::Group;

    const PROGRAM: &str = "[package]\nname = 'NAME'\nversion.workspace = true\n[dependencies]\n";

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn only_those_that_are_made_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        write(&root, "Cargo.toml", "[workspace]\nmembers = ['*']\n");
        for (name, needs) in [("user", "user"), ("mail", "user"), ("news", "news")] {
            let manifest = format!("{PROGRAM}{needs}-proto = {{ path = '../{needs}/proto' }}\n");
            write(
                &root,
                &format!("{name}/Cargo.toml"),
                &manifest.replace("NAME", name),
            );
            write(&root, &format!("{name}/main.rs"), "");
            let proto = format!("[package]\nname = '{name}-proto'\n");
            write(&root, &format!("{name}/proto/Cargo.toml"), &proto);
        }
        write(
            &root,
            "shop/shop.mu",
            "service shop\n    command python3 main.py\n",
        );
        write(
            &root,
            "alone/Cargo.toml",
            "[package]\nname = 'alone'\n[workspace]\n",
        );
        write(&root, "alone/main.rs", "");
        let group = Group::find(&root).unwrap().unwrap();
        for (file, expected) in [
            ("user/handler/user.rs", "user"),
            ("user/proto/user.rs", "mail user"),
            ("news/proto/news.rs", "news"),
            ("shop/main.py", "shop"),
            ("alone/main.rs", "alone"),
            ("Cargo.lock", "mail news user"),
            ("rust-toolchain.toml", "mail news user"),
        ] {
            let found = concerned(&group.services, &[root.join(file)]);
            let names: Vec<&str> = found.iter().map(|source| source.name.as_str()).collect();
            assert_eq!(names.join(" "), expected, "{file}");
        }
    }
}
