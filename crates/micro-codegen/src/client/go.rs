//! The client in this language.

use crate::contract::Contract;
use crate::generate::GeneratedFile;

/// The files, relative to the folder of the clients in this language.
pub fn files(contract: &Contract) -> Vec<GeneratedFile> {
    let _ = contract;
    Vec::new()
}
