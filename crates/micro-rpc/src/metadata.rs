//! The headers of a call.
//!
//! Most are written by a client, handed on by a server and looked at by nobody. So those that came from one of [ours](crate::lane) stay as they
//! came, one behind the other, until somebody changes them: a handler asks for one or two.

use std::fmt;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::names::travels;

/// Names and values that travel with a call. Names are lower-case.
#[derive(Clone)]
pub struct Metadata(Form);

#[derive(Clone)]
enum Form {
    Map(HeaderMap),
    Packed(Packed),
}

/// Headers one behind the other: the length of the name in two bytes, the name, the length of the value in four, the value.
#[derive(Clone, Default)]
pub(crate) struct Packed(Bytes);

/// Puts [`Metadata`] together of headers that are known to differ.
///
/// ```
/// use micro_rpc::Packer;
///
/// let mut packer = Packer::new();
/// packer.push("micro-namespace", b"shop");
/// assert_eq!(packer.finish().get("micro-namespace"), Some("shop"));
/// ```
pub struct Packer(Vec<u8>);

/// Bytes that most calls need for their headers.
const USUAL: usize = 1024;

impl Metadata {
    /// The first value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        match &self.0 {
            Form::Map(map) => map.get(name).and_then(|value| value.to_str().ok()),
            Form::Packed(packed) => text(packed.value(name)?),
        }
    }

    pub(crate) fn text(&self, name: &HeaderName) -> Option<&str> {
        self.get(name.as_str())
    }

    /// The first value of a name, whatever it is.
    pub(crate) fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        match &self.0 {
            Form::Map(map) => map.get(name).map(HeaderValue::as_bytes),
            Form::Packed(packed) => packed.value(name.as_str()),
        }
    }

    /// Whether that is the only value of a name.
    pub(crate) fn says_once(&self, name: &HeaderName, value: &str) -> bool {
        let mut values = self
            .pairs()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value);
        values.next() == Some(value.as_bytes()) && values.next().is_none()
    }

    pub(crate) fn contains(&self, name: &HeaderName) -> bool {
        self.value(name).is_some()
    }

    /// Sets a name to one value. What cannot travel in a header is left out.
    pub fn insert(&mut self, name: &str, value: &str) {
        let name = HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            self.map_mut().insert(name, value);
        }
    }

    /// Removes a name.
    pub fn remove(&mut self, name: &str) {
        self.map_mut().remove(name);
    }

    /// All names and values that are text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs()
            .filter_map(|(name, value)| Some((name, text(value)?)))
    }

    /// All names and values.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let (map, packed) = match &self.0 {
            Form::Map(map) => (Some(map), None),
            Form::Packed(packed) => (None, Some(packed)),
        };
        let of_map = map.into_iter().flatten();
        let of_map = of_map.map(|(name, value)| (name.as_str(), value.as_bytes()));
        of_map.chain(packed.into_iter().flat_map(Packed::pairs))
    }

    /// All of them as HTTP has them.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let (map, packed) = match &self.0 {
            Form::Map(map) => (Some(map), None),
            Form::Packed(packed) => (None, Some(packed)),
        };
        let of_map = map.into_iter().flatten();
        let of_map = of_map.map(|(name, value)| (name.clone(), value.clone()));
        let packed = packed.into_iter().flat_map(Packed::pairs);
        of_map.chain(packed.filter_map(|(name, value)| header(name, value)))
    }

    /// How many bytes they are at least.
    pub(crate) fn size(&self) -> usize {
        match &self.0 {
            Form::Map(map) => map.len() * 48,
            Form::Packed(packed) => packed.0.len(),
        }
    }

    fn map(&self) -> HeaderMap {
        if let Form::Map(map) = &self.0 {
            return map.clone();
        }
        let mut map = HeaderMap::new();
        for (name, value) in self.headers() {
            map.append(name, value);
        }
        map
    }

    fn map_mut(&mut self) -> &mut HeaderMap {
        if let Form::Packed(_) = &self.0 {
            self.0 = Form::Map(self.map());
        }
        match &mut self.0 {
            Form::Map(map) => map,
            Form::Packed(_) => unreachable!("it was unpacked"),
        }
    }
}

/// A header as HTTP has it; `None` for what HTTP has not.
pub(crate) fn header(name: &str, value: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    Some((name, HeaderValue::from_bytes(value).ok()?))
}

/// What is text in a header.
fn text(value: &[u8]) -> Option<&str> {
    let is_text = value.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    std::str::from_utf8(value).ok().filter(|_| is_text)
}

impl Packed {
    /// Those that were [put](put) there.
    pub(crate) fn new(headers: Vec<u8>) -> Self {
        Self(headers.into())
    }

    /// Headers as they came; `None` where they are none, or do not travel.
    pub(crate) fn read(bytes: Bytes) -> Option<Self> {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (name, _, after) = first(rest)?;
            if !is_header(name) || !std::str::from_utf8(name).is_ok_and(travels) {
                return None;
            }
            rest = after;
        }
        Some(Self(bytes))
    }

    fn value(&self, name: &str) -> Option<&[u8]> {
        let mut pairs = self.pairs();
        pairs
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut rest = &self.0[..];
        std::iter::from_fn(move || {
            let (name, value, after) = first(rest)?;
            rest = after;
            Some((std::str::from_utf8(name).ok()?, value))
        })
    }
}

/// The first name and value, and what is behind them.
fn first(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (name, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (value, rest) = rest.split_at_checked(length)?;
    Some((name, value, rest))
}

/// A token of RFC 9110, section 5.6.2, without capitals.
pub(crate) fn is_header(name: &[u8]) -> bool {
    let is_of_one = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'!' | b'#'..=b'\'' | b'*' | b'+' | b'^' | b'`' | b'|' | b'~');
    !name.is_empty() && name.iter().all(is_of_one)
}

impl Packer {
    /// Of no headers.
    #[expect(clippy::new_without_default, reason = "a builder is begun, not defaulted")]
    pub fn new() -> Self {
        Self(Vec::with_capacity(USUAL))
    }

    /// Adds a header. A name that is no name of HTTP in small letters, or a value of 4 GiB, is left out.
    pub fn push(&mut self, name: &str, value: &[u8]) {
        if is_header(name.as_bytes()) {
            put(&mut self.0, name, &[value]);
        }
    }

    /// Adds that answers in JSON may have the fields that the original contracts lack, as
    /// [`Context::with_extensions`](crate::Context::with_extensions) does.
    pub fn push_extensions(&mut self) {
        self.push(crate::names::EXTENSIONS.as_str(), b"true");
    }

    /// All of them.
    pub fn finish(self) -> Metadata {
        Packed::new(self.0).into()
    }
}

/// Appends a header to those that are packed already; its value is in parts.
pub(crate) fn put(packed: &mut Vec<u8>, name: &str, value: &[&[u8]]) {
    let length = value.iter().map(|part| part.len()).sum::<usize>();
    if let (Ok(of_name), Ok(of_value)) = (u16::try_from(name.len()), u32::try_from(length)) {
        packed.extend_from_slice(&of_name.to_be_bytes());
        packed.extend_from_slice(name.as_bytes());
        packed.extend_from_slice(&of_value.to_be_bytes());
        value.iter().for_each(|part| packed.extend_from_slice(part));
    }
}

impl From<HeaderMap> for Metadata {
    fn from(headers: HeaderMap) -> Self {
        Self(Form::Map(headers))
    }
}

impl From<Packed> for Metadata {
    fn from(packed: Packed) -> Self {
        Self(Form::Packed(packed))
    }
}

impl Default for Metadata {
    fn default() -> Self {
        Self(Form::Map(HeaderMap::new()))
    }
}

impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.map() == other.map()
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metadata").field(&self.map()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed(headers: &[(&str, &[u8])]) -> Metadata {
        let mut packer = Packer::new();
        for (name, value) in headers {
            packer.push(name, value);
        }
        packer.finish()
    }

    #[test]
    fn packed_ones_are_as_others() {
        let mut it = packed(&[
            ("a", b"1"),
            ("Big", b"left out"),
            ("", b"left out"),
            ("b", b"\xff"),
            ("a", b"2"),
        ]);
        assert_eq!(
            (it.get("a"), it.get("A"), it.get("b")),
            (Some("1"), Some("1"), None)
        );
        assert!(it.contains(&HeaderName::from_static("b")));
        assert_eq!(it.iter().collect::<Vec<_>>(), [("a", "1"), ("a", "2")]);
        assert_eq!(it.pairs().count(), 3);
        let before = it.clone();
        it.insert("C", "3");
        assert_eq!((it.get("c"), it.get("a")), (Some("3"), Some("1")));
        it.remove("c");
        assert_eq!(it, before);
        it.remove("a");
        assert_ne!(it, before);
    }

    #[test]
    fn what_is_cut_off_or_no_name_is_refused() {
        let mut whole = Vec::new();
        put(&mut whole, "name", &[b"va", b"lue"]);
        for end in 1..whole.len() {
            assert!(
                Packed::read(Bytes::copy_from_slice(&whole[..end])).is_none(),
                "{end}"
            );
        }
        assert!(Packed::read(whole.into()).is_some());
        assert!(Packed::read(Bytes::new()).is_some());
        for name in ["Name", "na me", "na:me", "", "n\u{e4}me", "na\0me"] {
            let mut bytes = Vec::new();
            put(&mut bytes, name, &[b"value"]);
            assert!(Packed::read(bytes.into()).is_none(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_packed_is_read(headers in proptest::collection::vec(("x[a-z0-9]{0,20}", ".{0,40}"), 0..12)) {
            let mut bytes = Vec::new();
            for (name, value) in &headers {
                put(&mut bytes, name, &[value.as_bytes()]);
            }
            let read = Packed::read(bytes.into()).unwrap();
            let expected: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
            prop_assert_eq!(read.pairs().collect::<Vec<_>>(), expected);
        }

        #[test]
        fn anything_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some(read) = Packed::read(bytes.clone().into()) {
                let again: Vec<u8> = read.pairs().fold(Vec::new(), |mut all, (name, value)| {
                    put(&mut all, name, &[value]);
                    all
                });
                prop_assert_eq!(again, bytes);
            }
        }
    }
}
