//! What travels with a message beside its payload: the trace and the caller of the call that it came from.
//!
//! Who publishes says whose call it was; the platform lets only services say so, and takes it out of what others publish.

use std::collections::BTreeMap;
use std::sync::Arc;

use micro_rpc::{Account, Context, Id, Trace};
use serde::{Deserialize, Serialize};

/// The metadata that names the caller, as JSON. What is published by an account that is no service's goes on without it.
pub const CALLER: &str = "micro-caller";

const TRACE: &str = "micro-trace-id";
const SPAN: &str = "micro-span-id";

#[derive(Serialize, Deserialize)]
struct Caller {
    id: String,
    #[serde(rename = "type", default)]
    kind: String,
    issuer: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// What is to travel with a message that a call publishes.
pub(crate) fn metadata(ctx: &Context) -> BTreeMap<String, String> {
    let trace = ctx.trace();
    let mut metadata = BTreeMap::from([
        (TRACE.to_owned(), trace.id.to_string()),
        (SPAN.to_owned(), trace.span.to_string()),
    ]);
    if let Some(account) = ctx.account() {
        let caller = Caller {
            id: account.id.clone(),
            kind: account.kind.clone(),
            issuer: account.issuer.clone(),
            name: account.name.clone(),
            scopes: account.scopes.clone(),
            metadata: account.metadata.clone(),
        };
        metadata.extend(
            serde_json::to_string(&caller)
                .ok()
                .map(|caller| (CALLER.to_owned(), caller)),
        );
    }
    metadata
}

/// The context of who handles a message: it goes on with the trace, and has the caller, of the call that published it.
pub(crate) fn context(metadata: &BTreeMap<String, String>, namespace: &str) -> Context {
    let given = |name| text(metadata, name).map(Id::given);
    let mut ctx = Context::background().with_namespace(namespace);
    if let Some(id) = given(TRACE) {
        ctx = ctx.with_trace(Trace {
            id,
            span: Id::random(),
            parent: given(SPAN),
        });
    }
    let caller = text(metadata, CALLER).and_then(|text| serde_json::from_str::<Caller>(text).ok());
    match caller {
        Some(caller) => ctx.with_account(Arc::new(Account {
            id: caller.id,
            kind: caller.kind,
            issuer: caller.issuer,
            name: caller.name,
            scopes: caller.scopes,
            metadata: caller.metadata,
        })),
        None => ctx,
    }
}

/// Brokers may write names in another case.
pub(crate) fn text<'a>(metadata: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    let mut named = metadata.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    named.next().map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_and_caller_arrive() {
        let account = Account {
            id: "ada".into(),
            kind: "user".into(),
            issuer: "acme".into(),
            scopes: vec!["admin".into()],
            metadata: [("owner".to_owned(), "org".to_owned())].into(),
            ..Account::default()
        };
        let ctx = Context::background().with_account(Arc::new(account.clone()));
        let sent = metadata(&ctx)
            .into_iter()
            .map(|(name, value)| (name.to_ascii_uppercase(), value))
            .collect();
        let received = context(&sent, "acme");
        assert_eq!(received.account().map(|account| &**account), Some(&account));
        assert_eq!(received.trace().id.text(), ctx.trace().id.text());
        let parent = received.trace().parent.as_ref().map(Id::text);
        assert_eq!(parent, Some(ctx.trace().span.text()));
        assert_eq!(received.namespace(), "acme");
    }

    #[test]
    fn a_message_of_nobody_has_no_caller_and_a_trace_of_its_own() {
        for sent in [BTreeMap::new(), [(CALLER.to_owned(), "ada".to_owned())].into()] {
            let received = context(&sent, "acme");
            assert_eq!(received.account(), None);
            assert_eq!(received.trace().parent, None);
        }
    }
}
