//! What a request is called, in the answer, in what the service gets, and in its trace.
//!
//! The caller may name it; otherwise it has the name of its trace, so that whoever was answered can ask for that.

use http::{HeaderMap, HeaderName, HeaderValue};
use micro_rpc::{Context, Id, Trace};
use uuid::Uuid;

pub(super) static NAME: HeaderName = HeaderName::from_static("x-request-id");
/// The longest name that a caller may give.
const LONGEST: usize = 128;

/// The name of a request; one that the caller did not give, or not well, is made and put into its place.
pub(super) fn settle(headers: &mut HeaderMap) -> HeaderValue {
    let mut given = headers.get_all(&NAME).iter();
    let id = match (given.next(), given.next()) {
        (Some(id), None) if is_name(id) => id.clone(),
        _ => random(),
    };
    headers.insert(&NAME, unique(id.clone()));
    id
}

/// A new one, for an answer to what was no request.
pub(super) fn random() -> HeaderValue {
    let text = Id::random().text().into_owned();
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("-"))
}

/// The same call in the trace that the request is called after.
pub(super) fn traced(ctx: Context, headers: &HeaderMap) -> Context {
    let id = headers
        .get(&NAME)
        .and_then(|id| Uuid::try_parse_ascii(id.as_bytes()).ok());
    match id {
        Some(id) => ctx.with_trace(Trace {
            id: Id::Uuid(id.as_u128()),
            ..Trace::start()
        }),
        None => ctx,
    }
}

fn is_name(id: &HeaderValue) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
}

/// It is different in every call, and so has no place in HPACK's table of what may come again.
fn unique(mut id: HeaderValue) -> HeaderValue {
    id.set_sensitive(true);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_is_replaced() {
        let long = "x".repeat(LONGEST);
        let longer = "x".repeat(LONGEST + 1);
        for (given, is_kept) in [
            (vec!["a"], true),
            (vec!["~!{}"], true),
            (vec![long.as_str()], true),
            (vec![longer.as_str()], false),
            (vec![""], false),
            (vec!["a b"], false),
            (vec!["é"], false),
            (vec!["a", "b"], false),
            (vec![], false),
        ] {
            let mut headers = HeaderMap::new();
            for id in &given {
                headers.append(&NAME, HeaderValue::from_bytes(id.as_bytes()).unwrap());
            }
            let id = settle(&mut headers);
            assert_eq!(given.contains(&id.to_str().unwrap()), is_kept, "{given:?}");
            assert_eq!(headers.get_all(&NAME).iter().collect::<Vec<_>>(), [&id]);
            let trace = traced(Context::background(), &headers).trace().id.to_string();
            assert_eq!(trace == id.to_str().unwrap(), !is_kept, "{given:?}");
        }
    }
}
