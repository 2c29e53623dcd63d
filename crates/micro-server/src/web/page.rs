//! What the gateway's own pages look like, and errors as pages.

use http::{HeaderValue, Response, StatusCode};
use micro::web::escaped;
use micro_rpc::Error;

use super::own;
use crate::gateway::reply::{self, Content};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const PROGRAMS: &str = "A program sends the token of an account: after <code>micro login</code>, \
    <code>curl -H \"Authorization: Bearer $(micro user token)\"</code>.";

/// A page; `content` is HTML, the title is text.
pub(super) fn html(status: StatusCode, title: &str, content: &str) -> Response<Content> {
    reply::whole(status, HTML, text(title, content).into())
}

/// The same as text.
pub(super) fn text(title: &str, content: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <link rel=\"stylesheet\" href=\"/-/style.css\">\n\
         <title>{title}</title>\n<h1>{title}</h1>\n{content}</html>\n"
    )
}

/// What was wrong. Who has to be somebody is led to the login and from there back.
pub(super) fn error(error: &Error, back: Option<&str>) -> Response<Content> {
    let status = reply::status(error);
    let title = format!(
        "{} {}",
        status.as_u16(),
        status.canonical_reason().unwrap_or("Error")
    );
    let mut content = match error.detail.as_str() {
        "" => String::new(),
        detail => format!("<p>{}</p>\n", escaped(detail)),
    };
    if status == StatusCode::UNAUTHORIZED {
        content.push_str(&format!("<p>{}. {PROGRAMS}</p>\n", own::login_link(back)));
    }
    html(status, &title, &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(error: &Error) -> (u16, String) {
        let (parts, content) = super::error(error, Some("/user/?x=\"&y")).into_parts();
        let Content::Whole(body) = content else {
            panic!("a page is whole")
        };
        (parts.status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn what_is_wrong_is_said_as_text() {
        let (status, page) = text(&Error::not_found("x", "<script>alert('&\"')</script>"));
        assert_eq!(status, 404);
        assert!(page.contains("<h1>404 Not Found</h1>"), "{page}");
        assert!(
            page.contains("<p>&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;</p>"),
            "{page}"
        );
        assert!(!page.contains("micro login"), "{page}");
    }

    #[test]
    fn who_has_to_log_in_is_told_how() {
        let (status, page) = text(&Error::unauthorized("x", ""));
        assert_eq!(status, 401);
        assert!(
            page.contains("<a href=\"/-/login?next=%2Fuser%2F%3Fx%3D%22%26y\">Log in</a>"),
            "{page}"
        );
        assert!(page.contains("micro login"), "{page}");
        // A code that says no failure to HTTP.
        assert_eq!(text(&Error::new("x", 200, "")).0, 500);
    }
}
