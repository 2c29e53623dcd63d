//! What is asked of any server about services that run at one of them.

use super::*;

/// The source of a service that says what it is and serves.
async fn upload(server: &Server, key: &Key, says: &str) {
    let serving = format!("echo {says}\n{}\n", serve());
    let mut tar = Tar::new(Vec::new());
    for (path, text) in [
        ("greeter.mu", "service greeter\n    command sh serve.sh\n"),
        ("serve.sh", &serving),
    ] {
        let mut header = Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    let tar = Bytes::from(tar.into_inner().unwrap());
    server
        .runtime
        .upload(key, Streaming::from_iter([tar]))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_service_runs_at_one_server_and_is_seen_and_changed_at_each() {
    let platform = Platform::on_disk(NEVER);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    a.runtime.create(platform.create(&serve())).await.unwrap();
    let again = b.runtime.create(platform.create(&serve())).await.unwrap_err();
    assert_eq!(again, runtime::already_exists());
    let (owner, other) = platform.sides(a, b).await;
    let service = other.service().await;
    assert_eq!(platform.alive(), [meta(&service, "pid")]);
    assert_eq!(meta(&service, "instances"), "1/1");
    for server in [&owner, &other] {
        assert!(
            server
                .log(&platform.key)
                .await
                .unwrap()
                .contains(&"hello".to_owned())
        );
        let unbuilt = server.runtime.build(&platform.key).await.err().unwrap();
        assert_eq!(unbuilt, runtime::build_not_found());
    }
    let follow = LogsQuery {
        follow: true,
        count: 1,
        since: None,
    };
    let mut lines = other.runtime.logs(&platform.key, follow).await.unwrap();

    platform.is_checking.store(false, Ordering::Relaxed);
    let asked = Instant::now();
    let two = Update {
        instances: Some(2),
        metadata: [("note".to_owned(), "two".to_owned())].into(),
        ..Update::default()
    };
    other.runtime.update(&platform.key, two).await.unwrap();
    let is_taken_up = async || {
        owner.runtime.running.get(&platform.key).unwrap().view().request
            == other.runtime.cluster.as_ref().unwrap().board.borrow().services[&platform.key].request
    };
    platform.until("taken up", is_taken_up).await;
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    let is_done = |service: &Service| {
        meta(service, "instances") == "2/2"
            && meta(service, "update").is_empty()
            && meta(service, "note") == "two"
    };
    for server in [&owner, &other] {
        platform
            .until("updated", async || is_done(&server.service().await))
            .await;
    }
    assert_eq!(lines.next().await.unwrap().unwrap().message, "hello");
    assert_eq!(
        lines.next().await.unwrap().unwrap().message,
        "hello",
        "of the new ones"
    );

    other.runtime.delete(&platform.key).await.unwrap();
    assert_eq!(platform.alive(), [""; 0], "they have ended when it answers");
    for server in [&owner, &other] {
        platform
            .until("gone", async || server.service().await == Service::default())
            .await;
        assert_eq!(
            server.runtime.delete(&platform.key).await.unwrap_err(),
            runtime::not_found()
        );
        let missing = server.log(&platform.key).await.unwrap_err();
        assert_eq!(missing, runtime::logs_not_found("greeter"));
    }
    for kind in ["service:", "claim:", "status:"] {
        assert_eq!(platform.records(kind).await, 0, "{kind}");
    }
    assert_eq!(platform.records("server:").await, 2);
    for server in [owner, other] {
        server.runtime.shutdown().await;
    }
    assert_eq!(
        platform.records("server:").await,
        0,
        "who has stopped is not waited for"
    );
}

#[tokio::test]
async fn an_update_that_was_not_taken_up_yet_is_seen_to_be_under_way() {
    let platform = Platform::new(NEVER);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    a.runtime.create(platform.create(&serve())).await.unwrap();
    let (owner, other) = platform.sides(a, b).await;
    owner.cut(true);
    other
        .runtime
        .update(&platform.key, Update::default())
        .await
        .unwrap();
    let service = other.service().await;
    assert_eq!(
        (service.status, meta(&service, "update")),
        (State::Running as i32, "pending")
    );
    let before = platform.alive();
    platform.is_checking.store(false, Ordering::Relaxed);
    owner.cut(false);
    platform
        .until("carried out", async || {
            meta(&other.service().await, "update").is_empty() && platform.alive() != before
        })
        .await;
    other.runtime.delete(&platform.key).await.unwrap();
}

#[tokio::test]
async fn a_source_that_one_server_was_given_is_built_by_each() {
    let platform = Platform::new(NEVER);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    let create = Create {
        command: Vec::new(),
        ..platform.create("")
    };
    upload(&a, &platform.key, "first").await;
    a.runtime.create(create).await.unwrap();
    let (owner, other) = platform.sides(a, b).await;
    let has_log = async |server: &Server, line: &str| {
        let log = server.log(&platform.key).await;
        log.is_ok_and(|log| log.iter().any(|said| said == line))
    };
    platform
        .until("said", async || has_log(&other, "first").await)
        .await;
    platform.is_checking.store(false, Ordering::Relaxed);
    upload(&other, &platform.key, "second").await;
    other
        .runtime
        .update(&platform.key, Update::default())
        .await
        .unwrap();
    platform
        .until("said", async || has_log(&other, "second").await)
        .await;
    platform
        .until("settled", async || {
            meta(&other.service().await, "update").is_empty()
        })
        .await;
    let built = other
        .runtime
        .build(&platform.key)
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    let built = String::from_utf8_lossy(&built.concat()).into_owned();
    assert!(built.contains("echo second"), "{built}");
    owner.runtime.shutdown().await;
    platform.running(&other, &other.address()).await;
    assert!(has_log(&other, "second").await && !has_log(&other, "first").await);
    other.runtime.delete(&platform.key).await.unwrap();
}

#[tokio::test]
async fn a_folder_of_a_machine_that_is_gone_is_said_to_be_missing() {
    let platform = Platform::new(NEVER);
    let a = platform.open("a").await;
    let create = Create {
        source: "file:///nowhere/to/be/found".to_owned(),
        ..platform.create(&serve())
    };
    a.runtime.create(create).await.unwrap();
    let service = a.service().await;
    assert_eq!(service.status, State::Pending as i32);
    assert!(
        meta(&service, "error").contains("/nowhere/to/be/found"),
        "{service:?}"
    );
    a.runtime.delete(&platform.key).await.unwrap();
    assert_eq!(platform.alive(), [""; 0]);
}

#[tokio::test]
async fn services_are_spread() {
    let platform = Platform::new(NEVER);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    for number in 0..6 {
        let create = Create {
            key: Key::new("micro", format!("sleeper-{number}"), ""),
            ..platform.create("exec sleep 600")
        };
        a.runtime.create(create).await.unwrap();
        let is_claimed = async || platform.records("claim:").await == number + 1;
        platform.until("claimed", is_claimed).await;
    }
    for server in [&a, &b] {
        let has_half = async || server.runtime.running.all().len() == 3;
        platform.until("half of them each", has_half).await;
    }
    let everything = Resource::Namespace(micro::runtime::Namespace {
        name: "micro".to_owned(),
    });
    a.runtime.add_resource(everything.clone()).await.unwrap();
    b.runtime.delete_resource(everything).await.unwrap();
    assert_eq!(
        platform.records("claim:").await,
        0,
        "a namespace takes those of all servers along"
    );
}

#[tokio::test]
async fn the_law_of_runtimes_among_others() {
    let platform = Platform::new(NEVER);
    let (a, _b) = (platform.open("a").await, platform.open("b").await);
    micro::runtime::conformance::run(&*a.runtime).await;
}
