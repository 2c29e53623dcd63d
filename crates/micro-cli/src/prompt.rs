//! Questions, where there is somebody to answer them.

use std::io::{BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::errors::{Failure, Result};

/// The value that was given, or the answer to a question; where nobody can answer, the flag to give.
pub fn unless_given(given: Option<&String>, question: &str, flag: &str, is_secret: bool) -> Result<String> {
    if let Some(value) = given {
        return Ok(value.clone());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::plain(format!("{question} is needed and nobody is here to type it: give --{flag}")));
    }
    let answer = if is_secret { without_echo(question)? } else { ask(question)? };
    if answer.is_empty() { Err(Failure::plain(format!("{question} is needed: give --{flag}"))) } else { Ok(answer) }
}

fn ask(question: &str) -> Result<String> {
    let mut err = std::io::stderr();
    write!(err, "{question}: ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim_end_matches(['\r', '\n']).to_owned())
}

fn without_echo(question: &str) -> Result<String> {
    let stdin = std::io::stdin();
    let before = tcgetattr(&stdin).map_err(std::io::Error::from)?;
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Flush, &quiet).map_err(std::io::Error::from)?;
    let answer = ask(question);
    tcsetattr(&stdin, OptionalActions::Flush, &before).map_err(std::io::Error::from)?;
    // The line break that was typed was not shown either.
    writeln!(std::io::stderr())?;
    answer
}
