//! Trace identity, and the spans that a process keeps for its `Debug` handler.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

/// An identifier made here (a UUID version 4) or given by the caller, which mostly is one too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Id {
    /// A UUID, whose text is in small letters with dashes.
    Uuid(u128),
    /// Any other text that a caller gave, as it was.
    Given(Arc<str>),
}

impl Id {
    /// A new random identifier. Not a secret: it names a trace, it proves nothing.
    pub fn random() -> Self {
        let bits = (u128::from(next()) << 64) | u128::from(next());
        let version = (bits & !(0xf << 76)) | (4 << 76);
        Self::Uuid((version & !(0b11 << 62)) | (0b10 << 62))
    }

    /// What a caller gave. Its text stays as it is.
    pub fn given(text: &str) -> Self {
        read_uuid(text).map_or_else(|| Self::Given(text.into()), Self::Uuid)
    }

    /// As it travels.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Given(text) => Cow::Borrowed(text),
            Self::Uuid(bits) => Cow::Owned(uuid(*bits)),
        }
    }
}

/// By hand, because each call has two of them and the formatter costs ten times as much.
fn uuid(bits: u128) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in bits.to_be_bytes().into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 0xf] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    text
}

/// Where [`uuid`] would write the same again.
fn read_uuid(text: &str) -> Option<u128> {
    let bytes = text.as_bytes();
    if bytes.len() != 36 {
        return None;
    }
    let mut bits = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        if matches!(index, 8 | 13 | 18 | 23) {
            if byte != b'-' {
                return None;
            }
            continue;
        }
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        bits = bits << 4 | u128::from(digit);
    }
    Some(bits)
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

// SplitMix64 per thread, seeded from the process's hash keys: fast, and good enough for names.
fn next() -> u64 {
    thread_local!(static STATE: Cell<u64> = Cell::new(RandomState::new().build_hasher().finish()));
    STATE.with(|state| {
        let seed = state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        state.set(seed);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

/// At least 0 and less than 1, by chance.
pub(crate) fn fraction() -> f64 {
    (next() >> 11) as f64 / (1_u64 << 53) as f64
}

/// So much of a whole: less than it, where the fraction is less than 1.
pub(crate) fn share(fraction: f64, whole: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least 0 and less than the whole"
    )]
    let share = (fraction * whole as f64) as usize;
    share
}

/// Where a call stands in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The whole story, across services.
    pub id: Id,
    /// This call.
    pub span: Id,
    /// The call that made this one.
    pub parent: Option<Id>,
}

impl Trace {
    /// The start of a new trace.
    pub fn start() -> Self {
        Self {
            id: Id::random(),
            span: Id::random(),
            parent: None,
        }
    }
}

/// One finished inbound call.
#[derive(Clone, Debug)]
pub struct Span {
    /// Where it stood.
    pub trace: Trace,
    /// The service that was asked.
    pub service: Arc<str>,
    /// `Handler.Method`, in two parts.
    pub endpoint: (&'static str, &'static str),
    /// Unix nanoseconds.
    pub started: u64,
    /// Nanoseconds.
    pub duration: u64,
    /// The detail of the error, if it failed.
    pub error: Option<Arc<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_are_uuids_and_differ() {
        let (a, b) = (Id::random().to_string(), Id::random().to_string());
        assert_ne!(a, b);
        assert_eq!((a.len(), &a[14..15]), (36, "4"));
        assert!("89ab".contains(&a[19..20]));
        let bits = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff;
        assert_eq!(Id::Uuid(bits).to_string(), "00112233-4455-6677-8899-aabbccddeeff");
    }

    #[test]
    fn what_is_given_stays_as_it_is() {
        let uuid = "00112233-4455-6677-8899-aabbccddeeff";
        assert_eq!(
            Id::given(uuid),
            Id::Uuid(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff)
        );
        for text in [
            uuid,
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "00112233-4455-6677-8899-AABBCCDDEEFF",
            "00112233-4455-6677-8899-aabbccddeefg",
            "001122334455-6677-8899-aabbccddeeff--",
            "00112233445566778899aabbccddeeff",
            "4bf92f3577b34da6",
            "größe",
            "",
        ] {
            assert_eq!(Id::given(text).to_string(), text);
        }
        assert_eq!(
            Id::given("4bf92f3577b34da6"),
            Id::Given("4bf92f3577b34da6".into())
        );
    }
}
