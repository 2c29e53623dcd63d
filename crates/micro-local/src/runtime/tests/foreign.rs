//! Services in other languages: here, the shell.

use std::process::Command;

use micro::runtime::{ResourceQuota, Resources};

use super::*;

const DEFINITION: &str = "service greeter\n    build sh build.sh\n    command sh serve.sh --loud\n    env WHO world\n    \
                          secret PASSWORD mail.password\n";

/// Says what it was built as and given, and serves.
fn serving(says: &str) -> String {
    format!("echo {says} $(cat built) $1 $WHO $PASSWORD $TOKEN in $(basename $PWD)\n{SERVE}\n")
}

fn files<'a>(build: &'a str, serve: &'a str) -> [(&'a str, &'a str); 3] {
    [
        ("greeter.mu", DEFINITION),
        ("build.sh", build),
        ("serve.sh", serve),
    ]
}

impl Fixture {
    fn has_log(&self, log: &[String], part: &str) {
        assert!(
            log.iter().any(|line| line.contains(part)),
            "{part} is not in {log:#?}"
        );
    }
}

#[tokio::test]
async fn one_is_built_and_run_as_its_definition_says() {
    let fixture = fixture().await;
    let first = serving("one");
    fixture
        .upload_files(&files("echo building; echo yes > built", &first))
        .await;
    let mut create = fixture.create();
    create.secrets.insert("TOKEN".to_owned(), "literal".to_owned());
    fixture.runtime.create(create).await.unwrap();
    let running = fixture.until_state(State::Running).await;
    assert_eq!(meta(&running, "instances"), "1/1");
    let log = fixture.log().await;
    fixture.has_log(&log, "[micro] build: sh build.sh");
    fixture.has_log(&log, "building");
    fixture.has_log(
        &log,
        "one yes --loud world from-config literal in greeter-latest-",
    );
    let kept = fixture
        .store
        .scan(
            &micro::store::Scope::platform("runtime"),
            &micro::store::Scan::default(),
        )
        .await
        .unwrap();
    let kept = String::from_utf8(kept[0].value.to_vec()).unwrap();
    assert!(
        !kept.contains("literal") && !kept.contains("from-config"),
        "{kept}"
    );

    // Neither a build that fails nor a program that does not stay takes the place of what serves.
    let broken = serving("two");
    for (build, serve, reason) in [
        (
            "echo no such tool >&2; exit 4",
            broken.as_str(),
            "`sh build.sh` exited with code 4:\nno such tool",
        ),
        (
            "echo yes > built",
            "echo wrong version; exit 5",
            "exited with code 5",
        ),
    ] {
        fixture.upload_files(&files(build, serve)).await;
        fixture
            .runtime
            .update(&fixture.key, Update::default())
            .await
            .unwrap();
        let settled = fixture
            .until("settled", |service| meta(service, "update").is_empty())
            .await;
        assert!(meta(&settled, "error").contains(reason), "{settled:?}");
        assert_eq!(meta(&settled, "pid"), meta(&running, "pid"), "the old one serves");
    }
    // What failed is removed, aside.
    let removed = async {
        while programs(&fixture).len() != 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, removed).await.unwrap();

    let second = serving("three");
    fixture.upload_files(&files("echo yes > built", &second)).await;
    let update = Update {
        instances: Some(2),
        ..Update::default()
    };
    fixture.runtime.update(&fixture.key, update).await.unwrap();
    fixture
        .until("two", |service| {
            meta(service, "instances") == "2/2" && meta(service, "update").is_empty()
        })
        .await;
    fixture.has_log(&fixture.log().await, "three yes");

    let mut tar = tar::Archive::new(std::io::Cursor::new(
        fixture
            .runtime
            .build(&fixture.key)
            .await
            .unwrap()
            .collect()
            .await
            .unwrap()
            .concat(),
    ));
    let names: Vec<String> = tar
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    assert!(names.iter().any(|name| name.ends_with("built")), "{names:?}");

    fixture.runtime.shutdown().await;
    let next = open(fixture.folder.path(), &fixture.store, &fixture.registry).await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while meta(
        &next.read("micro", &Query::default()).await.unwrap()[0],
        "instances",
    ) != "2/2"
    {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    next.delete(&fixture.key).await.unwrap();
    assert!(programs(&fixture).is_empty(), "nothing is left of it");
}

fn programs(fixture: &Fixture) -> Vec<PathBuf> {
    let folder = fixture.folder.path().join("server/bin/micro");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[tokio::test]
async fn a_secret_that_is_missing_is_said() {
    let fixture = fixture().await;
    let mut create = fixture.script(SERVE);
    create
        .config_secrets
        .insert("KEY".to_owned(), "payment.stripe.key".to_owned());
    fixture.runtime.create(create).await.unwrap();
    let service = fixture.until_state(State::Error).await;
    let error = meta(&service, "error");
    for part in ["KEY", "payment.stripe.key", "namespace micro", "micro config set"] {
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn definitions_that_are_wrong_are_shown() {
    let fixture = fixture().await;
    fixture
        .upload_files(&[("greeter.mu", "service greeter\n  comand x\n")])
        .await;
    fixture.runtime.create(fixture.create()).await.unwrap();
    let service = fixture.until_state(State::Error).await;
    assert!(
        meta(&service, "error").starts_with("greeter.mu:2:3: "),
        "{service:?}"
    );
    fixture
        .upload_files(&[("greeter.mu", "service greeter\n"), ("main.py", "")])
        .await;
    fixture
        .runtime
        .update(&fixture.key, Update::default())
        .await
        .unwrap();
    let service = fixture
        .until("said", |service| meta(service, "error").contains("Cargo.toml"))
        .await;
    assert!(meta(&service, "error").contains("`command ...`"), "{service:?}");
}

/// It never registers: after a while it is running, and what it serves later is its own.
#[tokio::test]
async fn a_worker_is_running_though_it_registers_nothing() {
    let fixture = fixture().await;
    let script = "trap 'exit 0' TERM; while :; do sleep 0.02; done";
    fixture.runtime.create(fixture.script(script)).await.unwrap();
    fixture.until_state(State::Starting).await;
    fixture.until_state(State::Running).await;
    fixture.has_log(&fixture.log().await, "not registered: taken to be running");
    fixture.runtime.delete(&fixture.key).await.unwrap();
}

fn git(folder: &Path, words: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=test", "-c", "user.email=test@example.com"])
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository with a service in a folder; answers the commit.
fn commit(folder: &Path, says: &str) -> String {
    let service = folder.join("services/greeter");
    std::fs::create_dir_all(&service).unwrap();
    let definition = "service greeter\n    command sh serve.sh\n";
    std::fs::write(service.join("greeter.mu"), definition).unwrap();
    std::fs::write(service.join("serve.sh"), format!("echo {says}\n{SERVE}\n")).unwrap();
    git(folder, &["add", "."]);
    git(folder, &["commit", "--quiet", "--message", says]);
    git(folder, &["rev-parse", "HEAD"])
}

#[tokio::test]
async fn a_source_is_fetched_from_a_repository() {
    let fixture = fixture().await;
    let repository = fixture.folder.path().join("work.git");
    std::fs::create_dir(&repository).unwrap();
    git(&repository, &["init", "--quiet", "--initial-branch=trunk"]);
    let hooks = repository.join(".git/hooks");
    let first = commit(&repository, "first");
    git(&repository, &["tag", "v1"]);
    let second = commit(&repository, "second");
    git(&repository, &["branch", "feature/x"]);
    commit(&repository, "third");
    assert!(hooks.is_dir());

    let source = |reference: &str| format!("file://{}/services/greeter{reference}", repository.display());
    let mut create = Create {
        source: source(""),
        ..fixture.create()
    };
    create
        .secrets
        .insert("GIT_CREDENTIALS".to_owned(), "ann:hidden-value".to_owned());
    fixture.runtime.create(create.clone()).await.unwrap();
    let running = fixture.until_state(State::Running).await;
    let third = git(&repository, &["rev-parse", "HEAD"]);
    assert_eq!(meta(&running, "build"), third);
    fixture.has_log(&fixture.log().await, "third");

    // A tag, a branch with a slash, a whole commit, the beginning of one; then whatever is newest.
    for (reference, expected) in [
        ("@v1", "first"),
        ("@feature/x", "second"),
        (&format!("@{first}"), "first"),
        (&format!("@{}", &second[..8]), "second"),
    ] {
        let update = Update {
            source: source(reference),
            ..Update::default()
        };
        let before = fixture.log().await.len();
        fixture.runtime.update(&fixture.key, update).await.unwrap();
        let service = fixture
            .until("settled", |service| meta(service, "update").is_empty())
            .await;
        assert_eq!(meta(&service, "error"), "", "{reference}");
        let log = fixture.log().await;
        assert!(
            log[before..].iter().any(|line| line == expected),
            "{reference}: {log:#?}"
        );
    }
    commit(&repository, "fourth");
    let newest = Update {
        source: source("@trunk"),
        ..Update::default()
    };
    fixture.runtime.update(&fixture.key, newest).await.unwrap();
    fixture
        .until("settled", |service| meta(service, "update").is_empty())
        .await;
    fixture.has_log(&fixture.log().await, "fourth");

    for (wrong, part) in [
        (source("@v9"), "cannot fetch file://"),
        (
            format!("file://{}/nothere", fixture.folder.path().display()),
            "cannot fetch",
        ),
    ] {
        let update = Update {
            source: wrong,
            ..Update::default()
        };
        fixture.runtime.update(&fixture.key, update).await.unwrap();
        let service = fixture
            .until("settled", |service| meta(service, "update").is_empty())
            .await;
        assert_eq!(service.status, State::Running as i32, "the old one serves");
        assert!(meta(&service, "error").contains(part), "{service:?}");
    }
    let all = format!("{:?} {:?}", fixture.service().await, fixture.log().await);
    assert!(!all.contains("hidden-value"), "{all}");
    let refused = Create {
        source: "https://ann:pw@example.com/x".to_owned(),
        force: true,
        ..create
    };
    assert_eq!(fixture.runtime.create(refused).await.unwrap_err().code, 400);
    fixture.runtime.shutdown().await;
}

#[tokio::test]
async fn the_law_of_runtimes() {
    let fixture = fixture().await;
    micro::runtime::conformance::run(&fixture.runtime).await;
}

fn quota(memory: i32) -> Resource {
    Resource::ResourceQuota(ResourceQuota {
        name: "quota".to_owned(),
        namespace: "micro".to_owned(),
        requests: None,
        limits: Some(Resources {
            memory,
            cpu: 500,
            ephemeral_storage: 0,
        }),
    })
}

#[tokio::test]
async fn a_quota_is_refused_without_the_means_and_entered_with_them() {
    let fixture = fixture().await;
    let error = fixture.runtime.add_resource(quota(64)).await.unwrap_err();
    assert_eq!(error.code, 501);
    assert!(error.detail.contains("no control group"), "{error}");
    let policy = Resource::NetworkPolicy(micro::runtime::NetworkPolicy {
        name: "open".to_owned(),
        namespace: "micro".to_owned(),
        allowedlabels: [("tier".to_owned(), "web".to_owned())].into(),
    });
    assert_eq!(fixture.runtime.add_resource(policy).await.unwrap_err().code, 501);
    fixture.runtime.shutdown().await;

    // What the kernel would show, as plain files: that processes are sent there is what is tested.
    let group = fixture.folder.path().join("cgroup");
    std::fs::create_dir_all(&group).unwrap();
    for (file, text) in [
        ("cgroup.controllers", "cpu memory"),
        ("cgroup.subtree_control", "cpu memory"),
        ("cgroup.procs", ""),
    ] {
        std::fs::write(group.join(file), text).unwrap();
    }
    let mut fixture = fixture;
    fixture.runtime = open(fixture.folder.path(), &fixture.store, &fixture.registry).await;
    std::fs::write(group.join("micro-micro"), "in the way").unwrap();
    let error = fixture.runtime.add_resource(quota(64)).await.unwrap_err();
    assert_eq!(error.code, 412, "{error}");
    assert_eq!(
        fixture.runtime.resources(None).await.unwrap(),
        [],
        "what is not kept is not there"
    );
    std::fs::remove_file(group.join("micro-micro")).unwrap();
    fixture.runtime.add_resource(quota(64)).await.unwrap();
    fixture.runtime.create(fixture.script(SERVE)).await.unwrap();
    let running = fixture.until_state(State::Running).await;
    let inside = || std::fs::read_to_string(group.join("micro-micro/cgroup.procs")).unwrap();
    assert_eq!(inside().trim(), meta(&running, "pid"), "it entered by itself");
    assert_eq!(
        std::fs::read_to_string(group.join("micro-micro/memory.max")).unwrap(),
        "67108864"
    );
    std::fs::write(group.join("micro-micro/memory.events"), "max 3\noom_kill 1\n").unwrap();
    let pid = rustix::process::Pid::from_raw(meta(&running, "pid").parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let killed = fixture
        .until("killed", |service| !meta(service, "error").is_empty())
        .await;
    assert!(
        meta(&killed, "error").ends_with("the quota of memory of the namespace micro is used up"),
        "{killed:?}"
    );
    fixture.runtime.update_resource(quota(32)).await.unwrap();
    assert_eq!(
        std::fs::read_to_string(group.join("micro-micro/memory.max")).unwrap(),
        "33554432"
    );
    fixture.runtime.delete_resource(quota(32)).await.unwrap();
    assert_eq!(
        std::fs::read_to_string(group.join("micro-micro/memory.max")).unwrap(),
        "max"
    );
    fixture.runtime.shutdown().await;
}
