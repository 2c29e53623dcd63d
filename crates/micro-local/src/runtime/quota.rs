//! Limits of memory and processor time, through control groups (version 2) where this machine lets us have some.
//!
//! Each namespace with a quota has a group of its own below a base that the server may write: the one that
//! `MICRO_CGROUP` names, or the server's own. A process enters its group before it becomes the service's program, so
//! that all it starts is in it too.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use micro::runtime::{Resource, ResourceQuota, Resources};

const CONTROLLERS: [&str; 2] = ["memory", "cpu"];
/// The server itself moves here: a group whose groups are limited must hold no processes.
const OWN: &str = "micro-server";
/// Microseconds; a share of processor time is given per period.
const PERIOD: i64 = 100_000;
const MIB: i64 = 1024 * 1024;

/// What this machine can limit.
pub struct Quotas {
    base: Result<PathBuf, String>,
    /// The namespaces with a quota.
    limited: Mutex<HashMap<String, PathBuf>>,
}

impl Quotas {
    /// Looks for a group that can be used. Nothing on the machine is changed until there is a quota.
    pub fn detect(chosen: Option<PathBuf>) -> Self {
        Self::with_base(chosen.map_or_else(own_group, Ok).and_then(check))
    }

    pub fn with_base(base: Result<PathBuf, String>) -> Self {
        Self {
            base,
            limited: Mutex::default(),
        }
    }

    /// Why no quota can be kept here.
    pub fn missing(&self) -> Option<&str> {
        self.base.as_ref().err().map(String::as_str)
    }

    /// The group that processes of a namespace must enter.
    pub fn group(&self, namespace: &str) -> Option<PathBuf> {
        self.limited().get(namespace).cloned()
    }

    /// How many processes of a namespace were killed because its memory was used up; 0 where it is not limited.
    pub fn kills(&self, namespace: &str) -> u64 {
        let events = self.group(namespace).map(|group| group.join("memory.events"));
        let events = events.and_then(|events| fs::read_to_string(events).ok());
        let count = events.as_deref().unwrap_or_default().lines();
        let count = count.filter_map(|line| line.strip_prefix("oom_kill ")?.parse::<u64>().ok());
        count.sum()
    }

    /// Sets the limits of a namespace: the smallest of each over its quotas. Without quotas it is limited no longer.
    pub fn apply(&self, namespace: &str, quotas: &[ResourceQuota]) -> Result<(), String> {
        if quotas.is_empty() {
            if let Some(group) = self.limited().remove(namespace) {
                // It is empty only once the last process has ended; until then it must not limit anything.
                let _ = set(&group, &Resources::default());
                let _ = fs::remove_dir(group);
            }
            return Ok(());
        }
        let base = self.base.as_ref().map_err(String::clone)?;
        prepare(base)?;
        let group = base.join(format!("micro-{namespace}"));
        let failed = |error: io::Error| format!("cannot limit {}: {error}", group.display());
        match fs::create_dir(&group) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
            _ => {}
        }
        set(&group, &smallest(quotas)).map_err(failed)?;
        self.limited().insert(namespace.to_owned(), group);
        Ok(())
    }

    /// Moves processes that run already into the group of their namespace.
    pub fn take_in(&self, namespace: &str, pids: &[u32]) {
        if let Some(group) = self.group(namespace) {
            for pid in pids {
                // One that has ended meanwhile needs no limit.
                let _ = fs::write(group.join("cgroup.procs"), pid.to_string());
            }
        }
    }

    fn limited(&self) -> std::sync::MutexGuard<'_, HashMap<String, PathBuf>> {
        self.limited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What of a quota is not kept, in words.
pub fn note(quota: &ResourceQuota) -> String {
    let limits = quota.limits.clone().unwrap_or_default();
    let mut notes = vec!["requests are noted: nothing is reserved on one machine"];
    if limits.ephemeral_storage > 0 {
        notes.push("the limit of EphemeralStorage is not kept on this machine");
    }
    notes.join("; ")
}

/// The quotas among resources that are about a namespace.
pub fn of(namespace: &str, resources: &[Resource]) -> Vec<ResourceQuota> {
    let quotas = resources.iter().filter_map(|resource| match resource {
        Resource::ResourceQuota(quota) if quota.namespace == namespace => Some(quota.clone()),
        _ => None,
    });
    quotas.collect()
}

fn smallest(quotas: &[ResourceQuota]) -> Resources {
    let limit = |of: fn(&Resources) -> i32| {
        let limits = quotas.iter().filter_map(|quota| quota.limits.as_ref().map(of));
        limits.filter(|limit| *limit > 0).min().unwrap_or(0)
    };
    Resources {
        memory: limit(|limits| limits.memory),
        cpu: limit(|limits| limits.cpu),
        ephemeral_storage: 0,
    }
}

fn set(group: &Path, limits: &Resources) -> io::Result<()> {
    let memory = match i64::from(limits.memory) {
        0 => "max".to_owned(),
        mebibytes => (mebibytes * MIB).to_string(),
    };
    let time = match i64::from(limits.cpu) {
        0 => format!("max {PERIOD}"),
        // Less than a thousandth of a period is refused by the kernel.
        thousandths => format!("{} {PERIOD}", (thousandths * PERIOD / 1000).max(1000)),
    };
    fs::write(group.join("memory.max"), memory)?;
    fs::write(group.join("cpu.max"), time)
}

/// The server's own group.
fn own_group() -> Result<PathBuf, String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    locate(&mounts, &groups)
        .ok_or_else(|| "this machine has no control groups of version 2 (cgroup2 is not mounted)".to_owned())
}

/// `0::/path` of the one, below where the other says that version 2 is mounted.
fn locate(mounts: &str, groups: &str) -> Option<PathBuf> {
    let mount = mounts.lines().find_map(|line| {
        let (front, back) = line.split_once(" - ")?;
        back.starts_with("cgroup2 ").then(|| front.split(' ').nth(4))?
    })?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    // The server moves itself into a group of its own; the base is the one above.
    let path = path.trim_end_matches(OWN).trim_end_matches('/');
    Some(Path::new(mount).join(path))
}

/// Whether a group can be a base.
fn check(base: PathBuf) -> Result<PathBuf, String> {
    let shown = base.display();
    let offered = fs::read_to_string(base.join("cgroup.controllers"))
        .map_err(|error| format!("{shown} is no control group of version 2: {error}"))?;
    let lacking: Vec<&str> = CONTROLLERS
        .into_iter()
        .filter(|wanted| !offered.split_whitespace().any(|offer| offer == *wanted))
        .collect();
    if !lacking.is_empty() {
        let lacking = lacking.join(" and ");
        return Err(format!(
            "the control group {shown} has no controller for {lacking}"
        ));
    }
    let is_writable = |file: &str| fs::OpenOptions::new().write(true).open(base.join(file)).is_ok();
    if !is_writable("cgroup.subtree_control") || !is_writable("cgroup.procs") {
        return Err(format!(
            "the control group {shown} is not ours to write: start the server in one that is delegated to its user \
             (`systemd-run --user --scope -p Delegate=yes micro server`), or name one with MICRO_CGROUP"
        ));
    }
    Ok(base)
}

/// Makes the controllers available to the groups below the base.
fn prepare(base: &Path) -> Result<(), String> {
    let control = base.join("cgroup.subtree_control");
    let enabled = fs::read_to_string(&control).unwrap_or_default();
    let is_enabled = |wanted: &str| enabled.split_whitespace().any(|has| has == wanted);
    if CONTROLLERS.into_iter().all(is_enabled) {
        return Ok(());
    }
    let wanted = CONTROLLERS.map(|name| format!("+{name}")).join(" ");
    let failed = |error: io::Error| {
        format!(
            "cannot hand on the controllers of the control group {}: {error}; it must hold no process but the server, \
             or MICRO_CGROUP must name one that holds none",
            base.display()
        )
    };
    let Err(error) = fs::write(&control, &wanted) else {
        return Ok(());
    };
    // A group that hands on controllers must hold no processes. If only the server is in it, it can move.
    let inside = fs::read_to_string(base.join("cgroup.procs")).unwrap_or_default();
    let own = std::process::id().to_string();
    if inside.split_whitespace().any(|pid| pid != own) {
        return Err(failed(error));
    }
    let place = base.join(OWN);
    let moved = fs::create_dir(&place)
        .or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(error),
        })
        .and_then(|()| fs::write(place.join("cgroup.procs"), &own))
        .and_then(|()| fs::write(&control, &wanted));
    moved.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel shows of a group, as plain files.
    fn group(controllers: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("cgroup.controllers", controllers),
            ("cgroup.subtree_control", ""),
            ("cgroup.procs", ""),
        ] {
            fs::write(folder.path().join(file), text).unwrap();
        }
        folder
    }

    fn quota(memory: i32, cpu: i32) -> ResourceQuota {
        ResourceQuota {
            name: "quota".to_owned(),
            namespace: "acme".to_owned(),
            requests: None,
            limits: Some(Resources {
                memory,
                cpu,
                ephemeral_storage: 0,
            }),
        }
    }

    #[test]
    fn limits_are_written_where_the_kernel_reads_them() {
        let base = group("cpuset cpu io memory pids");
        let quotas = Quotas::detect(Some(base.path().to_owned()));
        assert_eq!((quotas.missing(), quotas.group("acme")), (None, None));
        quotas.apply("acme", &[quota(512, 1500), quota(256, 0)]).unwrap();
        let group = quotas.group("acme").unwrap();
        let read = |file: &str| fs::read_to_string(group.join(file)).unwrap();
        assert_eq!(read("memory.max"), "268435456", "the smallest counts");
        assert_eq!(read("cpu.max"), "150000 100000");
        let handed_on = fs::read_to_string(base.path().join("cgroup.subtree_control")).unwrap();
        assert_eq!(handed_on, "+memory +cpu");
        quotas.apply("acme", &[quota(0, 1)]).unwrap();
        assert_eq!(
            (read("memory.max").as_str(), read("cpu.max").as_str()),
            ("max", "1000 100000")
        );
        quotas.apply("acme", &[]).unwrap();
        assert_eq!(quotas.group("acme"), None);
        assert_eq!(read("memory.max"), "max", "who still runs is limited no longer");
    }

    #[test]
    fn what_is_missing_is_said() {
        let without = group("cpuset io");
        let quotas = Quotas::detect(Some(without.path().to_owned()));
        assert!(
            quotas
                .missing()
                .unwrap()
                .contains("no controller for memory and cpu")
        );
        assert!(quotas.apply("acme", &[quota(1, 1)]).is_err());
        assert!(quotas.apply("acme", &[]).is_ok(), "nothing is always possible");
        let nowhere = Quotas::detect(Some("/nowhere".into()));
        assert!(
            nowhere
                .missing()
                .unwrap()
                .contains("/nowhere is no control group")
        );
    }

    #[test]
    fn the_base_is_found_from_what_the_kernel_says() {
        let mounts = "25 30 0:23 / /proc rw - proc proc rw\n\
                      31 24 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
        for (groups, expected) in [
            ("0::/user.slice/x.scope\n", "/sys/fs/cgroup/user.slice/x.scope"),
            ("9:cpu:/y\n0::/x.scope/micro-server\n", "/sys/fs/cgroup/x.scope"),
            ("0::/\n", "/sys/fs/cgroup/"),
        ] {
            assert_eq!(locate(mounts, groups).unwrap(), Path::new(expected));
        }
        assert_eq!(locate("25 30 0:23 / /proc rw - proc proc rw\n", "0::/\n"), None);
        assert_eq!(locate(mounts, "9:cpu:/y\n"), None);
    }
}
