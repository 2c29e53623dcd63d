//! The home: its folder, the lock, the keys, the settings and the token.

use std::fs::{File, Metadata};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Access, FlockOperation, access, flock};

use super::Finding;
use crate::config_file::Config;
use crate::env::Known;
use crate::session::{Environment, Globals, NAMESPACE, namespace_of, user_key};
use crate::tokens::{Owner, Tokens};

/// Files that only their owner may read.
const SECRETS: &[&str] = &[
    "config_secret_key",
    "id_rsa",
    "tokens",
    "server/auth.key",
    "server/id_rsa",
    "server/join.json",
];

pub(super) fn look(globals: &Globals) -> Vec<Finding> {
    let mut findings = vec![folder(&globals.home)];
    findings.push(lock(&globals.home));
    findings.extend(keys(&globals.home));
    let settings = settings(globals);
    let is_readable = settings.status != super::Health::Fail;
    findings.push(settings);
    if is_readable {
        findings.extend(token(globals));
    }
    findings
}

fn folder(home: &Path) -> Finding {
    const CHECK: &str = "home";
    let shown = home.display();
    let data = match std::fs::metadata(home) {
        Ok(data) => data,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return match access(existing(home), Access::WRITE_OK) {
                Ok(()) => Finding::ok(
                    CHECK,
                    format!("{shown} is not there yet; it is made when it is needed"),
                ),
                Err(_) => Finding::fail(
                    CHECK,
                    format!("{shown} is not there and cannot be made"),
                    "set MICRO_HOME to a folder that you may write to",
                ),
            };
        }
        Err(error) => {
            return Finding::fail(
                CHECK,
                format!("{shown}: {error}"),
                "set MICRO_HOME to another folder",
            );
        }
    };
    let (own, owner) = (rustix::process::geteuid().as_raw(), data.uid());
    if !data.is_dir() {
        Finding::fail(
            CHECK,
            format!("{shown} is no folder"),
            "move it away, or set MICRO_HOME",
        )
    } else if own != owner && own != 0 {
        Finding::fail(
            CHECK,
            format!("{shown} belongs to user {owner}, and you are {own}"),
            "take it over with chown, or set MICRO_HOME to a folder of your own",
        )
    } else if access(home, Access::WRITE_OK).is_err() {
        Finding::fail(
            CHECK,
            format!("{shown} cannot be written to"),
            "give its owner the right: chmod u+rwx",
        )
    } else if mode(&data) & 0o022 != 0 {
        Finding::warn(
            CHECK,
            format!("{shown} can be written to by others (mode {:o})", mode(&data)),
            &format!("chmod go-w {shown}"),
        )
    } else {
        Finding::ok(CHECK, format!("{shown}, mode {:o}", mode(&data)))
    }
}

/// The nearest folder that is there.
pub(super) fn existing(path: &Path) -> &Path {
    path.ancestors().find(|path| path.exists()).unwrap_or(path)
}

fn mode(data: &Metadata) -> u32 {
    data.permissions().mode() & 0o777
}

/// Whether a server holds the home.
pub(crate) fn is_held(home: &Path) -> bool {
    let Ok(file) = File::open(home.join("server/lock")) else {
        return false;
    };
    // The lock is given back at once: it goes with the file.
    flock(&file, FlockOperation::NonBlockingLockShared).is_err()
}

fn lock(home: &Path) -> Finding {
    const CHECK: &str = "lock";
    match (is_held(home), micro::join::Join::read(home)) {
        (_, Err(error)) => Finding::fail(
            CHECK,
            error.detail,
            "move the file away and start the server anew",
        ),
        (true, Ok(Some(join))) => {
            Finding::ok(CHECK, format!("a server uses this home: process {}", join.pid))
        }
        (true, Ok(None)) => Finding::warn(
            CHECK,
            "a server uses this home, and does not answer yet",
            "should this last, look at what that server printed",
        ),
        (false, Ok(Some(join))) => Finding::warn(
            CHECK,
            format!("the last server, process {}, ended without tidying up", join.pid),
            "nothing to do: the next `micro server` repairs it",
        ),
        (false, Ok(None)) => Finding::ok(CHECK, "no server uses this home"),
    }
}

fn keys(home: &Path) -> Vec<Finding> {
    let there = SECRETS.iter().filter_map(|name| {
        let path = home.join(name);
        let data = std::fs::metadata(&path).ok()?;
        let check = format!("file {name}");
        let open = mode(&data) & 0o077;
        Some(if let Err(error) = File::open(&path) {
            Finding::fail(
                &check,
                format!("cannot be read: {error}"),
                &format!("make it yours: chown and chmod 600 {}", path.display()),
            )
        } else if open != 0 {
            Finding::fail(
                &check,
                format!("can be used by others (mode {:o})", mode(&data)),
                &format!("chmod 600 {}", path.display()),
            )
        } else {
            Finding::ok(&check, format!("for its owner only, mode {:o}", mode(&data)))
        })
    });
    let mut findings: Vec<Finding> = there.collect();
    let is_missing = |name: &str| !home.join(name).exists() && home.join("server/store").exists();
    for (name, lost, advice) in [
        (
            "server/auth.key",
            "is missing, though the server has run: no token of before is good any more",
            "put it back from a backup, or log in again once the server has made another",
        ),
        (
            "config_secret_key",
            "is missing: secret settings of before cannot be read",
            "put it back from a backup, set MICRO_CONFIG_SECRET_KEY, or set them anew",
        ),
    ] {
        let is_given = name == "config_secret_key" && std::env::var_os("MICRO_CONFIG_SECRET_KEY").is_some();
        if is_missing(name) && !is_given {
            findings.push(Finding::warn(&format!("file {name}"), lost, advice));
        }
    }
    findings
}

fn settings(globals: &Globals) -> Finding {
    const CHECK: &str = "settings";
    let shown = globals.config_file.display();
    let config = match globals.config() {
        Ok(config) => config,
        Err(failure) => return Finding::fail(CHECK, failure.text, &failure.hint.unwrap_or_default()),
    };
    let name = globals.environment(&config);
    let known = match Known::read(&config) {
        Ok(known) => known,
        Err(failure) => {
            return Finding::fail(
                CHECK,
                failure.text,
                "micro user config delete envs   forgets all environments of your own",
            );
        }
    };
    if known.is_known(&name) {
        Finding::ok(CHECK, format!("{shown}, environment {name}"))
    } else {
        Finding::fail(
            CHECK,
            format!("the environment '{name}' does not exist"),
            "micro env lists those there are; micro env set local chooses one",
        )
    }
}

fn token(globals: &Globals) -> Option<Finding> {
    const CHECK: &str = "token";
    let config = globals.config().ok()?;
    let environment = Environment::resolve(globals).ok()?;
    let user = config.get(&user_key(&environment.name));
    if user.is_empty() {
        let found = format!("nobody is logged in to {}", environment.name);
        return Some(match environment.name == "local" {
            true => Finding::ok(CHECK, found + "; a fresh server of your own needs no login"),
            false => Finding::warn(CHECK, found, "micro login"),
        });
    }
    let found = held(globals, &config, &environment, &user);
    Some(match found {
        Err(failure) => Finding::fail(CHECK, failure.text, "micro login   writes the file anew"),
        Ok(None) => Finding::warn(
            CHECK,
            format!("{user} has no token for {}", environment.address),
            "micro login",
        ),
        Ok(Some(left)) if left <= 0 => Finding::ok(
            CHECK,
            format!("that of {user} has ended; it is renewed by the next command"),
        ),
        Ok(Some(left)) => Finding::ok(CHECK, format!("that of {user} is good for another {left} s")),
    })
}

/// The seconds that are left of the user's token.
fn held(
    globals: &Globals,
    config: &Config,
    environment: &Environment,
    user: &str,
) -> crate::errors::Result<Option<i64>> {
    let tokens = Tokens::of(&globals.home);
    for namespace in [namespace_of(config, &environment.name).as_str(), NAMESPACE] {
        if let Some(token) = tokens.get(&Owner::new(&environment.address, namespace, user))? {
            return Ok(Some(token.expiry - crate::tokens::now()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::super::Health;
    use super::*;

    #[test]
    fn an_empty_home_is_well_and_open_keys_are_not() {
        let home = tempfile::tempdir().unwrap();
        let absent = home.path().join("not/there");
        assert_eq!(folder(&absent).status, Health::Ok);
        assert_eq!(lock(&absent).status, Health::Ok);
        assert!(keys(home.path()).is_empty());
        std::fs::write(home.path().join("tokens"), "").unwrap();
        std::fs::set_permissions(home.path().join("tokens"), Permissions::from_mode(0o644)).unwrap();
        let found = keys(home.path());
        assert_eq!(found[0].status, Health::Fail);
        assert!(found[0].advice.starts_with("chmod 600"), "{found:?}");
        std::fs::create_dir_all(home.path().join("server/store")).unwrap();
        assert!(
            keys(home.path())
                .iter()
                .any(|finding| finding.check == "file server/auth.key")
        );
    }
}
