//! Lines that are no commands.

use clap::error::{ContextKind, ErrorKind};

use super::tree;
use crate::errors::Failure;

/// Whether the words are those of a command, and no more.
pub(super) fn is_bare(words: &[String]) -> bool {
    let app = tree();
    let end = words
        .iter()
        .try_fold(&app, |command, word| command.find_subcommand(word));
    end.is_some()
}

/// What was wrong with the line, in the words that scripts know.
pub(super) fn misuse(error: &clap::Error, words: &[String]) -> Failure {
    let named = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    let full = error.render().to_string();
    let advice = || full.trim_end().trim_start_matches("error: ").to_owned();
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = named(ContextKind::InvalidSubcommand);
            let command = words
                .iter()
                .take_while(|known| **known != word)
                .cloned()
                .collect::<Vec<_>>()
                .join(" ");
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
