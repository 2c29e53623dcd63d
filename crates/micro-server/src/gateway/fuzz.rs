//! Entry points for fuzzing: whatever reads bytes from outside, without a server around it.

/// Resolves a path; false when it names no endpoint.
pub fn path(path: &str) -> bool {
    super::path::resolve(path).is_some()
}

/// Parses a query; false when it is refused.
pub fn query(query: &str) -> bool {
    super::query::parse(query).is_ok()
}
