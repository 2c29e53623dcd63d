//! Members of etcd.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::process::{Process, free_port};

/// How long it may take until it takes writes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A member of etcd, mostly the only one, with a folder of its own, on a free port.
pub struct Etcd {
    process: Process,
    port: u16,
    scheme: &'static str,
    folder: TempDir,
}

impl Etcd {
    /// Starts one that trusts everybody, and waits until it takes writes.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (port, peer) = (free_port(), free_port());
        let etcd = Self::start_in(folder, "http", port, peer, vec![cluster(&[peer])]);
        etcd.wait_until_it_leads();
        etcd
    }

    /// Starts one that speaks TLS, and lets only those in who have a certificate from the same authority.
    pub fn start_secure(certificates: &Certificates) -> Self {
        let file = |option: &str, path: PathBuf| format!("--{option}={}", path.display());
        let (port, peer) = (free_port(), free_port());
        let arguments = vec![
            cluster(&[peer]),
            "--client-cert-auth".to_owned(),
            file("trusted-ca-file", certificates.ca()),
            file("cert-file", certificates.certificate()),
            file("key-file", certificates.key()),
        ];
        Self::start_in(tempfile::tempdir().unwrap(), "https", port, peer, arguments)
    }

    /// Starts three members that make one etcd.
    pub fn start_three() -> [Self; 3] {
        let peers = [free_port(), free_port(), free_port()];
        let member = |peer| {
            let folder = tempfile::tempdir().unwrap();
            Self::start_in(folder, "http", free_port(), peer, vec![cluster(&peers)])
        };
        let members = peers.map(member);
        members.iter().for_each(Self::wait_until_it_leads);
        members
    }

    /// Gives all leases up, as if their time had passed.
    pub fn revoke_leases(&self) {
        let leases = self.post("lease/leases", "{}");
        for lease in leases.split("\"ID\":\"").skip(1) {
            let id = lease.split('"').next().unwrap();
            self.post("lease/revoke", &format!(r#"{{"ID":"{id}"}}"#));
        }
    }

    fn start_in(folder: TempDir, scheme: &'static str, port: u16, peer: u16, arguments: Vec<String>) -> Self {
        let data: PathBuf = folder.path().join("data");
        let process = Process::start(folder.path(), port, move || {
            let client = format!("{scheme}://127.0.0.1:{port}");
            let url = format!("http://127.0.0.1:{peer}");
            let mut command = Command::new("etcd");
            command
                .arg(format!("--name=m{peer}"))
                .arg(format!("--data-dir={}", data.display()))
                .arg(format!("--listen-client-urls={client}"))
                .arg(format!("--advertise-client-urls={client}"))
                .arg(format!("--listen-peer-urls={url}"))
                .arg(format!("--initial-advertise-peer-urls={url}"))
                .args(&arguments);
            command
        });
        Self {
            process,
            port,
            scheme,
            folder,
        }
    }

    /// Where clients reach it.
    pub fn endpoint(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// Its port for clients.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it at once, as a crash does.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again with its files.
    pub fn resume(&mut self) {
        self.process.resume();
    }

    /// Throws its files away while it does not run.
    pub fn forget(&mut self) {
        assert!(self.process.id().is_none(), "it runs");
        std::fs::remove_dir_all(self.folder.path().join("data")).unwrap();
    }

    /// Holds it where it is, as a machine that hangs.
    pub fn freeze(&self) {
        self.process.freeze();
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.process.thaw();
    }

    /// The number of its last write.
    pub fn revision(&self) -> u64 {
        let answer = self.post("kv/range", r#"{"key":"AA==","limit":1}"#);
        number(&answer, "\"revision\":\"").unwrap()
    }

    /// Writes something that is nobody's, so many times, and forgets all that happened before.
    pub fn compact(&self) {
        for _ in 0..3 {
            self.post("kv/put", r#"{"key":"b3RoZXI=","value":"eA=="}"#);
        }
        let body = format!(r#"{{"revision":"{}","physical":true}}"#, self.revision());
        self.post("kv/compaction", &body);
    }

    /// Lets only this user in from now on.
    pub fn require_login(&self, user: &str, password: &str) {
        // Etcd insists on a root before it asks anybody for a name.
        for (user, password) in [("root", "for-the-test"), (user, password)] {
            self.post(
                "auth/user/add",
                &format!(r#"{{"name":"{user}","password":"{password}"}}"#),
            );
            self.post(
                "auth/user/grant",
                &format!(r#"{{"user":"{user}","role":"root"}}"#),
            );
        }
        self.post("auth/enable", "{}");
    }

    /// Asks over its JSON interface.
    ///
    /// # Panics
    /// When it refuses.
    pub fn post(&self, path: &str, body: &str) -> String {
        let answer = self.try_post(path, body).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{path} {body}: {answer}");
        answer
    }

    fn try_post(&self, path: &str, body: &str) -> std::io::Result<String> {
        let mut request = format!("POST /v3/{path} HTTP/1.1\r\nHost: etcd\r\nConnection: close\r\n");
        write!(request, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "who starts a server has nothing else to do"
    )]
    fn wait_until_it_leads(&self) {
        let start = Instant::now();
        let body = r#"{"key":"b3RoZXI=","value":"eA=="}"#;
        let leads = || {
            self.try_post("kv/put", body)
                .is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
        };
        while !leads() {
            assert!(
                start.elapsed() < PATIENCE,
                "etcd takes no writes\n{}",
                self.process.output()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The option that names all members, by the ports on which they hear each other.
fn cluster(peers: &[u16]) -> String {
    let member = |peer: &u16| format!("m{peer}=http://127.0.0.1:{peer}");
    let members: Vec<_> = peers.iter().map(member).collect();
    format!("--initial-cluster={}", members.join(","))
}

fn number(text: &str, before: &str) -> Option<u64> {
    let (_, rest) = text.split_once(before)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
