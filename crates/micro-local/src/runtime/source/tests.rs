//! Uploads, the honest and the others.

use std::collections::BTreeMap;

use tar::{Builder, EntryType, Header};

use super::*;

struct Fixture {
    folder: tempfile::TempDir,
    sources: Sources,
    key: Key,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let framework = folder.path().join("framework");
    std::fs::create_dir_all(&framework).unwrap();
    std::fs::write(framework.join("Cargo.lock"), "# ours\n").unwrap();
    let sources = Sources::new(
        folder.path().join("build"),
        framework,
        Arc::new(blob::Memory::default()),
    );
    sources.prepare().unwrap();
    Fixture {
        folder,
        sources,
        key: Key::new("micro", "greeter", ""),
    }
}

impl Fixture {
    async fn upload(&self, tar: Vec<u8>) -> Result<()> {
        let chunks: Vec<Bytes> = tar.chunks(1000).map(Bytes::copy_from_slice).collect();
        self.sources
            .upload(&self.key, chunks.into_iter().collect())
            .await?;
        self.sources.take_over(&self.key).unwrap();
        Ok(())
    }

    fn tree(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        collect(&self.sources.folder(&self.key), "", &mut found);
        found
    }
}

fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => collect(&entry.path(), &format!("{name}/"), found),
            kind if kind.is_symlink() => {
                found.insert(
                    name,
                    format!("-> {}", std::fs::read_link(entry.path()).unwrap().display()),
                );
            }
            _ => {
                found.insert(name, std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
}

fn tar_of(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (path, text) in files {
        match text.strip_prefix("-> ") {
            Some(target) => add(&mut builder, path, EntryType::Symlink, target, b""),
            None => add(&mut builder, path, EntryType::Regular, "", text.as_bytes()),
        }
    }
    builder.into_inner().unwrap()
}

/// Writes the header by hand: the library refuses to make what we want to see refused.
fn add(builder: &mut Builder<Vec<u8>>, path: &str, kind: EntryType, target: &str, data: &[u8]) {
    let mut header = Header::new_gnu();
    let old = header.as_old_mut();
    old.name[..path.len()].copy_from_slice(path.as_bytes());
    old.linkname[..target.len()].copy_from_slice(target.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(data.len() as u64);
    header.set_cksum();
    builder.append(&header, data).unwrap();
}

#[tokio::test]
async fn a_source_is_kept_as_a_blob() {
    let fixture = fixture();
    fixture.upload(tar_of(&[("main.py", "x")])).await.unwrap();
    let (info, _) = fixture
        .sources
        .blobs
        .read("micro", "source://greeter:latest")
        .await
        .unwrap();
    assert_eq!(info.content_type, "application/x-tar");
    std::fs::remove_dir_all(fixture.sources.folder(&fixture.key)).unwrap();
    assert!(!fixture.sources.exists(&fixture.key));
    assert!(fixture.sources.find(&fixture.key).await.unwrap(), "brought back");
    fixture.sources.take_over(&fixture.key).unwrap();
    assert_eq!(fixture.tree(), [("main.py".to_owned(), "x".to_owned())].into());
    drop(fixture.sources.set_aside(&fixture.key).await);
    assert!(
        !fixture.sources.find(&fixture.key).await.unwrap(),
        "gone for good"
    );
}

#[tokio::test]
async fn only_what_changed_is_written() {
    let fixture = fixture();
    let before = [
        ("Cargo.toml", "[package]\n"),
        ("src/main.rs", "old"),
        ("src/gone.rs", "x"),
        ("dir/a", "x"),
    ];
    fixture.upload(tar_of(&before)).await.unwrap();
    let folder = fixture.sources.folder(&fixture.key);
    fixture.sources.lock(&folder, &folder).unwrap();
    let modified = |path: &str| std::fs::metadata(folder.join(path)).unwrap().modified().unwrap();
    let (manifest, main) = (modified("Cargo.toml"), modified("src/main.rs"));

    let after = [
        ("./Cargo.toml", "[package]\n"),
        ("src/main.rs", "new"),
        ("dir", "x"),
        ("link", "-> src/main.rs"),
    ];
    fixture.upload(tar_of(&after)).await.unwrap();
    assert_eq!(
        modified("Cargo.toml"),
        manifest,
        "an unchanged file keeps its time"
    );
    assert!(modified("src/main.rs") > main);
    let expected = [
        ("Cargo.lock", "# ours\n"),
        ("Cargo.toml", "[package]\n"),
        ("dir", "x"),
        ("link", "-> src/main.rs"),
        ("src/main.rs", "new"),
    ];
    assert_eq!(
        fixture.tree(),
        expected
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .into()
    );

    // A file where a link was: it is written in its place, not through it.
    fixture
        .upload(tar_of(&[("link", "a file"), ("src/main.rs", "new")]))
        .await
        .unwrap();
    assert_eq!(fixture.tree()["src/main.rs"], "new");
}

#[tokio::test]
async fn manifests_are_pointed_at_the_framework() {
    let fixture = fixture();
    let manifest = "[dependencies]\nmicro = { path = \"../.micro/micro\" }\n";
    let files = [
        ("proto/Cargo.toml", manifest),
        (".micro", "-> /somewhere"),
        (".git/config", "x"),
    ];
    fixture.upload(tar_of(&files)).await.unwrap();
    let framework = fixture.folder.path().join("framework/micro");
    let expected = format!(
        "[dependencies]\nmicro = {{ path = \"{}\" }}\n",
        framework.display()
    );
    assert_eq!(fixture.tree(), [("proto/Cargo.toml".to_owned(), expected)].into());

    let broken = fixture
        .upload(tar_of(&[("Cargo.toml", "x = .micro")]))
        .await
        .unwrap_err();
    assert!(
        broken.code == 400 && broken.detail.contains("cannot read Cargo.toml"),
        "{broken}"
    );
    assert!(
        fixture.tree().contains_key("proto/Cargo.toml"),
        "a broken upload leaves the old source"
    );
}

#[tokio::test]
async fn nothing_leads_out_of_the_source() {
    let fixture = fixture();
    fixture.upload(tar_of(&[("kept", "x")])).await.unwrap();
    let hostile: &[&[(&str, &str)]] = &[
        &[("../out", "x")],
        &[("a/../../out", "x")],
        &[("/tmp/out", "x")],
        &[("link", "-> /etc/passwd")],
        &[("link", "-> ../../../..")],
        &[("deep/up", "-> .."), ("deep/out", "-> up/../..")],
        &[
            ("sub/file", "x"),
            ("deep/up", "-> .."),
            ("out", "-> deep/up/../.."),
        ],
        &[("a", "-> b"), ("b", "-> ../..")],
        &[("same", "x"), ("same", "y")],
        &[("file", "x"), ("file/below", "y")],
    ];
    for files in hostile {
        let error = fixture.upload(tar_of(files)).await.unwrap_err();
        assert_eq!(error.code, 400, "{files:?}: {error}");
    }
    for kind in [
        EntryType::Link,
        EntryType::Char,
        EntryType::Fifo,
        EntryType::GNUSparse,
    ] {
        let mut builder = Builder::new(Vec::new());
        add(&mut builder, "special", kind, "/etc/passwd", b"");
        assert_eq!(
            fixture
                .upload(builder.into_inner().unwrap())
                .await
                .unwrap_err()
                .code,
            400,
            "{kind:?}"
        );
    }
    assert_eq!(fixture.upload(vec![7; 5000]).await.unwrap_err().code, 400);
    assert_eq!(fixture.tree(), [("kept".to_owned(), "x".to_owned())].into());
}

#[tokio::test]
async fn a_broken_stream_and_a_huge_one_leave_the_old_source() {
    let fixture = fixture();
    fixture.upload(tar_of(&[("kept", "x")])).await.unwrap();
    let (sender, stream) = Streaming::channel(4);
    sender.send(Bytes::from(tar_of(&[("new", "y")]))).await.unwrap();
    sender.fail(Error::unavailable("go.micro.client", "gone")).await;
    assert_eq!(
        fixture
            .sources
            .upload(&fixture.key, stream)
            .await
            .unwrap_err()
            .code,
        503
    );

    let megabyte = Bytes::from(vec![0; 1 << 20]);
    let huge: Streaming<Bytes> = std::iter::repeat_n(megabyte, 65).collect();
    assert_eq!(
        fixture.sources.upload(&fixture.key, huge).await.unwrap_err().code,
        413
    );
    fixture.sources.take_over(&fixture.key).unwrap();
    assert_eq!(fixture.tree(), [("kept".to_owned(), "x".to_owned())].into());
    let left = std::fs::read_dir(fixture.folder.path().join("build/upload"))
        .unwrap()
        .count();
    assert_eq!(left, 0, "uploads clean up after themselves");
}

#[test]
fn the_lock_file_goes_to_the_workspace() {
    let fixture = fixture();
    let source = fixture.folder.path().join("source");
    let package = source.join("services/greeter");
    std::fs::create_dir_all(&package).unwrap();
    std::fs::write(package.join("Cargo.toml"), "[package]\n").unwrap();
    std::fs::write(source.join("Cargo.toml"), "[workspace]\n").unwrap();
    fixture.sources.lock(&package, &source).unwrap();
    assert!(source.join("Cargo.lock").exists());
    std::fs::write(source.join("Cargo.toml"), "[package]\n").unwrap();

    fixture.sources.lock(&package, &source).unwrap();
    assert_eq!(
        std::fs::read_to_string(package.join("Cargo.lock")).unwrap(),
        "# ours\n"
    );
}
