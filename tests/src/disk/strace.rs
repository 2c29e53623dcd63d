//! What `strace` notes of a program's files.

use std::path::{Path, PathBuf};

/// The options and what is noted; the folder for the notes and the program follow.
///
/// The program stays the child of who starts it (`-D`), each thread's notes are a file of their own (`-ff`), times are Unix time
/// and durations, and texts are whole and in hexadecimal.
pub fn arguments(notes: &Path) -> Vec<String> {
    const CALLS: &str = "openat,close,read,lseek,write,pwrite64,writev,pwritev,ftruncate,fsync,fdatasync,\
        rename,renameat,renameat2,link,linkat,unlink,unlinkat,rmdir,mkdir,mkdirat";
    let words = ["-D", "-ff", "--seccomp-bpf", "-T", "-xx", "-s", "100000000"];
    let mut arguments: Vec<String> = words.map(str::to_owned).into();
    arguments.push("--absolute-timestamps=format:unix,precision:ns".to_owned());
    arguments.push(format!("--trace={CALLS}"));
    arguments.push(format!("--output={}", notes.join("thread").display()));
    arguments
}

/// The options for a program for which the disk is full at some of its syncs, counted for each thread.
pub fn full_disk(when: &str) -> Vec<String> {
    let inject = format!("--inject=fsync,fdatasync:error=ENOSPC:when={when}");
    let words = [
        "-D",
        "-f",
        "--seccomp-bpf",
        "--trace=fsync,fdatasync",
        "--output=/dev/null",
        &inject,
    ];
    words.map(str::to_owned).into()
}

/// One call to the system that succeeded.
#[derive(Debug)]
pub struct Call {
    /// Unix nanoseconds.
    pub start: u64,
    /// Unix nanoseconds.
    pub end: u64,
    /// `openat`
    pub name: String,
    /// As they stand between the brackets.
    pub arguments: Vec<String>,
    /// What it returned.
    pub result: u64,
}

/// Whether every thread's notes have ended.
pub fn has_ended(notes: &Path) -> bool {
    let mut files = texts(notes).into_iter().peekable();
    files.peek().is_some() && files.all(|text| text.trim_end().ends_with("+++"))
}

/// All calls of all threads that succeeded, in the order in which they began.
///
/// # Panics
/// When a line is not understood.
pub fn read(notes: &Path) -> Vec<Call> {
    let texts = texts(notes);
    let mut calls: Vec<Call> = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(parse)
        .collect();
    calls.sort_by_key(|call| call.start);
    calls
}

fn texts(notes: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(notes).expect("the notes can be listed");
    let files = entries.map(|entry| entry.expect("the notes can be listed").path());
    files
        .map(|file| std::fs::read_to_string(file).expect("notes can be read"))
        .collect()
}

/// `None` for what failed, was cut short, or is no call.
fn parse(line: &str) -> Option<Call> {
    let (start, rest) = line.split_once(' ')?;
    if !rest.starts_with(|first: char| first.is_ascii_lowercase()) {
        return None;
    }
    let start = nanoseconds(start);
    let (rest, took) = rest.strip_suffix('>')?.rsplit_once(" <")?;
    let (call, result) = rest.rsplit_once(" = ")?;
    let result = result.split(' ').next()?.parse().ok()?;
    let (name, arguments) = call.trim_end().strip_suffix(')')?.split_once('(')?;
    Some(Call {
        start,
        end: start + nanoseconds(took),
        name: name.to_owned(),
        arguments: arguments.split(", ").map(str::to_owned).collect(),
        result,
    })
}

fn nanoseconds(seconds: &str) -> u64 {
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, ""));
    let number = |text: &str| {
        text.parse::<u64>()
            .unwrap_or_else(|_| panic!("no time: {seconds:?}"))
    };
    number(whole) * 1_000_000_000 + number(&format!("{part:0<9}"))
}

/// `"\x2f\x61"`, wherever it stands in an argument.
pub fn bytes(argument: &str) -> Vec<u8> {
    let quoted = argument.split('"').nth(1).unwrap_or_default();
    let pairs = quoted.split("\\x").skip(1);
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).expect("strace writes hexadecimal"))
        .collect()
}

/// A path in an argument.
pub fn path(argument: &str) -> PathBuf {
    String::from_utf8(bytes(argument))
        .expect("our paths are text")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_call() {
        let call = parse(r#"17.000000005 write(9, "\x61\x2c", 2) = 2 <0.000001>"#).unwrap();
        assert_eq!((call.start, call.end), (17_000_000_005, 17_000_001_005));
        assert_eq!((call.name.as_str(), call.result), ("write", 2));
        assert_eq!(call.arguments, ["9", r#""\x61\x2c""#, "2"]);
        assert_eq!(bytes(&call.arguments[1]), b"a,");
        for nothing in [
            "17.0 +++ killed by SIGKILL +++",
            "17.0 --- SIGCHLD {si_signo=SIGCHLD} ---",
            r#"17.0 mkdir("\x61", 0700) = -1 EEXIST (File exists) <0.1>"#,
            "17.0 fsync(5 <unfinished ...>) = ?",
        ] {
            assert!(parse(nothing).is_none(), "{nothing}");
        }
    }
}
