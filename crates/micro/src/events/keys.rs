//! How events lie in a store.

/// No name holds a control character.
const BETWEEN: &str = "\u{1}";

/// One topic of one namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Keys {
    namespace: String,
    topic: String,
}

impl Keys {
    pub fn new(namespace: &str, topic: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            topic: topic.to_owned(),
        }
    }

    /// How far positions are reserved.
    pub fn topic(&self) -> String {
        [Self::topics(&self.namespace), self.topic.clone()].concat()
    }

    /// All topics of a namespace begin so.
    pub fn topics(namespace: &str) -> String {
        ["topic", namespace, ""].join(BETWEEN)
    }

    /// All topics of all namespaces begin so.
    pub fn all_topics() -> String {
        ["topic", ""].join(BETWEEN)
    }

    pub fn event(&self, position: u64) -> String {
        format!("{}{position:020}", self.events())
    }

    pub fn events(&self) -> String {
        self.below("event")
    }

    /// The position of the event with an id that its publisher gave.
    pub fn id(&self, id: &str) -> String {
        self.below("id") + id
    }

    pub fn group(&self, group: &str) -> String {
        self.groups() + group
    }

    pub fn groups(&self) -> String {
        self.below("group")
    }

    pub fn dead_letter(&self, group: &str, position: u64) -> String {
        format!("{}{position:020}", self.dead_letters(group))
    }

    /// Of one group, or of all where it is empty.
    pub fn dead_letters(&self, group: &str) -> String {
        let all = self.below("dead");
        if group.is_empty() {
            all
        } else {
            [&all, group, BETWEEN].concat()
        }
    }

    fn below(&self, what: &str) -> String {
        [what, &self.namespace, &self.topic, ""].join(BETWEEN)
    }
}

/// Namespace and name of a topic, from [`Keys::topic`].
pub(super) fn of_topic(key: &str) -> Option<(&str, &str)> {
    key.strip_prefix("topic")?
        .strip_prefix(BETWEEN)?
        .split_once(BETWEEN)
}

/// The position at the end of a key.
pub(super) fn position(key: &str) -> u64 {
    key.rsplit(BETWEEN)
        .next()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

/// The last name of a key, before a position if there is one.
pub(super) fn group_of_dead_letter(key: &str) -> &str {
    key.rsplit(BETWEEN).nth(1).unwrap_or("")
}
