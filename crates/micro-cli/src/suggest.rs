//! Which known word somebody may have meant.

/// The known word nearest to `word`, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // Nobody mistypes a word of that length, and the comparison is quadratic.
    if word.chars().count() > 64 {
        return None;
    }
    let (distance, found) = known.into_iter().map(|known| (distance(word, known), known)).min()?;
    let allowed = (word.chars().count().max(found.chars().count()) / 2).clamp(1, 3);
    (distance <= allowed).then(|| found.to_owned())
}

/// Letters to insert, leave out or replace, to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant() {
        let known = ["name", "instances", "env_vars", "force"];
        for (word, meant) in [
            ("nmae", Some("name")),
            ("nam", Some("name")),
            ("instance", Some("instances")),
            ("env-vars", Some("env_vars")),
            ("nonsense", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known).as_deref(), meant, "{word}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
