//! The old version of contracts, out of repositories that the tests make.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use micro_codegen::breaking::{Break, compare};
use micro_codegen::compile;
use micro_codegen::history::{DEFAULT_REFERENCE, old_version};

/// A repository with contracts in a folder that is not its root.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Repository(tempfile::tempdir().unwrap());
        fs::create_dir_all(repository.folder()).unwrap();
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("service/proto")
    }

    fn git(&self, words: &[&str]) {
        let settings = [
            "user.name=A",
            "user.email=a@example.org",
            "commit.gpgsign=false",
            "core.hooksPath=none",
        ];
        let mut command = Command::new("git");
        command.arg("-C").arg(self.0.path()).env_remove("GIT_DIR");
        for setting in settings {
            command.args(["-c", setting]);
        }
        let output = command.args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
    }

    fn write(&self, name: &str, body: &str) {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("syntax = \"proto3\";\npackage p;\n{body}\n")).unwrap();
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message=A change"]);
    }

    fn paths(&self, names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(|name| self.folder().join(name)).collect()
    }

    /// What the working tree breaks of a reference.
    fn breaks(&self, names: &[&str], reference: &str) -> Vec<String> {
        let (folder, protos) = (self.folder(), self.paths(names));
        let new = compile(&protos, std::slice::from_ref(&folder)).unwrap();
        let old = old_version(&folder, &protos, reference).unwrap();
        let told = |it: &Break| format!("{}:{} {}", it.file, it.line, it.rule);
        compare(&old.unwrap(), &new).iter().map(told).collect()
    }

    fn problem(&self, names: &[&str], reference: &str) -> String {
        problem(&self.folder(), &self.paths(names), reference)
    }
}

fn problem(folder: &Path, protos: &[PathBuf], reference: &str) -> String {
    match old_version(folder, protos, reference) {
        Ok(_) => panic!("{reference} was found"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_working_tree_against_commits() {
    let repository = Repository::new();
    repository.write("user.proto", "message A { string b = 1; string c = 2; }");
    repository.commit();
    repository.git(&["tag", "v1"]);
    repository.write(
        "user.proto",
        "message A { string b = 1; reserved 2; reserved \"c\"; }",
    );
    repository.commit();
    repository.git(&["branch", "other"]);
    repository.write("user.proto", "message A { reserved 1, 2; reserved \"c\"; }");

    let names = ["user.proto"];
    let unreserved = "user.proto:3 FIELD_NO_DELETE_UNLESS_NAME_RESERVED";
    for reference in [DEFAULT_REFERENCE, "main", "other"] {
        assert_eq!(repository.breaks(&names, reference), [unreserved], "{reference}");
    }
    for reference in ["v1", "HEAD~1", "refs/tags/v1"] {
        let found = repository.breaks(&names, reference);
        assert_eq!(found, ["user.proto:3 FIELD_NO_DELETE", unreserved], "{reference}");
    }
    repository.commit();
    assert!(repository.breaks(&names, "HEAD").is_empty());
}

#[test]
fn files_that_came_and_went() {
    let repository = Repository::new();
    repository.write(
        "user.proto",
        "import \"parts/name.proto\";\nmessage A { Name name = 1; }",
    );
    repository.write("parts/name.proto", "message Name { string first = 1; }");
    repository.write("gone.proto", "message Gone {}");
    repository.write("other.proto", "message Other {}");
    fs::write(repository.folder().join("note.txt"), "no contract").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("missing.proto", repository.folder().join("link.proto")).unwrap();
    repository.commit();
    fs::remove_file(repository.folder().join("gone.proto")).unwrap();
    repository.write("other.proto", "");
    repository.write("new.proto", "message New {}");

    // What was not asked for is only imported.
    repository.write("parts/name.proto", "message Name { int32 first = 1; }");
    let asked = ["user.proto", "new.proto"];
    assert_eq!(repository.breaks(&asked, "HEAD"), ["gone.proto:1 FILE_NO_DELETE"]);
    let all = ["user.proto", "new.proto", "other.proto", "parts/name.proto"];
    let found = repository.breaks(&all, "HEAD");
    let expected = [
        "gone.proto:1 FILE_NO_DELETE",
        "other.proto:3 MESSAGE_NO_DELETE",
        "parts/name.proto:3 FIELD_WIRE_JSON_COMPATIBLE_TYPE",
    ];
    assert_eq!(found, expected);
}

#[test]
fn where_there_is_nothing_to_compare_with() {
    let none = tempfile::tempdir().unwrap();
    let protos = [none.path().join("user.proto")];
    fs::write(&protos[0], "syntax = \"proto3\";").unwrap();
    assert!(old_version(none.path(), &protos, "HEAD").unwrap().is_none());
    assert!(old_version(none.path(), &protos, "v1").unwrap().is_none());

    let repository = Repository::new();
    repository.write("user.proto", "message A {}");
    let protos = repository.paths(&["user.proto"]);
    assert!(
        old_version(&repository.folder(), &protos, "HEAD")
            .unwrap()
            .is_none()
    );

    // A commit before the folder: all of it is new.
    repository.git(&["commit", "--quiet", "--allow-empty", "--message=Begin"]);
    assert!(repository.breaks(&["user.proto"], "HEAD").is_empty());
}

#[test]
fn what_cannot_be_had() {
    let repository = Repository::new();
    repository.write("user.proto", "message A {}");
    repository.commit();
    for reference in ["v9", "HEAD~5", "--all", "", "HEAD:service"] {
        let told = repository.problem(&["user.proto"], reference);
        let expected = format!("cannot read the contracts of {reference:?}: there is no such commit");
        assert!(told.starts_with(&expected), "{told}");
    }
    let told = repository.problem(&["../user.proto"], "HEAD");
    assert!(told.contains("user.proto is not in"), "{told}");
    let missing = repository.folder().join("missing");
    let told = problem(&missing, &[], "HEAD");
    assert!(told.contains("missing"), "{told}");

    repository.write("user.proto", "message A { B b = 1; }");
    repository.commit();
    repository.write("user.proto", "message A {}");
    let told = repository.problem(&["user.proto"], "HEAD");
    let expected = "cannot read the contracts of \"HEAD\": they do not compile: user.proto:3:";
    assert!(told.starts_with(expected), "{told}");
}

#[test]
fn paths_of_contracts() {
    let repository = Repository::new();
    repository.write("user.proto", "message A {}");
    repository.commit();
    repository.write("user.proto", "");
    let folder = repository.folder();
    let new = compile(&[folder.join("user.proto")], std::slice::from_ref(&folder)).unwrap();
    let detour = repository.0.path().join("service/proto/../proto/user.proto");
    for proto in [
        folder.join("user.proto"),
        "user.proto".into(),
        "./user.proto".into(),
        detour,
    ] {
        let old = old_version(&folder, std::slice::from_ref(&proto), "HEAD").unwrap();
        assert_eq!(compare(&old.unwrap(), &new).len(), 1, "{}", proto.display());
    }
    let elsewhere = problem(&folder, &["elsewhere.proto".into()], "HEAD");
    assert!(elsewhere.contains("elsewhere.proto is not in"), "{elsewhere}");
}

/// Git tells a hook of its repository in variables, which here would hide all that is broken.
#[test]
fn a_hook_does_not_lead_elsewhere() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "history::the_working_tree_against_commits"])
        .env("GIT_DIR", "nowhere")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}
