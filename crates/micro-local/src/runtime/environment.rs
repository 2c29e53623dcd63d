//! What children inherit from the server's own environment.
//!
//! It is read once, when the runtime opens. A service must not see the server's secrets and settings, and neither it nor a
//! build must notice that the server itself may have been started by cargo.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

pub type Variables = Vec<(OsString, OsString)>;

/// Of the variables called `MICRO_*`, all but these are the server's own.
const FOR_SERVICES: &[&str] = &["MICRO_LOG_LEVEL", "MICRO_TRACING_"];

/// Of the variables called `CARGO_*`, these are settings of the machine (where the registry is, how to reach it); all
/// others were made for the program that cargo has started.
const CARGO_SETTINGS: &[&str] = &[
    "CARGO_BUILD_JOBS",
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTR",
    "CARGO_SOURCE_",
];

/// The two inheritances.
#[derive(Clone, Debug)]
pub struct Environment {
    /// For services.
    pub service: Variables,
    /// For cargo.
    pub build: Variables,
    /// Where cargo is.
    pub cargo: PathBuf,
}

impl Environment {
    /// From the environment of this process.
    pub fn capture() -> Self {
        Self::from_variables(std::env::vars_os().collect())
    }

    fn from_variables(variables: Variables) -> Self {
        let is_under_cargo = variables.iter().any(|(name, _)| name == "CARGO_MANIFEST_DIR");
        let inherited: Variables = variables
            .into_iter()
            .filter(|(name, _)| !is_of_outer_cargo(name, is_under_cargo))
            .collect();
        let service = inherited
            .iter()
            .filter(|(name, _)| !is_of_server(name))
            .cloned()
            .collect();
        let build: Variables = inherited
            .into_iter()
            .filter(|(name, _)| !is_micro(name))
            .collect();
        Self {
            service,
            cargo: find_cargo(&build),
            build,
        }
    }
}

fn is_micro(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"MICRO_")
}

fn is_of_server(name: &OsStr) -> bool {
    is_micro(name) && !has_prefix(name, FOR_SERVICES)
}

fn is_of_outer_cargo(name: &OsStr, is_under_cargo: bool) -> bool {
    let is_cargo = has_prefix(
        name,
        &["CARGO", "RUSTC", "RUSTFLAGS", "RUSTDOC", "MAKEFLAGS", "MFLAGS"],
    );
    let is_added_by_cargo = is_under_cargo && has_prefix(name, &["LD_LIBRARY_PATH", "DYLD_", "OUT_DIR"]);
    (is_cargo && !has_prefix(name, CARGO_SETTINGS)) || is_added_by_cargo
}

fn has_prefix(name: &OsStr, prefixes: &[&str]) -> bool {
    prefixes
        .iter()
        .any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes()))
}

/// The cargo on the path, or where rustup puts it: a server that was not started from a shell may lack the path.
fn find_cargo(variables: &Variables) -> PathBuf {
    let value = |name: &str| {
        variables
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    };
    let on_path = value("PATH")
        .into_iter()
        .flat_map(|path| std::env::split_paths(path).collect::<Vec<_>>());
    let of_rustup = value("CARGO_HOME")
        .map(PathBuf::from)
        .map(|home| home.join("bin"));
    let of_home = value("HOME")
        .map(PathBuf::from)
        .map(|home| home.join(".cargo/bin"));
    let mut programs = on_path
        .chain(of_rustup)
        .chain(of_home)
        .map(|folder| folder.join("cargo"));
    programs
        .find(|program| program.is_file())
        .unwrap_or_else(|| PathBuf::from("cargo"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_meant_for_them_is_inherited() {
        let kept_by_both = [
            "PATH",
            "HOME",
            "CARGO_HOME",
            "RUSTUP_HOME",
            "RUST_BACKTRACE",
            "CARGO_NET_OFFLINE",
        ];
        let kept_by_services = ["MICRO_LOG_LEVEL"];
        let kept_by_none = [
            "MICRO_AUTH_SECRET",
            "MICRO_CONFIG_SECRET_KEY",
            "MICRO_PROXY_ADDRESS",
            "CARGO",
            "CARGO_MANIFEST_DIR",
            "CARGO_PKG_NAME",
            "CARGO_TARGET_DIR",
            "RUSTC_WRAPPER",
            "RUSTFLAGS",
            "LD_LIBRARY_PATH",
        ];
        let all = kept_by_both.iter().chain(&kept_by_services).chain(&kept_by_none);
        let environment = Environment::from_variables(all.map(|name| (name.into(), "x".into())).collect());
        let names = |variables: &Variables| -> Vec<String> {
            variables
                .iter()
                .map(|(name, _)| name.to_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(names(&environment.build), kept_by_both);
        assert_eq!(
            names(&environment.service),
            [&kept_by_both[..], &kept_by_services].concat()
        );

        let variables = vec![("LD_LIBRARY_PATH".into(), "x".into())];
        assert_eq!(
            names(&Environment::from_variables(variables).service),
            ["LD_LIBRARY_PATH"],
            "unless cargo set it"
        );
    }
}
