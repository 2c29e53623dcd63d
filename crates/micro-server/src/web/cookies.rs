//! Which cookies a service may set.
//!
//! Its own: below its path, for this host alone, and never the one with the token. So no service reads or writes what another
//! one keeps in a browser, though to the browser they are one origin.

use http::HeaderValue;

use crate::gateway::caller::COOKIE_NAME;

/// The cookie as the browser gets it; `None` for one that is not the service's to set.
pub(super) fn confined(value: &HeaderValue, base: &str, is_secure: bool) -> Option<HeaderValue> {
    let text = std::str::from_utf8(value.as_bytes()).ok()?;
    let mut pieces = text.split(';').map(str::trim);
    let pair = pieces.next()?;
    if sets_token(pair) {
        return None;
    }
    let (mut kept, mut path) = (pair.to_owned(), base);
    let (mut has_site, mut is_marked) = (false, false);
    for piece in pieces {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "domain" => continue,
            "path" => {
                // The last one counts, as it does to browsers.
                path = Some(value.trim())
                    .filter(|path| path.starts_with(base))
                    .unwrap_or(base);
                continue;
            }
            "samesite" => has_site = true,
            "secure" => is_marked = true,
            _ => {}
        }
        kept.push_str("; ");
        kept.push_str(piece);
    }
    kept.push_str("; Path=");
    kept.push_str(path);
    if !has_site {
        kept.push_str("; SameSite=Lax");
    }
    if is_secure && !is_marked {
        kept.push_str("; Secure");
    }
    HeaderValue::try_from(kept).ok()
}

/// Whether a service sets a cookie that is not for it to set, wherever that holds.
pub(crate) fn is_token(value: &HeaderValue) -> bool {
    String::from_utf8_lossy(value.as_bytes())
        .split(';')
        .next()
        .is_some_and(sets_token)
}

/// Whether a cookie would be taken for the caller's token. One without a name is sent back as its value alone, so it can
/// pass for one with a name.
fn sets_token(pair: &str) -> bool {
    let pair = pair.trim_start_matches(|first: char| first == '=' || first.is_whitespace());
    let name = pair.split('=').next().unwrap_or_default().trim_end();
    name == COOKIE_NAME.trim_end_matches('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_not_for_a_service_to_set() {
        for (cookie, sets) in [
            ("micro-token=x", true),
            ("micro-token=x; Path=/; HttpOnly", true),
            (" micro-token = x", true),
            ("\tmicro-token=x", true),
            ("=micro-token=x", true),
            ("= =micro-token=x", true),
            ("micro-token", true),
            ("micro-token; Max-Age=0", true),
            ("session=micro-token=x", false),
            ("session=x", false),
            ("micro-tokens=x", false),
            ("MICRO-TOKEN=x", false),
            ("", false),
        ] {
            let value = HeaderValue::from_static(cookie);
            assert_eq!(confined(&value, "/user/", false).is_none(), sets, "{cookie:?}");
        }
    }

    #[test]
    fn cookies_stay_with_the_service_that_sets_them() {
        for (cookie, is_secure, expected) in [
            ("a=b", false, "a=b; Path=/user/; SameSite=Lax"),
            ("a=b", true, "a=b; Path=/user/; SameSite=Lax; Secure"),
            ("a=b; Path=/", false, "a=b; Path=/user/; SameSite=Lax"),
            ("a=b; path = /users/", false, "a=b; Path=/user/; SameSite=Lax"),
            (
                "a=b; Path=/user/admin",
                false,
                "a=b; Path=/user/admin; SameSite=Lax",
            ),
            (
                "a=b; Path=/user/; PATH=/shop/",
                false,
                "a=b; Path=/user/; SameSite=Lax",
            ),
            (
                "a=b; Domain=example.com; HttpOnly;; domain",
                false,
                "a=b; HttpOnly; Path=/user/; SameSite=Lax",
            ),
            (
                "a=b; SameSite=Strict; Secure; Max-Age=5",
                true,
                "a=b; SameSite=Strict; Secure; Max-Age=5; Path=/user/",
            ),
        ] {
            let value = HeaderValue::from_static(cookie);
            assert_eq!(
                confined(&value, "/user/", is_secure).unwrap(),
                expected,
                "{cookie}"
            );
        }
    }
}
