//! The domains on a real platform: somebody signs up, and all that follows.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use http::Method;
use micro_tests::command::root;
use micro_tests::http::{Answer, Http};
use micro_tests::{Server, process, wait};
use rustix::process::Signal;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);
const BUILT: Duration = Duration::from_secs(1200);
const PASSWORD: &str = "correct horse";
const NEW_PASSWORD: &str = "battery staple";

/// An application that uses the domains: all that it has is its account's token.
struct Shop(Http);

impl Shop {
    /// One with an account of its own.
    async fn open(server: &Server, name: &str) -> Self {
        let micro = server.micro();
        micro
            .ok(&["auth", "create", "account", name, "--secret=a long secret"])
            .await;
        let login = json!({"id": name, "secret": "a long secret", "options": {"namespace": "micro"}});
        let answer = server
            .http()
            .post("/auth/Auth/Token", login.to_string())
            .await
            .ok();
        let token = answer["token"]["access_token"].as_str().unwrap();
        Self(server.http().with_token(token))
    }

    async fn ask(&self, path: &str, request: Value) -> Answer {
        self.0.post(path, request.to_string()).await
    }

    async fn ok(&self, path: &str, request: Value) -> Value {
        self.ask(path, request).await.ok()
    }

    /// The text of the newest mail to an address, once it is in the outbox.
    async fn mail(&self, to: &str, subject: &str) -> String {
        let id = wait::until(&format!("{subject:?} to be in the outbox"), SOON, || async {
            let listed = self.ok("/email/list", json!({})).await;
            let mails = listed["mails"].as_array().cloned().unwrap_or_default();
            let is_it =
                |mail: &&Value| mail["to"] == to && mail["subject"] == subject && mail["status"] == "sent";
            let found = mails.iter().find(is_it).map(|mail| mail["id"].clone());
            found.ok_or_else(|| listed.to_string())
        })
        .await;
        let read = self.ok("/email/read", json!({"id": id})).await;
        read["mail"]["text_body"].as_str().unwrap().to_owned()
    }
}

/// What stands between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before:?} in {text}"));
    rest.split(after).next().unwrap()
}

/// Follows the link of a mail as a browser does: opens the page, and confirms.
async fn confirm(web: &str, link: &str) -> Answer {
    let browser = Http::to(web);
    let path = link.split_once(web).unwrap().1;
    let page = browser.get(path).await;
    let text = page.text();
    assert!(text.contains("<h1>Confirm your address</h1>"), "{text}");
    let token = between(&text, "name=\"csrf\" value=\"", "\"");
    let cookie = page.headers["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("cookie", cookie),
        ("sec-fetch-site", "same-origin"),
    ];
    browser
        .send(Method::POST, path, &headers, format!("csrf={token}"))
        .await
}

/// One platform for both, since each compiles the domains anew.
#[tokio::test(flavor = "multi_thread")]
async fn the_domains_do_on_a_platform_what_they_say() {
    let server = Server::start().await;
    let services = root().join("services");
    // It compiles for minutes, and others compile beside it.
    let run = ["run", &services.to_string_lossy()];
    server.micro().run_within(BUILT, &run).await.ok();
    somebody_signs_up_and_all_that_follows(&server).await;
    no_account_is_without_its_event_and_no_event_without_its_account(&server).await;
}

async fn somebody_signs_up_and_all_that_follows(server: &Server) {
    let micro = server.micro();
    let site = format!("http://{}", server.web());
    micro.ok(&["config", "set", "user.site", &site]).await;
    let shop = Shop::open(server, "shop").await;
    let rival = Shop::open(server, "rival").await;

    // Signs up; the command line sees it happen.
    let ada = json!({"username": "Ada", "email": "ada@example.org", "password": PASSWORD});
    let account = shop.ok("/user/create", ada.clone()).await["account"].clone();
    assert_eq!(
        (&account["username"], &account["verified"]),
        (&json!("ada"), &json!(false))
    );
    let again = shop.ask("/user/create", ada.clone()).await.failed_with(400);
    assert_eq!(again, "username already exists");
    let events = wait::until("the event", SOON, || async {
        let events = micro.run(&["events", "read", "user", "-o", "json"]).await;
        events
            .stdout
            .contains("user.created")
            .then_some(events.stdout.clone())
            .ok_or(events.stdout)
    })
    .await;
    assert!(
        !events.contains(PASSWORD) && !events.contains("argon2"),
        "{events}"
    );

    // Proves the address.
    let wanted = json!({"email": "ada@example.org", "subject": "Welcome", "text_content": "Go: $micro_verification_link"});
    shop.ok("/user/sendVerificationEmail", wanted).await;
    let mail = shop.mail("ada@example.org", "Welcome").await;
    let link = mail.strip_prefix("Go: ").unwrap();
    let confirmed = confirm(&server.web(), link).await;
    assert!(
        confirmed.text().contains("Your address is confirmed."),
        "{}",
        confirmed.text()
    );
    let read = shop.ok("/user/read", json!({"username": "ada"})).await;
    assert_eq!(read["account"]["verified"], true);

    // Logs in, and is known.
    let login = |password: &str| json!({"username": "ada", "password": password});
    let session = shop.ok("/user/login", login(PASSWORD)).await["session"]["id"].clone();
    let other = shop.ok("/v1/user/Login", login(PASSWORD)).await["session"]["id"].clone();
    let known = shop.ok("/user/readSession", json!({"session_id": session})).await;
    assert_eq!(known["account"]["id"], account["id"]);

    // Another application has no part in any of it.
    for (path, request, code) in [
        ("/user/read", json!({"id": account["id"]}), 404),
        ("/user/readSession", json!({"session_id": session}), 404),
        ("/user/login", login(PASSWORD), 401),
    ] {
        rival.ask(path, request).await.failed_with(code);
    }
    assert_eq!(rival.ok("/email/list", json!({})).await["mails"], json!([]));
    rival.ok("/user/create", ada).await;
    server.http().post("/user/list", "{}").await.failed_with(401);

    // Forgets the password.
    let wanted = json!({"email": "ada@example.org", "subject": "Reset", "text_content": "Code: $code."});
    shop.ok("/user/sendPasswordResetEmail", wanted).await;
    let mail = shop.mail("ada@example.org", "Reset").await;
    let code = between(&mail, "Code: ", ".");
    let reset = json!({"email": "ada@example.org", "code": code, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD});
    shop.ok("/user/resetPassword", reset.clone()).await;
    shop.ask("/user/resetPassword", reset).await.failed_with(401);
    shop.ask("/user/readSession", json!({"session_id": session}))
        .await
        .failed_with(404);
    shop.ask("/user/login", login(PASSWORD)).await.failed_with(401);

    // Logs out, here and everywhere.
    let mut sessions = vec![other];
    for _ in 0..2 {
        sessions.push(shop.ok("/user/login", login(NEW_PASSWORD)).await["session"]["id"].clone());
    }
    shop.ok("/user/logout", json!({"session_id": sessions[1]})).await;
    shop.ask("/user/readSession", json!({"session_id": sessions[1]}))
        .await
        .failed_with(404);
    shop.ok("/user/readSession", json!({"session_id": sessions[2]}))
        .await;
    shop.ok("/user/logoutAll", json!({"user_id": account["id"]}))
        .await;
    for session in sessions {
        shop.ask("/user/readSession", json!({"session_id": session}))
            .await
            .failed_with(404);
    }

    // A code for a second factor.
    let code = shop.ok("/otp/generate", json!({"id": "ada"})).await["code"].clone();
    assert_eq!(
        rival
            .ok("/otp/validate", json!({"id": "ada", "code": code}))
            .await["success"],
        false
    );
    assert_eq!(
        shop.ok("/otp/validate", json!({"id": "ada", "code": code})).await["success"],
        true
    );
    assert_eq!(
        shop.ok("/otp/validate", json!({"id": "ada", "code": code})).await["success"],
        false
    );

    // The same by hand, and with examples.
    let listed = micro.ok(&["user", "list"]).await;
    assert!(listed.contains("users"), "{listed}");
    let help = micro.ok(&["user", "sendMagicLink", "--help"]).await;
    assert!(help.contains("--endpoint"), "{help}");
}

/// The service dies in the middle of its work, again and again; each account that is there has been told of, and none else.
async fn no_account_is_without_its_event_and_no_event_without_its_account(server: &Server) {
    const ACCOUNTS: usize = 120;
    const NAME: &str = "one-of-many-";
    let many = Shop::open(server, "many").await;
    let http = &many.0;
    let creating = (0..ACCOUNTS).map(|number| async move {
        let one = json!({"username": format!("{NAME}{number}"), "password": PASSWORD}).to_string();
        // The answer may be lost with the process that gave it: then the name is taken the next time.
        wait::until("an account", SOON, || async {
            let answer = http.post("/user/create", one.clone()).await;
            matches!(answer.status.as_u16(), 200 | 400)
                .then_some(())
                .ok_or_else(|| answer.text())
        })
        .await;
    });
    let killing = async {
        for many in [20, 50, 80] {
            wait::until("accounts that are there", SOON, || async {
                let text = http.post("/user/list", r#"{"limit":1000}"#).await.text();
                let there = text.matches(NAME).count();
                (there >= many).then_some(()).ok_or(text)
            })
            .await;
            let mut pids = process::of_folder(server.home()).into_iter();
            let pid = pids.find(|pid| process::program(*pid).is_some_and(|name| name.starts_with("user")));
            process::signal(pid.expect("user runs"), Signal::KILL);
        }
    };
    tokio::join!(
        futures_util::stream::iter(creating)
            .buffer_unordered(4)
            .collect::<Vec<()>>(),
        killing
    );
    let names = |list: &Value, of: &dyn Fn(&Value) -> Value| -> BTreeSet<String> {
        let items = list.as_array().cloned().unwrap_or_default();
        items
            .iter()
            .filter_map(|item| of(item).as_str().map(str::to_owned))
            .collect()
    };
    let listed = http.post("/user/list", r#"{"limit":1000}"#).await.ok();
    let accounts = names(&listed["users"], &|user| user["username"].clone());
    assert_eq!(accounts.len(), ACCOUNTS);
    wait::until(
        "each account to be told of once",
        Duration::from_secs(60),
        || async {
            let read = http
                .post("/events/Store/Read", r#"{"topic":"user","limit":1000}"#)
                .await
                .ok();
            let events = read["events"].as_array().cloned().unwrap_or_default();
            let of_event = |event: &Value| -> Value {
                let payload = STANDARD.decode(event["payload"].as_str().unwrap()).unwrap();
                serde_json::from_slice::<Value>(&payload).unwrap()["account"].clone()
            };
            let is_one = |account: &Value| account["username"].as_str().unwrap().starts_with(NAME);
            let told: Vec<Value> = events.iter().map(of_event).filter(is_one).collect();
            let of_told = names(&json!(told), &|account| account["username"].clone());
            assert!(of_told.is_subset(&accounts), "{of_told:?} {accounts:?}");
            (of_told == accounts && told.len() == accounts.len())
                .then_some(())
                .ok_or_else(|| format!("{} events, {} accounts", told.len(), accounts.len()))
        },
    )
    .await;
}
