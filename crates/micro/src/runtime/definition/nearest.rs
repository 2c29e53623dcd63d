//! What was probably meant by a word that is none of those that are known.

/// The nearest of the known words as a question, else all there are.
pub fn advice(word: &str, known: &[&str]) -> String {
    let close = known
        .iter()
        .map(|known| (distance(word, known), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 2);
    match close {
        Some((_, known)) => format!("do you mean `{known}`?"),
        None => format!("the properties are {}", known.join(", ")),
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
