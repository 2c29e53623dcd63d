//! What a service's `.mu` file says: its name, and how it is built and run.
//!
//! ```text
//! # One service per file; a comment begins at a # before a word.
//! service shop
//!     version v2
//!     build pip install -r requirements.txt
//!     command python3 main.py --verbose
//!     instances 2
//!     env GREETING "hello there"
//!     secret STRIPE_KEY payment.stripe.key
//! ```
//!
//! The first line alone is a whole file. Properties are indented by a tab or at least two spaces. Words are joined by
//! quotes as in a shell, and nothing else of a shell is meant: who needs one writes `command sh -c '...'`.

mod lines;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use lines::Line;
pub use words::split;

/// The file for a folder that has a name of its own.
const ANY_NAME: &str = "micro.mu";

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    /// The service's short name.
    pub name: String,
    /// For people.
    pub description: String,
    /// `None` where the file does not say.
    pub version: Option<String>,
    /// Commands that make it ready to run, in their order.
    pub build: Vec<Vec<String>>,
    /// What runs it; empty for a service that cargo builds.
    pub command: Vec<String>,
    /// How many processes; `None` where the file does not say.
    pub instances: Option<usize>,
    /// Environment.
    pub env: Vec<(String, String)>,
    /// Environment whose values are settings of the namespace: name to path.
    pub secrets: BTreeMap<String, String>,
}

/// The properties of a service, as they are written.
const PROPERTIES: &[&str] = &[
    "build",
    "command",
    "description",
    "env",
    "instances",
    "secret",
    "version",
];

/// Where a file is wrong, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file's name.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The whole line.
    pub text: String,
    /// How many characters of it are meant.
    pub length: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub advice: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            text,
            ..
        } = self;
        let margin = " ".repeat(line.to_string().len());
        // Tabs stay tabs, so that the caret stands where the terminal shows the word.
        let indent: String = text.chars().take(column - 1).map(blank).collect();
        let carets = "^".repeat(self.length.max(1));
        write!(f, "{file}:{line}:{column}: {}\n{line} | {text}\n", self.what)?;
        write!(f, "{margin} | {indent}{carets}\n{}", self.advice)
    }
}

impl std::error::Error for Mistake {}

fn blank(letter: char) -> char {
    if letter == '\t' { '\t' } else { ' ' }
}

impl Definition {
    /// Reads a file's text; `file` is what mistakes call it.
    ///
    /// # Errors
    ///
    /// The first mistake in it.
    pub fn parse(file: &str, text: &str) -> Result<Self, Mistake> {
        let mut definition = Self::default();
        for line in lines::read(file, text)? {
            match (line.is_indented(), definition.name.is_empty()) {
                (false, true) => definition.name = service_name(&line)?,
                (false, false) => return Err(second(&line)),
                (true, true) => {
                    let what = format!("{} belongs to no service", line.first().text);
                    return Err(line.wrong(0, what, "begin the file with `service NAME`"));
                }
                (true, false) => definition.take(&line)?,
            }
        }
        if definition.name.is_empty() {
            return Err(lines::nothing(file, text));
        }
        Ok(definition)
    }

    /// The file of a service's folder, and what it says; `None` where there is none. Among several it is `micro.mu`,
    /// or the one that is called like the service or the folder.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, or which files there are, in words.
    pub fn find(folder: &Path, service: Option<&str>) -> Result<Option<(PathBuf, Self)>, String> {
        let Some(path) = choose(folder, service)? else {
            return Ok(None);
        };
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {name}: {error}"))?;
        let definition = Self::parse(&name, &text).map_err(|mistake| mistake.to_string())?;
        Ok(Some((path, definition)))
    }

    fn take(&mut self, line: &Line<'_>) -> Result<(), Mistake> {
        match line.first().text.as_str() {
            "build" => self
                .build
                .push(line.command("build pip install -r requirements.txt")?),
            "command" => once(line, &mut self.command, line.command("command python3 main.py")?)?,
            "description" => once(
                line,
                &mut self.description,
                line.command("description what it does")?.join(" "),
            )?,
            "version" => once(line, &mut self.version, Some(version(line)?))?,
            "instances" => once(line, &mut self.instances, Some(instances(line)?))?,
            "env" => {
                let (name, value) = variable(line, "env GREETING hello")?;
                self.env.push((name, value));
            }
            "secret" => {
                let (name, path) = variable(line, "secret STRIPE_KEY payment.stripe.key")?;
                crate::config::document::names(&path)
                    .map_err(|error| line.wrong(2, error.detail, "for example `payment.stripe.key`"))?;
                self.secrets.insert(name, path);
            }
            other => {
                let what = format!("a service has no property {other}");
                return Err(line.wrong(0, what, nearest(other)));
            }
        }
        Ok(())
    }
}

fn service_name(line: &Line<'_>) -> Result<String, Mistake> {
    const ADVICE: &str = "write `service NAME`";
    match line.words() {
        [keyword, ..] if keyword.text != "service" => {
            let what = format!("{} is no beginning of a definition", keyword.text);
            Err(line.wrong(0, what, ADVICE))
        }
        [_, name] => {
            let name = super::super::registry::short_name(&name.text).to_owned();
            let key = super::Key::new("micro", &name, "");
            match key.check() {
                Ok(()) => Ok(name),
                Err(error) => Err(line.wrong(1, error.detail, "for example `service user`")),
            }
        }
        [_] => Err(line.wrong(0, "the service has no name".to_owned(), ADVICE)),
        _ => Err(line.wrong(2, "a service's name is one word".to_owned(), ADVICE)),
    }
}

fn second(line: &Line<'_>) -> Mistake {
    let keyword = &line.first().text;
    if keyword == "service" {
        let advice = "give the other service a folder and a file of its own";
        return line.wrong(0, "one file describes one service".to_owned(), advice);
    }
    let advice = if PROPERTIES.contains(&keyword.as_str()) {
        "indent it by four spaces: it is a property of the service".to_owned()
    } else {
        nearest(keyword)
    };
    line.wrong(0, format!("{keyword} is no beginning of a definition"), advice)
}

fn once<T: Default + PartialEq>(line: &Line<'_>, place: &mut T, value: T) -> Result<(), Mistake> {
    if *place != T::default() {
        let what = format!("{} was said before", line.first().text);
        return Err(line.wrong(0, what, "keep one of the two lines"));
    }
    *place = value;
    Ok(())
}

fn version(line: &Line<'_>) -> Result<String, Mistake> {
    let version = line.only("version v2")?;
    match super::Key::new("micro", "x", &version).check() {
        Ok(()) => Ok(version),
        Err(error) => Err(line.wrong(1, error.detail, "for example `version v2`")),
    }
}

fn instances(line: &Line<'_>) -> Result<usize, Mistake> {
    let number = line.only("instances 2")?;
    match number.parse() {
        Ok(number @ 1..=super::MOST_INSTANCES) => Ok(number),
        _ => {
            let what = format!(
                "{number} is no number of processes from 1 to {}",
                super::MOST_INSTANCES
            );
            Err(line.wrong(1, what, "for example `instances 2`"))
        }
    }
}

/// `KEYWORD NAME VALUE...`
fn variable(line: &Line<'_>, example: &str) -> Result<(String, String), Mistake> {
    let advice = format!("for example `{example}`");
    let Some(name) = line.words().get(1) else {
        return Err(line.wrong(0, "it needs a name and a value".to_owned(), advice));
    };
    let is_name = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && text
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    if let Some((before, after)) = name.text.split_once('=').filter(|(before, _)| is_name(before)) {
        let advice = format!("write a blank: `{} {before} {after}`", line.first().text);
        return Err(line.wrong(1, "name and value are two words".to_owned(), advice));
    }
    if !is_name(&name.text) {
        let what = format!("{} is no name of a variable", name.text);
        return Err(line.wrong(1, what, advice));
    }
    let value: Vec<&str> = line.words()[2..].iter().map(|word| word.text.as_str()).collect();
    if value.is_empty() {
        return Err(line.wrong(1, format!("{} has no value", name.text), advice));
    }
    Ok((name.text.clone(), value.join(" ")))
}

/// The property that was probably meant, else all there are.
fn nearest(word: &str) -> String {
    let close = PROPERTIES
        .iter()
        .map(|known| (distance(word, known), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 2);
    match close {
        Some((_, known)) => format!("do you mean `{known}`?"),
        None => format!("the properties are {}", PROPERTIES.join(", ")),
    }
}

/// How many letters must be added, removed or replaced.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, wanted) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *wanted);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

fn choose(folder: &Path, service: Option<&str>) -> Result<Option<PathBuf>, String> {
    let listed =
        std::fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = listed
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "mu") && path.is_file())
        .collect();
    files.sort();
    let of_folder = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let preferred = service.map(str::to_owned).into_iter().chain(of_folder);
    let preferred: Vec<String> = preferred
        .map(|name| format!("{name}.mu"))
        .chain([ANY_NAME.to_owned()])
        .collect();
    let named = preferred.iter().find_map(|name| {
        files
            .iter()
            .find(|path| path.file_name().is_some_and(|file| file == name.as_str()))
    });
    match (named, files.as_slice()) {
        (Some(named), _) => Ok(Some(named.clone())),
        (None, []) => Ok(None),
        (None, [only]) => Ok(Some(only.clone())),
        (None, several) => {
            let names: Vec<String> = several
                .iter()
                .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
                .collect();
            Err(format!(
                "More than one .mu file found ({}): call the service's own {ANY_NAME}",
                names.join(", ")
            ))
        }
    }
}

#[cfg(test)]
mod tests;
