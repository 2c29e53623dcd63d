//! The pages: the mails of who is logged in, newest first, and each of them.
//!
//! What a mail has as HTML was written by whoever sent it, and never becomes a part of our pages. It is a page of its own, which the
//! browser is told to treat as one of another site that may do nothing: no scripts, no forms, nothing loaded from elsewhere, so
//! that nobody sees from afar that it was read. The mail's page shows it within a frame that says the same.

#[cfg(test)]
mod tests;

use std::time::{Duration, UNIX_EPOCH};

use askama::Template;
use micro::web::{Answer, Page, Pages, Visit};
use micro::{Context, Error, Result, Tenant, async_trait};

use crate::service::mail::{Mail, Status, Via};
use crate::service::mails::Mails;

/// Mails on a page of the list.
const PAGE: usize = 25;
/// What a mail's HTML may do: have styles, and pictures that are within it.
const POLICY: &str =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

/// What is shown under `/email/`.
pub fn pages(mails: &Mails) -> Pages {
    Pages::new()
        .page("", List(mails.clone()))
        .page("mails/{id}", Whole(mails.clone()))
        .page("mails/{id}/html", Html(mails.clone()))
        .file("style.css", include_bytes!("style.css"))
}

struct List(Mails);

struct Whole(Mails);

struct Html(Mails);

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    base: String,
    mails: Vec<Mail>,
    /// From 1.
    number: usize,
    is_last: bool,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct MailPage {
    base: String,
    mail: Mail,
}

#[async_trait]
impl Page for List {
    async fn show(&self, ctx: &Context, visit: &Visit) -> Result<Answer> {
        let tenant = Tenant::of(ctx)?;
        let number = match visit.query().has("page") {
            true => visit.query().read::<usize>("page")?.max(1),
            false => 1,
        };
        // One more tells whether there is a next page.
        let offset = (number - 1).saturating_mul(PAGE);
        let mut mails = self.0.list(&tenant, PAGE + 1, offset).await?;
        let is_last = mails.len() <= PAGE;
        mails.truncate(PAGE);
        Answer::html(ListPage {
            base: visit.base(),
            mails,
            number,
            is_last,
        })
    }
}

#[async_trait]
impl Page for Whole {
    async fn show(&self, ctx: &Context, visit: &Visit) -> Result<Answer> {
        let mail = find(&self.0, ctx, visit).await?;
        Answer::html(MailPage {
            base: visit.base(),
            mail,
        })
    }
}

#[async_trait]
impl Page for Html {
    async fn show(&self, ctx: &Context, visit: &Visit) -> Result<Answer> {
        let mail = find(&self.0, ctx, visit).await?;
        Ok(Answer::html(mail.html)?.header("content-security-policy", POLICY))
    }
}

async fn find(mails: &Mails, ctx: &Context, visit: &Visit) -> Result<Mail> {
    let tenant = Tenant::of(ctx)?;
    let id = visit.variable("id");
    let mail = mails.read(&tenant, id).await?;
    mail.ok_or_else(|| Error::not_found("email.outbox", format!("there is no mail {id:?}")))
}

/// A time as people read it, in UTC.
fn time(milliseconds: &u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(*milliseconds))
}

/// What became of a mail, in a few words.
fn became(mail: &Mail) -> &'static str {
    match (mail.status, mail.via) {
        (Status::Sent, Some(Via::Outbox)) => "kept here",
        (Status::Queued, _) if mail.attempts > 0 => "trying again",
        (status, _) => status.word(),
    }
}
