//! A page that is made for who asks.

use micro_rpc::{Context, Error, Result};

use super::route::Route;
use super::{Answer, CSRF_FIELD, Request, Response, Visit, csrf, response, visit};

const READS: &str = "GET, HEAD";
const TAKES: &str = "GET, HEAD, POST";

/// A page of a service: what it shows, and what it does with a form that was filled in on it. It has what it needs in its
/// fields, as a handler has.
///
/// An error is shown by the gateway as a page with its status: `Error::not_found(...)` for what is not there,
/// `Error::unauthorized(...)` for who has to log in first, who is then offered that.
#[micro_rpc::async_trait]
pub trait Page: Send + Sync + 'static {
    /// Answers who opens it. Nothing changes by that: browsers may do it unasked.
    async fn show(&self, ctx: &Context, visit: &Visit) -> Result<Answer>;

    /// Answers a form, which comes here only if it was filled in on a page of this service: see [`Visit::csrf`]. What was taken
    /// is answered with [`Answer::redirect`], what was not with the page once more and the status 422.
    async fn submit(&self, ctx: &Context, visit: &Visit) -> Result<Answer> {
        let _ = (ctx, visit);
        Ok(
            Answer::content("text/plain; charset=utf-8", "this page has no form\n")
                .status(405)
                .header("allow", READS),
        )
    }
}

/// Answers a request for a page.
pub(super) async fn serve(route: &Route, ctx: &Context, request: Request) -> Result<Response> {
    let is_submitted = match request.method.as_str() {
        "GET" | "HEAD" => false,
        "POST" => true,
        _ => return Ok(response(405, &[("allow", TAKES)])),
    };
    if is_submitted && visit::content_type(&request).eq_ignore_ascii_case("multipart/form-data") {
        let detail = "pages take no files: leave enctype=\"multipart/form-data\" away from the form";
        return Err(Error::new("web.form", 415, detail));
    }
    let visit = Visit::new(route, request)?;
    let answer = if is_submitted {
        csrf::check(ctx, visit.request(), visit.form().get(CSRF_FIELD))?;
        route.page.submit(ctx, &visit).await?
    } else {
        route.page.show(ctx, &visit).await?
    };
    answer.finish(&visit)
}
