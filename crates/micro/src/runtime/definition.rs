//! What a service's `.mu` file says: its name, how it is built and run, and what it needs of others.
//!
//! ```text
//! # One service per file; a comment begins at a # before a word.
//! service shop
//!     version v2
//!     build pip install -r requirements.txt
//!     command python3 main.py --verbose
//!     instances 2
//!     depends user payment
//!     env GREETING "hello there"
//!     secrets STRIPE_KEY payment.stripe.key
//!
//! # Only where the current environment is called so.
//! env local
//!     GREETING hi
//! ```
//!
//! The first line alone is a whole file. Properties are indented by blanks or a tab. Words are joined by quotes as in a
//! shell, and nothing else of a shell is meant: who needs one writes `command sh -c '...'`.
//!
//! A `micro.mu` may instead list the services of a folder; that is a [`Listing`].

mod blocks;
mod environments;
mod folder;
mod lines;
mod listing;
mod mistake;
mod nearest;
mod print;
mod properties;
mod resources;
mod routes;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use blocks::{Block, Kind};
pub use environments::Environments;
use lines::Line;
pub use listing::{Listed, Listing};
pub use mistake::Mistake;
pub use resources::Resources;
pub use routes::Route;
pub use words::split;

/// What a service's own file says.
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
    /// The services that must answer before this one starts.
    pub depends: Vec<String>,
    /// The topics that it publishes to or consumes; for people.
    pub topics: Vec<String>,
    /// The HTTP routes that it answers; for people.
    pub routes: Vec<Route>,
    /// How much it may use; for people.
    pub resources: Resources,
    /// More environment, by the environment of the command line.
    pub environments: Environments,
}

impl Definition {
    /// Reads a file's text; `file` is what mistakes call it. What is printed of a definition is read as the same again,
    /// as long as no text in it has a line break.
    ///
    /// ```
    /// use micro::runtime::definition::Definition;
    ///
    /// let text = "service shop\n    depends user\n";
    /// let shop = Definition::parse("shop.mu", text).unwrap();
    /// assert_eq!(shop.depends, ["user"]);
    /// assert_eq!(shop.to_string(), text);
    /// ```
    ///
    /// # Errors
    ///
    /// The first mistake in it.
    pub fn parse(file: &str, text: &str) -> Result<Self, Mistake> {
        let mut definition = Self::default();
        for block in blocks::read(file, text)? {
            let is_first = definition.name.is_empty();
            match block.kind() {
                Kind::Service if is_first => definition.read(&block)?,
                Kind::Service => return Err(second(&block.head)),
                Kind::Env if is_first => return Err(blocks::early(&block.head)),
                Kind::Env => definition.environments.add(&block, &definition.secrets)?,
                Kind::Other => return Err(blocks::unknown(&block.head, is_first)),
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
        let Some(path) = folder::choose(folder, service)? else {
            return Ok(None);
        };
        let (name, text) = folder::read(&path)?;
        let definition = Self::parse(&name, &text).map_err(|mistake| mistake.to_string())?;
        Ok(Some((path, definition)))
    }

    fn read(&mut self, block: &Block<'_>) -> Result<(), Mistake> {
        self.name = blocks::service_name(&block.head)?;
        block
            .lines
            .iter()
            .try_for_each(|line| properties::take(self, line))
    }
}

fn second(line: &Line<'_>) -> Mistake {
    let advice = "give the other service a folder and a file of its own, and list both in a `micro.mu` above them, each \
                  with a `path`";
    line.wrong(0, "one file describes one service".to_owned(), advice)
}

#[cfg(test)]
mod tests;
