//! Packs the framework's sources into the binary, so that a service builds with what the binary brings along.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use toml_edit::{Array, DocumentMut, value};

const CRATES: [&str; 3] = ["micro", "micro-proto", "micro-rpc"];

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("set by cargo")).join("../..");
    let out = PathBuf::from(env::var("OUT_DIR").expect("set by cargo"));
    let mut files = Vec::new();
    for name in CRATES {
        let folder = root.join("crates").join(name);
        println!("cargo::rerun-if-changed={}", folder.display());
        collect(&folder, Path::new(name), &mut files);
    }
    for name in ["Cargo.toml", "Cargo.lock", "LICENSE"] {
        println!("cargo::rerun-if-changed={}", root.join(name).display());
    }
    let manifest = out.join("framework.toml");
    fs::write(&manifest, workspace(&root)).expect("OUT_DIR is writable");
    files.push(("Cargo.toml".to_owned(), manifest));
    files.push(("Cargo.lock".to_owned(), root.join("Cargo.lock")));
    files.push(("LICENSE".to_owned(), root.join("LICENSE")));
    files.sort();
    fs::write(out.join("framework.rs"), table(&files)).expect("OUT_DIR is writable");
}

fn collect(folder: &Path, name: &Path, files: &mut Vec<(String, PathBuf)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let inner = name.join(entry.file_name());
        let path = entry.path();
        if path.is_dir() {
            if entry.file_name() != "target" {
                collect(&path, &inner, files);
            }
        } else {
            files.push((inner.display().to_string(), path));
        }
    }
}

// The workspace of the sources alone: what they inherit, without the rest of the project.
fn workspace(root: &Path) -> String {
    let text = fs::read_to_string(root.join("Cargo.toml")).expect("the workspace has a manifest");
    let mut manifest: DocumentMut = text.parse().expect("the workspace's manifest is TOML");
    manifest.retain(|key, _| key == "workspace");
    manifest["workspace"]["members"] = value(CRATES.iter().copied().collect::<Array>());
    let workspace = manifest["workspace"]
        .as_table_mut()
        .expect("a workspace is a table");
    workspace.remove("default-members");
    let dependencies = workspace["dependencies"]
        .as_table_mut()
        .expect("dependencies are a table");
    dependencies.retain(|name, item| CRATES.contains(&name) || item.get("path").is_none());
    for name in CRATES {
        dependencies[name]["path"] = value(name);
    }
    manifest.to_string()
}

fn table(files: &[(String, PathBuf)]) -> String {
    // FNV-1a: the same content has the same name on every machine.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut text = String::from("pub(super) static FILES: &[(&str, &[u8])] = &[\n");
    for (name, path) in files {
        let content = fs::read(path).expect("a collected file is readable");
        for byte in name.bytes().chain(content) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let path = path.canonicalize().expect("a collected file has a path");
        let _ = writeln!(
            text,
            "    ({name:?}, include_bytes!({:?})),",
            path.display().to_string()
        );
    }
    let _ = writeln!(text, "];\npub(super) const HASH: &str = \"{hash:016x}\";");
    text
}
