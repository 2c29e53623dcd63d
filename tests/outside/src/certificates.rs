//! Certificates for a test: an authority, and what it vouches for.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// An authority of its own with one certificate for this machine, good for servers and for clients; all in PEM files.
pub struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// Makes them; they are gone with this value.
    pub fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = [
            "-subj",
            "/CN=authority",
            "-addext",
            "keyUsage=critical,keyCertSign",
        ];
        openssl(folder.path(), "ca", &authority);
        let machine = [
            ["-CA", "ca.pem"],
            ["-CAkey", "ca.key"],
            ["-subj", "/CN=micro"],
            ["-addext", "basicConstraints=critical,CA:FALSE"],
            ["-addext", "subjectAltName=IP:127.0.0.1"],
            ["-addext", "extendedKeyUsage=serverAuth,clientAuth"],
        ];
        openssl(folder.path(), "machine", machine.as_flattened());
        Self { folder }
    }

    /// The authority's certificate.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The machine's certificate.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("machine.pem")
    }

    /// Its key.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("machine.key")
    }
}

/// Makes a key and its certificate for two days.
fn openssl(folder: &Path, name: &str, arguments: &[&str]) {
    let output = Command::new("openssl")
        .current_dir(folder)
        .args(["req", "-x509", "-days", "2", "-nodes"])
        .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-out", &format!("{name}.pem"), "-keyout", &format!("{name}.key")])
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("cannot start openssl: {error}; `cargo xtask test` installs it"));
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}");
}
