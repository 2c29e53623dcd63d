//! Services in another language: here Python, with nothing but what it brings along.

use std::path::{Path, PathBuf};
use std::time::Duration;

use micro_tests::command::Micro;
use micro_tests::{Server, process, wait};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::ChildStdout;

use crate::main_job::row;

const SOON: Duration = Duration::from_secs(30);

/// Logs in and registers as the contract says, prints what it was given, and serves until it is asked to end.
const MAIN: &str = r#"
import http.server, json, os, signal, sys, threading, urllib.request

def post(path, body, token=None):
    headers = {"content-type": "application/json", "micro-namespace": "micro"}
    if token:
        headers["authorization"] = "Bearer " + token
    request = urllib.request.Request(os.environ["MICRO_GATEWAY"] + path, json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request))

name, version, namespace = (os.environ["MICRO_" + key] for key in ("SERVICE_NAME", "SERVICE_VERSION", "NAMESPACE"))
print("GREETING", open("greeting.txt").read().strip(), sys.argv[1:], flush=True)
for key in sorted(os.environ):
    if key.startswith(("MICRO_", "SHOP_")) and key != "MICRO_AUTH_SECRET":
        print(key + "=" + os.environ[key], flush=True)
print("to stderr", file=sys.stderr, flush=True)
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
login = {"id": os.environ["MICRO_AUTH_ID"], "secret": os.environ["MICRO_AUTH_SECRET"], "options": {"namespace": namespace}}
token = post("/auth/Auth/Token", login)["token"]["access_token"]
node = {"id": "%s-of-process-%d" % (name, os.getpid()), "address": "127.0.0.1:%d" % server.server_port}
post("/registry/Registry/Register", {"name": name, "version": version, "nodes": [node], "options": {"domain": namespace, "ttl": 90}}, token)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print("serving as", os.getpid(), flush=True)
server.serve_forever()
print("goodbye", flush=True)
"#;

const DEFINITION: &str = "# Sells things.\nservice shop\n    build python3 build.py\n    command python3 main.py --loud \"two words\"\n    \
                          env SHOP_NAME corner\n    secret SHOP_KEY payment.key\n";

struct Shop {
    folder: tempfile::TempDir,
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("shop")).unwrap();
        let shop = Self { folder };
        shop.write("shop.mu", DEFINITION);
        shop.write("main.py", MAIN);
        shop.greets("hello");
        shop
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.path().join(file), text).unwrap();
    }

    /// What the build makes.
    fn greets(&self, greeting: &str) {
        let build = format!("print('building'); open('greeting.txt', 'w').write('{greeting}')\n");
        self.write("build.py", &build);
    }
}

/// The whole log of a service.
async fn log(micro: &Micro, service: &str) -> String {
    micro.ok(&["logs", "-n=0", service]).await
}

/// Waits for a line in a log.
async fn logged(micro: &Micro, service: &str, part: &str) -> String {
    wait::until(part, SOON, || async {
        let log = log(micro, service).await;
        if log.contains(part) { Ok(log) } else { Err(log) }
    })
    .await
}

fn serving_pid(log: &str) -> u32 {
    let line = log.lines().rfind(|line| line.starts_with("serving as "));
    line.unwrap_or_else(|| panic!("{log}"))
        .rsplit(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_service_is_built_run_seen_updated_and_killed() {
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let host = [
        ("MICRO_CONFIG_SECRET_KEY", key),
        ("MICRO_AUTH_SECRET", "of-the-host"),
    ];
    let server = Server::start_with(&host).await;
    let shop = Shop::new();
    let micro = server.micro().within(shop.folder.path());

    let missing = micro.run(&["run", "shop"]).await.failed_with(1);
    assert!(
        missing.contains("SHOP_KEY") && missing.contains("payment.key"),
        "a missing secret is said: {missing}"
    );
    micro
        .ok(&["config", "set", "--secret", "payment.key", "s3cret-of-stripe"])
        .await;
    let said = micro.ok(&["run", "shop", "--env_vars=SHOP_CITY=Rome"]).await;
    assert!(said.contains("shop is running"), "{said}");

    let first = logged(&micro, "shop", "serving as").await;
    for line in [
        "building",
        "GREETING hello ['--loud', 'two words']",
        "MICRO_PROFILE=service",
        "MICRO_SERVICE_NAME=shop",
        "MICRO_SERVICE_VERSION=latest",
        "MICRO_NAMESPACE=micro",
        &format!("MICRO_PROXY={}", server.proxy()),
        "SHOP_NAME=corner",
        "SHOP_CITY=Rome",
        "SHOP_KEY=s3cret-of-stripe",
        "to stderr",
    ] {
        assert!(first.lines().any(|has| has == line), "{line} is not in:\n{first}");
    }
    assert!(first.contains("MICRO_AUTH_ID="), "{first}");
    assert!(
        !first.contains("MICRO_CONFIG_SECRET_KEY") && !first.contains("of-the-host"),
        "{first}"
    );
    let services = micro.ok(&["services"]).await;
    assert!(services.lines().any(|name| name == "shop"), "{services}");
    let status = micro.ok(&["status", "shop", "latest"]).await;
    let line = row(&status, "shop").unwrap_or_else(|| panic!("{status}"));
    assert!(
        line.contains("running") && line.contains("owner=admin"),
        "{status}"
    );
    let read = micro.ok(&["status", "shop", "-o", "json"]).await;
    assert!(!read.contains("s3cret-of-stripe"), "{read}");

    is_updated(&micro, &shop, serving_pid(&first)).await;
    is_watched(&micro, &shop).await;
    is_told(&micro).await;
    let last = serving_pid(&log(&micro, "shop").await);
    micro.within(&shop.path()).ok(&["kill", "."]).await;
    assert!(!process::is_alive(last), "it has ended when kill answers");
    assert!(
        !micro.ok(&["services"]).await.contains("shop"),
        "and is listed no longer"
    );
    assert!(!micro.ok(&["blob", "list"]).await.contains("source://shop"));
    let gone = micro.run(&["kill", "shop"]).await.failed_with(1);
    assert!(gone.contains("not found"), "{gone}");
}

async fn is_updated(micro: &Micro, shop: &Shop, first: u32) {
    shop.write(
        "build.py",
        "import sys; print('no greeting today'); sys.exit(3)\n",
    );
    let failed = micro.run(&["update", "shop"]).await.failed_with(1);
    assert!(
        failed.contains("exited with code 3") && failed.contains("no greeting today"),
        "what the build said: {failed}"
    );
    assert!(process::is_alive(first), "the old one serves on");
    shop.greets("ciao");
    micro.ok(&["update", "shop", "--instances=2"]).await;
    let log = logged(micro, "shop", "GREETING ciao").await;
    assert!(process::is_alive(serving_pid(&log)));
    let status = micro.ok(&["status", "shop", "-o", "json"]).await;
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status[0]["metadata"]["instances"], "2/2", "{status}");
    wait::until_true("the old one to end", SOON, || !process::is_alive(first)).await;

    let last = micro.ok(&["logs", "-n=1", "shop"]).await;
    assert_eq!(
        last.lines().count(),
        1,
        "exactly as many lines as asked for: {last}"
    );
    let future = micro.ok(&["logs", "--since=4000000000", "shop"]).await;
    assert_eq!(future, "", "nothing older");
    let recent = micro.ok(&["logs", "--since=1h", "-n=0", "shop"]).await;
    assert!(recent.contains("GREETING hello"), "{recent}");
}

/// `micro run --watch` stays, and brings every change to what runs.
async fn is_watched(micro: &Micro, shop: &Shop) {
    let screen = shop.folder.path().join("screen");
    let mut watching = micro.start(&["run", "shop", "--watch", "--watch_delay=50"], &screen);
    let shown = || std::fs::read_to_string(&screen).unwrap_or_default();
    wait::until_true("it to watch", SOON, || shown().contains("watching")).await;
    shop.greets("seen at once");
    logged(micro, "shop", "GREETING seen at once").await;
    wait::until_true("it to say so", SOON, || shown().contains("shop is updated")).await;
    shop.write("build.py", "import sys; sys.exit(9)\n");
    wait::until_true("the failure", SOON, || shown().contains("exited with code 9")).await;
    assert!(
        watching.try_wait().unwrap().is_none(),
        "a failed build does not end it"
    );
    watching.kill().await.unwrap();
    shop.greets("hello");
}

async fn is_told(micro: &Micro) {
    let body = json!({"name": "shop", "version": "latest"}).to_string();
    let built = micro.ok(&["stream", "runtime", "Build.Read", &body]).await;
    assert!(built.contains("\"data\""), "{built}");
    let body = json!({"name": "nothere", "version": "latest"}).to_string();
    let missing = micro.run(&["stream", "runtime", "Build.Read", &body]).await;
    assert!(
        !missing.status.success() && missing.stderr.contains("Build not found"),
        "{missing}"
    );
    let blobs = micro.ok(&["blob", "list"]).await;
    assert!(blobs.contains("source://shop:latest"), "{blobs}");
    let events = micro.ok(&["events", "read", "runtime"]).await;
    let kinds: Vec<String> = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|event| event["payload"]["Service"]["Name"] == "shop")
        .map(|event| event["metadata"]["type"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        kinds.contains(&"service.created".to_owned()) && kinds.contains(&"service.updated".to_owned()),
        "{events}"
    );
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = tokio::time::timeout(SOON, lines.next_line()).await;
    line.expect("a line in time").unwrap().expect("the log goes on")
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_types_versions_and_restarts() {
    let mut server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let micro = server.micro().within(folder.path());
    let worker = folder.path().join("worker");
    std::fs::create_dir(&worker).unwrap();
    let none = micro.run(&["run", "worker"]).await.failed_with(1);
    assert!(none.contains("--command") && none.contains(".mu"), "{none}");
    let script = "import sys, time\nprint('got', sys.argv[1:], flush=True)\nwhile True: time.sleep(0.1)\n";
    std::fs::write(worker.join("worker.py"), script).unwrap();
    let broken = "service worker\n    comand python3 worker.py\n";
    std::fs::write(worker.join("worker.mu"), broken).unwrap();
    let wrong = micro.run(&["run", "worker"]).await.failed_with(1);
    assert!(
        wrong.contains("worker.mu:2:5")
            && wrong.contains("^^^^^^")
            && wrong.contains("do you mean `command`?"),
        "{wrong}"
    );
    std::fs::write(worker.join("worker.mu"), "service worker\n    version v2\n").unwrap();
    let said = micro.run(&["run", "worker", "--image=x"]).await.failed_with(1);
    assert!(said.contains("--image"), "{said}");

    // It registers nothing, and is running all the same.
    let words = [
        "run",
        "worker",
        "--command=python3 worker.py",
        "--args=-x 'a b'",
        "--type=batch",
    ];
    micro.ok(&words).await;
    assert!(log(&micro, "worker").await.contains("got ['-x', 'a b']"));
    let typed = micro.ok(&["status", "--type", "batch"]).await;
    assert!(
        row(&typed, "worker").is_some_and(|row| row.contains("v2")),
        "{typed}"
    );
    assert_eq!(micro.ok(&["status", "--type=web"]).await, "");

    let mut following = micro
        .command(&["logs", "-f", "worker@v2"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    while !next(&mut lines).await.starts_with("got") {}
    server.stop(Signal::TERM).await;
    server.restart().await;
    while !next(&mut lines).await.starts_with("got") {}
    following.kill().await.unwrap();
    let micro = server.micro().within(folder.path());
    wait::until("the worker to run again", SOON, || async {
        let status = micro.ok(&["status", "worker@v2"]).await;
        let runs = row(&status, "worker").is_some_and(|row| row.contains("running"));
        if runs { Ok(()) } else { Err(status) }
    })
    .await;
    let unknown = micro.run(&["kill", "worker@v9"]).await.failed_with(1);
    assert!(unknown.contains("v9"), "{unknown}");
    micro.ok(&["kill", "worker@v2"]).await;
    assert_eq!(micro.ok(&["status"]).await, "");
}

fn git(folder: &Path, words: &[&str]) {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    let output = std::process::Command::new("git")
        .args(identity)
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_fetched_from_a_repository() {
    let server = Server::start().await;
    let micro = server.micro();
    let shop = Shop::new();
    let definition = DEFINITION.replace("    secret SHOP_KEY payment.key\n", "");
    shop.write("shop.mu", &definition);
    let work = shop.folder.path();
    git(work, &["init", "--quiet", "--initial-branch=main"]);
    git(work, &["add", "."]);
    git(work, &["commit", "--quiet", "--message=first"]);
    git(work, &["tag", "v1"]);
    let bare = tempfile::tempdir().unwrap();
    let repository = bare.path().join("services.git");
    git(
        work,
        &["clone", "--quiet", "--bare", ".", repository.to_str().unwrap()],
    );

    let address = format!("file://{}/shop", repository.display());
    micro.ok(&["run", &format!("{address}@v1")]).await;
    let status = micro.ok(&["status", "shop"]).await;
    let line = row(&status, "shop").unwrap_or_else(|| panic!("{status}"));
    assert!(
        line.contains("v1") && line.contains("@v1") && line.contains("running"),
        "{status}"
    );
    assert!(log(&micro, "shop").await.contains("GREETING hello"));
    micro.ok(&["kill", "shop"]).await;

    // A word alone is a folder of the repository that the user's settings name.
    let base = format!("file://{}", repository.display());
    micro.ok(&["user", "config", "set", "git.baseurl", &base]).await;
    micro.ok(&["run", "shop"]).await;
    shop.greets("fetched anew");
    git(work, &["commit", "--quiet", "--all", "--message=second"]);
    git(work, &["push", "--quiet", repository.to_str().unwrap(), "main"]);
    micro.ok(&["update", "shop"]).await;
    logged(&micro, "shop", "GREETING fetched anew").await;
    let missing = micro
        .run(&["run", &format!("{base}/nothere")])
        .await
        .failed_with(1);
    assert!(missing.contains("no folder nothere"), "{missing}");
    micro.ok(&["kill", "shop", "nothere"]).await;
}

/// Git over HTTP, for whoever knows the password.
const PRIVATE: &str = r#"
import base64, http.server, os, subprocess, sys

ALLOWED = "Basic " + base64.b64encode(b"ann:s3cret-of-ann").decode()

class Git(http.server.BaseHTTPRequestHandler):
    def answer(self):
        if self.headers.get("authorization") != ALLOWED:
            self.send_response(401)
            self.send_header("www-authenticate", "Basic realm=git")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        variables = dict(os.environ, GIT_PROJECT_ROOT=sys.argv[1], GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path,
            QUERY_STRING=query, REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get("content-type", ""),
            HTTP_CONTENT_ENCODING=self.headers.get("content-encoding", ""),
            GIT_PROTOCOL=self.headers.get("git-protocol", ""), CONTENT_LENGTH=str(len(body)), REMOTE_USER="ann")
        ran = subprocess.run(["git", "http-backend"], input=body, env=variables, stdout=subprocess.PIPE)
        head, _, content = ran.stdout.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        status = [value for name, value in headers if name == "Status"]
        self.send_response(int(status[0][:3]) if status else 200)
        for name, value in headers:
            if name != "Status":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
    do_GET = do_POST = answer
    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Git)
print(server.server_port, flush=True)
server.serve_forever()
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_private_repository_is_read_with_credentials_that_nobody_sees() {
    use tokio::io::{AsyncBufReadExt, BufReader};
    let server = Server::start().await;
    let micro = server.micro();
    let repositories = tempfile::tempdir().unwrap();
    let work = repositories.path().join("work");
    std::fs::create_dir(&work).unwrap();
    std::fs::write(work.join("envy.mu"), "service envy\n    command sh run.sh\n").unwrap();
    std::fs::write(work.join("run.sh"), "env | sort\necho shown\nexec sleep 600\n").unwrap();
    git(&work, &["init", "--quiet", "--initial-branch=main"]);
    git(&work, &["add", "."]);
    git(&work, &["commit", "--quiet", "--message=first"]);
    git(
        repositories.path(),
        &["clone", "--quiet", "--bare", "work", "private.git"],
    );
    let mut host = tokio::process::Command::new("python3")
        .args(["-c", PRIVATE])
        .arg(repositories.path())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(host.stdout.take().unwrap()).lines();
    let port = lines.next_line().await.unwrap().unwrap();

    let address = format!("http://127.0.0.1:{port}/private.git");
    let name = "--name=envy";
    let refused = micro.run(&["run", &address, name]).await.failed_with(1);
    assert!(
        refused.contains("Cannot fetch") && refused.contains(&address),
        "{refused}"
    );
    let inside = format!("http://ann:s3cret-of-ann@127.0.0.1:{port}/private.git");
    let refused = micro.run(&["run", &inside, name]).await.failed_with(1);
    assert!(
        refused.contains("GIT_CREDENTIALS") && !refused.contains("s3cret"),
        "{refused}"
    );

    micro
        .ok(&["config", "set", "--secret", "git.ann", "ann:s3cret-of-ann"])
        .await;
    micro
        .ok(&["run", &address, name, "--secrets=GIT_CREDENTIALS=git.ann"])
        .await;
    let log = logged(&micro, "envy", "shown").await;
    let status = micro.ok(&["status", "-o", "json"]).await;
    for text in [&log, &status] {
        assert!(
            !text.contains("s3cret-of-ann") && !text.contains("GIT_CREDENTIALS"),
            "{text}"
        );
    }
    assert!(log.contains("fetched http://127.0.0.1"), "{log}");
    micro.ok(&["kill", "envy"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_takes_its_services_along_and_quotas_are_kept_or_refused() {
    let server = Server::start().await;
    let micro = server.micro();
    let call = |endpoint: &'static str, body: Value| {
        let micro = micro.clone();
        async move { micro.run(&["call", "runtime", endpoint, &body.to_string()]).await }
    };
    let namespace = json!({"resource": {"namespace": {"name": "acme"}}});
    call("Runtime.Create", namespace.clone()).await.ok();
    let again = call("Runtime.Create", namespace.clone()).await.failed_with(127);
    assert!(again.contains("already exists"), "{again}");
    let policy = json!({"resource": {"networkpolicy": {"name": "ingress", "namespace": "acme"}}});
    call("Runtime.Create", policy).await.ok();
    let service = json!({
        "resource": {"service": {"name": "sleeper"}},
        "options": {"namespace": "acme", "command": ["sleep", "600"]}
    });
    call("Runtime.Create", service).await.ok();

    let quota = json!({"resource": {"resourcequota": {
        "name": "quota", "namespace": "acme", "limits": {"Memory": 64, "CPU": 500}
    }}});
    let quoted = call("Runtime.Create", quota).await;
    let listed = call("Runtime.Resources", json!({"options": {"namespace": "acme"}}))
        .await
        .ok();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let known = listed["resources"].as_array().unwrap();
    let has = |kind: &str| known.iter().any(|state| !state["resource"][kind].is_null());
    assert!(has("namespace") && has("networkpolicy"), "{listed}");
    // Whether this machine has the means is up to it; that nothing is promised without them is not.
    assert_eq!(has("resourcequota"), quoted.status.success(), "{listed}");
    if !quoted.status.success() {
        assert!(quoted.stderr.contains("control group"), "{quoted}");
    }

    call("Runtime.Delete", namespace.clone()).await.ok();
    let left = call("Runtime.Read", json!({"options": {"namespace": "acme"}}))
        .await
        .ok();
    assert!(!left.contains("sleeper"), "{left}");
    let gone = call("Runtime.Delete", namespace).await.failed_with(127);
    assert!(gone.contains("not found"), "{gone}");
    let events = micro.ok(&["events", "read", "runtime"]).await;
    for kind in ["namespace.created", "networkpolicy.created", "namespace.deleted"] {
        assert!(events.contains(kind), "{kind}: {events}");
    }
}
