//! The law of [`Runtime`], as one suite that every implementation passes.
//!
//! It works in namespaces of its own, whose names begin with `conformance`, and expects them to be empty. Services run the
//! command `sleep 600`: that they come up is for each implementation to test with services that do more.

use std::collections::BTreeMap;

use bytes::Bytes;
use micro_rpc::{Error, Result, Streaming};

use super::{Create, Key, LogsQuery, Namespace, NetworkPolicy, Query, Resource, Runtime, State, Update};

const HERE: &str = "conformance";
const ELSEWHERE: &str = "conformance-other";

/// Runs the whole suite.
///
/// # Panics
///
/// When a promise is broken; the message says which.
pub async fn run(runtime: &dyn Runtime) {
    services_are_created_read_and_deleted(runtime).await;
    updates_change_what_they_name(runtime).await;
    what_is_not_there_is_said(runtime).await;
    resources_are_kept(runtime).await;
    a_namespace_takes_its_services_along(runtime).await;
}

fn sleeper(namespace: &str, name: &str, version: &str) -> Create {
    Create {
        command: vec!["sleep".to_owned(), "600".to_owned()],
        kind: "worker".to_owned(),
        metadata: BTreeMap::from([("note".to_owned(), "mine".to_owned())]),
        ..Create::new(Key::new(namespace, name, version))
    }
}

/// `name@version` of what is read.
async fn names(runtime: &dyn Runtime, namespace: &str, query: Query) -> Vec<String> {
    let services = must("read", runtime.read(namespace, &query).await);
    let name = |service: &super::Service| format!("{}@{}", service.name, service.version);
    services.iter().map(name).collect()
}

fn must<T>(what: &str, result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error}"),
    }
}

fn refused<T>(what: &str, result: Result<T>) -> (i32, String) {
    match result {
        Ok(_) => panic!("{what} must be refused"),
        Err(error) => (error.code, error.detail),
    }
}

/// Over a network a stream opens before it says that there is nothing to read.
async fn refusal<T>(what: &str, opened: Result<Streaming<T>>) -> (i32, String) {
    let refused_late = match opened {
        Ok(mut stream) => match stream.next().await {
            Some(Err(error)) => Err::<(), Error>(error),
            _ => Ok(()),
        },
        Err(error) => Err(error),
    };
    refused(what, refused_late)
}

async fn services_are_created_read_and_deleted(runtime: &dyn Runtime) {
    for (name, version) in [("b", ""), ("a", "v2"), ("a", "v1")] {
        must("create", runtime.create(sleeper(HERE, name, version)).await);
    }
    must("create", runtime.create(sleeper(ELSEWHERE, "a", "v1")).await);
    let again = runtime.create(sleeper(HERE, "b", "latest")).await;
    assert_eq!(
        refused("what is there", again),
        (500, "already exists".to_owned())
    );
    let forced = Create {
        force: true,
        ..sleeper(HERE, "b", "")
    };
    must("create by force", runtime.create(forced).await);
    let wrong = runtime.create(sleeper(HERE, "../b", "")).await;
    assert_eq!(refused("a wrong name", wrong).0, 400);
    let unsaid = Create {
        command: Vec::new(),
        ..sleeper(HERE, "c", "")
    };
    assert_eq!(
        refused("nothing to run", runtime.create(unsaid).await).0,
        400,
        "neither source nor command"
    );

    let all = names(runtime, HERE, Query::default()).await;
    assert_eq!(all, ["a@v1", "a@v2", "b@latest"], "sorted by name and version");
    assert_eq!(
        names(runtime, HERE, Query::of("a")).await,
        ["a@v1", "a@v2"],
        "by name"
    );
    let exact = Query {
        version: "v2".to_owned(),
        ..Query::of("a")
    };
    assert_eq!(names(runtime, HERE, exact).await, ["a@v2"], "by version");
    let kind = |kind: &str| Query {
        kind: kind.to_owned(),
        ..Query::default()
    };
    assert_eq!(names(runtime, HERE, kind("worker")).await.len(), 3, "by type");
    assert_eq!(
        names(runtime, HERE, kind("web")).await.len(),
        0,
        "of another type"
    );
    let read = must("read", runtime.read(HERE, &Query::of("b")).await);
    assert_eq!(read[0].metadata["note"], "mine", "notes are kept");
    assert!(
        (State::Pending as i32..=State::Running as i32).contains(&read[0].status),
        "a state of those on the way up"
    );

    must("delete", runtime.delete(&Key::new(HERE, "a", "v1")).await);
    assert_eq!(
        names(runtime, HERE, Query::default()).await,
        ["a@v2", "b@latest"],
        "one version is gone"
    );
    assert_eq!(
        names(runtime, ELSEWHERE, Query::default()).await,
        ["a@v1"],
        "that of another namespace is not"
    );
    for key in [
        Key::new(HERE, "a", "v2"),
        Key::new(HERE, "b", ""),
        Key::new(ELSEWHERE, "a", "v1"),
    ] {
        must("delete", runtime.delete(&key).await);
    }
}

async fn updates_change_what_they_name(runtime: &dyn Runtime) {
    let key = Key::new(HERE, "updated", "");
    must("create", runtime.create(sleeper(HERE, "updated", "")).await);
    let update = Update {
        instances: Some(2),
        metadata: BTreeMap::from([("source".to_owned(), "elsewhere".to_owned())]),
        ..Update::default()
    };
    must("update", runtime.update(&key, update).await);
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let read = must("read", runtime.read(HERE, &Query::of("updated")).await);
        let metadata = &read[0].metadata;
        if metadata["instances"].ends_with("/2") && metadata["source"] == "elsewhere" {
            assert_eq!(metadata["note"], "mine", "what it does not name stays");
            break;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "never updated: {metadata:?}"
        );
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    must("delete", runtime.delete(&key).await);
}

async fn what_is_not_there_is_said(runtime: &dyn Runtime) {
    let key = Key::new(HERE, "nothere", "");
    let not_found = (500, "not found".to_owned());
    assert_eq!(
        refused("update", runtime.update(&key, Update::default()).await),
        not_found
    );
    assert_eq!(refused("delete", runtime.delete(&key).await), not_found);
    assert!(
        names(runtime, HERE, Query::of("nothere")).await.is_empty(),
        "reading finds nothing"
    );
    let logs = refusal("logs", runtime.logs(&key, LogsQuery::default()).await).await;
    assert_eq!(logs, (500, "Logs not found for service nothere".to_owned()));
    let build = refusal("build", runtime.build(&key).await).await;
    assert_eq!(build, (404, "Build not found".to_owned()));
    let broken = Streaming::new(futures_util::stream::iter([Err(Error::unavailable(
        "test", "gone",
    ))]));
    let broken: Streaming<Bytes> = broken;
    assert!(
        runtime.upload(&key, broken).await.is_err(),
        "an upload that breaks off fails"
    );
}

fn policy(name: &str) -> Resource {
    Resource::NetworkPolicy(NetworkPolicy {
        name: name.to_owned(),
        namespace: HERE.to_owned(),
        allowedlabels: BTreeMap::from([("origin".to_owned(), "micro".to_owned())]),
    })
}

fn namespace(name: &str) -> Resource {
    Resource::Namespace(Namespace {
        name: name.to_owned(),
    })
}

async fn ids(runtime: &dyn Runtime, namespace: &str) -> Vec<String> {
    let all = must("resources", runtime.resources(Some(namespace)).await);
    all.iter().map(|state| state.resource.id()).collect()
}

async fn resources_are_kept(runtime: &dyn Runtime) {
    for resource in [namespace(HERE), policy("ingress")] {
        must("add", runtime.add_resource(resource.clone()).await);
        let again = runtime.add_resource(resource.clone()).await;
        assert_eq!(
            refused("what is there", again),
            (500, "already exists".to_owned())
        );
        must("update", runtime.update_resource(resource).await);
    }
    let expected = ["namespace:conformance", "networkpolicy:conformance:ingress"];
    assert_eq!(ids(runtime, HERE).await, expected, "read back, in order");
    assert!(
        names(runtime, HERE, Query::default()).await.is_empty(),
        "they are no services"
    );
    assert!(
        ids(runtime, ELSEWHERE).await.is_empty(),
        "another namespace has its own"
    );
    let not_found = (500, "not found".to_owned());
    assert_eq!(
        refused("update", runtime.update_resource(policy("other")).await),
        not_found
    );
    must("delete", runtime.delete_resource(policy("ingress")).await);
    assert_eq!(
        refused("delete", runtime.delete_resource(policy("ingress")).await),
        not_found
    );
    assert_eq!(
        ids(runtime, HERE).await,
        expected[..1],
        "the namespace is still there"
    );
}

async fn a_namespace_takes_its_services_along(runtime: &dyn Runtime) {
    must("create", runtime.create(sleeper(HERE, "a", "")).await);
    must("create", runtime.create(sleeper(ELSEWHERE, "a", "")).await);
    must("add", runtime.add_resource(policy("ingress")).await);
    must("delete", runtime.delete_resource(namespace(HERE)).await);
    assert!(
        names(runtime, HERE, Query::default()).await.is_empty(),
        "its services are gone"
    );
    assert!(ids(runtime, HERE).await.is_empty(), "and its policies");
    assert_eq!(
        names(runtime, ELSEWHERE, Query::default()).await,
        ["a@latest"],
        "others' are not"
    );
    must("delete", runtime.delete(&Key::new(ELSEWHERE, "a", "")).await);
}
