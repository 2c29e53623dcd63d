//! Who listens on the ports of the platform.

use std::path::Path;

use micro::join::Join;
use micro_server::BLOCK_PORTS;

use super::{Finding, Health, home};
use crate::session::{Globals, is_reachable};

/// The server of this home, if it runs.
pub(super) fn own_server(globals: &Globals) -> Option<Join> {
    let join = Join::read(&globals.home).ok().flatten()?;
    home::is_held(&globals.home).then_some(join)
}

pub(super) async fn look(own: Option<&Join>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, variable, usual) in [
        ("gateway", "MICRO_API_ADDRESS", "127.0.0.1:8080"),
        ("proxy", "MICRO_PROXY_ADDRESS", "127.0.0.1:8081"),
    ] {
        let given = std::env::var(variable).ok().filter(|given| !given.is_empty());
        let address = given.unwrap_or_else(|| usual.to_owned());
        findings.push(main_port(name, variable, &local(&address), own).await);
    }
    findings.extend(web_port(own).await);
    for (name, port) in BLOCK_PORTS {
        findings.extend(block_port(name, port, own).await);
    }
    findings
}

/// How this machine calls an address that something listens on.
fn local(address: &str) -> String {
    match address.rsplit_once(':') {
        Some(("" | "0.0.0.0" | "[::]", port)) => format!("127.0.0.1:{port}"),
        _ => address.to_owned(),
    }
}

async fn main_port(name: &str, variable: &str, address: &str, own: Option<&Join>) -> Finding {
    let check = format!("{name} port");
    if address.ends_with(":0") {
        return Finding::ok(&check, "any that is free");
    }
    if !is_reachable(address).await {
        return Finding::ok(&check, format!("{address} is free"));
    }
    let owner = Owner::of(address);
    match own {
        Some(join) if is_own(join, address) => Finding::ok(
            &check,
            format!("{address} is your own server, process {}", join.pid),
        ),
        // It listens elsewhere, so nothing is in its way.
        Some(_) => Finding::ok(
            &check,
            format!("{address} is taken{owner}; your server has another"),
        ),
        None => Finding::fail(
            &check,
            format!("{address} is taken{owner}"),
            &format!("stop what listens there, or set {variable} to another address, or to 127.0.0.1:0"),
        ),
    }
}

/// Pages are for people, so the server starts without them; unless it was told where to show them.
async fn web_port(own: Option<&Join>) -> Option<Finding> {
    const VARIABLE: &str = "MICRO_WEB_ADDRESS";
    let given = std::env::var(VARIABLE).ok().filter(|given| !given.is_empty());
    if given.as_deref() == Some("none") {
        return None;
    }
    let address = given.as_deref().unwrap_or("127.0.0.1:8082");
    let mut finding = main_port("web", VARIABLE, &local(address), own).await;
    if given.is_none() && finding.status == Health::Fail {
        finding.status = Health::Warn;
    }
    Some(finding)
}

async fn block_port(name: &str, port: u16, own: Option<&Join>) -> Option<Finding> {
    let address = format!("127.0.0.1:{port}");
    if !is_reachable(&address).await {
        return None;
    }
    let (check, owner) = (format!("{name} port"), Owner::of(&address));
    Some(match own {
        Some(join) if owner.pid == Some(join.pid) => Finding::ok(
            &check,
            format!("{address} is your own server, process {}", join.pid),
        ),
        _ => Finding::warn(
            &check,
            format!("{address} is taken{owner}"),
            "only programs that know no other port miss it; `--block_ports=none` opens none",
        ),
    })
}

fn is_own(join: &Join, address: &str) -> bool {
    let urls = [&join.gateway, &join.web].map(|url| url.rsplit('/').next().unwrap_or_default());
    join.proxy == address || urls.contains(&address)
}

/// The process behind a port, as far as the system tells.
#[derive(Default)]
struct Owner {
    pid: Option<u32>,
    name: String,
}

impl Owner {
    fn of(address: &str) -> Self {
        let port = address.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let pid = port.and_then(inode_of).and_then(|inode| holder_of(&inode));
        let name = pid.and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/comm")).ok());
        Self {
            pid,
            name: name.unwrap_or_default().trim().to_owned(),
        }
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.pid {
            Some(pid) => write!(f, " by {} (process {pid})", self.name),
            None => Ok(()),
        }
    }
}

/// The socket that listens on a port: the fields of a line are number, local address, remote address, state, and, as
/// the tenth, the inode.
fn inode_of(port: u16) -> Option<String> {
    let listens = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, local) = fields.get(1)?.rsplit_once(':')?;
        let is_it = u16::from_str_radix(local, 16) == Ok(port) && fields.get(3) == Some(&"0A");
        is_it
            .then(|| fields.get(9).map(|inode| (*inode).to_owned()))
            .flatten()
    };
    ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().find_map(|table| {
        let text = std::fs::read_to_string(table).ok()?;
        text.lines().skip(1).find_map(listens)
    })
}

fn holder_of(inode: &str) -> Option<u32> {
    let socket = format!("socket:[{inode}]");
    let pids = std::fs::read_dir("/proc").ok()?.filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.to_str()?.parse::<u32>().ok()
    });
    pids.into_iter().find(|pid| holds(*pid, Path::new(&socket)))
}

/// Whether a process has opened a file. Of processes of others the system does not tell.
pub(crate) fn holds(pid: u32, wanted: &Path) -> bool {
    let Ok(open) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    open.flatten()
        .any(|entry| std::fs::read_link(entry.path()).is_ok_and(|target| target == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_has_a_port_is_named() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let taken = main_port("proxy", "MICRO_PROXY_ADDRESS", &address, None).await;
        assert_eq!(taken.status, Health::Fail);
        if cfg!(target_os = "linux") {
            let pid = format!("process {}", std::process::id());
            assert!(taken.found.contains(&pid), "{taken:?}");
        }
        let join = Join {
            pid: std::process::id(),
            proxy: address.clone(),
            ..Join::default()
        };
        let own = main_port("proxy", "MICRO_PROXY_ADDRESS", &address, Some(&join)).await;
        assert!(
            own.status == Health::Ok && own.found.contains("your own"),
            "{own:?}"
        );
        drop(listener);
        let free = main_port("proxy", "MICRO_PROXY_ADDRESS", &address, None).await;
        assert!(free.found.ends_with("is free"), "{free:?}");
        assert_eq!(local(":80"), "127.0.0.1:80");
    }
}
