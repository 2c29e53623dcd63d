use std::sync::Arc;
use std::time::{Duration, Instant};

use micro::api::{METADATA, Route};
use micro::registry::{Endpoint, Memory, Node, Registry, Service};
use micro_codegen::http::Template;
use proptest::prelude::*;

use super::*;

fn route(method: &str, path: &str) -> Route {
    Route {
        method: method.to_owned(),
        path: path.to_owned(),
        ..Route::default()
    }
}

fn service(name: &str, version: &str, routes: &[(&str, &str)]) -> Service {
    let routes: Vec<_> = routes.iter().map(|(method, path)| route(method, path)).collect();
    let endpoint = Endpoint {
        name: "Shop.Read".to_owned(),
        metadata: [(METADATA.to_owned(), serde_json::to_string(&routes).unwrap())].into(),
        ..Endpoint::default()
    };
    let node = Node {
        id: format!("{name}-{version}"),
        address: "127.0.0.1:1".to_owned(),
        ..Node::default()
    };
    Service {
        name: name.to_owned(),
        version: version.to_owned(),
        endpoints: vec![endpoint],
        nodes: vec![node],
        ..Service::default()
    }
}

fn table(routes: &[(&str, &str)]) -> Table {
    let mut table = Table::default();
    for claim in Claim::all(&service("shop", "latest", routes)).unwrap() {
        assert!(table.add(Arc::new(claim)).is_ok());
    }
    table
}

/// The template that was found, and what its variables are; or the methods that there are.
fn found(table: &Table, method: &str, path: &str) -> String {
    match table.find(method, path) {
        Found::Route(claim) => {
            let values = claim.rule.captures(path).unwrap();
            let names = claim.template.variables.iter().map(|variable| variable.name());
            let said: Vec<_> = names
                .zip(values)
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            format!("{} {} {}", claim.method, claim.template.shape(), said.join(" "))
                .trim_end()
                .to_owned()
        }
        Found::WrongMethod(allowed) => format!("not {method} but {}", Vec::from_iter(allowed).join(", ")),
        Found::Nothing => "nothing".to_owned(),
    }
}

/// So many routes of each kind: beside each other, with variables, with verbs, and of methods of their own.
fn crowded(many: usize) -> (usize, Table) {
    let letters = |number: usize| {
        number
            .to_string()
            .bytes()
            .map(|digit| (digit + b'A' - b'0') as char)
            .collect::<String>()
    };
    let routes: Vec<_> = (0..many)
        .flat_map(|n| {
            [
                ("GET".to_owned(), format!("/s{n}/items/{{id}}")),
                ("POST".to_owned(), format!("/s{n}/items/{{id}}")),
                ("GET".to_owned(), format!("/all/{{a}}/x{n}/{{rest=**}}")),
                ("POST".to_owned(), format!("/all/item:verb{n}")),
                (letters(n), "/all/{a}/other".to_owned()),
            ]
        })
        .collect();
    let routes: Vec<_> = routes
        .iter()
        .map(|(method, path)| (method.as_str(), path.as_str()))
        .collect();
    (routes.len(), table(&routes))
}

#[test]
fn ten_thousand_routes_cost_no_more_than_ten() {
    let ((few, small), (many, large)) = (crowded(2), crowded(2000));
    assert_eq!((few, many), (10, 10_000));
    for (method, path) in [
        ("GET", "/s1/items/7"),
        ("HEAD", "/s1/items/7"),
        ("POST", "/s1/items/7"),
        ("DELETE", "/s1/items/7"),
        ("GET", "/all/1/x1/2/3"),
        ("POST", "/all/item:verb1"),
        ("B", "/all/1/other"),
        ("GET", "/nothing/like/that"),
        ("GET", "/all/item:nothing"),
    ] {
        let looked_at = small.effort(method, path);
        assert_eq!(large.effort(method, path), looked_at, "{method} {path}");
        assert!(looked_at <= 12, "{method} {path}: {looked_at}");
        assert_eq!(found(&large, method, path), found(&small, method, path));
    }
}

#[test]
fn documented_templates_take_the_documented_paths() {
    for (template, path, values) in [
        (
            "/v1/{name=messages/*}",
            "/v1/messages/123456",
            Some("name=messages/123456"),
        ),
        (
            "/v1/messages/{message_id}",
            "/v1/messages/123456",
            Some("message_id=123456"),
        ),
        (
            "/v1/users/{user_id}/messages/{message_id}",
            "/v1/users/me/messages/123456",
            Some("user_id=me message_id=123456"),
        ),
        // A variable is one part unless it says otherwise, and has all its escapes read.
        ("/v1/{var}", "/v1/a%2Fb%20c%25", Some("var=a/b c%")),
        ("/v1/{var}", "/v1/-_.~09azAZ", Some("var=-_.~09azAZ")),
        ("/v1/{var}", "/v1/a/b", None),
        ("/v1/{var}", "/v1/", None),
        ("/v1/{var}", "/v1", None),
        // One that may be more keeps escaped slashes.
        (
            "/v1/{var=foo/*}",
            "/v1/foo/a%2Fb%2fc%20d",
            Some("var=foo/a%2Fb%2fc d"),
        ),
        ("/v1/{var=**}", "/v1/a/b%2F/c", Some("var=a/b%2F/c")),
        ("/v1/{var=**}", "/v1", Some("var=")),
        ("/v1/{var=**}", "/v1/", Some("var=")),
        ("/v1/{var=**}", "/v1/a//b/", Some("var=a//b/")),
        ("/v1/{var=foo/**}", "/v1/foo", Some("var=foo")),
        // Verbs.
        (
            "/v1/{name=messages/*}:cancel",
            "/v1/messages/1:cancel",
            Some("name=messages/1"),
        ),
        (
            "/v1/{name=messages/*}:cancel",
            "/v1/messages/a:b:cancel",
            Some("name=messages/a:b"),
        ),
        ("/v1/{name=messages/*}:cancel", "/v1/messages/1", None),
        ("/v1/{name=messages/*}:cancel", "/v1/messages/1:undo", None),
        ("/v1/{name=messages/*}:cancel", "/v1/messages/1%3Acancel", None),
        (
            "/v1/{name=messages/*}",
            "/v1/messages/1:cancel",
            Some("name=messages/1:cancel"),
        ),
        ("/v1/{name=**}:cancel", "/v1/a/b:cancel", Some("name=a/b")),
        ("/v1/messages:count", "/v1/messages:count", Some("")),
        // Text is compared after escapes are read, and no part is left out.
        ("/v1/a%20b/*", "/v1/%61%20b/x", Some("")),
        ("/v1/a", "/v1/a/", None),
        ("/v1/a", "/v1//a", None),
        ("/v1/a", "/V1/a", None),
        ("/v1/a/b", "/v1/a%2Fb", None),
        // Nobody is led out of where he is.
        ("/v1/{var}", "/v1/..", None),
        ("/v1/{var}", "/v1/%2e%2e", None),
        ("/v1/{var=**}", "/v1/a/../b", None),
        ("/v1/{var=**}", "/v1/a/.%2E", None),
        ("/v1/{var=**}", "/v1/%ff", None),
        ("/v1/{var}", "/v1/a:%ff", None),
        ("/v1/{var}", "/v1/a:", Some("var=a:")),
    ] {
        let expected = match values {
            Some(values) => format!("GET {} {values}", Template::parse(template).unwrap().shape())
                .trim_end()
                .to_owned(),
            None => "nothing".to_owned(),
        };
        assert_eq!(
            found(&table(&[("GET", template)]), "GET", path),
            expected,
            "{template} {path}"
        );
    }
}

#[test]
fn the_most_specific_route_counts() {
    let routes = [
        ("GET", "/{all=**}"),
        ("GET", "/v1/{all=**}"),
        ("GET", "/v1/{one}"),
        ("GET", "/v1/a"),
        ("POST", "/v1/a"),
        ("GET", "/v1/{one}/c"),
        ("POST", "/v1/b/{one}"),
        ("GET", "/v1/{one}:read"),
        ("*", "/v1/a/x"),
        ("PUT", "/v1/a/x"),
        ("DELETE", "/d"),
        ("HEAD", "/v1/a"),
        ("PUT", "/d"),
    ];
    let mut backwards = routes;
    backwards.reverse();
    for table in [table(&routes), table(&backwards)] {
        for (method, path, expected) in [
            ("GET", "/v1/a", "GET /v1/a"),
            ("POST", "/v1/a", "POST /v1/a"),
            ("HEAD", "/v1/a", "HEAD /v1/a"),
            ("HEAD", "/v1/b", "GET /v1/* one=b"),
            ("GET", "/v1/b", "GET /v1/* one=b"),
            ("GET", "/v1/b/c", "GET /v1/*/c one=b"),
            ("POST", "/v1/b/c", "POST /v1/b/* one=c"),
            ("GET", "/v1/b/d", "GET /v1/** all=b/d"),
            ("GET", "/v1/b:read", "GET /v1/*:read one=b"),
            ("GET", "/v1/b:write", "GET /v1/* one=b:write"),
            ("GET", "/v2/b", "GET /** all=v2/b"),
            ("PUT", "/v1/a/x", "PUT /v1/a/x"),
            ("REPORT", "/v1/a/x", "* /v1/a/x"),
            ("PATCH", "/v1/a", "not PATCH but GET, HEAD, POST"),
            ("POST", "/nowhere", "not POST but GET"),
        ] {
            assert!(
                found(&table, method, path).starts_with(expected),
                "{method} {path}: {}",
                found(&table, method, path)
            );
        }
    }
}

#[tokio::test]
async fn who_comes_second_is_told_whose_route_it_is() {
    let registry = Memory::new();
    let first = service("shop", "v1", &[("GET", "/v1/{name=orders/*}"), ("POST", "/buy")]);
    registry.register("micro", first.clone(), None).await.unwrap();
    let check = async |namespace: &str, service: Service| match check(&registry, namespace, &service).await {
        Ok(()) => "fine".to_owned(),
        Err(error) => format!("{} {}", error.code, error.detail),
    };
    let taken = check(
        "micro",
        service("store2", "v1", &[("GET", "/a"), ("GET", "/v1/orders/{id}")]),
    )
    .await;
    assert_eq!(
        taken,
        "409 GET /v1/orders/* is served by the service shop already: change the route of store2, or stop shop"
    );
    for (namespace, other) in [
        // Itself, another version, another namespace, another method, another shape.
        ("micro", first.clone()),
        (
            "micro",
            service("go.micro.service.shop", "v2", &[("POST", "/buy")]),
        ),
        ("acme", service("other", "v1", &[("POST", "/buy")])),
        ("micro", service("other", "v1", &[("PUT", "/buy"), ("*", "/buy")])),
        (
            "micro",
            service(
                "other",
                "v1",
                &[("GET", "/v1/orders/{id}/items"), ("GET", "/v1/{id=**}")],
            ),
        ),
        ("micro", service("other", "v1", &[])),
    ] {
        assert_eq!(check(namespace, other.clone()).await, "fine", "{other:?}");
    }
    for (routes, says) in [
        (
            &[("GET", "/shop/read")][..],
            "409 GET /shop/read is served by the service shop already",
        ),
        (
            &[("GET", "/a/{b}"), ("GET", "/a/{c}")],
            "400 GET /a/* is a route of both Shop.Read and Shop.Read",
        ),
        (&[("GET", "/a/{b")], "400 path template \"/a/{b\", character 6"),
        (&[("get", "/a")], "400 the route to \"/a\": \"get\" is no method"),
        (&[("OPTIONS", "/a")], "use another method"),
        (
            &[("GET", "/auth/{x}")],
            "paths below /auth are the platform's own",
        ),
        (&[("GET", "/openapi.json")], "the platform's own"),
        (&[("GET", "/go.micro.service.auth/{x}")], "the platform's own"),
    ] {
        let said = check("micro", service("other", "v1", routes)).await;
        assert!(said.contains(says), "{said}");
    }
    let mut unreadable = service("other", "v1", &[]);
    unreadable.endpoints[0]
        .metadata
        .insert(METADATA.to_owned(), "{".to_owned());
    assert!(
        check("micro", unreadable)
            .await
            .starts_with("400 the routes of Shop.Read cannot be read")
    );
    let many: Vec<_> = (0..10_001).map(|number| format!("/a/{number}")).collect();
    let many: Vec<_> = many.iter().map(|path| ("GET", path.as_str())).collect();
    assert_eq!(
        check("micro", service("other", "v1", &many)).await,
        "400 a service has at most 10000 routes"
    );
}

async fn until(index: &Index, namespace: &str, path: &str, expected: &str) {
    let now = || match index.of(namespace) {
        Some(table) => found(&table, "GET", path),
        None => "no table".to_owned(),
    };
    let waiting = async {
        while now() != expected {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    assert!(waited.is_ok(), "{path}: {} instead of {expected}", now());
}

#[tokio::test]
async fn tables_follow_the_registry() {
    let registry = Arc::new(Memory::new());
    let old = service("old", "v1", &[("GET", "/old")]);
    registry.register("micro", old.clone(), None).await.unwrap();
    let index = Index::follow(registry.clone(), "");
    until(&index, "micro", "/old", "GET /old").await;
    let new = service("new", "v1", &[("GET", "/new")]);
    registry.register("acme", new.clone(), None).await.unwrap();
    until(&index, "acme", "/new", "GET /new").await;
    until(&index, "acme", "/old", "nothing").await;
    registry
        .register("acme", service("new", "v2", &[("GET", "/newer")]), None)
        .await
        .unwrap();
    until(&index, "acme", "/newer", "GET /newer").await;
    registry.deregister("acme", new).await.unwrap();
    until(&index, "acme", "/new", "nothing").await;
    // Of two that claim the same the first in order has it, whoever let that happen.
    registry
        .register("acme", service("a", "v1", &[("GET", "/{name}")]), None)
        .await
        .unwrap();
    until(&index, "acme", "/x", "GET /* name=x").await;
    registry.deregister("micro", old).await.unwrap();
    until(&index, "micro", "/old", "no table").await;
    assert!(!index.is_empty());
}

#[tokio::test]
async fn with_a_prefix_only_services_below_it_have_routes() {
    let registry = Arc::new(Memory::new());
    for name in ["web.shop", "shop", "website"] {
        let path = format!("/{name}");
        registry
            .register("micro", service(name, "v1", &[("GET", &path)]), None)
            .await
            .unwrap();
    }
    let index = Index::follow(registry, "web");
    until(&index, "micro", "/web.shop", "GET /web.shop").await;
    until(&index, "micro", "/shop", "nothing").await;
    until(&index, "micro", "/website", "nothing").await;
}

/// Not a measurement: a table that was looked through from end to end would take hundreds of times as long.
#[test]
fn ten_thousand_routes_are_as_fast_as_ten() {
    let paths: Vec<_> = (0..10_000)
        .map(|number| format!("/v1/kind{number}/{{id}}/items/{{item}}"))
        .collect();
    let time = |count: usize| {
        let routes: Vec<_> = paths[..count].iter().map(|path| ("GET", path.as_str())).collect();
        let table = table(&routes);
        let last = format!("/v1/kind{}/7/items/8", count - 1);
        let began = Instant::now();
        for _ in 0..2000 {
            assert!(matches!(table.find("GET", &last), Found::Route(_)));
            assert_eq!(table.find("GET", "/v1/none/7/items/8"), Found::Nothing);
        }
        began.elapsed()
    };
    let (few, many) = (time(10), time(10_000));
    assert!(
        many < few * 20 + Duration::from_millis(50),
        "{few:?} and {many:?}"
    );
}

proptest! {
    #[test]
    fn what_is_found_has_the_path(text in "((/(\\{a\\}|\\{b=\\*\\*\\}|\\{c=x/\\*\\}|x|y|\\*){1}){1,4}(:v)?\n){0,6}(/(x|y|%2F|%2e|\\.|a:v|é|){1,3}){0,5}(:v)?") {
        super::fuzz::matching(&text);
    }
}
