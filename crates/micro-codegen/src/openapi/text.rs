//! Comments as descriptions.

use serde_json::{Map, Value};

/// What ends in a full stop and is no sentence.
const ABBREVIATIONS: [&str; 6] = ["e.g.", "eg.", "i.e.", "ie.", "etc.", "vs."];

/// The text of a comment; `None` without one.
pub fn description(docs: &[String]) -> Option<String> {
    let text = docs.join("\n").trim_end().to_owned();
    (!text.is_empty()).then_some(text)
}

/// Sets the description of an element if there is one.
pub fn describe(element: &mut Map<String, Value>, description: Option<String>) {
    if let Some(description) = description {
        element.insert("description".to_owned(), description.into());
    }
}

/// Paragraphs as one text; `None` when there is none.
pub fn paragraphs(parts: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}

/// The first sentence of a comment, on one line.
pub fn first_sentence(docs: &[String]) -> Option<String> {
    let lines = docs.iter().map(|line| line.trim());
    let paragraph = lines
        .skip_while(|line| line.is_empty())
        .take_while(|line| !line.is_empty());
    let mut sentence: Vec<&str> = Vec::new();
    let lines: Vec<_> = paragraph.collect();
    for word in lines.iter().flat_map(|line| line.split_whitespace()) {
        sentence.push(word);
        let plain = word.trim_start_matches(|first: char| !first.is_alphanumeric());
        let is_short = ABBREVIATIONS.contains(&plain.to_ascii_lowercase().as_str());
        if word.ends_with(['.', '!', '?']) && !is_short {
            break;
        }
    }
    (!sentence.is_empty()).then(|| sentence.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_the_first_sentence() {
        for (docs, expected) in [
            (&[][..], None),
            (&["", ""], None),
            (&["Reads a user."], Some("Reads a user.")),
            (&["Reads a user. Or none."], Some("Reads a user.")),
            (&["Reads a", "  user. Or none."], Some("Reads a user.")),
            (&["Reads one", "", "of many."], Some("Reads one")),
            (
                &["Reads it (e.g. by id) at v1.5 now. Yes."],
                Some("Reads it (e.g. by id) at v1.5 now."),
            ),
            (&["Is it there? Who knows."], Some("Is it there?")),
        ] {
            let docs: Vec<_> = docs.iter().map(|line: &&str| (*line).to_owned()).collect();
            assert_eq!(first_sentence(&docs).as_deref(), expected, "{docs:?}");
        }
    }
}
