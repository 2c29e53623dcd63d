//! The HTTP routes of a service, as its file names them.

use std::fmt;

use super::Mistake;
use super::lines::Line;

const METHODS: &[&str] = &["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
const ADVICE: &str = "for example `routes GET /orders/{id}`";

/// An HTTP route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// As it is written, beginning with a slash.
    pub path: String,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// `routes METHOD PATH`.
pub fn read(line: &Line<'_>) -> Result<Route, Mistake> {
    let [_, method, path] = line.words() else {
        let at = if line.words().len() > 3 { 3 } else { 0 };
        return Err(line.wrong(at, "a route is a method and a path".to_owned(), ADVICE));
    };
    if !METHODS.contains(&method.text.as_str()) {
        let what = format!("{:?} is no method", method.text);
        let advice = format!("the methods are {}", METHODS.join(", "));
        return Err(line.wrong(1, what, advice));
    }
    let is_plain = |letter: char| letter.is_ascii_graphic() && !"?#\\\"'".contains(letter);
    if !path.text.starts_with('/') || !path.text.chars().all(is_plain) {
        let what = format!("{:?} is no path of a route", path.text);
        return Err(line.wrong(2, what, ADVICE));
    }
    Ok(Route {
        method: method.text.clone(),
        path: path.text.clone(),
    })
}
