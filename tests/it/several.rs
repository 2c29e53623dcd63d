//! A folder of services that need each other: here in Python, with nothing but what it brings along.

use std::path::PathBuf;
use std::time::Duration;

use micro::runtime::definition::{Definition, Listing};
use micro_tests::command::Micro;
use micro_tests::{Server, wait};
use serde_json::Value;

/// Writes down what it does, registers later than it starts, and serves until it is asked to end.
const MAIN: &str = r#"
import http.server, json, os, signal, threading, time, urllib.request

name, version, namespace = (os.environ["MICRO_" + key] for key in ("SERVICE_NAME", "SERVICE_VERSION", "NAMESPACE"))

def note(what):
    with open(os.environ["DIARY"], "a") as diary:
        diary.write(name + " " + what + "\n")

def post(path, body, token=None):
    headers = {"content-type": "application/json", "micro-namespace": "micro"}
    if token:
        headers["authorization"] = "Bearer " + token
    request = urllib.request.Request(os.environ["MICRO_GATEWAY"] + path, json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request))

note("starts as " + open("built.txt").read())
note("has " + " ".join(os.environ.get(key, "nothing") for key in ("LEVEL", "CITY", "FAR")))
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
login = {"id": os.environ["MICRO_AUTH_ID"], "secret": os.environ["MICRO_AUTH_SECRET"], "options": {"namespace": namespace}}
token = post("/auth/Auth/Token", login)["token"]["access_token"]
time.sleep(0.5)
note("answers")
node = {"id": "%s-of-process-%d" % (name, os.getpid()), "address": "127.0.0.1:%d" % server.server_port}
post("/registry/Registry/Register", {"name": name, "version": version, "nodes": [node], "options": {"domain": namespace, "ttl": 90}}, token)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
note("stops")
"#;

/// Services below a folder, and what they have written down.
struct Town {
    folder: tempfile::TempDir,
}

impl Town {
    fn new() -> Self {
        let town = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        // In the order of the names each would come before what it needs.
        town.add("desk", "    depends mail user\n");
        town.add(
            "mail",
            "    depends user\n    topics sent\n    routes GET /mail\n    resources memory 64MiB\n",
        );
        town.add(
            "user",
            "    env LEVEL own\n    env CITY Rome\n\nenv local\n    LEVEL near\n\nenv elsewhere\n    FAR away\n",
        );
        town
    }

    fn services(&self) -> PathBuf {
        self.folder.path().join("services")
    }

    fn add(&self, name: &str, more: &str) {
        let folder = self.services().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("main.py"), MAIN).unwrap();
        self.define(name, more);
        self.builds(name, "one");
    }

    fn define(&self, name: &str, more: &str) {
        let text = format!("service {name}\n    build python3 build.py\n    command python3 main.py\n{more}");
        std::fs::write(self.services().join(name).join(format!("{name}.mu")), text).unwrap();
    }

    fn builds(&self, name: &str, what: &str) {
        self.build_is(name, &format!("open('built.txt', 'w').write('{what}')\n"));
    }

    fn build_is(&self, name: &str, script: &str) {
        std::fs::write(self.services().join(name).join("build.py"), script).unwrap();
    }

    fn diary(&self) -> PathBuf {
        self.folder.path().join("diary")
    }

    /// The flag that tells all services where to write.
    fn flag(&self) -> String {
        format!("--env_vars=DIARY={}", self.diary().display())
    }

    /// What was written since it was taken last.
    fn read(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.diary()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn take(&self) -> Vec<String> {
        let lines = self.read();
        let _ = std::fs::remove_file(self.diary());
        lines
    }
}

/// The lines about one thing, in their order.
fn of<'a>(diary: &'a [String], what: &str) -> Vec<&'a str> {
    let lines = diary.iter().map(String::as_str);
    lines.filter(|line| line.contains(what)).collect()
}

#[track_caller]
fn is_before(diary: &[String], one: &str, other: &str) {
    let place = |line: &str| diary.iter().position(|has| has == line);
    let (first, second) = (place(one), place(other));
    assert!(
        first.is_some() && first < second,
        "{one:?} is not before {other:?} in {diary:#?}"
    );
}

async fn statuses(micro: &Micro) -> Value {
    serde_json::from_str(&micro.ok(&["status", "-o", "json"]).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn they_start_in_order_are_updated_and_stop_in_reverse() {
    let server = Server::start().await;
    let town = Town::new();
    let micro = server.micro().within(town.folder.path());

    let said = micro.ok(&["run", "services", &town.flag()]).await;
    assert_eq!(said, "user is running\nmail is running\ndesk is running\n");
    let diary = town.take();
    is_before(&diary, "user answers", "mail starts as one");
    is_before(&diary, "mail answers", "desk starts as one");
    assert_eq!(
        of(&diary, "user has"),
        ["user has near Rome nothing"],
        "the block of this environment, and no other"
    );
    let status = statuses(&micro).await;
    let mail = &status.as_array().unwrap()[1];
    assert_eq!(mail["name"], "mail", "{status}");
    for (fact, value) in [
        ("source", "services/mail"),
        ("depends", "user"),
        ("topics", "sent"),
        ("routes", "GET /mail"),
        ("resources", "memory 64MiB"),
    ] {
        assert_eq!(mail["metadata"][fact], value, "{status}");
    }

    are_updated(&micro, &town).await;
    let said = micro.ok(&["kill", "services"]).await;
    assert_eq!(said, "desk is stopped\nmail is stopped\nuser is stopped\n");
    assert_eq!(
        of(&town.take(), "stops"),
        ["desk stops", "mail stops", "user stops"]
    );
    let none = micro.run(&["kill", "services/"]).await.failed_with(1);
    assert!(none.contains("None of the services in services/ runs"), "{none}");

    are_listed(&micro, &town).await;
}

async fn are_updated(micro: &Micro, town: &Town) {
    for name in ["desk", "mail", "user"] {
        town.builds(name, "two");
    }
    town.define("desk", "    depends user\n    topics late\n");
    let said = micro.ok(&["update", "services"]).await;
    let mut lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.remove(0), "user is updated");
    lines.sort();
    assert_eq!(
        lines,
        ["desk is updated", "mail is updated"],
        "these two no longer wait for each other"
    );
    let diary = town.read();
    for name in ["mail", "desk"] {
        is_before(&diary, "user answers", &format!("{name} starts as two"));
    }
    let desk = &statuses(micro).await[0]["metadata"];
    assert_eq!(
        (&desk["depends"], &desk["topics"]),
        (&"user".into(), &"late".into())
    );
    town.define("desk", "    depends mail user\n");
    // By its name: where its folder is was noted when it was started.
    micro.ok(&["update", "desk"]).await;
    let desk = &statuses(micro).await[0]["metadata"];
    assert_eq!(
        (&desk["depends"], &desk["topics"]),
        (&"mail user".into(), &"".into())
    );
    // An update answers when the new one does; the four old ones end after that.
    let old = || of(&town.read(), "stops").len();
    wait::until_true("the old ones to end", Duration::from_secs(30), || old() == 4).await;
    town.take();
}

/// A `micro.mu` says which services there are, what they depend on besides, and which environment they have.
async fn are_listed(micro: &Micro, town: &Town) {
    town.define("mail", "");
    let list = "service mail\n    path mail\n    depends user\n\nservice user\n    path ./user\n\nenv local\n    CITY Paris\n";
    std::fs::write(town.services().join("micro.mu"), list).unwrap();
    let said = micro.within(&town.services()).ok(&["run", &town.flag()]).await;
    assert_eq!(said, "user is running\nmail is running\n");
    let diary = town.take();
    assert_eq!(
        of(&diary, "has"),
        ["user has near Paris nothing", "mail has nothing Paris nothing"]
    );
    // In whatever order they are named: mail was started as one that needs user.
    micro.ok(&["kill", "user", "mail"]).await;
    assert_eq!(of(&town.take(), "stops"), ["mail stops", "user stops"]);
    assert_eq!(micro.ok(&["status"]).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_started_is_explained() {
    let server = Server::start().await;
    let town = Town::new();
    let micro = server.micro().within(town.folder.path());
    let refused = async |words: &[&str], parts: &[&str]| {
        let said = micro.run(words).await.failed_with(1);
        for part in parts {
            assert!(said.contains(part), "{part} is not in: {said}");
        }
    };

    refused(
        &["run", "services/mail", &town.flag()],
        &["mail: depends on \"user\", which does not run", "micro run user"],
    )
    .await;
    town.define("user", "    depends desk\n");
    refused(
        &["run", "services", &town.flag()],
        &["desk -> mail -> user -> desk"],
    )
    .await;
    town.define("user", "    depends payment\n");
    refused(
        &["run", "services", &town.flag()],
        &["user: depends on \"payment\", which is not in this folder and does not run"],
    )
    .await;
    town.define("user", "    dependz payment\n");
    refused(
        &["run", "services", &town.flag()],
        &["services/user: user.mu:4:5", "do you mean `depends`?"],
    )
    .await;
    assert_eq!(micro.ok(&["status"]).await, "", "nothing was started so far");
    assert!(town.take().is_empty());

    one_that_fails_keeps_only_those_that_need_it(&micro, &town).await;
    micro.ok(&["run", "services/mail", &town.flag()]).await;
    assert_eq!(of(&town.take(), "mail starts"), ["mail starts as one"]);
    micro.ok(&["kill", "./services"]).await;
}

async fn one_that_fails_keeps_only_those_that_need_it(micro: &Micro, town: &Town) {
    // What is a part of the platform always runs.
    town.define("user", "    depends store\n");
    town.add("zoo", "    depends user\n");
    town.build_is("mail", "import sys; print('no stamps left'); sys.exit(3)\n");
    let ran = micro.run(&["run", "services", &town.flag()]).await;
    assert_eq!(ran.stdout, "user is running\nzoo is running\n");
    let said = ran.failed_with(1);
    for part in [
        "mail: did not start: ",
        "exited with code 3",
        "no stamps left",
        "desk: did not start: it depends on mail",
        "2 of 4 services did not start: mail, desk",
    ] {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
    assert!(of(&town.take(), "desk").is_empty());
    let status = micro.ok(&["status"]).await;
    for name in ["user", "zoo"] {
        let line = crate::main_job::row(&status, name).unwrap_or_else(|| panic!("{status}"));
        assert!(line.contains("running"), "{status}");
    }
    town.builds("mail", "one");
}

/// The blocks of one kind in the document about definitions.
fn examples(kind: &str) -> Vec<String> {
    let path = micro_tests::command::root().join("docs/service-definition.md");
    let text = std::fs::read_to_string(path).unwrap();
    let begin = format!("```{kind}\n");
    let blocks = text.split(&begin).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_examples_of_the_document_are_what_it_says() {
    let [example] = &examples("mu")[..] else {
        panic!("one complete example");
    };
    let shop = Definition::parse("shop.mu", example).unwrap();
    let said = shop.to_string();
    for property in [
        "description",
        "version",
        "build",
        "command",
        "instances",
        "depends",
        "topics",
        "routes",
        "resources",
        "env",
        "secrets",
    ] {
        assert!(
            said.contains(&format!("\n    {property} ")),
            "{property} is not in {said}"
        );
    }
    assert_eq!(shop.environments.of("local").len(), 1);
    let [list] = &examples("mu-list")[..] else {
        panic!("one list");
    };
    assert_eq!(Listing::parse("micro.mu", list).unwrap().services.len(), 2);
}
