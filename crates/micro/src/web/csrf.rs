//! That a form was filled in on our own page, and not sent by another site in the name of who is logged in here.
//!
//! The browser holds a random token in a cookie that no script reads and that other sites do not have sent with what they post.
//! Every form repeats it in a field. Another site can make the browser post, but can neither read the token nor write the
//! cookie, so the two agree only when the form came from a page of ours. Nothing is remembered here: any instance of a
//! service can check what another one gave out, and a restart loses nothing. The gateway refuses what browsers say to come from
//! elsewhere before it gets here; this holds also where a browser says nothing.
//!
//! A program that sends its token itself needs none of it: no site can have a browser do that.

use micro_rpc::{Context, Error, Result};

use super::{Cookie, Request, TOKEN_COOKIE, cookie, values};

/// The field of a form that holds the token.
pub const FIELD: &str = "csrf";
/// The header that holds it where a script sends no form.
pub const HEADER: &str = "x-csrf-token";
/// Only this service's pages can set it: the gateway lets no service set a cookie for another one's.
const COOKIE: &str = "micro-csrf";
const ID: &str = "web.csrf";
/// Of the token, which is a [`secret::token`](crate::secret::token).
const LETTERS: usize = 43;

/// The token that the browser has, if it is one.
pub(super) fn known(request: &Request) -> Option<&str> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    cookie::find(values(request, "cookie"), COOKIE)
        .filter(|token| token.len() == LETTERS && token.bytes().all(is_letter))
}

/// The cookie that holds it.
pub(super) fn kept(token: &str) -> Cookie {
    Cookie::new(COOKIE, token)
}

/// Whether the request can only have been made by a page of ours, or by no page at all.
pub(super) fn check(ctx: &Context, request: &Request, field: Option<&str>) -> Result<()> {
    let is_program = ctx.token().is_some() && cookie::find(values(request, "cookie"), TOKEN_COOKIE).is_none();
    let given = field.or_else(|| values(request, HEADER).next());
    let is_ours = matches!((known(request), given), (Some(known), Some(given)) if is_same(known, given));
    if is_program || is_ours {
        return Ok(());
    }
    let detail = "this was not sent from a page of ours that this browser has open: go back, load the page again and send it \
                  once more (a form needs the field csrf with the page's token, and the browser has to keep cookies)";
    Err(Error::forbidden(ID, detail))
}

/// Looks at every byte, so that the time it takes tells nothing of how much was right.
fn is_same(one: &str, other: &str) -> bool {
    let differences = one
        .bytes()
        .zip(other.bytes())
        .fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_is_the_same() {
        for (one, other, expected) in [
            ("", "", true),
            ("ab", "ab", true),
            ("ab", "aB", false),
            ("ab", "a", false),
        ] {
            assert_eq!(is_same(one, other), expected, "{one} {other}");
        }
        assert_eq!(crate::secret::token().len(), LETTERS);
    }
}
