//! Which process a node belongs to: the one that listens at the node's port.
//!
//! A service that was written for other runtimes chooses its node's id itself, so that the id does not tell.

use std::collections::HashSet;
use std::path::Path;

/// Whether a process of a group listens at a port; `None` where the system does not tell.
pub fn is_listening(group: i32, port: u16) -> Option<bool> {
    let sockets = listeners(port)?;
    Some(!sockets.is_empty() && members(group).iter().any(|pid| holds(*pid, &sockets)))
}

/// The inodes of the sockets that listen at a port.
fn listeners(port: u16) -> Option<HashSet<String>> {
    let tables: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .collect();
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    let sockets = lines.filter_map(|line| inode(line, port)).collect();
    (!tables.is_empty()).then_some(sockets)
}

/// Of a line of the kernel's table: number, local address, remote address, state, ..., inode at the tenth place.
fn inode(line: &str, port: u16) -> Option<String> {
    const LISTENS: &str = "0A";
    let mut fields = line.split_ascii_whitespace();
    let local = fields.nth(1)?;
    let is_listening = fields.nth(1)? == LISTENS;
    let here = u16::from_str_radix(local.rsplit(':').next()?, 16).ok()?;
    (is_listening && here == port).then(|| fields.nth(5).map(str::to_owned))?
}

fn members(group: i32) -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| group_of(*pid) == Some(group)).collect()
}

fn group_of(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name is in brackets and may hold anything; state, parent and group follow.
    let fields = stat.rsplit_once(')')?.1;
    fields.split_ascii_whitespace().nth(2)?.parse().ok()
}

fn holds(pid: i32, sockets: &HashSet<String>) -> bool {
    let files = std::fs::read_dir(Path::new("/proc").join(pid.to_string()).join("fd"));
    files.into_iter().flatten().flatten().any(|file| {
        let target = std::fs::read_link(file.path()).unwrap_or_default();
        let target = target.to_string_lossy();
        let inode = target
            .strip_prefix("socket:[")
            .and_then(|rest| rest.strip_suffix(']'));
        inode.is_some_and(|inode| sockets.contains(inode))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listener_is_found() {
        let own = rustix::process::getpgrp().as_raw_nonzero().get();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(is_listening(own, port), Some(true));
        assert_eq!(is_listening(1, port), Some(false), "another group");
        drop(listener);
        assert_eq!(is_listening(own, port), Some(false), "nobody any more");
    }
}
