//! `micro cli`: one command after the other, without the word `micro`.

use std::io::{BufRead, IsTerminal, Write};
use std::process::{Command, Stdio};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::errors::Result;
use crate::output::Output;
use crate::session::Globals;

const PROMPT: &str = "micro> ";

/// Type commands one after the other.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro cli\n   echo services | micro cli\n\n\
        A line is a command as it follows `micro`; quotes hold words together. exit, quit or Ctrl-D leaves.")]
pub struct ShellArgs {}

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Nothing,
    Leave,
    Run(Vec<String>),
    Unclosed(char),
}

/// Reads lines until the end; each command is a process of its own, so that it behaves as it does elsewhere.
pub fn run(globals: &Globals, _args: &ShellArgs) -> Result<()> {
    // Ctrl-C ends the command that runs, and not its shell. It is for both of them, so it must mean nothing here.
    let _interrupt = signal(SignalKind::interrupt())?;
    let input = std::io::stdin();
    let is_terminal = input.is_terminal();
    let mut lines = input.lock().lines();
    loop {
        prompt()?;
        let Some(line) = lines.next().transpose()? else {
            // The shell's own prompt gets a line of its own.
            println!();
            return Ok(());
        };
        match parse(&line) {
            Line::Nothing => {}
            Line::Leave => return Ok(()),
            Line::Unclosed(quote) => eprintln!("the quote {quote} is not closed"),
            Line::Run(words) => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(given(globals)).args(words);
                if !is_terminal {
                    // The lines that follow are ours.
                    command.stdin(Stdio::null());
                }
                // What went wrong it has said by itself.
                command.status()?;
            }
        }
    }
}

fn prompt() -> Result<()> {
    let mut out = std::io::stdout();
    out.write_all(PROMPT.as_bytes())?;
    Ok(out.flush()?)
}

/// What was said before `cli` holds for each command.
fn given(globals: &Globals) -> Vec<String> {
    let mut words = vec![format!("--config={}", globals.config_file.display())];
    words.extend(globals.env.iter().map(|env| format!("--env={env}")));
    words.extend(
        globals
            .proxy_address
            .iter()
            .map(|address| format!("--proxy_address={address}")),
    );
    if globals.output == Output::Json {
        words.push("--output=json".to_owned());
    }
    words
}

fn parse(line: &str) -> Line {
    let mut words = match split(line) {
        Ok(words) => words,
        Err(quote) => return Line::Unclosed(quote),
    };
    if words.len() > 1 && words[0] == "micro" {
        words.remove(0);
    }
    match words.as_slice() {
        [] => Line::Nothing,
        [word] if word == "exit" || word == "quit" => Line::Leave,
        _ => Line::Run(words),
    }
}

/// Words as a shell splits them: quotes hold together, a backslash takes the next letter as it is. The error is the quote
/// that is not closed.
fn split(line: &str) -> std::result::Result<Vec<String>, char> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some('"'), '\\') => {
                let next = letters.next().unwrap_or('\\');
                let word = word.get_or_insert_default();
                if !matches!(next, '"' | '\\') {
                    word.push('\\');
                }
                word.push(next);
            }
            (Some(_), letter) => word.get_or_insert_default().push(letter),
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().extend(letters.next()),
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (None, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    match quote {
        Some(open) => Err(open),
        None => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_commands() {
        let run = |words: &[&str]| Line::Run(words.iter().map(|&word| word.to_owned()).collect());
        for (line, expected) in [
            ("", Line::Nothing),
            ("   ", Line::Nothing),
            ("exit", Line::Leave),
            (" quit ", Line::Leave),
            ("services", run(&["services"])),
            ("micro services", run(&["services"])),
            ("micro", run(&["micro"])),
            (
                "call a A.B '{\"name\": \"x y\"}'",
                run(&["call", "a", "A.B", "{\"name\": \"x y\"}"]),
            ),
            (
                r#"store write k "a \"b\" \n" ''"#,
                run(&["store", "write", "k", r#"a "b" \n"#, ""]),
            ),
            (r"store write a\ b c", run(&["store", "write", "a b", "c"])),
            ("store write 'k", Line::Unclosed('\'')),
        ] {
            assert_eq!(parse(line), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_survived(line in ".*") {
            parse(&line);
        }
    }
}
