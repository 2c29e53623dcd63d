//! What the fuzz driver feeds.

use micro::store::Scope;

use crate::store::encoding::{Prefix, record_key, split_record_key};

/// Two keys of two tables, which must not meet.
///
/// # Panics
///
/// When they do.
pub fn keys(one: &Scope, one_key: &str, other: &Scope, other_key: &str) {
    let key = record_key(one, one_key);
    assert_eq!(
        split_record_key(&key),
        Some((one.clone(), one_key.to_owned())),
        "a key is read back"
    );
    let table = Prefix::table(other);
    assert_eq!(
        table.strip(&key).is_ok(),
        one == other,
        "a table holds its own keys only"
    );
    let is_same = one == other && one_key == other_key;
    assert_eq!(
        key == record_key(other, other_key),
        is_same,
        "different keys stay different"
    );
    assert!(key >= Prefix::database(&one.database).start() && key < Prefix::database(&one.database).end());
}
