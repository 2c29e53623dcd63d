//! Addresses as they stand in a mail: RFC 5322, section 3.4, in any script (RFC 6532).
//!
//! Libraries read what most mails have. The grammar has more: comments and folded lines between any two words, quoted local parts,
//! domain literals, and old forms that must still be read (section 4.4): blanks around dots, and routes, which mean nothing any
//! more. All of that is read here; what a domain may be is asked of the library that sends the mails, so that nothing is
//! called valid here and refused there.

mod scanner;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, Ipv6Addr};

use lettre::Address;

use scanner::{Token, Word, scan};

/// Octets before the `@` (RFC 5321, section 4.5.3.1).
const LONGEST_LOCAL: usize = 64;
/// Octets of the whole (the same, without the angle brackets of a path).
const LONGEST: usize = 254;

/// An address, and the name beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Empty without one.
    pub name: String,
    /// Without quotes, blanks and comments that are not needed.
    pub address: Address,
}

impl Mailbox {
    /// Reads `ann@example.org` or `Ann Lee <ann@example.org>`; `None` for what is not exactly one mailbox.
    pub fn parse(text: &str) -> Option<Self> {
        let tokens = scan(text)?;
        let Some(angle) = tokens.iter().position(|token| token.is('<')) else {
            return Some(Self {
                name: String::new(),
                address: address(&tokens)?,
            });
        };
        let (name, rest) = tokens.split_at(angle);
        let [_, within @ .., last] = rest else { return None };
        Some(Self {
            name: phrase(name)?,
            address: address(without_route(within)?).filter(|_| last.is('>'))?,
        })
    }
}

/// The words of a name with one blank where there were any.
fn phrase(tokens: &[Token]) -> Option<String> {
    let mut text = String::new();
    for token in tokens {
        if token.is_apart && !text.is_empty() {
            text.push(' ');
        }
        match &token.word {
            Word::Atom(word) | Word::Quoted(word) => text.push_str(word),
            Word::Special('.') => text.push('.'),
            Word::Special(_) | Word::Literal(_) => return None,
        }
    }
    Some(text)
}

/// `@one.example,@two.example:ann@example.org`
fn without_route(tokens: &[Token]) -> Option<&[Token]> {
    match tokens.first() {
        Some(first) if first.is('@') => {
            let end = tokens.iter().position(|token| token.is(':'))?;
            Some(&tokens[end + 1..])
        }
        _ => Some(tokens),
    }
}

fn address(tokens: &[Token]) -> Option<Address> {
    let at = tokens.iter().position(|token| token.is('@'))?;
    let local = local(&tokens[..at])?;
    let domain = match &tokens[at + 1..] {
        [
            Token {
                word: Word::Literal(literal),
                ..
            },
        ] if is_host(literal) => format!("[{literal}]"),
        labels => dotted(labels, |word| match word {
            Word::Atom(label) => Some(label),
            _ => None,
        })?,
    };
    let fits = local.len() <= LONGEST_LOCAL && local.len() + 1 + domain.len() <= LONGEST;
    fits.then(|| Address::new(local, domain).ok())?
}

/// What stands before the `@`, quoted where it must be.
fn local(tokens: &[Token]) -> Option<String> {
    let text = dotted(tokens, |word| match word {
        Word::Atom(text) | Word::Quoted(text) => Some(text),
        _ => None,
    })?;
    let is_plain = text
        .split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(scanner::is_atom));
    if is_plain {
        return Some(text);
    }
    Some(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// Whether a mail can go to what stands in brackets: RFC 5321, section 4.1.3.
fn is_host(literal: &str) -> bool {
    match literal.strip_prefix("IPv6:") {
        Some(rest) => rest.parse::<Ipv6Addr>().is_ok(),
        None => literal.parse::<Ipv4Addr>().is_ok(),
    }
}

/// Words with a dot between each two.
fn dotted(tokens: &[Token], text: impl Fn(&Word) -> Option<&String>) -> Option<String> {
    let mut whole = String::new();
    for (index, token) in tokens.iter().enumerate() {
        match (index % 2, &token.word) {
            (0, word) => whole.push_str(text(word)?),
            (_, Word::Special('.')) => whole.push('.'),
            _ => return None,
        }
    }
    (tokens.len() % 2 == 1).then_some(whole)
}
