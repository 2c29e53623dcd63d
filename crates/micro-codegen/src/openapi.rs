//! A contract as an OpenAPI 3.1 document: what the gateway answers at, for viewers and for generators of other languages.
//!
//! - A method is `POST /{name}/{Service}/{Method}`. The gateway takes shorter paths too, such as `/user/read`, but only this
//!   form names every method of every service, and one operation under two paths would be two functions of a generated client.
//!   What a contract says itself is described: a method with routes of its own is an operation under each of them too.
//! - A body is the JSON mapping of proto3 with the names of the contract. What a request may say and an answer never does is
//!   told apart: 64-bit integers are strings, and a request may give them as numbers too. A message with such fields that
//!   goes both ways becomes two components, `Account` and `Account-Input`; a hyphen cannot stand in a name of a contract.
//! - A stream is `application/x-ndjson`. OpenAPI 3.1 describes one body and not its lines, so the schema is that of a line, and
//!   `x-ndjson: true` says so.
//! - Doubles are `number` alone, although `NaN` and the infinities are strings in JSON: with a second type every number of every
//!   generated client would be a union. Enums are their names alone for the same reason.
//!
//! Whatever the order in which services answer, the same contracts in the same order give the same document.

mod components;
mod descriptors;
mod example;
mod naming;
mod oneof;
mod operation;
mod platform;
mod route;
mod schema;
mod text;
mod well_known;

use serde_json::{Map, Value, json};

use crate::contract::Contract;
use components::Components;

pub use descriptors::from_descriptors;

/// What a document says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Info {
    /// The heading: `M3O`.
    pub title: String,
    /// Of the API, not of OpenAPI: `1.2.0`.
    pub version: String,
    /// Markdown. When it is empty, a document of one contract says what the contract says of itself.
    pub description: String,
    /// The gateway's address, `https://api.example.com`; when it is empty, the one that the document was loaded from.
    pub server: String,
}

/// The document of one service, or of as many as are given.
///
/// ```
/// use micro_codegen::openapi::{Info, document};
///
/// let info = Info { title: "Nothing".into(), version: "1".into(), ..Info::default() };
/// assert_eq!(document(&[], &info)["openapi"], "3.1.0");
/// ```
pub fn document(contracts: &[Contract], info: &Info) -> Value {
    let components = Components::new(contracts);
    let operations = operation::all(contracts, &components);
    let mut document = json!({
        "openapi": "3.1.0",
        "info": heading(contracts, info),
        "security": platform::security(),
        "tags": operations.tags,
        "paths": operations.paths,
        "components": platform::components(schema::all(&components)),
    });
    if !info.server.is_empty() {
        document["servers"] = json!([{"url": info.server}]);
    }
    document
}

fn heading(contracts: &[Contract], info: &Info) -> Value {
    let mut heading = Map::from_iter([
        ("title".to_owned(), json!(info.title)),
        ("version".to_owned(), json!(info.version)),
    ]);
    let own = match contracts {
        [one] => text::description(&one.docs),
        _ => None,
    };
    let given = Some(info.description.clone()).filter(|text| !text.is_empty());
    text::describe(&mut heading, given.or(own));
    Value::Object(heading)
}

#[cfg(test)]
mod tests;
