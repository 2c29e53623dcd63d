//! The blocks of a file: a line at the margin, and the indented ones below it.

use super::lines::{self, Line};
use super::{Mistake, nearest, properties};
use crate::runtime::Key;

const BEGIN: &str = "begin the file with `service NAME`";

/// A line at the margin and what is indented below it.
pub struct Block<'a> {
    pub head: Line<'a>,
    pub lines: Vec<Line<'a>>,
}

/// What a block is about.
pub enum Kind {
    Service,
    Env,
    Other,
}

impl Block<'_> {
    pub fn kind(&self) -> Kind {
        match self.head.first().text.as_str() {
            "service" => Kind::Service,
            "env" => Kind::Env,
            _ => Kind::Other,
        }
    }
}

/// Cuts a file; whoever reads the blocks says what is wrong with their heads, so that the first mistake is told first.
pub fn read<'a>(file: &'a str, text: &'a str) -> Result<Vec<Block<'a>>, Mistake> {
    let mut blocks: Vec<Block<'a>> = Vec::new();
    for line in lines::read(file, text)? {
        match (line.is_indented(), blocks.last_mut()) {
            (false, _) => blocks.push(Block {
                head: line,
                lines: Vec::new(),
            }),
            (true, Some(block)) => block.lines.push(line),
            (true, None) => {
                let what = format!("{} belongs to no service", line.first().text);
                return Err(line.wrong(0, what, BEGIN));
            }
        }
    }
    Ok(blocks)
}

/// The short name of a line `service NAME`.
pub fn service_name(line: &Line<'_>) -> Result<String, Mistake> {
    match line.words().len() {
        1 => Err(line.wrong(0, "the service has no name".to_owned(), "write `service NAME`")),
        2 => name_at(line, 1),
        _ => Err(line.wrong(
            2,
            "a service's name is one word".to_owned(),
            "write `service NAME`",
        )),
    }
}

/// The word of a line that is a service's name.
pub fn name_at(line: &Line<'_>, at: usize) -> Result<String, Mistake> {
    let name = crate::registry::short_name(&line.words()[at].text).to_owned();
    match Key::new("micro", &name, "").check() {
        Ok(()) => Ok(name),
        Err(error) => {
            let keyword = &line.first().text;
            Err(line.wrong(at, error.detail, format!("for example `{keyword} user`")))
        }
    }
}

/// The mistake of an environment above all services.
pub fn early(line: &Line<'_>) -> Mistake {
    line.wrong(0, "an environment stands below its service".to_owned(), BEGIN)
}

/// The mistake of a line at the margin that begins no block.
pub fn unknown(line: &Line<'_>, is_first: bool) -> Mistake {
    let keyword = line.first().text.as_str();
    let advice = if is_first {
        "write `service NAME`".to_owned()
    } else if properties::NAMES.contains(&keyword) {
        "indent it by four spaces: it is a property of the service".to_owned()
    } else {
        nearest::advice(keyword, properties::NAMES)
    };
    line.wrong(0, format!("{keyword} is no beginning of a definition"), advice)
}
