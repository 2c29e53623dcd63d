//! Builds of tiny packages, with the real cargo.

use super::*;

struct Fixture {
    folder: tempfile::TempDir,
    builder: Builder,
    log: Log,
    desired: Desired,
}

fn fixture(environment: Environment) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let sources = Sources::new(
        at("build"),
        at("framework"),
        std::sync::Arc::new(micro::blob::Memory::default()),
    );
    sources.prepare().unwrap();
    let builder = Builder::new(sources, at("build"), at("bin"), environment);
    let log = Log::open(at("log")).unwrap();
    let key = micro::runtime::Key::new("micro", "greeter", "");
    let desired = Desired::new(micro::runtime::Create::new(key), Default::default());
    Fixture {
        folder,
        builder,
        log,
        desired,
    }
}

impl Fixture {
    /// The source as an upload would leave it.
    fn write(&self, files: &[(&str, &str)]) {
        let source = self.builder.sources.folder(&self.desired.key());
        for (path, text) in files {
            let path = source.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    async fn build(&self) -> (Result<PathBuf, String>, Progress) {
        let (progress, seen) = watch::channel(Progress::Waiting);
        let built = self
            .builder
            .build(&self.desired, None, &self.log, &progress)
            .await
            .map(|built| built.program)
            .map_err(|reason| reason.plain);
        let last = seen.borrow().clone();
        (built, last)
    }
}

const MANIFEST: &str =
    "[package]\nname = \"greeter-service\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";

#[tokio::test]
async fn a_program_or_what_the_compiler_says() {
    let fixture = fixture(Environment::capture());
    fixture.write(&[
        ("Cargo.toml", MANIFEST),
        ("src/main.rs", "fn main() { print!(\"hello\"); }"),
    ]);
    let (first, progress) = fixture.build().await;
    let first = first.unwrap();
    assert!(matches!(progress, Progress::Building(text) if text.starts_with("Compiling")));
    let printed = Command::new(&first).output().await.unwrap();
    assert_eq!(printed.stdout, b"hello");

    fixture.write(&[("src/main.rs", "fn main() { let n: u32 = \"x\"; }")]);
    let error = fixture.build().await.0.unwrap_err();
    assert!(
        error.contains("mismatched types") && error.contains("src/main.rs:1:"),
        "{error}"
    );

    fixture.write(&[
        ("src/main.rs", "fn main() {}"),
        ("src/bin/greeter.rs", "fn main() {}"),
    ]);
    let second = fixture.build().await.0.unwrap();
    assert!(
        first.exists() && second != first,
        "the program of before stays for those who run it"
    );

    fixture.write(&[
        ("Cargo.toml", &MANIFEST.replace("greeter-service", "other")),
        ("src/bin/greeter.rs", ""),
    ]);
    std::fs::rename(
        fixture
            .builder
            .sources
            .folder(&fixture.desired.key())
            .join("src/bin/greeter.rs"),
        fixture
            .builder
            .sources
            .folder(&fixture.desired.key())
            .join("src/bin/third.rs"),
    )
    .unwrap();
    fixture.write(&[("src/bin/third.rs", "fn main() {}")]);
    let error = fixture.build().await.0.unwrap_err();
    assert!(
        error.contains("several programs") && error.contains("third"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let mut environment = Environment::capture();
    environment.cargo = PathBuf::from("cargo-that-is-not-installed");
    let mut fixture = fixture(environment);
    let error = fixture.build().await.0.unwrap_err();
    assert!(error.contains("no Cargo.toml"), "{error}");
    fixture.write(&[("Cargo.toml", MANIFEST), ("src/main.rs", "fn main() {}")]);
    let error = fixture.build().await.0.unwrap_err();
    assert!(error.contains("install Rust"), "{error}");
    fixture.desired.entrypoint = "../..".to_owned();
    let error = fixture.build().await.0.unwrap_err();
    assert!(error.contains("within the source"), "{error}");
    assert!(!fixture.folder.path().join("bin").exists());
}
