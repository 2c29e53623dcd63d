//! Environment that depends on where the service is run.

use std::collections::BTreeMap;

use super::blocks::Block;
use super::lines::Line;
use super::{Mistake, properties};

/// The blocks `env NAME` of a file: what is added where the current environment is called so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environments(
    /// By the environment's name, in the file's order within each.
    pub BTreeMap<String, Vec<(String, String)>>,
);

impl Environments {
    /// The variables for an environment; none where the file has no block for it.
    pub fn of(&self, environment: &str) -> &[(String, String)] {
        self.0.get(environment).map_or(&[], Vec::as_slice)
    }

    /// Adds a block, whose variables must be none of the service's secrets: those are stronger.
    pub(super) fn add(
        &mut self,
        block: &Block<'_>,
        secrets: &BTreeMap<String, String>,
    ) -> Result<(), Mistake> {
        let name = name(&block.head)?;
        if self.0.contains_key(&name) {
            let what = format!("the environment {name} was said before");
            return Err(block
                .head
                .wrong(1, what, "write all of its variables below one line"));
        }
        let mut variables: Vec<(String, String)> = Vec::new();
        for line in &block.lines {
            let (variable, value) = properties::variable(line, 0, "GREETING hello")?;
            if secrets.contains_key(&variable) {
                let what = format!("{variable} is a secret of the service, which is stronger");
                return Err(line.wrong(0, what, "keep one of the two"));
            }
            if variables.iter().any(|(other, _)| *other == variable) {
                return Err(line.twice(0));
            }
            variables.push((variable, value));
        }
        self.0.insert(name, variables);
        Ok(())
    }
}

fn name(line: &Line<'_>) -> Result<String, Mistake> {
    const ADVICE: &str =
        "for example `env local`; a variable of the service is indented: `    env GREETING hello`";
    let wrong = |at, what: &str| Err(line.wrong(at, what.to_owned(), ADVICE));
    match line.words() {
        [_] => wrong(0, "the environment has no name"),
        // What `micro env add` takes for a name.
        [_, name]
            if name.text.is_empty()
                || name
                    .text
                    .contains(|letter: char| letter.is_whitespace() || ".=".contains(letter)) =>
        {
            wrong(1, "an environment's name has no dots, blanks or equals signs")
        }
        [_, name] => Ok(name.text.clone()),
        _ => wrong(2, "an environment's name is one word"),
    }
}
