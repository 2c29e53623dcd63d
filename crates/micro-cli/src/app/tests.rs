use clap::Command;

use super::tree;

/// All commands below one, with the words that lead to each.
fn walk(command: &Command, words: &str, visit: &mut dyn FnMut(&Command, &str)) {
    for inner in command.get_subcommands() {
        let words = format!("{words} {}", inner.get_name());
        visit(inner, &words);
        walk(inner, &words, visit);
    }
}

#[test]
fn every_command_shows_an_example_of_itself() {
    let mut lacking = Vec::new();
    let mut seen = 0;
    walk(&tree(), "micro", &mut |command, words| {
        // A group is explained by the list of its commands.
        if command.has_subcommands() {
            return;
        }
        seen += 1;
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let example = help.split("EXAMPLE:").nth(1).unwrap_or_default();
        if !example.lines().any(|line| line.contains(words)) {
            lacking.push(words.to_owned());
        }
    });
    assert!(seen > 50, "the tree was walked: {seen}");
    assert!(lacking.is_empty(), "without an example: {}", lacking.join(", "));
}

#[test]
fn every_command_and_flag_says_what_it_is_for() {
    let mut silent = Vec::new();
    walk(&tree(), "micro", &mut |command, words| {
        if command.get_about().is_none() {
            silent.push(words.to_owned());
        }
        let hidden = |argument: &&clap::Arg| !argument.is_hide_set() && argument.get_help().is_none();
        silent.extend(
            command
                .get_arguments()
                .filter(hidden)
                .map(|argument| format!("{words} {}", argument.get_id())),
        );
    });
    assert!(silent.is_empty(), "without a word: {}", silent.join(", "));
}

#[test]
fn values_of_flags_are_no_part_of_a_command() {
    let line = |words: &str| {
        let words = words.split(' ').map(str::to_owned).collect();
        super::parse(words).err().map(|failure| failure.text)
    };
    let text = "Unrecognized subcommand for micro store: dance. Please refer to 'micro store --help'";
    for words in [
        "micro store dance",
        "micro --env store-1 store dance",
        "micro -o json store dance now",
    ] {
        assert_eq!(line(words).as_deref(), Some(text), "{words}");
    }
    for words in ["micro store read", "micro --env local call", "micro store"] {
        assert_eq!(line(words), None, "{words} is explained");
    }
    assert!(line("micro call one").is_some_and(|text| text.contains("<ENDPOINT>")));
}

#[test]
fn the_tree_is_sound() {
    tree().debug_assert();
}

#[test]
fn completion_knows_every_command() {
    let args = crate::completion::CompletionArgs::bash();
    let script = crate::completion::script(&args, &mut tree());
    let script = String::from_utf8(script).unwrap();
    for word in ["doctor", "namespace", "network", "debug", "shutdown", "service"] {
        assert!(script.contains(word), "{word}");
    }
}

#[test]
fn help_has_the_known_sections_in_their_order() {
    let at = |text: &str, part: &str| text.find(part).unwrap_or_else(|| panic!("no {part} in {text}"));
    let mut app = tree();
    app.build();
    let whole = app.render_help().to_string();
    assert!(at(&whole, "COMMANDS:\n") < at(&whole, "GLOBAL OPTIONS:\n"));
    assert!(
        at(&whole, "\n  auth ") < at(&whole, "\n  blob ")
            && at(&whole, "\n  user ") < at(&whole, "\n  help ")
    );
    let store = app.find_subcommand_mut("store").unwrap();
    let text = store.render_help().to_string();
    assert!(
        text.starts_with("NAME:\n   micro store - Read and write records\n\nUSAGE:\n   micro store "),
        "{text}"
    );
    let read = store
        .find_subcommand_mut("read")
        .unwrap()
        .render_help()
        .to_string();
    assert!(read.starts_with("NAME:\n   micro store read - "), "{read}");
    assert!(
        at(&read, "ARGUMENTS:\n") < at(&read, "OPTIONS:\n")
            && at(&read, "OPTIONS:\n") < at(&read, "EXAMPLE:\n")
    );
}
