//! Certificates of a server that takes TLS, and of clients that it knows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// PEM files.
pub struct Certificates {
    /// The authority's certificate.
    pub ca: PathBuf,
    /// The server's, for 127.0.0.1.
    pub server: (PathBuf, PathBuf),
    /// The client's, for the user `micro`.
    pub client: (PathBuf, PathBuf),
}

impl Certificates {
    /// Made in a folder, for a day.
    pub fn make(folder: &Path) -> Self {
        // The program's own settings would make an authority of each certificate.
        let config = folder.join("openssl.cnf");
        fs::write(&config, "[req]\ndistinguished_name = name\n[name]\n").unwrap();
        let ca = pair(folder, "ca");
        make(
            &config,
            &ca,
            "authority",
            &["basicConstraints=critical,CA:TRUE"],
            None,
        );
        let server = pair(folder, "server");
        let names = [
            "subjectAltName=IP:127.0.0.1",
            "basicConstraints=critical,CA:FALSE",
        ];
        make(&config, &server, "server", &names, Some(&ca));
        let client = pair(folder, "client");
        make(
            &config,
            &client,
            "micro",
            &["basicConstraints=critical,CA:FALSE"],
            Some(&ca),
        );
        Self {
            ca: ca.0,
            server,
            client,
        }
    }
}

fn pair(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    (
        folder.join(format!("{name}.crt")),
        folder.join(format!("{name}.key")),
    )
}

fn make(
    config: &Path,
    (certificate, key): &(PathBuf, PathBuf),
    name: &str,
    extensions: &[&str],
    ca: Option<&(PathBuf, PathBuf)>,
) {
    // It comes with PostgreSQL's package.
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-noenc", "-days", "1", "-newkey", "ec"]);
    command.args([
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-subj",
        &format!("/CN={name}"),
    ]);
    command.arg("-config").arg(config);
    command.arg("-keyout").arg(key).arg("-out").arg(certificate);
    for extension in extensions {
        command.args(["-addext", extension]);
    }
    if let Some((certificate, key)) = ca {
        command.arg("-CA").arg(certificate).arg("-CAkey").arg(key);
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
