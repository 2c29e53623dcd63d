//! Where the link of a verification mail leads, whoever follows it.
//!
//! Opening it proves nothing yet: programs that look through mails open links too, and a link is good once. So it asks. Where it leads
//! afterwards was said when the link was made; what stands in its query is there for people, and is not believed.

use askama::Template;
use micro::web::{Answer, Page, Visit};
use micro::{Context, Result, async_trait};

use crate::service::problem::Problem;
use crate::service::proofs::{Proofs, Verified};

#[derive(Template)]
#[template(path = "verify.html")]
struct Shown<'a> {
    base: &'a str,
    /// Empty where there is nothing to confirm.
    csrf: &'a str,
    heading: &'a str,
    text: &'a str,
}

/// The page `/user/verify`.
pub struct Verify {
    proofs: Proofs,
}

impl Verify {
    /// For links that these handed out.
    pub fn new(proofs: Proofs) -> Self {
        Self { proofs }
    }
}

fn result(visit: &Visit, heading: &str, text: &str) -> Result<Answer> {
    Answer::html(Shown {
        base: &visit.base(),
        csrf: "",
        heading,
        text,
    })
}

#[async_trait]
impl Page for Verify {
    async fn show(&self, _ctx: &Context, visit: &Visit) -> Result<Answer> {
        Answer::html(Shown {
            base: &visit.base(),
            csrf: visit.csrf(),
            heading: "Confirm your address",
            text: "Somebody, we hope you, gave this address as theirs.",
        })
    }

    async fn submit(&self, ctx: &Context, visit: &Visit) -> Result<Answer> {
        let verified = match self.proofs.verify(ctx, visit.query().text("token")).await {
            Err(Problem::Missing(_)) => {
                let text = "This link is unknown, was used, or is too old. Have another mail sent to you.";
                return Ok(result(visit, "This link is not good", text)?.status(422));
            }
            verified => verified.map_err(|problem| problem.of("VerifyEmail"))?,
        };
        match verified {
            Verified::Yes(afterwards) if !afterwards.success.is_empty() => {
                Ok(Answer::away(&afterwards.success))
            }
            Verified::No(afterwards) if !afterwards.failure.is_empty() => {
                Ok(Answer::away(&afterwards.failure))
            }
            Verified::Yes(_) => result(visit, "Thank you", "Your address is confirmed."),
            Verified::No(_) => {
                let text = "The account is gone, or has another address by now.";
                Ok(result(visit, "This address cannot be confirmed", text)?.status(422))
            }
        }
    }
}
