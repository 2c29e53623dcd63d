//! The gateway's own pages: plain ones, which its policy lets no style into.

use http::{HeaderValue, Response, StatusCode, header};
use micro_rpc::Error;

use crate::gateway::reply::{self, Content};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// They depend on who asks, and on what runs.
const NOT_KEPT: HeaderValue = HeaderValue::from_static("no-store");
const LOGIN: &str = "<p>Log in on the command line with <code>micro login</code>. What <code>micro user token</code> prints then \
    lets you in: in a browser as the cookie <code>micro-token</code>, elsewhere as \
    <code>curl -H \"Authorization: Bearer $(micro user token)\"</code>.</p>\n";

/// A page; `content` is HTML, the title is text.
pub(super) fn html(status: StatusCode, title: &str, content: &str) -> Response<Content> {
    let title = escaped(title);
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<h1>{title}</h1>\n{content}</html>\n"
    );
    let mut response = reply::whole(status, HTML, page.into());
    response.headers_mut().insert(header::CACHE_CONTROL, NOT_KEPT);
    response
}

/// What was wrong.
pub(super) fn error(error: &Error) -> Response<Content> {
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
        content.push_str(LOGIN);
    }
    html(status, &title, &content)
}

/// Text as it stands in HTML, in attributes too.
pub(super) fn escaped(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => whole.push_str("&amp;"),
            '<' => whole.push_str("&lt;"),
            '>' => whole.push_str("&gt;"),
            '"' => whole.push_str("&quot;"),
            '\'' => whole.push_str("&#39;"),
            letter => whole.push(letter),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(error: &Error) -> (u16, String) {
        let (parts, content) = super::error(error).into_parts();
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
            page.contains("micro login") && page.contains("micro-token"),
            "{page}"
        );
        // A code that says no failure to HTTP.
        assert_eq!(text(&Error::new("x", 200, "")).0, 500);
    }
}
