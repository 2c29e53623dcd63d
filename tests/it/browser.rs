//! Pages in a real browser: what the headers and tokens are for is what Chromium makes of them.

use micro_tests::Server;
use micro_tests::browser::Browser;
use micro_tests::service::Source;
use micro_tests::site::Site;
use serde_json::Value;

/// A page that is for who is logged in.
const ME: &str = r#"struct Me;

#[async_trait]
impl Page for Me {
    async fn show(&self, ctx: &Context, _visit: &Visit) -> Result<Answer> {
        let account = ctx.account().ok_or_else(|| micro::Error::unauthorized("shop.Me", "this is for who is logged in"))?;
        Answer::html(format!("<!doctype html>\n<p class=\"me\">{} of {}</p>", account.id, account.issuer))
    }
}
"#;

/// A page whose author has let in what ought not to be there; OTHER stands for another site.
const LEAKY: &str = r#"<!doctype html>
<title>as it was</title>
<h1 style="color: rgb(1, 2, 3)">Leaky</h1>
<script>document.title = "an inline script ran"</script>
<img src="nothing" onerror="document.title = 'a handler ran'">
<a href="javascript:document.title = 'a link ran'">link</a>
<script src="OTHERscript.js"></script>
<img src="OTHERpicture.png">
<script src="own.js"></script>
"#;

const OWN: &str = "document.body.dataset.own = 'ran';\n";

struct Bench {
    browser: Browser,
    site: Site,
    /// Where the service's pages are, and the platform's.
    shop: String,
    home: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_safe_in_a_real_browser() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let micro = server.micro().within(folder.path());
    let site = Site::start().await;
    let source = Source::with_pages(&server.micro(), folder.path(), "shop").await;
    let leaky = LEAKY.replace("OTHER", &site.url("localhost"));
    source.add_pages(
        ".page(\"me\", Me).file(\"leaky.html\", include_bytes!(\"leaky.html\")).file(\"own.js\", include_bytes!(\"own.js\"))",
        ME,
        &[("leaky.html", &leaky), ("own.js", OWN)],
    );
    micro.ok(&["run", "shop"]).await;
    let shop = micro.ok(&["web", "shop"]).await.trim().to_owned();
    let home = format!("http://{}/", server.web());
    assert_eq!(shop, format!("{home}shop/"));
    let all = micro.ok(&["web"]).await;
    assert!(all.starts_with(&home) && all.contains(&shop), "{all}");
    let missing = micro.run(&["web", "nothing"]).await.failed_with(1);
    assert!(missing.contains("No service nothing with pages"), "{missing}");

    let bench = Bench {
        browser: Browser::start().await,
        site,
        shop,
        home,
    };
    a_form_works_and_what_it_says_is_text(&bench).await;
    no_script_in_a_page_runs(&bench).await;
    a_person_logs_in_and_out(&bench).await;
    another_site_can_do_nothing(&bench).await;
}

async fn a_form_works_and_what_it_says_is_text(bench: &Bench) {
    let Bench { browser, shop, .. } = bench;
    browser.open(shop).await;
    assert_eq!(browser.text("h1").await, "Shop");
    let width = browser
        .run("return getComputedStyle(document.body).maxWidth")
        .await;
    assert_eq!(width, "640px", "the page has its style");
    browser.click("button").await;
    assert_eq!(browser.text(".wrong").await, "A name is missing.");
    let name = "<img src=x onerror=\"document.title='ran'\">";
    browser.fill("input[name=name]", name).await;
    browser.click("button").await;
    assert_eq!(browser.text(".greeting").await, format!("Hello {name}"));
    assert_eq!(browser.address().await, *shop);
    assert_eq!(browser.run("return document.title").await, "shop");

    assert_eq!(
        browser.run("return document.cookie").await,
        "",
        "scripts see no cookie"
    );
    let mut cookies = browser.cookies().await;
    cookies.sort_by_key(|cookie| cookie["name"].to_string());
    let names: Vec<_> = cookies.iter().map(|cookie| cookie["name"].clone()).collect();
    assert_eq!(names, ["micro-csrf", "name"]);
    for cookie in &cookies {
        assert_eq!(cookie["httpOnly"], true, "{cookie}");
        assert_eq!(
            (&cookie["sameSite"], &cookie["path"]),
            (&"Lax".into(), &"/shop/".into()),
            "{cookie}"
        );
    }
}

async fn no_script_in_a_page_runs(bench: &Bench) {
    let Bench {
        browser, shop, site, ..
    } = bench;
    browser.complaints().await;
    browser.open(&format!("{shop}leaky.html")).await;
    browser.click("a").await;
    // Script, handler, link, style, and two from elsewhere.
    browser.complains("Content Security Policy", 6).await;
    assert_eq!(browser.run("return document.title").await, "as it was");
    let own = browser.run("return document.body.dataset.own").await;
    assert_eq!(own, "ran", "the service's own files do run");
    let color = browser
        .run("return getComputedStyle(document.querySelector('h1')).color")
        .await;
    assert_ne!(color, "rgb(1, 2, 3)");
    assert_eq!(
        site.asked("get /"),
        Vec::<String>::new(),
        "nothing is loaded from another site"
    );
}

async fn a_person_logs_in_and_out(bench: &Bench) {
    let Bench {
        browser,
        shop,
        home,
        site,
    } = bench;
    let me = format!("{shop}me");
    browser.open(&me).await;
    assert_eq!(browser.text("h1").await, "401 Unauthorized");
    browser.click("a[href^='/-/login']").await;
    log_in(browser, "wrong").await;
    let refused = browser.text(".wrong").await;
    assert!(refused.contains("its secret is another one"), "{refused}");
    log_in(browser, "micro").await;
    browser.arrive(&me).await;
    assert_eq!(browser.text(".me").await, "admin of micro");
    assert_eq!(browser.run("return document.cookie").await, "");
    let cookies = browser.cookies().await;
    let token = cookies
        .iter()
        .find(|cookie| cookie["name"] == "micro-token")
        .unwrap();
    let facts = ["httpOnly", "sameSite", "path"].map(|fact| token[fact].clone());
    assert_eq!(facts, [Value::from(true), "Strict".into(), "/".into()]);
    assert!(token["expiry"].is_u64(), "it ends with the token: {token}");

    browser.open(home).await;
    let page = browser.text("body").await;
    assert!(page.contains("You are admin of the namespace micro."), "{page}");
    browser.click("a[href='/-/logout']").await;
    browser.click("button").await;
    browser.arrive(home).await;
    let page = browser.text("body").await;
    assert!(page.contains("You are not logged in."), "{page}");
    browser.open(&me).await;
    assert_eq!(browser.text("h1").await, "401 Unauthorized");

    // A link to the login leads back to this site, whatever it says.
    browser
        .open(&format!("{home}-/login?next={}", site.url("localhost")))
        .await;
    log_in(browser, "micro").await;
    browser.arrive(home).await;
}

async fn log_in(browser: &Browser, secret: &str) {
    browser.fill("input[name=id]", "admin").await;
    browser.fill("input[name=secret]", secret).await;
    browser.click("button").await;
}

/// The one who sits there is logged in, and has a form of the shop open. Other ports of a machine are of the same site and so have
/// its cookies; another name is another site.
async fn another_site_can_do_nothing(bench: &Bench) {
    let Bench {
        browser, shop, site, ..
    } = bench;
    let form = |to: &str| {
        format!(
            "<!doctype html>\n<form method=\"post\" action=\"{to}\"><input name=\"name\" value=\"stolen\">\
             <button>Win a prize</button></form>"
        )
    };
    for host in ["localhost", "127.0.0.1"] {
        site.show(&form(shop));
        browser.open(&site.url(host)).await;
        browser.click("button").await;
        browser.arrive(shop).await;
        assert_eq!(browser.text("h1").await, "403 Forbidden", "{host}");
        browser.open(shop).await;
        let greeting = browser.text(".greeting").await;
        assert!(!greeting.contains("stolen"), "{host}: {greeting}");
    }
    for (host, is_same_site) in [("localhost", false), ("127.0.0.1", true)] {
        let taken = format!("{}shop/{host}", site.url("127.0.0.1"));
        site.show(&form(&taken));
        browser.open(&site.url(host)).await;
        browser.click("button").await;
        browser.arrive(&taken).await;
        let asked = site.asked(&format!("post /shop/{host} "));
        assert_eq!(asked.len(), 1, "{host}");
        assert_eq!(
            asked[0].contains("\r\ncookie: "),
            is_same_site,
            "{host}: {asked:?}"
        );
    }
    site.show(&format!("<!doctype html>\n<iframe src=\"{shop}\"></iframe>"));
    browser.complaints().await;
    browser.open(&site.url("localhost")).await;
    browser.complains("frame-ancestors", 1).await;
}
