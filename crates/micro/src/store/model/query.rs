//! Which entities a list answers.

use super::index::Value;

/// How many entities a page has unless said otherwise.
const PAGE: usize = 100;

/// Which entities, in which order.
///
/// ```
/// use micro::store::model::Query;
/// let since_new_year = Query::by("created").from(1_767_225_600).descending().limit(25);
/// # let _ = since_new_year;
/// ```
#[derive(Clone, Debug)]
pub struct Query {
    /// `None` for the order of ids.
    pub(super) index: Option<String>,
    /// Encoded bounds; the upper one is within.
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) descending: bool,
    pub(super) offset: usize,
    pub(super) limit: usize,
    pub(super) after: Option<String>,
}

impl Query {
    /// All, in the order of their ids.
    pub fn all() -> Self {
        Self {
            index: None,
            from: None,
            to: None,
            descending: false,
            offset: 0,
            limit: PAGE,
            after: None,
        }
    }

    /// Those that have a value of this index, in the order of the values; of one value in the order of ids.
    pub fn by(index: &str) -> Self {
        Self {
            index: Some(index.to_owned()),
            ..Self::all()
        }
    }

    /// Only those of this value, or whose first parts it is.
    #[must_use]
    pub fn equal(self, value: impl Into<Value>) -> Self {
        let value = value.into().encode();
        Self {
            from: Some(value.clone()),
            to: Some(value),
            ..self
        }
    }

    /// Only this value and larger ones.
    #[must_use]
    pub fn from(self, value: impl Into<Value>) -> Self {
        Self {
            from: Some(value.into().encode()),
            ..self
        }
    }

    /// Only this value and smaller ones.
    #[must_use]
    pub fn to(self, value: impl Into<Value>) -> Self {
        Self {
            to: Some(value.into().encode()),
            ..self
        }
    }

    /// From the last to the first.
    #[must_use]
    pub fn descending(self) -> Self {
        Self {
            descending: true,
            ..self
        }
    }

    /// Not so many of the first. Each is stepped over anew for every page, so who reads on and on does it with
    /// [`Query::after`].
    #[must_use]
    pub fn offset(self, offset: usize) -> Self {
        Self { offset, ..self }
    }

    /// At most so many in a page; 100 unless said.
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// The page behind another: what [`Page::next`] said.
    #[must_use]
    pub fn after(self, cursor: &str) -> Self {
        Self {
            after: Some(cursor.to_owned()),
            offset: 0,
            ..self
        }
    }
}

/// Some entities, and where the next ones begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// In the order that was asked for.
    pub items: Vec<T>,
    /// For [`Query::after`]; `None` when there are no more.
    pub next: Option<String>,
}
