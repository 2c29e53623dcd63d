//! Files as text, which is read as the same again.

use std::fmt::{self, Display, Formatter};

use super::{Definition, Environments, Listing};

impl Display for Definition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "service {}", self.name)?;
        property(
            f,
            "description",
            Some(&self.description).filter(|text| !text.is_empty()).map(text),
        )?;
        property(f, "version", self.version.as_deref().map(word))?;
        property(f, "build", self.build.iter().map(|command| words(command)))?;
        property(f, "command", some_words(&self.command))?;
        property(f, "instances", self.instances)?;
        property(f, "depends", some_words(&self.depends))?;
        property(f, "topics", some_words(&self.topics))?;
        property(f, "routes", &self.routes)?;
        property(
            f,
            "resources",
            Some(self.resources.to_string()).filter(|text| !text.is_empty()),
        )?;
        property(f, "env", self.env.iter().map(variable))?;
        property(
            f,
            "secrets",
            self.secrets
                .iter()
                .map(|(name, path)| format!("{name} {}", text(path))),
        )?;
        self.environments.fmt(f)
    }
}

impl Display for Listing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, service) in self.services.iter().enumerate() {
            let gap = if at == 0 { "" } else { "\n" };
            writeln!(f, "{gap}service {}", service.name)?;
            property(f, "path", [word(&service.path)])?;
            property(f, "depends", some_words(&service.depends))?;
        }
        self.environments.fmt(f)
    }
}

impl Display for Environments {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (name, variables) in &self.0 {
            writeln!(f, "\nenv {}", word(name))?;
            for pair in variables {
                writeln!(f, "    {}", variable(pair))?;
            }
        }
        Ok(())
    }
}

/// A line for each value.
fn property<T: Display>(
    f: &mut Formatter<'_>,
    name: &str,
    values: impl IntoIterator<Item = T>,
) -> fmt::Result {
    values
        .into_iter()
        .try_for_each(|value| writeln!(f, "    {name} {value}"))
}

fn variable((name, value): &(String, String)) -> String {
    format!("{name} {}", text(value))
}

fn some_words(all: &[String]) -> Option<String> {
    (!all.is_empty()).then(|| words(all))
}

fn words(all: &[String]) -> String {
    let quoted: Vec<String> = all.iter().map(|text| word(text)).collect();
    quoted.join(" ")
}

/// What is read as one text: without quotes where blanks between words are all that it has.
fn text(text: &impl AsRef<str>) -> String {
    let text = text.as_ref();
    match text.split(' ').all(is_plain) {
        true => text.to_owned(),
        false => word(text),
    }
}

/// One word, in quotes where it has to be.
fn word(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn is_plain(word: &str) -> bool {
    let is_plain =
        |letter: char| !letter.is_whitespace() && !letter.is_control() && !"\"'\\".contains(letter);
    !word.is_empty() && !word.starts_with('#') && word.chars().all(is_plain)
}
