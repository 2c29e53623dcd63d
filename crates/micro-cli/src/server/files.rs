//! How many files this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// No server needs more, and some programs that it starts look through all that they may have.
const MOST: u64 = 1 << 20;
/// What every system lets a process have.
const USUAL: u64 = 10_240;

/// As many as the system lets it. Each connection is a file, and the 1,024 that a shell hands on are for programs with few; what it starts has
/// them too.
pub(super) fn allow() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(MOST, |maximum| maximum.min(MOST));
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let set = |wanted| {
        let more = Rlimit {
            current: Some(wanted),
            maximum,
        };
        setrlimit(Resource::Nofile, more)
    };
    // Some systems have another bound besides, which they do not tell here.
    if let Err(error) = set(wanted).or_else(|_| set(wanted.min(USUAL))) {
        tracing::warn!(%error, "cannot have {wanted} files open, so connections beyond {current:?} wait");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_the_system_allows() {
        allow();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let least = maximum.unwrap_or(MOST).min(MOST);
        assert!(
            current.is_none_or(|current| current >= least),
            "{current:?} of {maximum:?}"
        );
    }
}
