//! Help, in the layout that users of Micro know.

use clap::{Arg, Command};

use crate::errors::{Failure, Result};
use crate::output;

/// Prints the help of a command.
pub fn print(root: &Command, path: &[String]) -> Result<()> {
    let mut command = root;
    let mut name = root.get_name().to_owned();
    for word in path {
        let Some(found) = command.find_subcommand(word) else {
            return Err(Failure::plain(format!("Unrecognized micro command: {word}. Please refer to 'micro --help'"))
                .hint(format!("if {word} is a service: micro {word} --help")));
        };
        command = found;
        name = format!("{name} {}", command.get_name());
    }
    output::print(&text(command, &name, path.is_empty()));
    Ok(())
}

fn text(command: &Command, name: &str, is_root: bool) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut text = format!("NAME:\n   {name} - {}\n\nUSAGE:\n   {}\n", about.trim_end_matches('.'), usage(command, name));
    if let Some(long) = command.get_long_about() {
        text += &format!("\nDESCRIPTION:\n{}\n", indented(&long.to_string()));
    }
    text += &section("COMMANDS", &commands(command, is_root));
    if !is_root {
        text += &section("OPTIONS", &options(command));
    }
    if let Some(examples) = command.get_after_help() {
        text += &format!("\nEXAMPLES:\n{}\n", indented(&examples.to_string()));
    }
    if is_root {
        let mut globals = options(command);
        globals.push(("--help, -h".to_owned(), "show help; after a command, that command's".to_owned()));
        globals.push(("--version, -v".to_owned(), "print the version".to_owned()));
        text += &section("GLOBAL OPTIONS", &globals);
    }
    text
}

fn usage(command: &Command, name: &str) -> String {
    let mut usage = name.to_owned();
    if command.get_name() == "micro" {
        usage += " [global options]";
    }
    if command.has_subcommands() {
        return usage + " command [command options] [arguments...]";
    }
    if command.get_arguments().any(|arg| !arg.is_positional()) {
        usage += " [command options]";
    }
    for arg in command.get_positionals() {
        let name = value_name(arg).unwrap_or_default();
        let dots = if arg.get_num_args().is_some_and(|range| range.max_values() > 1) { "..." } else { "" };
        usage += &if arg.is_required_set() { format!(" {name}{dots}") } else { format!(" [{name}{dots}]") };
    }
    usage
}

fn commands(command: &Command, is_root: bool) -> Vec<(String, String)> {
    let about = |command: &Command| command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut rows: Vec<_> = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(|command| (command.get_name().to_owned(), about(command)))
        .collect();
    rows.sort();
    if !rows.is_empty() {
        rows.push(("help, h".to_owned(), "Show a list of commands, or help for one".to_owned()));
    }
    if is_root {
        rows.push(("<service>".to_owned(), "Call a service: micro helloworld --help lists what it answers".to_owned()));
    }
    rows
}

fn options(command: &Command) -> Vec<(String, String)> {
    let shown = command.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_hide_set());
    shown.map(|arg| (names(arg), description(arg))).collect()
}

fn names(arg: &Arg) -> String {
    let value = if arg.get_action().takes_values() { value_name(arg) } else { None };
    let long = arg.get_long().map(|long| format!("--{long}")).into_iter();
    let short = arg.get_short().map(|short| format!("-{short}"));
    let aliases = arg.get_visible_aliases().unwrap_or_default().into_iter().map(|alias| format!("--{alias}"));
    let names: Vec<String> = long.chain(aliases).chain(short).collect();
    names.join(", ") + &value.map(|value| format!(" {value}")).unwrap_or_default()
}

fn value_name(arg: &Arg) -> Option<String> {
    arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string)
}

fn description(arg: &Arg) -> String {
    let mut text = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if !defaults.is_empty() && arg.get_action().takes_values() {
        text += &format!(" (default: {})", defaults.join(", "));
    }
    if let Some(variable) = arg.get_env() {
        text += &format!(" [${}]", variable.to_string_lossy());
    }
    text
}

fn section(title: &str, rows: &[(String, String)]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let line = |(name, text): &(String, String)| format!("   {name:width$}  {text}").trim_end().to_owned() + "\n";
    format!("\n{title}:\n{}", rows.iter().map(line).collect::<String>())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("   {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(command: &Command, name: &str, check: &mut dyn FnMut(&Command, &str)) {
        check(command, name);
        for command in command.get_subcommands() {
            each(command, &format!("{name} {}", command.get_name()), check);
        }
    }

    #[test]
    fn every_command_and_flag_is_explained_and_every_command_has_an_example() {
        each(crate::app::command(), "micro", &mut |command, name| {
            let text = text(command, name, name == "micro");
            assert!(command.get_about().is_some(), "{name} does what?");
            let examples = text.split("EXAMPLES:\n").nth(1).unwrap_or_default();
            assert!(examples.contains(name), "an example of {name}:\n{text}");
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                assert!(arg.get_help().is_some(), "{name}: {} is what?", arg.get_id());
            }
        });
    }

    #[test]
    fn the_layout_is_the_known_one() {
        let root = crate::app::command();
        let whole = text(root, "micro", true);
        let heads: Vec<&str> = whole.lines().filter(|line| line.ends_with(':') && !line.starts_with(' ')).collect();
        assert_eq!(heads, ["NAME:", "USAGE:", "COMMANDS:", "EXAMPLES:", "GLOBAL OPTIONS:"]);
        let logs = text(root.find_subcommand("logs").unwrap(), "micro logs", false);
        assert!(logs.starts_with("NAME:\n   micro logs - "), "{logs}");
        assert!(logs.contains("USAGE:\n   micro logs [command options] NAME[@VERSION]\n"), "{logs}");
        assert!(logs.contains("   --lines, -n COUNT"), "{logs}");
        assert!(logs.contains("(default: 15)"), "{logs}");
    }
}
