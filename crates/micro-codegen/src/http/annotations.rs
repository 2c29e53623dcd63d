//! The files that declare the option.

use protox::Error;
use protox::file::{File, FileResolver};

/// Resolves `google/api/annotations.proto` and what it imports, for contracts that do not bring them along.
pub struct Annotations;

impl FileResolver for Annotations {
    fn open_file(&self, name: &str) -> Result<File, Error> {
        let source = match name {
            "google/api/annotations.proto" => include_str!("google/annotations.proto"),
            "google/api/http.proto" => include_str!("google/http.proto"),
            _ => return Err(Error::file_not_found(name)),
        };
        File::from_source(name, source)
    }
}
