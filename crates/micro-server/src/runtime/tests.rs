use std::sync::Mutex;

use micro::events::Stored;
use micro::runtime::{Memory, Remote, Resource as Kept, ResourceState as State, conformance};
use micro_proto::runtime::{Namespace, NetworkPolicy, Resource, ResourceQuota};
use micro_rpc::bytes::Bytes;

use super::*;
use crate::drain::Drain;

/// A driver that notes what it was asked for.
#[derive(Default)]
struct Driver(Mutex<Vec<String>>);

impl Driver {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }
}

#[micro_rpc::async_trait]
impl Runtime for Driver {
    async fn upload(&self, key: &Key, tar: Streaming<Bytes>) -> Result<String> {
        let bytes: usize = tar.collect().await?.iter().map(Bytes::len).sum();
        self.note(format!("upload {key} {bytes}"));
        Ok(format!("source://{}:{}", key.name, key.version))
    }
    async fn create(&self, create: Create) -> Result<()> {
        let Create {
            key,
            instances,
            env,
            metadata,
            ..
        } = create;
        self.note(format!(
            "create {key} {instances:?} {env:?} {}",
            metadata["owner"]
        ));
        Ok(())
    }
    async fn update(&self, key: &Key, update: Update) -> Result<()> {
        let Update {
            source,
            entrypoint,
            instances,
            ..
        } = update;
        self.note(format!("update {key} {source:?} {entrypoint:?} {instances:?}"));
        Ok(())
    }
    async fn delete(&self, key: &Key) -> Result<()> {
        self.note(format!("delete {key}"));
        Ok(())
    }
    async fn read(&self, namespace: &str, query: &Query) -> Result<Vec<Service>> {
        self.note(format!("read {namespace} {query:?}"));
        Ok(Vec::new())
    }
    async fn build(&self, key: &Key) -> Result<Streaming<Bytes>> {
        self.note(format!("build {key}"));
        Ok(Streaming::from_iter([Bytes::from_static(b"built")]))
    }
    async fn add_resource(&self, resource: Kept) -> Result<()> {
        self.note(format!("add {}", resource.id()));
        Ok(())
    }
    async fn update_resource(&self, resource: Kept) -> Result<()> {
        self.note(format!("change {}", resource.id()));
        Ok(())
    }
    async fn delete_resource(&self, resource: Kept) -> Result<()> {
        self.note(format!("remove {}", resource.id()));
        Ok(())
    }
    async fn resources(&self, namespace: Option<&str>) -> Result<Vec<State>> {
        self.note(format!("resources {namespace:?}"));
        Ok(Vec::new())
    }
    async fn logs(&self, key: &Key, query: LogsQuery) -> Result<Streaming<LogRecord>> {
        self.note(format!("logs {key} {} {}", query.follow, query.count));
        let (sender, lines) = Streaming::channel(1);
        if query.follow {
            tokio::spawn(async move { sender.closed().await });
        }
        Ok(lines)
    }
}

struct Setup {
    driver: Arc<Driver>,
    handler: RuntimeHandler,
    events: Arc<dyn Events>,
    drain: Drain,
}

fn events() -> Arc<dyn Events> {
    Arc::new(Stored::new(Arc::new(micro::store::Memory::new())))
}

impl Setup {
    fn new() -> Self {
        let (driver, drain) = (Arc::new(Driver::default()), Drain::new());
        let events = events();
        let handler = RuntimeHandler::new(driver.clone(), events.clone(), drain.signal());
        Self {
            driver,
            handler,
            events,
            drain,
        }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.driver.0.lock().unwrap())
    }
}

/// An administrator of a namespace.
fn admin(issuer: &str) -> Context {
    Context::background().with_account(Arc::new(Account {
        id: "id-1".to_owned(),
        kind: "user".to_owned(),
        issuer: issuer.to_owned(),
        name: "ann".to_owned(),
        scopes: vec!["admin".to_owned()],
        ..Account::default()
    }))
}

fn service(name: &str) -> Option<Resource> {
    let service = Service {
        name: name.to_owned(),
        ..Service::default()
    };
    Some(Resource {
        service: Some(service),
        ..Resource::default()
    })
}

fn creation(resource: Option<Resource>, options: CreateOptions) -> CreateRequest {
    CreateRequest {
        resource,
        options: Some(options),
    }
}

async fn refusal(setup: &Setup, ctx: &Context, request: CreateRequest) -> (i32, String) {
    let error = Contract::create(&setup.handler, ctx, request).await.unwrap_err();
    assert!(setup.asked().is_empty(), "the driver is not bothered");
    (error.code, error.detail)
}

#[tokio::test]
async fn what_is_asked_for_reaches_the_driver() {
    let setup = Setup::new();
    let (handler, ctx) = (&setup.handler, admin("micro"));
    let options = CreateOptions {
        env: vec!["A=b=c".to_owned()],
        ..CreateOptions::default()
    };
    let request = creation(service("go.micro.service.user"), options);
    Contract::create(handler, &ctx, request).await.unwrap();
    let update = UpdateRequest {
        resource: service("user"),
        ..UpdateRequest::default()
    };
    handler.update(&ctx, update).await.unwrap();
    let delete = DeleteRequest {
        resource: service("user"),
        ..DeleteRequest::default()
    };
    handler.delete(&ctx, delete).await.unwrap();
    assert_eq!(
        setup.asked(),
        [
            "create micro:user:latest None [(\"A\", \"b=c\")] ann",
            "update micro:user:latest \"\" \"\" None",
            "delete micro:user:latest",
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_words() {
    let setup = Setup::new();
    let ctx = admin("micro");
    let options = CreateOptions::default();
    let refused = refusal(&setup, &ctx, creation(None, options.clone())).await;
    assert_eq!(refused, (400, "blank resource".to_owned()));
    for resource in [
        Resource {
            namespace: Some(Namespace::default()),
            ..Resource::default()
        },
        Resource {
            networkpolicy: Some(NetworkPolicy::default()),
            ..Resource::default()
        },
        Resource {
            resourcequota: Some(ResourceQuota::default()),
            ..Resource::default()
        },
    ] {
        let refused = refusal(&setup, &ctx, creation(Some(resource), options.clone())).await;
        assert_eq!(refused, (500, "invalid resource".to_owned()));
    }
    for name in ["", "a/b", ".."] {
        assert_eq!(
            refusal(&setup, &ctx, creation(service(name), options.clone()))
                .await
                .0,
            400,
            "{name:?}"
        );
    }
    let many = CreateOptions {
        instances: 1_000_000,
        ..options.clone()
    };
    assert_eq!(
        refusal(&setup, &ctx, creation(service("user"), many)).await.0,
        400
    );
    let secret = CreateOptions {
        env: vec!["hidden-value".to_owned()],
        ..options.clone()
    };
    let (code, detail) = refusal(&setup, &ctx, creation(service("user"), secret)).await;
    assert!(code == 400 && !detail.contains("hidden"), "{detail}");
    let image = CreateOptions {
        image: "x".to_owned(),
        ..options
    };
    assert_eq!(
        refusal(&setup, &ctx, creation(service("user"), image)).await.0,
        501
    );
}

fn namespace(name: &str) -> Option<Resource> {
    let wanted = Namespace {
        name: name.to_owned(),
    };
    Some(Resource {
        namespace: Some(wanted),
        ..Resource::default()
    })
}

#[tokio::test]
async fn resources_reach_the_driver_for_whom_they_are_about() {
    let setup = Setup::new();
    let options = |namespace: &str| CreateOptions {
        namespace: namespace.to_owned(),
        ..CreateOptions::default()
    };
    let request = creation(namespace("acme"), options(""));
    Contract::create(&setup.handler, &admin("micro"), request.clone())
        .await
        .unwrap();
    assert_eq!(setup.asked(), ["add namespace:acme"]);
    assert_eq!(refusal(&setup, &admin("acme"), request).await.0, 403);
    // One's own namespace may be named; that is no way to another.
    let own = creation(namespace("acme"), options("acme"));
    Contract::create(&setup.handler, &admin("acme"), own)
        .await
        .unwrap();
    assert_eq!(setup.asked(), ["add namespace:acme"]);
    let other = creation(namespace("other"), options("acme"));
    assert_eq!(refusal(&setup, &admin("acme"), other).await.0, 403);

    let policy = NetworkPolicy {
        name: "ingress".to_owned(),
        namespace: "acme".to_owned(),
        ..NetworkPolicy::default()
    };
    let resource = Some(Resource {
        networkpolicy: Some(policy),
        ..Resource::default()
    });
    let update = UpdateRequest {
        resource: resource.clone(),
        ..UpdateRequest::default()
    };
    setup.handler.update(&admin("micro"), update).await.unwrap();
    let delete = DeleteRequest {
        resource,
        ..DeleteRequest::default()
    };
    setup.handler.delete(&admin("micro"), delete).await.unwrap();
    let list = |namespace: &str| ResourcesRequest {
        options: Some(micro_proto::runtime::ListOptions {
            namespace: namespace.to_owned(),
        }),
    };
    let handler = &setup.handler;
    handler.resources(&admin("acme"), list("acme")).await.unwrap();
    handler.resources(&admin("micro"), list("*")).await.unwrap();
    assert_eq!(
        setup.asked(),
        [
            "change networkpolicy:acme:ingress",
            "remove networkpolicy:acme:ingress",
            "resources Some(\"acme\")",
            "resources None"
        ]
    );
    assert_eq!(
        handler
            .resources(&admin("acme"), list("*"))
            .await
            .unwrap_err()
            .code,
        403
    );
}

#[tokio::test]
async fn changes_are_published() {
    let setup = Setup::new();
    let (handler, ctx) = (&setup.handler, admin("micro"));
    let options = CreateOptions {
        namespace: "acme".to_owned(),
        ..CreateOptions::default()
    };
    let request = creation(service("go.micro.service.user"), options.clone());
    Contract::create(handler, &ctx, request).await.unwrap();
    let request = creation(namespace("acme"), options);
    Contract::create(handler, &ctx, request).await.unwrap();
    let delete = DeleteRequest {
        resource: service("user"),
        ..DeleteRequest::default()
    };
    handler.delete(&ctx, delete).await.unwrap();
    let events = setup.events.read("micro", "runtime", 10, 0).await.unwrap();
    let facts: Vec<(&str, &str)> = events
        .iter()
        .map(|event| {
            (
                event.metadata["type"].as_str(),
                event.metadata["namespace"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        facts,
        [
            ("service.created", "acme"),
            ("namespace.created", "acme"),
            ("service.deleted", "micro")
        ]
    );
    let payload: serde_json::Value = serde_json::from_slice(&events[0].payload).unwrap();
    assert_eq!(
        payload,
        serde_json::json!({
            "Type": "service.created",
            "Namespace": "acme",
            "Service": {"Name": "user", "Version": "latest", "Source": "", "Metadata": {}, "Status": 0},
        })
    );
}

#[tokio::test]
async fn what_was_built_is_read_in_the_callers_namespace() {
    let setup = Setup::new();
    let wanted = |version: &str| Service {
        name: "user".to_owned(),
        version: version.to_owned(),
        ..Service::default()
    };
    let read = |ctx: Context, version: &'static str| {
        let handler = setup.handler.clone();
        async move { BuildContract::read(&handler, &ctx, wanted(version)).await }
    };
    let pieces = read(admin("acme").with_namespace("micro"), "v1").await.unwrap();
    assert_eq!(pieces.collect().await.unwrap()[0].data, "built");
    read(admin("micro").with_namespace("acme"), "v1").await.unwrap();
    assert_eq!(setup.asked(), ["build acme:user:v1", "build acme:user:v1"]);
    assert_eq!(read(admin("acme"), "").await.unwrap_err().code, 400);
    assert_eq!(read(Context::background(), "v1").await.unwrap_err().code, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_network_the_promise_is_the_same() {
    let drain = Drain::new();
    let handler = RuntimeHandler::new(Arc::new(Memory::default()), events(), drain.signal());
    let client = crate::peer::client_of(handler.handlers(), "micro user admin").await;
    conformance::run(&Remote::new(&client)).await;
}

#[tokio::test]
async fn callers_are_checked() {
    let setup = Setup::new();
    let request = creation(service("user"), CreateOptions::default());
    assert_eq!(
        refusal(&setup, &Context::background(), request.clone()).await.0,
        401
    );
    assert_eq!(refusal(&setup, &admin("acme"), request).await.0, 403);
    let options = CreateOptions {
        namespace: "acme".to_owned(),
        ..CreateOptions::default()
    };
    let request = creation(service("user"), options);
    Contract::create(&setup.handler, &admin("acme"), request)
        .await
        .unwrap();
    assert!(setup.asked()[0].starts_with("create acme:user:latest"));
}

#[tokio::test]
async fn source_goes_to_the_callers_namespace() {
    let setup = Setup::new();
    let upload = |ctx: Context| {
        let named = Service {
            name: "user".to_owned(),
            ..Service::default()
        };
        let first = UploadRequest {
            service: Some(named),
            data: Bytes::from_static(b"abc"),
        };
        let second = UploadRequest {
            service: None,
            data: Bytes::from_static(b"de"),
        };
        let handler = setup.handler.clone();
        async move { handler.upload(&ctx, Streaming::from_iter([first, second])).await }
    };
    assert_eq!(upload(admin("micro")).await.unwrap().id, "source://user:latest");
    upload(admin("micro").with_namespace("acme")).await.unwrap();
    upload(admin("acme").with_namespace("micro")).await.unwrap();
    assert_eq!(
        setup.asked(),
        [
            "upload micro:user:latest 5",
            "upload acme:user:latest 5",
            "upload acme:user:latest 5"
        ]
    );
    assert_eq!(upload(Context::background()).await.unwrap_err().code, 401);
    let nothing = setup.handler.upload(&admin("micro"), Streaming::empty()).await;
    assert_eq!(nothing.unwrap_err().code, 400);
}

#[tokio::test]
async fn logs_that_are_followed_end_with_the_drain() {
    let setup = Setup::new();
    let request = LogsRequest {
        service: "user".to_owned(),
        stream: true,
        count: 15,
        ..LogsRequest::default()
    };
    let mut lines = setup.handler.logs(&admin("micro"), request).await.unwrap();
    assert_eq!(setup.asked(), ["logs micro:user:latest true 15"]);
    setup.drain.begin();
    assert!(lines.next().await.is_none());
}
