//! Why the server did not start, in words for who started it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use micro::join::Join;

/// Why the server did not start.
#[derive(Debug)]
pub enum Error {
    /// Another server uses this home.
    Running {
        /// The home.
        home: PathBuf,
        /// What that server left, if it is readable.
        join: Option<Box<Join>>,
    },
    /// An address cannot be listened on.
    Listen {
        /// The address.
        address: String,
        /// The flag that sets it.
        flag: &'static str,
        /// The variable that sets it.
        variable: &'static str,
        /// Whether a micro server answers there.
        by_micro: bool,
        /// What the system says.
        source: io::Error,
    },
    /// The home cannot be used.
    Home {
        /// The home.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no profile of that name.
    Profile {
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The store cannot be opened.
    Store {
        /// Why.
        source: micro::store::Error,
    },
    /// A part of the platform did not start.
    Part {
        /// Which.
        name: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    pub(crate) fn part(
        name: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Part {
            name,
            source: source.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running { home, join } => {
                write!(f, "a micro server uses {} already", home.display())?;
                if let Some(join) = join.as_deref() {
                    let Join {
                        pid, proxy, gateway, ..
                    } = join;
                    write!(f, ": process {pid}, proxy {proxy}, gateway {gateway}")?;
                }
                f.write_str("; stop it, or set MICRO_HOME to another folder")
            }
            Self::Listen {
                address,
                flag,
                variable,
                by_micro,
                source,
            } if source.kind() == io::ErrorKind::AddrInUse => {
                let (by, what) = match by_micro {
                    true => (" by another micro server", "it"),
                    false => ("", "what listens there"),
                };
                write!(
                    f,
                    "address {address} is in use{by}; stop {what}, or choose another with {flag} or {variable}"
                )
            }
            Self::Listen {
                address,
                flag,
                variable,
                ..
            } => write!(f, "cannot listen on {address} (set by {flag} or {variable})"),
            Self::Home { path, .. } => write!(f, "cannot use the folder {}", path.display()),
            Self::Profile { name, known } => write!(f, "no profile {name:?}; known: {known}"),
            Self::Store { .. } => f.write_str("cannot open the store"),
            Self::Part { name, .. } => write!(f, "cannot start {name}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => None,
            Self::Listen { source, .. } | Self::Home { source, .. } => Some(source),
            Self::Store { source } => Some(source),
            Self::Part { source, .. } => Some(&**source),
            Self::Running { .. } | Self::Profile { .. } => None,
        }
    }
}
