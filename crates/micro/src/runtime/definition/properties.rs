//! What the lines below `service NAME` say.

use super::blocks::name_at;
use super::lines::Line;
use super::{Definition, Mistake, nearest, resources, routes};
use crate::runtime::{Key, MOST_INSTANCES};

/// The properties of a service, as they are written.
pub const NAMES: &[&str] = &[
    "build",
    "command",
    "depends",
    "description",
    "env",
    "instances",
    "resources",
    "routes",
    "secrets",
    "topics",
    "version",
];

/// Adds what a line says to a definition.
pub fn take(definition: &mut Definition, line: &Line<'_>) -> Result<(), Mistake> {
    match line.first().text.as_str() {
        "build" => {
            let command = line.command("build pip install -r requirements.txt")?;
            definition.build.push(command);
        }
        "command" => once(
            line,
            &mut definition.command,
            line.command("command python3 main.py")?,
        )?,
        "depends" => depends(line, &definition.name, &mut definition.depends)?,
        "description" => {
            let text = line.command("description what it does")?.join(" ");
            once(line, &mut definition.description, text)?;
        }
        "env" => env(definition, line)?,
        "instances" => once(line, &mut definition.instances, Some(instances(line)?))?,
        "path" => return Err(misplaced_path(line)),
        "resources" => once(line, &mut definition.resources, resources::read(line)?)?,
        "routes" => distinct(line, 1, &mut definition.routes, routes::read(line)?)?,
        "secret" | "secrets" => secret(definition, line)?,
        "topics" => topics(line, &mut definition.topics)?,
        "version" => once(line, &mut definition.version, Some(version(line)?))?,
        other => {
            let what = format!("a service has no property {other}");
            return Err(line.wrong(0, what, nearest::advice(other, NAMES)));
        }
    }
    Ok(())
}

/// Fills a place that only one line may fill.
pub fn once<T: Default + PartialEq>(line: &Line<'_>, place: &mut T, value: T) -> Result<(), Mistake> {
    if *place != T::default() {
        return Err(line.twice(0));
    }
    *place = value;
    Ok(())
}

/// `depends NAME...` of a service.
pub fn depends(line: &Line<'_>, service: &str, known: &mut Vec<String>) -> Result<(), Mistake> {
    line.command("depends user")?;
    for at in 1..line.words().len() {
        let name = name_at(line, at)?;
        if name == service {
            let what = format!("{name} cannot wait for itself");
            return Err(line.wrong(at, what, "name the other services that it calls"));
        }
        distinct(line, at, known, name)?;
    }
    Ok(())
}

/// `NAME VALUE...`, where the name is the word at that place.
pub fn variable(line: &Line<'_>, at: usize, example: &str) -> Result<(String, String), Mistake> {
    let advice = format!("for example `{example}`");
    let Some(name) = line.words().get(at) else {
        return Err(line.wrong(0, "it needs a name and a value".to_owned(), advice));
    };
    if let Some((before, after)) = name
        .text
        .split_once('=')
        .filter(|(before, _)| is_variable(before))
    {
        let keyword = match at {
            0 => String::new(),
            _ => format!("{} ", line.first().text),
        };
        let advice = format!("write a blank: `{keyword}{before} {after}`");
        return Err(line.wrong(at, "name and value are two words".to_owned(), advice));
    }
    if !is_variable(&name.text) {
        let what = format!("{} is no name of a variable", name.text);
        return Err(line.wrong(at, what, advice));
    }
    let value: Vec<&str> = line.words()[at + 1..]
        .iter()
        .map(|word| word.text.as_str())
        .collect();
    if value.is_empty() {
        return Err(line.wrong(at, format!("{} has no value", name.text), advice));
    }
    Ok((name.text.clone(), value.join(" ")))
}

fn is_variable(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn env(definition: &mut Definition, line: &Line<'_>) -> Result<(), Mistake> {
    let (name, value) = variable(line, 1, "env GREETING hello")?;
    refuse_known(definition, line, &name)?;
    definition.env.push((name, value));
    Ok(())
}

fn secret(definition: &mut Definition, line: &Line<'_>) -> Result<(), Mistake> {
    let (name, path) = variable(line, 1, "secrets STRIPE_KEY payment.stripe.key")?;
    crate::config::document::names(&path)
        .map_err(|error| line.wrong(2, error.detail, "for example `payment.stripe.key`"))?;
    refuse_known(definition, line, &name)?;
    definition.secrets.insert(name, path);
    Ok(())
}

/// A variable has one value: of two lines for it, one would be there for nothing.
fn refuse_known(definition: &Definition, line: &Line<'_>, name: &str) -> Result<(), Mistake> {
    let is_variable = definition.env.iter().any(|(other, _)| other == name);
    if is_variable || definition.secrets.contains_key(name) {
        return Err(line.twice(1));
    }
    Ok(())
}

fn topics(line: &Line<'_>, known: &mut Vec<String>) -> Result<(), Mistake> {
    line.command("topics orders")?;
    for (at, word) in line.words().iter().enumerate().skip(1) {
        if word.text.is_empty() || word.text.contains(char::is_whitespace) {
            let what = "a topic is a word without blanks".to_owned();
            return Err(line.wrong(at, what, "for example `topics orders payments`"));
        }
        distinct(line, at, known, word.text.clone())?;
    }
    Ok(())
}

fn distinct<T: PartialEq>(line: &Line<'_>, at: usize, known: &mut Vec<T>, new: T) -> Result<(), Mistake> {
    if known.contains(&new) {
        return Err(line.twice(at));
    }
    known.push(new);
    Ok(())
}

fn version(line: &Line<'_>) -> Result<String, Mistake> {
    let version = line.only("version v2")?;
    match Key::new("micro", "x", &version).check() {
        Ok(()) => Ok(version),
        Err(error) => Err(line.wrong(1, error.detail, "for example `version v2`")),
    }
}

fn instances(line: &Line<'_>) -> Result<usize, Mistake> {
    let number = line.only("instances 2")?;
    match number.parse() {
        Ok(number @ 1..=MOST_INSTANCES) => Ok(number),
        _ => {
            let what = format!("{number} is no number of processes from 1 to {MOST_INSTANCES}");
            Err(line.wrong(1, what, "for example `instances 2`"))
        }
    }
}

fn misplaced_path(line: &Line<'_>) -> Mistake {
    let what = "a service's own file has no path: the service is where the file is".to_owned();
    line.wrong(
        0,
        what,
        "remove the line; only a `micro.mu` that lists services has paths",
    )
}
