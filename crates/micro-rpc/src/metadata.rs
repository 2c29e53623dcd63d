//! The headers of a call.

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// Names and values that travel with a call. Names are lower-case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata(HeaderMap);

impl Metadata {
    /// The first value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn text(&self, name: &HeaderName) -> Option<&str> {
        self.0.get(name).and_then(|value| value.to_str().ok())
    }

    /// Sets a name to one value. What cannot travel in a header is left out.
    pub fn insert(&mut self, name: &str, value: &str) {
        let name = HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            self.0.insert(name, value);
        }
    }

    /// Removes a name.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// All names and values that are text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.0
    }
}

impl From<HeaderMap> for Metadata {
    fn from(headers: HeaderMap) -> Self {
        Self(headers)
    }
}
