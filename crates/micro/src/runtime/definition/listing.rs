//! What a `micro.mu` above several services says: which there are, and where.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use super::blocks::{self, Block, Kind};
use super::lines::{self, Line};
use super::{Environments, Mistake, folder, nearest, properties};

/// What a line below `service NAME` may say in a list.
const PROPERTIES: &[&str] = &["depends", "path"];

/// The services of a folder.
///
/// ```text
/// service user
///     path ./user
///
/// service email
///     path ./email
///     depends user
///
/// env local
///     LEVEL debug
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// In the file's order; at least one.
    pub services: Vec<Listed>,
    /// More environment for each of them; it is stronger than what their own files say.
    pub environments: Environments,
}

/// A service, and where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The service's short name.
    pub name: String,
    /// Its folder, as it is written: relative to the folder of the file.
    pub path: String,
    /// The services that must answer before it starts, besides those that its own file names.
    pub depends: Vec<String>,
}

impl Listing {
    /// Reads a file's text; `file` is what mistakes call it.
    ///
    /// # Errors
    ///
    /// The first mistake in it.
    pub fn parse(file: &str, text: &str) -> Result<Self, Mistake> {
        let mut listing = Self::default();
        for block in blocks::read(file, text)? {
            let is_first = listing.services.is_empty();
            match block.kind() {
                Kind::Service => listing.add(&block)?,
                Kind::Env if is_first => return Err(blocks::early(&block.head)),
                Kind::Env => listing.environments.add(&block, &BTreeMap::new())?,
                Kind::Other => return Err(blocks::unknown(&block.head, is_first)),
            }
        }
        if listing.services.is_empty() {
            return Err(lines::nothing(file, text));
        }
        Ok(listing)
    }

    /// The list in a folder's `micro.mu`; `None` where that file is not there, or describes a service of its own: it
    /// has neither a second service nor a `path`.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, in words.
    pub fn find(folder: &Path) -> Result<Option<Self>, String> {
        let path = folder.join(folder::ANY_NAME);
        if !path.is_file() {
            return Ok(None);
        }
        let (name, text) = folder::read(&path)?;
        if !is_list(&name, &text) {
            return Ok(None);
        }
        let listing = Self::parse(&name, &text).map_err(|mistake| mistake.to_string())?;
        Ok(Some(listing))
    }

    fn add(&mut self, block: &Block<'_>) -> Result<(), Mistake> {
        let mut listed = Listed {
            name: blocks::service_name(&block.head)?,
            ..Listed::default()
        };
        if self.services.iter().any(|other| other.name == listed.name) {
            return Err(block.head.twice(1));
        }
        for line in &block.lines {
            listed.take(line)?;
        }
        if listed.path.is_empty() {
            let what = format!("where {} is is not said", listed.name);
            let advice = format!("add an indented line, for example `path ./{}`", listed.name);
            return Err(block.head.wrong(1, what, advice));
        }
        self.services.push(listed);
        Ok(())
    }
}

impl Listed {
    fn take(&mut self, line: &Line<'_>) -> Result<(), Mistake> {
        match line.first().text.as_str() {
            "path" => properties::once(line, &mut self.path, path(line)?),
            "depends" => properties::depends(line, &self.name, &mut self.depends),
            other if properties::NAMES.contains(&other) => {
                let what = format!("a list of services does not say {other}");
                Err(line.wrong(0, what, "write it in the file in the service's own folder"))
            }
            other => {
                let what = format!("a service in a list has no property {other}");
                Err(line.wrong(0, what, nearest::advice(other, PROPERTIES)))
            }
        }
    }
}

/// Within the folder of the file: what lies elsewhere is no part of it.
fn path(line: &Line<'_>) -> Result<String, Mistake> {
    let text = line.only("path ./user")?;
    let is_within = Path::new(&text)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if text.is_empty() || !is_within {
        let what = format!("{text:?} is no folder below this one");
        return Err(line.wrong(1, what, "for example `path ./user`"));
    }
    Ok(text)
}

/// Whether a file lists services. One that cannot be cut into blocks is no list: its mistake is found where it is read.
fn is_list(file: &str, text: &str) -> bool {
    let Ok(blocks) = blocks::read(file, text) else {
        return false;
    };
    let services = || {
        blocks
            .iter()
            .filter(|block| matches!(block.kind(), Kind::Service))
    };
    let says_path = |line: &Line<'_>| line.first().text == "path";
    services().count() > 1 || services().any(|block| block.lines.iter().any(says_path))
}
