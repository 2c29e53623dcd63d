//! The reference for a gateway in front of something: nginx from Debian, with what its manual advises for many small requests.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZero;
use std::process::Command;

use anyhow::Result;
use micro_outside::{Process, free_port};
use rustix::process::Signal;
use tempfile::TempDir;

/// An nginx of its own in a temporary folder, which is gone with this value.
pub struct Nginx {
    process: Process,
    port: u16,
    // Goes behind the process.
    _folder: TempDir,
}

impl Nginx {
    /// Starts one that hands everything on to the backend.
    pub fn before(backend: SocketAddr) -> Result<Self> {
        let (folder, port) = (tempfile::tempdir()?, free_port());
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration(port, backend, cores))?;
        let prefix = folder.path().to_owned();
        let process = Process::start(folder.path(), port, move || {
            let mut command = Command::new("nginx");
            command.arg("-p").arg(&prefix).arg("-c").arg(&file);
            // Else it begins with the log of the whole machine.
            command.args(["-e", "stderr"]);
            command
        });
        Ok(Self {
            process,
            port,
            _folder: folder,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killed, it would leave its workers behind.
        self.process.stop(Signal::TERM);
    }
}

/// A worker for each core, connections that are kept on both sides, no log: nothing that would hold it up.
fn configuration(port: u16, backend: SocketAddr, cores: usize) -> String {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("    {what}_temp_path {what};\n"))
        .concat();
    format!(
        "daemon off;
worker_processes {cores};
pid nginx.pid;
error_log stderr warn;
events {{
    worker_connections 4096;
}}
http {{
    access_log off;
{temporary}    keepalive_requests 1000000000;
    upstream backend {{
        server {backend};
        keepalive 128;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port} reuseport;
        location / {{
            proxy_pass http://backend;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
        }}
    }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_keeps_connections_and_writes_nothing_elsewhere() {
        let text = configuration(8080, ([127, 0, 0, 1], 9090).into(), 2);
        for line in [
            "worker_processes 2;",
            "listen 127.0.0.1:8080 reuseport;",
            "server 127.0.0.1:9090;",
            "proxy_set_header Connection \"\";",
            "access_log off;",
            "pid nginx.pid;",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert_eq!(text.matches('{').count(), text.matches('}').count());
        assert!(!text.contains(" /var"), "{text}");
    }
}
