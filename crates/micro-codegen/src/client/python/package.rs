//! The package's `__init__.py`: what there is to be imported.

use crate::contract::Contract;

use super::layout::Source;
use super::names::{Names, RUNTIME, uses_empty};
use super::{docs, head};

pub fn text(contract: &Contract, names: &Names, module: &str) -> String {
    let mut runtime = RUNTIME.to_vec();
    if uses_empty(contract) {
        runtime.insert(0, "Empty");
    }
    let own = names.sorted();
    let mut source = Source::new(head(contract));
    docs::emit(&mut source, &docs(contract));
    source.blank(1);
    import(&mut source, "_micro", &runtime);
    if !own.is_empty() {
        import(&mut source, module, &own);
    }
    source.blank(1);
    source.open("__all__ = [");
    for name in own.iter().chain(&runtime) {
        source.line(&format!("\"{name}\","));
    }
    source.close();
    source.line("]");
    source.into_text()
}

/// What the contract says of itself.
pub fn docs(contract: &Contract) -> Vec<String> {
    match contract.docs.as_slice() {
        [] => vec![format!("A client of {}.", contract.name)],
        docs => docs.to_vec(),
    }
}

fn import(source: &mut Source, module: &str, names: &[&str]) {
    let whole = format!("from .{module} import {}", names.join(", "));
    if source.fits(&whole) {
        return source.line(&whole);
    }
    source.open(&format!("from .{module} import ("));
    names.iter().for_each(|name| source.line(&format!("{name},")));
    source.close();
    source.line(")");
}
