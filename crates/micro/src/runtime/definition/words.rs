//! Words of a line, as a shell would cut them: blanks part them, quotes and backslashes join them.

/// One word, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Without its quotes.
    pub text: String,
    /// Where it begins, in characters from 0.
    pub start: usize,
    /// How many characters it takes up.
    pub length: usize,
}

/// A quote that is not closed, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unclosed(pub usize);

/// The words of a line up to a comment.
pub fn read(line: &str) -> Result<Vec<Word>, Unclosed> {
    let letters: Vec<char> = line.chars().collect();
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        while letters.get(at).is_some_and(|letter| letter.is_whitespace()) {
            at += 1;
        }
        match letters.get(at) {
            None | Some('#') => return Ok(words),
            Some(_) => {
                let start = at;
                let text = word(&letters, &mut at)?;
                let length = at - start;
                words.push(Word { text, start, length });
            }
        }
    }
}

/// The words of a text, for commands that are given as one; the text of a quote that is not closed is the error.
///
/// ```
/// let words = micro::runtime::definition::split("sh -c 'echo $HOME'").unwrap();
/// assert_eq!(words, ["sh", "-c", "echo $HOME"]);
/// ```
///
/// # Errors
///
/// A quote that is not closed, in words.
pub fn split(text: &str) -> Result<Vec<String>, String> {
    let letters: Vec<char> = text.chars().collect();
    let (mut words, mut at) = (Vec::new(), 0);
    loop {
        while letters.get(at).is_some_and(|letter| letter.is_whitespace()) {
            at += 1;
        }
        if at == letters.len() {
            return Ok(words);
        }
        let unclosed = |Unclosed(at)| format!("the quote at character {} of {text:?} is not closed", at + 1);
        words.push(word(&letters, &mut at).map_err(unclosed)?);
    }
}

fn word(letters: &[char], at: &mut usize) -> Result<String, Unclosed> {
    let mut text = String::new();
    while let Some(letter) = letters.get(*at).filter(|letter| !letter.is_whitespace()) {
        *at += 1;
        match letter {
            '\'' | '"' => quoted(letters, at, *letter, &mut text)?,
            '\\' => {
                text.extend(letters.get(*at));
                *at += 1;
            }
            letter => text.push(*letter),
        }
    }
    *at = (*at).min(letters.len());
    Ok(text)
}

/// Up to the closing quote. In double quotes a backslash keeps a quote or a backslash from being one.
fn quoted(letters: &[char], at: &mut usize, quote: char, text: &mut String) -> Result<(), Unclosed> {
    let opened = *at - 1;
    while let Some(letter) = letters.get(*at) {
        *at += 1;
        match letter {
            letter if *letter == quote => return Ok(()),
            '\\' if quote == '"' && matches!(letters.get(*at), Some('"' | '\\')) => {
                text.extend(letters.get(*at));
                *at += 1;
            }
            letter => text.push(*letter),
        }
    }
    Err(Unclosed(opened))
}
