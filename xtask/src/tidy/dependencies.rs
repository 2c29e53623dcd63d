//! Who may depend on whom, and who may know an outside system.

use anyhow::{Context, Result};
use toml_edit::{DocumentMut, Item, TableLike};

/// The driver crates: each is the one place that knows its outside systems.
const DRIVERS: &[&str] = &[
    "micro-local",
    "micro-etcd",
    "micro-nats",
    "micro-cockroach",
    "micro-kubernetes",
    "micro-s3",
];

/// Our crates, and those of ours that each may depend on.
const TABLE: &[(&str, &[&str])] = &[
    ("micro-rpc", &[]),
    ("micro-codegen", &[]),
    ("micro-proto", &["micro-rpc"]),
    ("micro", &["micro-rpc", "micro-proto"]),
    ("micro-web", &["micro", "micro-rpc", "micro-proto"]),
    (
        "micro-server",
        &["micro", "micro-rpc", "micro-proto", "micro-codegen", "DRIVERS"],
    ),
    (
        "micro-cli",
        &[
            "micro",
            "micro-rpc",
            "micro-proto",
            "micro-codegen",
            "micro-server",
            "micro-web",
            "DRIVERS",
        ],
    ),
    ("xtask", &["micro-codegen"]),
];

/// Clients of outside systems, by the package's name or the beginning of it.
const OUTSIDE: &[&str] = &[
    "async-nats",
    "aws-sdk-",
    "cassandra-",
    "deadpool-",
    "diesel",
    "etcd-client",
    "fjall",
    "fred",
    "heed",
    "k8s-openapi",
    "kube",
    "kube-",
    "lapin",
    "lmdb",
    "mongodb",
    "mysql",
    "nats",
    "object_store",
    "postgres",
    "rdkafka",
    "redb",
    "redis",
    "rocksdb",
    "rusqlite",
    "rust-s3",
    "sea-orm",
    "sled",
    "sqlx",
    "tokio-postgres",
];

/// What a crate must not see besides, with the reason.
const NEVER: &[(&str, &str, &str)] = &[
    ("micro-rpc", "clap", "the command line is micro-cli's"),
    ("micro", "clap", "the command line is micro-cli's"),
];

/// What is named like a service of ours and is none.
const NOT_OURS: &[&str] = &["tower-service"];

/// What is wrong with one manifest. `path` is relative to the root, `workspace` is the root's manifest.
pub fn check(path: &str, manifest: &str, workspace: &str) -> Result<Vec<String>> {
    let parse = |text: &str| {
        text.parse::<DocumentMut>()
            .with_context(|| format!("cannot parse {path}"))
    };
    let (manifest, workspace) = (parse(manifest)?, parse(workspace)?);
    let Some(package) = manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(Item::as_str)
    else {
        return Ok(Vec::new());
    };
    let room = Room::of(path, package);
    let mut findings = Vec::new();
    for (kind, name) in dependencies(&manifest, &workspace) {
        let complaint = if is_outside(&name) && !room.may_know_outside() {
            Some("a client of an outside system belongs in a driver crate".to_owned())
        } else if let Some((_, _, why)) = NEVER
            .iter()
            .find(|(who, what, _)| *who == package && *what == name)
        {
            Some((*why).to_owned())
        } else if kind != Kind::Dev && !room.may_use(&name) {
            Some("the table in ARCHITECTURE.md has no such edge".to_owned())
        } else {
            None
        };
        findings.extend(complaint.map(|why| format!("{path}: {package} must not depend on {name}: {why}")));
    }
    Ok(findings)
}

/// Where a package lives decides what it may see.
enum Room<'a> {
    Platform(&'a str),
    Driver,
    Contract,
    Service,
    /// Tests and measurements see everything.
    Whole,
}

impl<'a> Room<'a> {
    fn of(path: &str, package: &'a str) -> Self {
        let folders: Vec<&str> = path.split('/').collect();
        match folders.as_slice() {
            ["tests" | "benches", ..] => Room::Whole,
            ["services", _, "proto", ..] => Room::Contract,
            ["services", ..] => Room::Service,
            _ if DRIVERS.contains(&package) => Room::Driver,
            _ => Room::Platform(package),
        }
    }

    fn may_know_outside(&self) -> bool {
        matches!(self, Room::Driver)
    }

    fn may_use(&self, dependency: &str) -> bool {
        if !is_ours(dependency) {
            return true;
        }
        match self {
            Room::Whole => true,
            Room::Driver => dependency == "micro",
            Room::Contract => dependency == "micro-rpc",
            Room::Service => {
                dependency == "micro" || (dependency.ends_with("-proto") && dependency != "micro-proto")
            }
            Room::Platform(package) => TABLE
                .iter()
                .find(|(name, _)| name == package)
                .is_some_and(|(_, allowed)| allowed.iter().any(|entry| covers(entry, dependency))),
        }
    }
}

fn covers(entry: &str, dependency: &str) -> bool {
    if entry == "DRIVERS" {
        DRIVERS.contains(&dependency)
    } else {
        entry == dependency
    }
}

fn is_ours(name: &str) -> bool {
    DRIVERS.contains(&name)
        || TABLE.iter().any(|(package, _)| *package == name)
        || name.starts_with("micro-")
        || (is_named_like_ours(name) && !NOT_OURS.contains(&name))
}

fn is_named_like_ours(name: &str) -> bool {
    name.ends_with("-service") || name.ends_with("-proto")
}

fn is_outside(name: &str) -> bool {
    OUTSIDE.iter().any(|client| {
        if client.ends_with('-') {
            name.starts_with(client)
        } else {
            name == *client
        }
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Normal,
    Dev,
}

/// Every dependency of the manifest under its package's own name, those of single targets too.
fn dependencies(manifest: &DocumentMut, workspace: &DocumentMut) -> Vec<(Kind, String)> {
    let inherited = workspace
        .get("workspace")
        .and_then(|table| table.get("dependencies"));
    let mut places: Vec<&dyn TableLike> = vec![manifest.as_table()];
    if let Some(targets) = manifest.get("target").and_then(Item::as_table_like) {
        places.extend(targets.iter().filter_map(|(_, target)| target.as_table_like()));
    }
    let mut found = Vec::new();
    for place in places {
        for (section, kind) in [
            ("dependencies", Kind::Normal),
            ("build-dependencies", Kind::Normal),
            ("dev-dependencies", Kind::Dev),
        ] {
            let Some(table) = place.get(section).and_then(Item::as_table_like) else {
                continue;
            };
            found.extend(
                table
                    .iter()
                    .map(|(alias, entry)| (kind, package_name(alias, entry, inherited))),
            );
        }
    }
    found
}

/// An alias hides the package: `db = { package = "sqlx" }`, here or in the workspace's table.
fn package_name(alias: &str, entry: &Item, inherited: Option<&Item>) -> String {
    let named = |entry: &Item| entry.get("package").and_then(Item::as_str).map(String::from);
    let from_workspace = || inherited.and_then(|table| table.get(alias)).and_then(named);
    named(entry)
        .or_else(from_workspace)
        .unwrap_or_else(|| alias.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: &str = "[workspace.dependencies]\ndb = { package = \"sqlx\", version = \"1\" }\n";

    fn findings(path: &str, package: &str, rest: &str) -> Vec<String> {
        check(
            path,
            &format!("[package]\nname = \"{package}\"\n{rest}"),
            WORKSPACE,
        )
        .unwrap()
    }

    #[test]
    fn edges_of_the_table_are_allowed_and_others_named() {
        let cases = [
            (
                "crates/micro/Cargo.toml",
                "micro",
                "micro-rpc.workspace = true",
                true,
            ),
            (
                "crates/micro/Cargo.toml",
                "micro",
                "micro-server.workspace = true",
                false,
            ),
            (
                "crates/micro/Cargo.toml",
                "micro",
                "tower-service.workspace = true",
                true,
            ),
            (
                "crates/micro-rpc/Cargo.toml",
                "micro-rpc",
                "micro = { path = \"../micro\" }",
                false,
            ),
            ("crates/micro-rpc/Cargo.toml", "micro-rpc", "clap = \"4\"", false),
            (
                "crates/micro-local/Cargo.toml",
                "micro-local",
                "micro.workspace = true",
                true,
            ),
            (
                "crates/micro-local/Cargo.toml",
                "micro-local",
                "micro-nats.workspace = true",
                false,
            ),
            (
                "crates/micro-server/Cargo.toml",
                "micro-server",
                "micro-local.workspace = true",
                true,
            ),
            (
                "crates/micro-server/Cargo.toml",
                "micro-server",
                "micro-cli.workspace = true",
                false,
            ),
            (
                "crates/micro-cli/Cargo.toml",
                "micro-cli",
                "helloworld-service = { path = \"x\" }",
                false,
            ),
            (
                "services/user/Cargo.toml",
                "user-service",
                "user-proto = { path = \"proto\" }",
                true,
            ),
            (
                "services/user/Cargo.toml",
                "user-service",
                "account-service = { path = \"../account\" }",
                false,
            ),
            (
                "services/user/proto/Cargo.toml",
                "user-proto",
                "micro-rpc = \"0.1\"",
                true,
            ),
            (
                "services/user/proto/Cargo.toml",
                "user-proto",
                "micro-server = \"0.1\"",
                false,
            ),
            (
                "tests/Cargo.toml",
                "micro-tests",
                "micro-server.workspace = true",
                true,
            ),
            (
                "crates/micro-new/Cargo.toml",
                "micro-new",
                "micro.workspace = true",
                false,
            ),
        ];
        for (path, package, dependency, allowed) in cases {
            let found = findings(path, package, &format!("[dependencies]\n{dependency}\n"));
            assert_eq!(
                found.is_empty(),
                allowed,
                "{package} with {dependency}: {found:?}"
            );
        }
    }

    #[test]
    fn outside_systems_are_seen_by_drivers_only_however_they_are_named() {
        let cases = [
            ("[dependencies]\nfjall = \"3\"\n", "fjall"),
            (
                "[dependencies]\nx = { package = \"kube-client\", version = \"1\" }\n",
                "kube-client",
            ),
            ("[dependencies]\ndb.workspace = true\n", "sqlx"),
            ("[dev-dependencies]\nredis = \"1\"\n", "redis"),
            ("[build-dependencies]\netcd-client = \"0\"\n", "etcd-client"),
            (
                "[target.'cfg(unix)'.dependencies]\nasync-nats = \"0\"\n",
                "async-nats",
            ),
        ];
        for (rest, name) in cases {
            let found = findings("crates/micro-server/Cargo.toml", "micro-server", rest);
            assert!(found.len() == 1 && found[0].contains(name), "{rest}: {found:?}");
            assert!(
                findings("crates/micro-local/Cargo.toml", "micro-local", rest).is_empty(),
                "{rest}"
            );
        }
    }
}
