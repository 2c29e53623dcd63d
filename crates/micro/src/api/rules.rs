//! The routes of a contract's methods, out of its descriptor.
//!
//! `prost-types` forgets options that it does not know, so the few fields on the way to this one are declared here. What is
//! wrong with a rule was told when the code was generated, and is told again when the service is registered.

use std::collections::BTreeMap;

use micro_rpc::ServiceDescriptor;
use prost::Message;

use super::Route;

/// The routes of each method that has some, by the method's name.
pub(crate) fn of_contract(descriptor: &ServiceDescriptor) -> BTreeMap<String, Vec<Route>> {
    let set = Set::decode(descriptor.file_descriptor_set).unwrap_or_default();
    let files = set
        .files
        .into_iter()
        .filter(|file| file.package == descriptor.package);
    let mut services = files.flat_map(|file| file.services);
    let Some(service) = services.find(|service| service.name == descriptor.name) else {
        return BTreeMap::new();
    };
    let methods = service.methods.into_iter();
    let with_rules = methods.filter_map(|method| Some((method.name, method.options?.http?)));
    with_rules.map(|(name, rule)| (name, routes(rule))).collect()
}

/// Those of a rule and of its additional bindings, which have none themselves.
fn routes(mut rule: Rule) -> Vec<Route> {
    let additional = std::mem::take(&mut rule.additional_bindings);
    let all = std::iter::once(rule).chain(additional);
    all.filter_map(Rule::route).collect()
}

impl Rule {
    fn route(self) -> Option<Route> {
        let patterns = [
            ("GET", self.get),
            ("PUT", self.put),
            ("POST", self.post),
            ("DELETE", self.delete),
            ("PATCH", self.patch),
        ];
        let named = patterns
            .into_iter()
            .find_map(|(method, path)| Some((method.to_owned(), path?)));
        let (method, path) = named.or(self.custom.map(|custom| (custom.kind, custom.path)))?;
        Some(Route {
            method,
            path,
            body: self.body,
            response_body: self.response_body,
        })
    }
}

#[derive(Clone, PartialEq, Message)]
struct Set {
    #[prost(message, repeated, tag = "1")]
    files: Vec<File>,
}

#[derive(Clone, PartialEq, Message)]
struct File {
    #[prost(string, tag = "2")]
    package: String,
    #[prost(message, repeated, tag = "6")]
    services: Vec<Service>,
}

#[derive(Clone, PartialEq, Message)]
struct Service {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    methods: Vec<Method>,
}

#[derive(Clone, PartialEq, Message)]
struct Method {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "4")]
    options: Option<Options>,
}

#[derive(Clone, PartialEq, Message)]
struct Options {
    #[prost(message, optional, tag = "72295728")]
    http: Option<Rule>,
}

#[derive(Clone, PartialEq, Message)]
struct Rule {
    #[prost(string, optional, tag = "2")]
    get: Option<String>,
    #[prost(string, optional, tag = "3")]
    put: Option<String>,
    #[prost(string, optional, tag = "4")]
    post: Option<String>,
    #[prost(string, optional, tag = "5")]
    delete: Option<String>,
    #[prost(string, optional, tag = "6")]
    patch: Option<String>,
    #[prost(string, tag = "7")]
    body: String,
    #[prost(message, optional, tag = "8")]
    custom: Option<Custom>,
    #[prost(message, repeated, tag = "11")]
    additional_bindings: Vec<Rule>,
    #[prost(string, tag = "12")]
    response_body: String,
}

#[derive(Clone, PartialEq, Message)]
struct Custom {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    path: String,
}
