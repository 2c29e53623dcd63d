//! The routes that a service claims, and whether it may have them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use micro::api::Route;
use micro::registry::{Endpoint, PARTS, Registry, Service, Value, short_name};
use micro_codegen::http::{Body, GATEWAY_PATHS, Segment, Template, wrong_method};
use micro_rpc::{Error, Result};

use super::rule::Rule;
use crate::gateway::path;

const ID: &str = "registry.Registry.Register.route";
/// More than any service has; each costs the gateway memory.
const MOST: usize = 10_000;

/// A route of a service, ready to be asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Claim {
    pub call: Arc<Called>,
    pub rule: Arc<Rule>,
    /// Of HTTP; `*` is any.
    pub method: String,
    pub template: Template,
}

/// What routes lead to. Those of one endpoint share it: with very many routes most of what a request needs is then still at hand.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Called {
    /// The service's short name.
    pub service: String,
    /// `Handler.Method`
    pub endpoint: String,
    /// What the endpoint takes and answers.
    pub request: Option<Value>,
    pub response: Option<Value>,
    pub streams: bool,
}

impl Claim {
    /// What the service's endpoints claim; what is wrong with it, and what to do.
    pub fn all(service: &Service) -> Result<Vec<Self>, String> {
        let mut all: Vec<Self> = Vec::new();
        let mut rules = HashSet::new();
        for endpoint in &service.endpoints {
            let routes = Route::of(endpoint)?;
            if routes.is_empty() {
                continue;
            }
            let call = Arc::new(Called::new(service, endpoint));
            for route in routes {
                if all.len() >= MOST {
                    return Err(format!("a service has at most {MOST} routes"));
                }
                all.push(Self::new(call.clone(), route, &mut rules)?);
            }
        }
        Ok(all)
    }

    fn new(call: Arc<Called>, route: Route, rules: &mut HashSet<Arc<Rule>>) -> Result<Self, String> {
        let template = Template::parse(&route.path).map_err(|invalid| invalid.to_string())?;
        if let Some(problem) = wrong_method(&route.method) {
            return Err(format!("the route to {:?}: {problem}", route.path));
        }
        if let Some(Segment::Literal(first)) = template.segments.first()
            && (GATEWAY_PATHS.contains(&first.as_str()) || PARTS.contains(&short_name(first)))
        {
            let path = &route.path;
            return Err(format!(
                "paths below /{first} are the platform's own: begin {path:?} with another word"
            ));
        }
        let answer = Some(route.response_body).filter(|field| !field.is_empty());
        let rule = Rule::new(&call, &template, Body::of(&route.body), answer);
        let rule = rules.get(&rule).cloned().unwrap_or_else(|| Arc::new(rule));
        rules.insert(rule.clone());
        Ok(Self {
            call,
            rule,
            method: route.method,
            template,
        })
    }

    /// What no two services have both.
    pub fn key(&self) -> (String, String) {
        (self.method.clone(), self.template.shape())
    }
}

impl Called {
    fn new(service: &Service, endpoint: &Endpoint) -> Self {
        Self {
            service: short_name(&service.name).to_owned(),
            endpoint: endpoint.name.clone(),
            request: endpoint.request.clone(),
            response: endpoint.response.clone(),
            streams: endpoint.metadata.get("stream").is_some_and(|is| is == "true"),
        }
    }
}

/// Whether a service may be registered with its routes: 400 for one that cannot be, 409 for one that is another's.
///
/// Routes that a version has already are not looked at again: nodes register every half minute, and whoever came first
/// keeps what he has.
pub(crate) async fn check(registry: &dyn Registry, namespace: &str, service: &Service) -> Result<()> {
    let claims = Claim::all(service).map_err(wrong)?;
    if claims.is_empty() {
        return Ok(());
    }
    let name = short_name(&service.name);
    let versions = registry.get(namespace, name).await?;
    let same = |known: &Service| known.version == service.version && known.endpoints == service.endpoints;
    if versions.iter().any(same) {
        return Ok(());
    }
    let mut own = BTreeMap::new();
    for claim in &claims {
        if let Some(other) = own.insert(claim.key(), &claim.call.endpoint) {
            let (method, shape) = claim.key();
            let who = format!("both {other} and {}", claim.call.endpoint);
            return Err(wrong(format!(
                "{method} {shape} is a route of {who}: change one of them"
            )));
        }
    }
    let registered = registry.list(namespace).await?;
    let others: Vec<_> = registered
        .iter()
        .filter(|known| short_name(&known.name) != name)
        .collect();
    let taken = taken(&others);
    for claim in &claims {
        if let Some(holder) = taken
            .get(&claim.key())
            .copied()
            .or_else(|| automatic(&others, claim))
        {
            let (method, shape) = claim.key();
            let detail = format!(
                "{method} {shape} is served by the service {holder} already: change the route of {name}, or stop {holder}"
            );
            return Err(Error::conflict(ID, detail));
        }
    }
    Ok(())
}

fn taken<'a>(others: &[&'a Service]) -> HashMap<(String, String), &'a str> {
    let mut taken = HashMap::new();
    for other in others {
        for claim in Claim::all(other).unwrap_or_default() {
            taken.entry(claim.key()).or_insert(other.name.as_str());
        }
    }
    taken
}

/// Who has an endpoint that a path without variables leads to by itself, so that the route would never be reached.
fn automatic<'a>(others: &[&'a Service], claim: &Claim) -> Option<&'a str> {
    let literal = claim.template.literal()?;
    let decoded = path::decode(&literal)?;
    let target = path::resolve(&path::parts(&decoded))?;
    let has = |endpoints: &[Endpoint]| endpoints.iter().any(|endpoint| endpoint.name == target.endpoint);
    let mut holders = others
        .iter()
        .filter(|other| other.name == target.service && has(&other.endpoints));
    holders.next().map(|other| other.name.as_str())
}

fn wrong(detail: String) -> Error {
    Error::bad_request(ID, detail)
}
