//! Lines that are no commands.

use clap::error::{ContextKind, ErrorKind};

use super::tree;
use crate::errors::Failure;

/// The words of a command, when no more was said than its name. Before it there may be values of flags.
pub(super) fn bare(words: &[String]) -> Option<&[String]> {
    let app = tree();
    let begin = words
        .iter()
        .position(|word| app.find_subcommand(word).is_some())?;
    let words = &words[begin..];
    let end = words
        .iter()
        .try_fold(&app, |command, word| command.find_subcommand(word));
    end.map(|_| words)
}

/// What was wrong with the line, in the words that scripts know.
pub(super) fn misuse(error: &clap::Error, words: &[String]) -> Failure {
    let named = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    let full = error.render().to_string();
    let advice = || full.trim_end().trim_start_matches("error: ").to_owned();
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = named(ContextKind::InvalidSubcommand);
            let command = group(words, &word);
            let text =
                format!("Unrecognized subcommand for {command}: {word}. Please refer to '{command} --help'");
            Failure::new(1, text)
        }
        ErrorKind::UnknownArgument if named(ContextKind::InvalidArg).starts_with('-') => {
            let flag = named(ContextKind::InvalidArg);
            let text = format!(
                "Incorrect Usage: flag provided but not defined: -{}",
                flag.trim_start_matches('-')
            );
            Failure::new(1, text).with_hint(advice())
        }
        _ => Failure::new(1, advice()),
    }
}

/// The words of the group that has no command `wrong`: of those before it, the ones that lead there.
fn group(words: &[String], wrong: &str) -> String {
    let app = tree();
    let (mut at, mut path) = (&app, vec!["micro"]);
    for word in words.iter().take_while(|word| *word != wrong) {
        if let Some(next) = at.find_subcommand(word) {
            path.push(next.get_name());
            at = next;
        }
    }
    path.join(" ")
}
