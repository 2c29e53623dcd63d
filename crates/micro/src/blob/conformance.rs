//! The law of [`Blobs`], as one suite that every implementation passes.

use bytes::{Bytes, BytesMut};
use micro_rpc::{Error, Result, Streaming};

use super::{Blobs, Checksum, Holdings, Info, MAX_KEY_LENGTH, Options, PIECE};

const HERE: &str = "conformance";

/// Runs the whole suite.
///
/// # Panics
///
/// When a promise is broken; the message says which.
pub async fn run(blobs: &dyn Blobs) {
    reads_what_was_written(blobs).await;
    replaces_as_a_whole(blobs).await;
    keeps_namespaces_and_names_apart(blobs).await;
    refuses_what_has_no_name(blobs).await;
}

/// What an operator asks who moves all that is kept.
///
/// # Panics
///
/// When a promise is broken; the message says which.
pub async fn moves(blobs: &dyn Holdings) {
    let ours = async || {
        let mut all = done(blobs.namespaces().await);
        all.retain(|namespace| namespace.starts_with(HERE));
        all
    };
    let before = ours().await;
    let [one, two] = ["conformance-1", "conformance.2"];
    for (namespace, key) in [(two, "a"), (one, "b"), (one, "\u{7f}\u{10ffff}"), (two, "c")] {
        let whole = bytes(1, 0);
        let written = blobs.write(namespace, key, Options::default(), stream(&whole, 1));
        // A name that this one refuses is none that it could leave out.
        let _ = written.await;
    }
    let with = ours().await;
    assert_eq!(with.len(), before.len() + 2, "{with:?}");
    assert!(
        with.is_sorted() && with.iter().any(|name| name == one),
        "{with:?}"
    );
    for (namespace, key) in [(two, "a"), (two, "c")] {
        done(blobs.delete(namespace, key).await);
    }
    assert!(!ours().await.contains(&two.to_owned()), "its blobs are gone");
}

/// Bytes that differ from place to place.
fn bytes(length: usize, seed: u8) -> Bytes {
    (0..length).map(|at| (at % 251) as u8 ^ seed).collect()
}

fn stream(whole: &Bytes, piece: usize) -> Streaming<Bytes> {
    let pieces: Vec<Bytes> = whole.chunks(piece).map(|piece| whole.slice_ref(piece)).collect();
    Streaming::from_iter(pieces)
}

async fn write(blobs: &dyn Blobs, key: &str, whole: &Bytes) -> Info {
    done(
        blobs
            .write(HERE, key, Options::default(), stream(whole, 10_000))
            .await,
    )
}

async fn read(blobs: &dyn Blobs, namespace: &str, key: &str) -> Result<(Info, Bytes)> {
    let (info, mut pieces) = blobs.read(namespace, key).await?;
    let mut whole = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        assert!(piece.len() <= PIECE, "a piece is small");
        whole.extend_from_slice(&piece);
    }
    Ok((info, whole.freeze()))
}

async fn reads_what_was_written(blobs: &dyn Blobs) {
    for (key, length) in [
        ("empty", 0),
        ("one", 1),
        ("piece", PIECE),
        ("large", 3 * 1024 * 1024 + 17),
    ] {
        let whole = bytes(length, 7);
        let options = Options {
            content_type: "image/png".to_owned(),
            public: true,
        };
        let written = done(blobs.write(HERE, key, options, stream(&whole, 50_000)).await);
        let mut checksum = Checksum::default();
        checksum.update(&whole);
        let sha256 = checksum.finish();
        assert_eq!(
            (written.size, written.key.as_str(), &written.sha256),
            (length as u64, key, &sha256)
        );
        let (info, found) = done(read(blobs, HERE, key).await);
        assert!(found == whole, "{key} is read as it was written");
        assert_eq!(
            (&info, info.content_type.as_str(), info.public),
            (&written, "image/png", true)
        );
        assert!(info.modified > 0);
    }
    assert_eq!(code(read(blobs, HERE, "none").await), Err(404));
}

async fn replaces_as_a_whole(blobs: &dyn Blobs) {
    let (first, second) = (bytes(200_000, 1), bytes(150_000, 2));
    write(blobs, "replaced", &first).await;
    let (_, mut reading) = done(blobs.read(HERE, "replaced").await);
    let begun = done(reading.next().await.expect("it is not empty"));
    let broken = Streaming::new(futures_util::stream::iter([
        Ok(second.slice(..1000)),
        Err(Error::unavailable("test", "the writer went away")),
    ]));
    assert!(
        blobs
            .write(HERE, "replaced", Options::default(), broken)
            .await
            .is_err()
    );
    assert!(
        done(read(blobs, HERE, "replaced").await).1 == first,
        "a stream that fails changes nothing"
    );
    write(blobs, "replaced", &second).await;
    let mut old = BytesMut::from(&begun[..]);
    while let Some(piece) = reading.next().await {
        old.extend_from_slice(&done(piece));
    }
    assert!(old == first, "who reads meanwhile gets the former one whole");
    assert!(done(read(blobs, HERE, "replaced").await).1 == second);
    done(blobs.delete(HERE, "replaced").await);
    done(blobs.delete(HERE, "replaced").await);
    assert_eq!(code(read(blobs, HERE, "replaced").await), Err(404));
}

async fn keeps_namespaces_and_names_apart(blobs: &dyn Blobs) {
    for key in ["a/b", "a/../b", "/a", "a", "ä:b", "a b"] {
        write(blobs, &format!("names/{key}"), &Bytes::from(key.to_owned())).await;
    }
    let names: Vec<String> = done(blobs.list(HERE, "names/").await)
        .into_iter()
        .map(|info| info.key)
        .collect();
    let expected = [
        "names//a",
        "names/a",
        "names/a b",
        "names/a/../b",
        "names/a/b",
        "names/ä:b",
    ];
    assert_eq!(names, expected);
    for key in expected {
        let (_, found) = done(read(blobs, HERE, key).await);
        assert_eq!(found, key.strip_prefix("names/").unwrap_or_default());
    }
    assert!(done(blobs.list("conformance2", "").await).is_empty());
    assert_eq!(code(read(blobs, "conformance2", "names/a").await), Err(404));
}

async fn refuses_what_has_no_name(blobs: &dyn Blobs) {
    for key in ["", "a\0b", "a\nb", &"k".repeat(MAX_KEY_LENGTH + 1)] {
        let refused = blobs
            .write(HERE, key, Options::default(), Streaming::empty())
            .await;
        assert_eq!(code(refused), Err(400), "{key:?}");
        assert_eq!(code(read(blobs, HERE, key).await), Err(400), "{key:?}");
    }
}

fn code<T>(result: Result<T>) -> Result<(), i32> {
    result.map(drop).map_err(|error| error.code)
}

#[track_caller]
fn done<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("the blobs failed: {error}"))
}
