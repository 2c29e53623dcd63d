//! Contracts out of what services say of themselves.

use protox::prost_reflect::DescriptorPool;

use crate::contract::Contract;
use crate::error::{Error, Result};
use crate::http;

/// The contracts of serialised `FileDescriptorSet`s, of those files that declare services: what reflection answers, and what
/// `FILE_DESCRIPTOR_SET` of generated code holds. Each set holds all that its files import. A contract that is in several sets comes
/// once; two that differ both come, under whatever name.
///
/// # Errors
///
/// When a set is none, or lacks a type that its files use.
pub fn from_descriptors(sets: &[&[u8]]) -> Result<Vec<Contract>> {
    let mut contracts = Vec::new();
    for (index, set) in sets.iter().enumerate() {
        for contract in of_set(index, set)? {
            if !contracts.contains(&contract) {
                contracts.push(contract);
            }
        }
    }
    Ok(contracts)
}

/// The pool checks what a descriptor that came from elsewhere must be before anyone relies on it.
fn of_set(index: usize, set: &[u8]) -> Result<Vec<Contract>> {
    let mut pool = DescriptorPool::new();
    let added = pool.decode_file_descriptor_set(set);
    added.map_err(|source| Error::Descriptors {
        index,
        source: Box::new(source),
    })?;
    // A rule that cannot work is for its author to be told of; here it is left out.
    let (routes, _) = http::of_pool(&pool, |_| true);
    let files: Vec<_> = pool
        .files()
        .map(|file| file.file_descriptor_proto().clone())
        .collect();
    let with_services = files.iter().filter(|file| !file.service.is_empty());
    Ok(with_services
        .map(|file| Contract::new(&files, file, &routes))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile_source;

    const SOURCE: &str = "syntax = \"proto3\";\n// Says so.\npackage said;\nimport \"google/protobuf/empty.proto\";\n\
        service Said { rpc Say(google.protobuf.Empty) returns (Word); }\nmessage Word { string text = 1; }\n";

    fn set(name: &str, source: &str) -> Vec<u8> {
        let set = compile_source(name, source).unwrap();
        let file = set.targets().next().unwrap();
        set.descriptor_set(file)
    }

    #[test]
    fn a_set_says_what_the_source_said() {
        let one = set("said.proto", SOURCE);
        let two = set("word.proto", "syntax = \"proto3\";\nmessage Word {}\n");
        let compiled = Contract::of(&compile_source("said.proto", SOURCE).unwrap());
        assert_eq!(from_descriptors(&[&one, &two, &one]).unwrap(), compiled);
        assert_eq!(compiled[0].docs, ["Says so."]);
    }

    #[test]
    fn what_is_no_set_is_refused() {
        let refused = |set: &[u8]| from_descriptors(&[&[], set]).unwrap_err().to_string();
        assert!(refused(b"\x0a\xff").starts_with("descriptor set 1 "));
        let compiled = compile_source("said.proto", SOURCE).unwrap();
        let whole = compiled.descriptor_set(compiled.targets().next().unwrap());
        // Without google/protobuf/empty.proto, which is the first file: key, length, bytes.
        let alone = &whole[2 + usize::from(whole[1] & 0x7f) + usize::from(whole[2]) * 128 + 1..];
        assert!(refused(alone).starts_with("descriptor set 1 "));
    }
}
