//! What reads bytes from outside, without a server around it: it takes anything, and panics when a promise is broken.

use bytes::BytesMut;

use crate::lane::{Frame, Head};

/// What comes over a lane is read or refused, and what is read can be sent on; tells whether a call is among it.
pub fn lane(bytes: &[u8]) -> bool {
    let mut read = BytesMut::from(bytes);
    let mut has_call = false;
    while let Ok(Some(frame)) = Frame::take(&mut read) {
        let Some(mut head) = Head::read(frame.body) else {
            continue;
        };
        has_call = true;
        let path = head.take_path();
        assert!(!path.text().contains(['?', '#', '%', ' ']), "{:?}", path.text());
        assert!(head.metadata.iter().count() <= head.metadata.headers().count());
        assert!(head.metadata.headers().count() <= head.metadata.pairs().count());
        if let Some((id, parent)) = head.trace {
            let texts = std::iter::once(id).chain(parent).map(|id| id.to_string());
            texts.for_each(|text| assert!(http::HeaderValue::from_str(&text).is_ok(), "{text:?}"));
        }
    }
    has_call
}
