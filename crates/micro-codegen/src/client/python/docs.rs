//! Comments of a contract, as docstrings.

use super::layout::Source;

/// Writes lines as a docstring, or nothing if there are none.
pub fn emit(source: &mut Source, lines: &[String]) {
    let lines = wrap(clean(lines), source.width());
    match lines.as_slice() {
        [] => {}
        [one] => source.line(&format!("\"\"\"{}\"\"\"", quoted(one))),
        [first, rest @ ..] => {
            source.line(&format!("\"\"\"{}", opening(first)));
            rest.iter().for_each(|line| source.line(line));
            source.line("\"\"\"");
        }
    }
}

/// Writes them below the attribute that they are about, and apart from the next one.
pub fn emit_beside(source: &mut Source, lines: &[String]) {
    let before = source.text().len();
    emit(source, lines);
    if source.text().len() > before {
        source.want_blank();
    }
}

/// A line that neither begins nor ends with a quote of its own.
fn quoted(line: &str) -> String {
    let after = if line.ends_with('"') { " " } else { "" };
    format!("{}{after}", opening(line))
}

fn opening(line: &str) -> String {
    let before = if line.starts_with('"') { " " } else { "" };
    format!("{before}{line}")
}

/// Escaped, without tabs, and with the indentation that `inspect.cleandoc` leaves: none that all lines after the first share.
fn clean(lines: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = lines.iter().map(|line| escape(line)).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let indent = |line: &String| line.len() - line.trim_start_matches(' ').len();
    let rest = lines.iter().skip(1).filter(|line| !line.is_empty());
    let shared = rest.map(indent).min().unwrap_or_default();
    for (index, line) in lines.iter_mut().enumerate() {
        let cut = if index == 0 {
            indent(line)
        } else {
            shared.min(indent(line))
        };
        line.drain(..cut);
    }
    lines
}

/// Breaks lines of prose that are too long; what is indented is meant as it stands.
fn wrap(lines: Vec<String>, width: usize) -> Vec<String> {
    let quotes = if lines.len() == 1 { 6 } else { 3 };
    let lines = lines.into_iter().enumerate();
    let wrapped = lines.flat_map(|(index, line)| {
        let first = if index == 0 { width - quotes } else { width };
        match line.starts_with(' ') || line.chars().count() <= first {
            true => vec![line],
            false => fill(&line, first, width),
        }
    });
    wrapped.collect()
}

/// The words of a line on as many as it takes.
fn fill(line: &str, first: usize, width: usize) -> Vec<String> {
    let mut filled = vec![String::new()];
    for word in line.split(' ') {
        let room = if filled.len() == 1 { first } else { width };
        match filled.last_mut() {
            Some(last) if last.is_empty() => last.push_str(word),
            Some(last) if last.chars().count() + 1 + word.chars().count() <= room => {
                last.push(' ');
                last.push_str(word);
            }
            _ => filled.push(word.to_owned()),
        }
    }
    filled
}

fn escape(line: &str) -> String {
    let visible: String = line
        .chars()
        .filter(|character| !character.is_control() || *character == '\t')
        .collect();
    let text = visible.replace('\t', "    ").replace('\\', "\\\\");
    text.replace("\"\"\"", "\\\"\\\"\\\"").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(comment: &[&str], expected: &str) {
        let lines: Vec<_> = comment.iter().map(|line| (*line).to_owned()).collect();
        let mut source = Source::default();
        emit(&mut source, &lines);
        assert_eq!(source.into_text(), expected);
    }

    #[test]
    fn docstrings_are_as_black_leaves_them() {
        check(&[], "");
        check(&["One."], "\"\"\"One.\"\"\"\n");
        check(&["\"One\""], "\"\"\" \"One\" \"\"\"\n");
        check(&["One.", "", "\tTwo.\r", ""], "\"\"\"One.\n\nTwo.\n\"\"\"\n");
        check(
            &["One.", "  Two.", "    Three."],
            "\"\"\"One.\nTwo.\n  Three.\n\"\"\"\n",
        );
        let (word, more) = ("a".repeat(60), "b".repeat(30));
        check(
            &[&format!("{word} {more}")],
            &format!("\"\"\"{word}\n{more}\n\"\"\"\n"),
        );
        check(&[&"c".repeat(90)], &format!("\"\"\"{}\"\"\"\n", "c".repeat(90)));
    }
}
