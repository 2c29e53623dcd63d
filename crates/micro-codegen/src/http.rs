//! HTTP routes of a contract: the option `google.api.http` of its methods.
//!
//! A rule is a method and a path of HTTP that mean a call, and how the call's message is put together from them. Where the
//! definition is to be had is no question here: the two files that declare the option are compiled in, in words of ours
//! with its names and numbers, so `import "google/api/annotations.proto"` works with nothing installed and nothing fetched.
//!
//! In reading order: [`Template`] is a path with variables, [`Rule`] is what one binding says, `read` finds the rules in
//! compiled contracts, and `check` refuses those that cannot work, with their place and what to do. The gateway reads
//! templates with the same parser.

mod annotations;
mod check;
mod read;
mod template;

pub use template::{Invalid, Segment, Template, Variable};

pub(crate) use annotations::Annotations;
pub(crate) use check::{Mistake, Routes, of_pool};

/// What one binding of a method says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// `GET`, or whatever a custom pattern says; `*` is any.
    pub method: String,
    pub template: Template,
    pub body: Body,
    /// The field of the answer that is answered with; all of it without one.
    pub response_body: Option<String>,
}

/// What the body of a request is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Body {
    /// Nothing: what the path does not say is in the query.
    None,
    /// The message, but for what the path says.
    Whole,
    /// A field of it.
    Field(String),
}

impl Body {
    /// As rules say it: empty, `*`, or a field's name.
    pub fn of(text: &str) -> Self {
        match text {
            "" => Body::None,
            "*" => Body::Whole,
            field => Body::Field(field.to_owned()),
        }
    }
}

/// Paths that are the gateway's own, by their first part: no rule may have them.
///
/// `.well-known` is kept as a whole, since who answers there speaks for the whole address: certificates are handed out to
/// whoever puts a file in it.
pub const GATEWAY_PATHS: [&str; 5] = [".well-known", "blob", "favicon.ico", "openapi", "openapi.json"];

/// What is wrong with a method of HTTP that a route is to have; `None` when nothing is.
///
/// ```
/// use micro_codegen::http::wrong_method;
///
/// assert_eq!(wrong_method("GET"), None);
/// assert!(wrong_method("OPTIONS").is_some());
/// ```
pub fn wrong_method(method: &str) -> Option<String> {
    let is_token = |byte: u8| byte.is_ascii_uppercase() || byte == b'-' || byte == b'_';
    match method {
        "*" => None,
        "OPTIONS" => Some(
            "OPTIONS is answered by the gateway, so that browsers may ask; use another method".to_owned(),
        ),
        "CONNECT" | "TRACE" => Some(format!("{method} is never handed on; use another method")),
        "" => {
            Some("a method is missing: GET, PUT, POST, DELETE, PATCH, another name, or * for any".to_owned())
        }
        _ if method.bytes().all(is_token) => None,
        _ => Some(format!(
            "{method:?} is no method of HTTP: those are capital letters, such as GET"
        )),
    }
}

/// Whatever is read as a template has a shape that is read as the same; a mistake points into the text. For tests that feed
/// anything; tells whether it was a template.
#[doc(hidden)]
pub fn fuzz(text: &str) -> bool {
    match Template::parse(text) {
        Ok(template) => {
            let shape = template.shape();
            let again = Template::parse(&shape).expect("a shape is a template");
            assert_eq!(again.shape(), shape);
            assert_eq!((again.segments, again.verb), (template.segments, template.verb));
            true
        }
        Err(invalid) => {
            assert!(
                (1..=text.chars().count() + 1).contains(&invalid.column),
                "{invalid}"
            );
            false
        }
    }
}
