//! What the fuzz driver feeds.

use super::group::State;
use super::keys::{self, Keys};
use super::{check_name, check_topic};
use crate::store::Record;

/// One place in the events of a store: where, in which group, which.
pub type Place<'a> = (&'a str, &'a str, &'a str, u64);

/// Keys of two places, which must not meet unless the places are one. Whether both can be.
///
/// # Panics
///
/// When they do.
pub fn places(one: Place<'_>, other: Place<'_>) -> bool {
    let fits = |(namespace, topic, group, _): Place<'_>| {
        check_name("namespace", namespace).is_ok()
            && check_topic(topic).is_ok()
            && check_name("group", group).is_ok()
            && ![namespace, group].contains(&"")
    };
    if !fits(one) || !fits(other) {
        return false;
    }
    for (at, (one, of_one)) in keys(one).iter().enumerate() {
        for (other_at, (other, of_other)) in keys(other).iter().enumerate() {
            let is_same = at == other_at && of_one == of_other;
            assert_eq!(one == other, is_same, "{one:?} {other:?}");
        }
    }
    let (namespace, topic, group, position) = one;
    let letter = Keys::new(namespace, topic).dead_letter(group, position);
    assert_eq!(
        (keys::group_of_dead_letter(&letter), keys::position(&letter)),
        (group, position)
    );
    true
}

/// Every key of a place, and what tells it from others of its kind.
fn keys((namespace, topic, group, position): Place<'_>) -> [(String, Place<'_>); 5] {
    let keys = Keys::new(namespace, topic);
    let dead = (namespace, topic, group, position);
    [
        (keys.topic(), (namespace, topic, "", 0)),
        (keys.event(position), (namespace, topic, "", position)),
        (keys.id(group), (namespace, topic, group, 0)),
        (keys.group(group), (namespace, topic, group, 0)),
        (keys.dead_letter(group, position), dead),
    ]
}

/// Where a group is, as it may lie on the store: read as it was written, or an error. Whether it is one.
pub fn state(bytes: &[u8]) -> bool {
    let Ok(state) = State::from_record(&Record::new("group", bytes.to_vec())) else {
        return false;
    };
    let again = State::from_record(&state.record("group"));
    assert_eq!(again.ok(), Some(state), "what is kept is read back");
    true
}
