//! A validator that is none of ours, in its own environment of Python.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// JSON and whether a schema, which is given by its name, is to take it.
pub struct Sample {
    pub schema: &'static str,
    pub value: Value,
    pub is_valid: bool,
}

/// Fails with what is wrong with the document, or with how its schemas take the samples.
pub fn validate(document: &Value, samples: &[Sample]) {
    let samples: Vec<_> = samples
        .iter()
        .map(|sample| {
            serde_json::json!({"schema": sample.schema, "value": sample.value, "is_valid": sample.is_valid})
        })
        .collect();
    let input = serde_json::json!({"document": document, "samples": samples}).to_string();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/openapi/validate.py");
    let output = run(Command::new(python()).arg(script), &input);
    assert!(output.status.success(), "{}", text(&output));
}

fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| match std::env::var_os("MICRO_OPENAPI_PYTHON") {
        Some(python) => python.into(),
        None => make(),
    })
}

/// Makes the environment, unless it is there. Other processes that want it too wait for this one.
fn make() -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    fs::create_dir_all(&target).unwrap();
    let lock = File::create(target.join("openapi.lock")).unwrap();
    lock.lock().unwrap();
    let folder = target.join("openapi");
    let python = folder.join("bin/python");
    if !has_validator(&python) {
        step(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&folder),
        );
        step(Command::new(&python).args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "openapi-spec-validator==0.7.1",
            "rfc3339-validator",
        ]));
    }
    python
}

fn has_validator(python: &Path) -> bool {
    let import = "import openapi_spec_validator, jsonschema, rfc3339_validator";
    let output = Command::new(python).args(["-c", import]).output();
    output.is_ok_and(|output| output.status.success())
}

fn step(command: &mut Command) {
    let output = command.output();
    let failed = match &output {
        Ok(output) if output.status.success() => return,
        Ok(output) => text(output),
        Err(error) => error.to_string(),
    };
    panic!(
        "{command:?} failed: {failed}\nthese tests need python3 with venv, and openapi-spec-validator 0.7.1: install it where pip finds \
         no registry, and set MICRO_OPENAPI_PYTHON to the python that has it"
    );
}

fn run(command: &mut Command, input: &str) -> Output {
    let pipes = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    // The script reads all before it writes; should it end before, its own words say more than a broken pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(output: &Output) -> String {
    (String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr)).into_owned()
}
