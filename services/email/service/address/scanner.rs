//! The words of an address: RFC 5322, section 3.2, with comments and folded lines left out.

use std::iter::Peekable;
use std::str::Chars;

/// A word, and whether blanks or a comment stand before it.
#[derive(Debug)]
pub struct Token {
    pub word: Word,
    pub is_apart: bool,
}

#[derive(Debug)]
pub enum Word {
    Atom(String),
    /// Without its quotes and escapes.
    Quoted(String),
    /// Without its brackets.
    Literal(String),
    Special(char),
}

impl Token {
    pub fn is(&self, letter: char) -> bool {
        matches!(self.word, Word::Special(special) if special == letter)
    }
}

/// Whether an atom may have the letter.
pub fn is_atom(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~".contains(letter)
        || (!letter.is_ascii() && is_visible(letter))
}

/// The words of a text; `None` where it has letters that no header may have, or something is not closed.
pub fn scan(text: &str) -> Option<Vec<Token>> {
    let mut letters = text.chars().peekable();
    let mut tokens = Vec::new();
    let mut is_apart = false;
    while let Some(letter) = letters.next() {
        let word = match letter {
            ' ' | '\t' => {
                is_apart = true;
                continue;
            }
            '\r' => {
                unfold(&mut letters)?;
                continue;
            }
            '(' => {
                skip_comment(&mut letters)?;
                is_apart = true;
                continue;
            }
            '"' => Word::Quoted(enclosed(&mut letters, '"')?),
            '[' => Word::Literal(enclosed(&mut letters, ']').filter(|text| !text.contains(['[', '\\']))?),
            '<' | '>' | '@' | ',' | ';' | ':' | '.' => Word::Special(letter),
            letter if is_atom(letter) => Word::Atom(atom(letter, &mut letters)),
            _ => return None,
        };
        tokens.push(Token { word, is_apart });
        is_apart = false;
    }
    Some(tokens)
}

/// The rest of a line end within a header: a blank follows it, or it would be the end of the header.
fn unfold(letters: &mut Peekable<Chars<'_>>) -> Option<()> {
    letters.next_if_eq(&'\n')?;
    letters.peek().filter(|next| matches!(next, ' ' | '\t'))?;
    Some(())
}

/// Comments may have comments within.
fn skip_comment(letters: &mut Peekable<Chars<'_>>) -> Option<()> {
    let mut depth = 1;
    while depth > 0 {
        match letters.next()? {
            '(' => depth += 1,
            ')' => depth -= 1,
            '\\' => drop(letters.next().filter(|letter| is_text(*letter))?),
            '\r' => unfold(letters)?,
            letter if is_text(letter) => {}
            _ => return None,
        }
    }
    Some(())
}

/// What stands before the letter that closes it.
fn enclosed(letters: &mut Peekable<Chars<'_>>, end: char) -> Option<String> {
    let mut text = String::new();
    loop {
        match letters.next()? {
            letter if letter == end => return Some(text),
            '\\' => text.push(letters.next().filter(|letter| is_text(*letter))?),
            '\r' => unfold(letters)?,
            letter if is_text(letter) => text.push(letter),
            _ => return None,
        }
    }
}

fn atom(first: char, letters: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::from(first);
    while let Some(letter) = letters.next_if(|letter| is_atom(*letter)) {
        text.push(letter);
    }
    text
}

fn is_text(letter: char) -> bool {
    matches!(letter, ' ' | '\t') || is_visible(letter)
}

fn is_visible(letter: char) -> bool {
    !letter.is_control() && !letter.is_whitespace()
}
