use micro::examples;

use super::*;

/// What stands in the file for secrets that only a running service can make.
const SESSION: &str = "hvQ7zT0R2y5bWJm1cXo3dKfYp8sNu6aLgIeVqEtBnMw";
const VERIFICATION: &str = "vHc2XwU7eQd9Ns4LbKf0RtYm6ZaGpJ1oVi3kCxEuBgS";
const LINK: &str = "mL5kQs8WzXc1Vb3Nn7Rt0YuIo9Pa2Sd4Fg6Hj_JeKlE";
const CODE: &str = "K7MWX3PQ";

#[tokio::test]
async fn they_hold() {
    let bench = Bench {
        ctx: Context::background().with_account(examples::caller()),
        ..bench()
    };
    for name in ["bob", "carol", "dan", "eve"] {
        let request = proto::CreateRequest {
            id: text(name),
            username: text(name),
            email: format!("{name}@example.org"),
            password: text(PASSWORD),
            ..proto::CreateRequest::default()
        };
        bench.user.create(&bench.ctx, request).await.unwrap();
    }
    let session = bench.login("carol", PASSWORD).await.unwrap().id;
    bench.send_verification("carol@example.org", "").await.unwrap();
    let verification = bench.last_token();
    let link = bench.send_link("carol@example.org").await.unwrap().unwrap();
    let code = bench.send_code("dan@example.org", 0).await.unwrap().unwrap();
    let file = include_str!("../../../api/examples.json");
    let filled = [
        (SESSION, &session),
        (VERIFICATION, &verification),
        (LINK, &link),
        (CODE, &code),
    ]
    .into_iter()
    .fold(file.to_owned(), |text, (shown, real)| {
        assert!(text.contains(shown), "{shown}");
        text.replace(shown, real)
    });
    let email = bench.email.clone();
    let service = |platform: &Platform| crate::service_with(platform, email).examples(filled.leak());
    examples::check_on(&bench.platform, service).await.unwrap();
    let named = examples::parse(file).unwrap();
    assert_eq!(named.len(), 16, "each of the calls has an example");
}
