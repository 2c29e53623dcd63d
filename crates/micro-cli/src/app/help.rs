//! How help looks: the sections, and their order, that readers of version 3 know.

use clap::Command;

/// Gives a command, and all below it, the known sections. `words` are those that lead to it.
pub(super) fn styled(mut command: Command, words: &str) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|inner| inner.get_name().to_owned())
        .collect();
    for name in names {
        let words = format!("{words} {name}");
        command = command.mut_subcommand(&name, |inner| {
            // One order for all is the order of their names; help comes last.
            styled(inner, &words).display_order(usize::from(name == "help"))
        });
    }
    let template = template(&command, words);
    command.display_name(words.to_owned()).help_template(template)
}

fn template(command: &Command, words: &str) -> String {
    let mut sections = vec!["NAME:\n   {name} - {about}", "USAGE:\n   {usage}"];
    if command.has_subcommands() {
        sections.push("COMMANDS:\n{subcommands}");
    }
    if command.get_positionals().next().is_some() {
        sections.push("ARGUMENTS:\n{positionals}");
    }
    sections.push(match words.contains(' ') {
        true => "OPTIONS:\n{options}",
        false => "GLOBAL OPTIONS:\n{options}",
    });
    // What comes after begins with an empty line of its own.
    sections.join("\n\n") + "{after-help}"
}
