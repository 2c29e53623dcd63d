//! The text. After a change on purpose: `cargo xtask gen`, and read the difference.

use micro_codegen::scaffold::WORKSPACE_WIDTH;
use micro_codegen::{Options, write};

use crate::{everything, golden};

#[test]
fn everything_is_as_it_was_read() {
    let options = Options {
        width: WORKSPACE_WIDTH,
        ..Options::default()
    };
    let stale = write(&everything(&options), &golden(), true).unwrap();
    assert!(stale.is_empty(), "differs: {stale:?}");
}

#[test]
fn the_same_contract_gives_the_same_text() {
    assert_eq!(everything(&Options::default()), everything(&Options::default()));
}
