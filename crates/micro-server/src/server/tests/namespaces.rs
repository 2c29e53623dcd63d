//! Who may call what: every RPC of the platform, called by everybody, beside the contract's table.

use std::collections::BTreeSet;
use std::time::Duration;

use micro_proto::auth::{Auth as _, AuthClient, GenerateRequest, Options, TokenRequest};
use micro_rpc::{Codec, Streaming};

use super::*;
use Check::{Account, Admin, AdminOfOwn, Member, Nobody, Platform};

/// What a caller has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Check {
    /// Anybody may call it.
    Nobody,
    /// An account of any namespace.
    Account,
    /// An account of the namespace.
    Member,
    /// An administrator of the namespace.
    Admin,
    /// An administrator of the namespace that he is of, which is the one that it is about.
    AdminOfOwn,
    /// An administrator of the platform.
    Platform,
}

const IN_OPTIONS: &str = r#"{"id":"none","key":"none","token":"none","new_secret":"none","service":"none","options":{"namespace":"acme","domain":"acme","database":"acme"}}"#;
const NAMED: &str = r#"{"namespace":"acme","database":"acme","topic":"none","group":"none","path":"none","value":{"data":"1"},"auto_ack":true}"#;
const RULE: &str = r#"{"rule":{"id":"none","access":"GRANTED","priority":-9,"resource":{"type":"none","name":"none","endpoint":"none"}},"options":{"namespace":"acme"}}"#;
const RECORD: &str =
    r#"{"record":{"key":"none"},"changes":[],"prefix":"none","options":{"database":"acme"}}"#;
const RESOURCE: &str =
    r#"{"resource":{"namespace":{"name":"acme"}},"service":"none","options":{"namespace":"acme"}}"#;
const MESSAGE: &str = r#"{"topic":"none","message":{"body":""}}"#;

/// One line per RPC: service, endpoint, who may, a request about the namespace `acme`.
const TABLE: &[(&str, &str, Check, &str)] = &[
    ("api", "Api.AddToBlockList", Platform, NAMED),
    ("api", "Api.RemoveFromBlockList", Platform, NAMED),
    ("api", "Api.ReadBlockList", Platform, "{}"),
    ("auth", "Auth.Generate", Admin, IN_OPTIONS),
    ("auth", "Auth.Inspect", Nobody, IN_OPTIONS),
    ("auth", "Auth.Token", Nobody, IN_OPTIONS),
    ("auth", "Auth.Keys", Nobody, "{}"),
    ("auth", "Auth.RotateKeys", Platform, r#"{"delay":60}"#),
    ("auth", "Accounts.List", Admin, IN_OPTIONS),
    ("auth", "Accounts.Delete", Admin, IN_OPTIONS),
    ("auth", "Accounts.ChangeSecret", Member, IN_OPTIONS),
    ("auth", "Rules.Create", Admin, RULE),
    ("auth", "Rules.Delete", Admin, IN_OPTIONS),
    ("auth", "Rules.List", Member, IN_OPTIONS),
    ("auth", "Rules.Watch", Member, IN_OPTIONS),
    ("broker", "Broker.Publish", Account, MESSAGE),
    ("broker", "Broker.Subscribe", Account, MESSAGE),
    ("config", "Config.Get", Admin, NAMED),
    ("config", "Config.Set", Admin, NAMED),
    ("config", "Config.Delete", Admin, NAMED),
    ("config", "Config.Read", Admin, NAMED),
    ("config", "Config.Watch", Admin, NAMED),
    ("events", "Stream.Publish", Member, NAMED),
    ("events", "Stream.Consume", Member, NAMED),
    ("events", "Stream.Topics", Member, NAMED),
    ("events", "Stream.Groups", Member, NAMED),
    ("events", "Stream.DeadLetters", Member, NAMED),
    ("events", "Stream.Redrive", Admin, NAMED),
    ("events", "Stream.Discard", Admin, NAMED),
    ("events", "Store.Read", Member, NAMED),
    ("events", "Store.Write", Nobody, NAMED),
    ("network", "Network.Connect", Nobody, "{}"),
    ("network", "Network.Graph", Nobody, "{}"),
    ("network", "Network.Nodes", Nobody, "{}"),
    (
        "network",
        "Network.Routes",
        Admin,
        r#"{"query":{"network":"acme"}}"#,
    ),
    ("network", "Network.Services", Platform, "{}"),
    ("network", "Network.Status", Nobody, "{}"),
    ("registry", "Registry.GetService", Member, IN_OPTIONS),
    (
        "registry",
        "Registry.Register",
        Admin,
        r#"{"name":"none","options":{"domain":"acme"}}"#,
    ),
    (
        "registry",
        "Registry.Deregister",
        Admin,
        r#"{"name":"none","options":{"domain":"acme"}}"#,
    ),
    ("registry", "Registry.ListServices", Member, IN_OPTIONS),
    ("registry", "Registry.Watch", Member, IN_OPTIONS),
    ("runtime", "Runtime.Create", Admin, RESOURCE),
    ("runtime", "Runtime.Read", Member, RESOURCE),
    ("runtime", "Runtime.Delete", Admin, RESOURCE),
    ("runtime", "Runtime.Update", Admin, RESOURCE),
    ("runtime", "Runtime.Logs", Admin, RESOURCE),
    ("runtime", "Runtime.Resources", Admin, IN_OPTIONS),
    (
        "runtime",
        "Build.Read",
        Account,
        r#"{"name":"none","version":"latest"}"#,
    ),
    (
        "runtime",
        "Source.Upload",
        AdminOfOwn,
        r#"{"service":{"name":"none"}}"#,
    ),
    ("store", "Store.Read", Admin, IN_OPTIONS),
    ("store", "Store.Write", Admin, RECORD),
    ("store", "Store.Delete", Admin, IN_OPTIONS),
    ("store", "Store.List", Admin, IN_OPTIONS),
    ("store", "Store.Databases", Platform, "{}"),
    ("store", "Store.Tables", Admin, NAMED),
    ("store", "Store.Commit", Admin, RECORD),
    ("store", "Store.Watch", Admin, RECORD),
    ("store", "BlobStore.Read", Admin, IN_OPTIONS),
    ("store", "BlobStore.Write", Admin, IN_OPTIONS),
    ("store", "BlobStore.Delete", Admin, IN_OPTIONS),
    ("store", "BlobStore.List", Admin, IN_OPTIONS),
    ("store", "Snapshot.Save", Platform, r#"{"namespace":"acme"}"#),
    ("store", "Snapshot.Restore", Platform, "{}"),
];

/// Name, namespace, scope; an empty namespace is nobody.
const CALLERS: [(&str, &str, &str); 5] = [
    ("nobody", "", ""),
    ("member", "acme", "dev"),
    ("owner", "acme", "admin"),
    ("stranger", "other", "admin"),
    ("platform", "micro", "admin"),
];

/// What the contract says to a caller; `None` lets pass.
fn expected(check: Check, caller: &str, service: &str) -> Option<(i32, &'static str)> {
    let denied = Some((403, "access denied to namespace"));
    match (caller, check) {
        (_, Nobody) | ("platform", _) => None,
        ("nobody", _) if service == "broker" => Some((401, "access denied to namespace")),
        ("nobody", _) => Some((401, "an account is required")),
        (_, Account) | ("stranger", AdminOfOwn) => None,
        (_, Platform) | ("stranger", _) => denied,
        ("member", Admin | AdminOfOwn) => Some((401, "Unauthorized")),
        _ => None,
    }
}

async fn login(platform: &Client, name: &str, namespace: &str, scope: &str) -> String {
    let auth = AuthClient::new(platform);
    let options = Some(Options {
        namespace: namespace.to_owned(),
    });
    let account = GenerateRequest {
        id: name.to_owned(),
        secret: "s3cret-s3cret".to_owned(),
        scopes: vec![scope.to_owned()],
        options: options.clone(),
        ..GenerateRequest::default()
    };
    auth.generate(&Context::background(), account).await.unwrap();
    let request = TokenRequest {
        id: name.to_owned(),
        secret: "s3cret-s3cret".to_owned(),
        options,
        ..TokenRequest::default()
    };
    let token = auth.token(&Context::background(), request).await.unwrap().token;
    token.unwrap().access_token
}

/// What is said to a call; `None` for whatever is no refusal of the caller.
async fn refused(
    client: &Client,
    ctx: &Context,
    service: &str,
    endpoint: &str,
    body: &'static str,
) -> Option<(i32, String)> {
    let requests = Streaming::from_iter([body.into()]);
    let mut answers = client
        .stream_raw(ctx, service, endpoint, Codec::Json, requests)
        .await
        .unwrap();
    // A stream that says nothing has been let pass.
    let answer = tokio::time::timeout(Duration::from_millis(300), answers.next())
        .await
        .ok()??;
    let error = answer.err()?;
    let is_of_callers = [
        "an account is required",
        "access denied to namespace",
        "Unauthorized",
    ]
    .contains(&&*error.detail);
    is_of_callers.then_some((error.code, error.detail))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rpc_is_for_whom_the_table_says() {
    let home = tempfile::tempdir().unwrap();
    let running = Server::start(config(home.path())).await.unwrap();
    let mounted: BTreeSet<String> = running.parts.endpoints().into_iter().collect();
    let listed: BTreeSet<String> = TABLE
        .iter()
        .map(|(service, endpoint, ..)| format!("{service} {endpoint}"))
        .collect();
    assert_eq!(mounted, listed, "each RPC has a line in the table");

    let platform = joined(home.path()).await;
    let client = Client::to_address(&running.addresses.proxy.to_string());
    let mut wrong = Vec::new();
    for (caller, namespace, scope) in CALLERS {
        let ctx = Context::background().with_namespace("acme");
        let ctx = match namespace {
            "" => ctx,
            namespace => ctx.with_token(&login(&platform, caller, namespace, scope).await),
        };
        for (service, endpoint, check, body) in TABLE {
            let said = refused(&client, &ctx, service, endpoint, body).await;
            let right = expected(*check, caller, service).map(|(code, detail)| (code, detail.to_owned()));
            if said != right {
                wrong.push(format!(
                    "{caller} at {service} {endpoint}: {said:?} instead of {right:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    running.shutdown().await;
}
