//! Blobs against a server that speaks S3.
#![allow(clippy::unwrap_used, reason = "in a test a broken assumption is to stop it")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use micro::blob::{Blobs as _, Options, conformance};
use micro::bytes::Bytes;
use micro::store::Memory;
use micro::{Error, Streaming};
use micro_outside::{Certificates, Objects, Relay, free_port, wait};
use micro_s3::{Blobs, Config};

const MIB: usize = 1024 * 1024;

fn config(port: u16) -> Config {
    Config {
        endpoint: Some(format!("http://127.0.0.1:{port}")),
        access_key: Objects::ACCESS_KEY.to_owned(),
        secret_key: Objects::SECRET_KEY.to_owned(),
        ..Config::new(Objects::BUCKET)
    }
}

fn open(port: u16) -> Blobs {
    Blobs::open(&config(port), Arc::new(Memory::new())).unwrap()
}

fn data(length: usize) -> Streaming<Bytes> {
    let whole: Bytes = (0..length).map(|at| (at % 251) as u8).collect();
    let pieces: Vec<Bytes> = whole
        .chunks(300_000)
        .map(|piece| whole.slice_ref(piece))
        .collect();
    Streaming::from_iter(pieces)
}

async fn write(blobs: &Blobs, key: &str, length: usize) -> micro::Result<()> {
    blobs
        .write("micro", key, Options::default(), data(length))
        .await
        .map(drop)
}

/// How many bytes there are, all verified.
async fn read(blobs: &Blobs, key: &str) -> micro::Result<usize> {
    let (info, mut pieces) = blobs.read("micro", key).await?;
    let mut length = 0;
    while let Some(piece) = pieces.next().await {
        length += piece?.len();
    }
    assert_eq!(length as u64, info.size);
    Ok(length)
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms() {
    let server = Objects::start().await;
    let blobs = open(server.port());
    conformance::run(&blobs).await;
    conformance::moves(&blobs).await;
    assert!(server.names().iter().all(|name| name.starts_with("micro/")));
}

#[tokio::test(flavor = "multi_thread")]
async fn large_blobs_travel_in_parts() {
    let server = Objects::start().await;
    let blobs = open(server.port());
    for length in [5 * MIB, 5 * MIB + 1, 10 * MIB, 23 * MIB + 7] {
        write(&blobs, "large", length).await.unwrap();
        assert_eq!(read(&blobs, "large").await.unwrap(), length);
    }
    assert_eq!(server.uploads(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_leaves_nothing() {
    let server = Objects::start().await;
    let blobs = open(server.port());
    let (sender, pieces) = Streaming::channel(1);
    let feeder = tokio::spawn(async move {
        for _ in 0..13 {
            sender.send(Bytes::from(vec![7; MIB])).await.unwrap();
        }
        sender
            .fail(Error::unavailable("test", "the writer went away"))
            .await
    });
    let failed = blobs.write("micro", "a", Options::default(), pieces).await;
    assert_eq!(failed.unwrap_err().detail, "the writer went away");
    feeder.await.unwrap();
    let is_aborted = || server.uploads() == 0;
    wait::until_true("the upload to be aborted", Duration::from_secs(10), is_aborted).await;
    assert!(server.names().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_found() {
    let server = Objects::start().await;
    let blobs = open(server.port());
    write(&blobs, "a", MIB).await.unwrap();
    server.damage();
    let error = read(&blobs, "a").await.unwrap_err();
    assert!(error.detail.contains("damaged"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_said_to_be_and_taken_up_again() {
    let server = Objects::start().await;
    let relay = Relay::to(server.port()).await;
    let blobs = open(relay.port());
    write(&blobs, "a", 1000).await.unwrap();
    for fault in [Relay::cut, Relay::silence] {
        fault(&relay);
        for limit in [Duration::from_secs(6), Duration::from_millis(100)] {
            let start = Instant::now();
            let error = read(&blobs, "a").await.unwrap_err();
            assert_eq!(error.code, 503, "{error}");
            assert_eq!(write(&blobs, "b", 1000).await.unwrap_err().code, 503);
            assert!(start.elapsed() < limit, "{:?}", start.elapsed());
            println!("refused after {:?}", start.elapsed());
        }
        assert!(blobs.backend().away().is_some());
        relay.mend();
        let back = blobs.backend();
        tokio::time::timeout(Duration::from_secs(5), back.until_reached())
            .await
            .unwrap();
        assert_eq!(read(&blobs, "a").await.unwrap(), 1000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_bucket_is_said() {
    let server = Objects::start().await;
    let wrong = [
        Config {
            bucket: "other".to_owned(),
            ..config(server.port())
        },
        Config {
            access_key: "nobody".to_owned(),
            ..config(server.port())
        },
        Config {
            secret_key: "guessed".to_owned(),
            ..config(server.port())
        },
        config(free_port()),
    ];
    for config in wrong {
        let blobs = Blobs::open(&config, Arc::new(Memory::new())).unwrap();
        let start = Instant::now();
        let error = write(&blobs, "a", 10).await.unwrap_err();
        assert_eq!(error.code, 503, "{error}");
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        println!("{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_known_by_its_certificate() {
    let certificates = Certificates::make();
    let server = Objects::start_with_tls(&certificates).await;
    let known = Config {
        endpoint: Some(format!("https://127.0.0.1:{}", server.port())),
        ca: Some(certificates.ca()),
        ..config(server.port())
    };
    let blobs = Blobs::open(&known, Arc::new(Memory::new())).unwrap();
    write(&blobs, "a", 6 * MIB).await.unwrap();
    assert_eq!(read(&blobs, "a").await.unwrap(), 6 * MIB);
    let unknown = Config { ca: None, ..known };
    let blobs = Blobs::open(&unknown, Arc::new(Memory::new())).unwrap();
    let error = write(&blobs, "a", 10).await.unwrap_err();
    assert!(error.detail.contains("certificate"), "{error}");
}
