//! Blobs, from the command line and, the public ones, over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use micro_tests::{Server, process};

#[tokio::test(flavor = "multi_thread")]
async fn files_are_kept_and_public_ones_are_served() {
    let mut server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let micro = server.micro().within(folder.path());
    let whole: Vec<u8> = (0..2_000_000_u32).map(|at| (at % 253) as u8).collect();
    std::fs::write(folder.path().join("large"), &whole).unwrap();
    micro
        .ok(&[
            "blob",
            "write",
            "--public",
            "--content_type=text/html",
            "pages/large",
            "large",
        ])
        .await;
    micro.ok(&["blob", "write", "private", "large"]).await;

    server.kill().await;
    server.restart().await;
    let micro = server.micro().within(folder.path());
    micro.ok(&["blob", "read", "pages/large", "copy"]).await;
    assert!(
        std::fs::read(folder.path().join("copy")).unwrap() == whole,
        "it is read as it was written"
    );
    assert_eq!(micro.ok(&["blob", "list"]).await, "pages/large\nprivate\n");

    let http = server.http();
    let answer = http.get("/blob/micro/pages/large").await;
    assert!(answer.status == 200 && answer.body == whole, "{}", answer.status);
    let header = |name: &str| {
        answer
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header("content-type").as_deref(), Some("text/html"));
    assert_eq!(header("content-length").as_deref(), Some("2000000"));
    assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"));
    assert!(header("content-security-policy").unwrap().contains("sandbox"));
    let tag = header("etag").unwrap();
    let again = http
        .send(
            Method::GET,
            "/blob/micro/pages/large",
            &[("if-none-match", &tag)],
            "",
        )
        .await;
    assert!(again.status == 304 && again.body.is_empty());
    for hidden in ["/blob/micro/private", "/blob/micro/none", "/blob/other/private"] {
        assert_eq!(http.get(hidden).await.failed_with(404), "Blob not found");
    }
    http.post("/blob/micro/pages/large", "{}").await.failed_with(405);

    micro.ok(&["blob", "delete", "pages/large"]).await;
    http.get("/blob/micro/pages/large").await.failed_with(404);
    assert!(
        micro
            .run(&["blob", "read", "pages/large"])
            .await
            .failed_with(1)
            .contains("not found")
    );
    let missing = micro
        .run(&["blob", "write", "x", "no-such-file"])
        .await
        .failed_with(1);
    assert!(missing.contains("no-such-file"), "{missing}");
}

/// Many times what the server may hold of it, through the command line and over HTTP.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_passes_without_being_held() {
    const SIZE: usize = 96 << 20;
    const HELD: u64 = 32 << 20;
    let server = Server::start().await;
    let (micro, folder) = (server.micro(), tempfile::tempdir().unwrap());
    let (there, back) = (folder.path().join("there"), folder.path().join("back"));
    let piece: Vec<u8> = (0..=255).collect();
    std::fs::write(&there, piece.repeat(SIZE / piece.len())).unwrap();
    // What a first small one costs is no cost of the large one.
    std::fs::write(&back, "small").unwrap();
    micro
        .ok(&["blob", "write", "small", &back.to_string_lossy()])
        .await;
    let before = process::resident(server.pid()).unwrap();
    let (most, watching) = watch_memory(server.pid());
    micro
        .ok(&["blob", "write", "large", &there.to_string_lossy()])
        .await;
    micro
        .ok(&["blob", "read", "large", &back.to_string_lossy()])
        .await;
    watching.abort();
    let held = most.load(Ordering::Relaxed).saturating_sub(before);
    assert!(held < HELD, "{held} bytes more were held of {SIZE}");
    assert!(
        std::fs::read(&there).unwrap() == std::fs::read(&back).unwrap(),
        "it came back as it was"
    );
}

/// The most that the process has had resident, asked often.
fn watch_memory(pid: u32) -> (Arc<AtomicU64>, tokio::task::JoinHandle<()>) {
    let most = Arc::new(AtomicU64::new(0));
    let seen = most.clone();
    let watching = tokio::spawn(async move {
        loop {
            seen.fetch_max(process::resident(pid).unwrap_or(0), Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    (most, watching)
}
