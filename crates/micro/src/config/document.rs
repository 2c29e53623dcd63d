//! A document of settings: the rules of paths, merging and leaves.

use std::collections::BTreeMap;

use micro_rpc::{Error, Result};
use serde_json::{Map, Value, json};

/// The id of its errors, until whoever answers a call puts the method's there.
const ID: &str = "config";

/// So many names and values lie below one another at most: what is kept must be read again, and readers of JSON have a limit.
pub const DEEPEST: usize = 32;

/// A tree of names with values at its leaves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document(BTreeMap<String, Node>);

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Branch(BTreeMap<String, Node>),
    Leaf(Leaf),
}

/// A value that is no object.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// JSON text; for a secret what [`Document::set`] was told to keep instead.
    pub value: String,
    /// Whether it is one.
    pub secret: bool,
}

/// The names of a path.
///
/// # Errors
///
/// 400 for a path with an empty name in it.
pub fn names(path: &str) -> Result<Vec<&str>> {
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = path.split('.').collect();
    if names.iter().any(|name| name.is_empty()) {
        let detail = format!("the path {path:?} has an empty name in it: write names joined by single dots");
        return Err(Error::bad_request(ID, detail));
    }
    Ok(names)
}

impl Document {
    /// Changes the value at a path. `keep` makes of each leaf, given its whole path and its JSON text, what is kept.
    ///
    /// # Errors
    ///
    /// 400 for a wrong path, one that leads below a list, or a whole document that is no object; those of `keep`. The
    /// document is as before then.
    pub fn set(
        &mut self,
        path: &str,
        value: &Value,
        keep: &dyn Fn(&str, String) -> Result<Leaf>,
    ) -> Result<()> {
        let names = names(path)?;
        if names.is_empty() && !value.is_object() {
            return Err(Error::bad_request(
                ID,
                "only an object can be the whole document: name a path",
            ));
        }
        if names.len() + depth(value) > DEEPEST {
            let detail = format!(
                "settings lie at most {DEEPEST} names and values below one another, these lie deeper"
            );
            return Err(Error::bad_request(ID, detail));
        }
        let new = node(path, value, keep)?;
        let Some((last, above)) = names.split_last() else {
            if let Node::Branch(children) = new {
                merge(&mut self.0, children);
            }
            return Ok(());
        };
        self.refuse_lists(above)?;
        let mut at = &mut self.0;
        for name in above {
            at = branch(at.entry((*name).to_owned()));
        }
        merge(at, BTreeMap::from([((*last).to_owned(), new)]));
        Ok(())
    }

    /// A name below a list would replace the list: hardly what was meant.
    fn refuse_lists(&self, names: &[&str]) -> Result<()> {
        let mut at = &self.0;
        for (index, name) in names.iter().enumerate() {
            match at.get(*name) {
                Some(Node::Branch(children)) => at = children,
                Some(Node::Leaf(leaf)) if !leaf.secret && leaf.value.starts_with('[') => {
                    let path = names[..=index].join(".");
                    let detail = format!(
                        "{path} is a list, which is set as a whole: set {path} '[...]', or delete it first"
                    );
                    return Err(Error::bad_request(ID, detail));
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// The value at a path, `None` where there is none. `show` makes of each leaf, given its whole path, a value.
    ///
    /// # Errors
    ///
    /// 400 for a wrong path; those of `show`.
    pub fn get(&self, path: &str, show: &dyn Fn(&str, &Leaf) -> Result<Value>) -> Result<Option<Value>> {
        let names = names(path)?;
        let Some((last, above)) = names.split_last() else {
            return value_of_branch(path, &self.0, show).map(Some);
        };
        let mut at = &self.0;
        for name in above {
            let Some(Node::Branch(children)) = at.get(*name) else {
                return Ok(None);
            };
            at = children;
        }
        at.get(*last).map(|node| value_of(path, node, show)).transpose()
    }

    /// Removes a path and all below it; whether it was there.
    ///
    /// # Errors
    ///
    /// 400 for a wrong path.
    pub fn delete(&mut self, path: &str) -> Result<bool> {
        let names = names(path)?;
        let Some((last, above)) = names.split_last() else {
            return Ok(!std::mem::take(&mut self.0).is_empty());
        };
        let mut at = &mut self.0;
        for name in above {
            let Some(Node::Branch(children)) = at.get_mut(*name) else {
                return Ok(false);
            };
            at = children;
        }
        Ok(at.remove(*last).is_some())
    }

    /// Whether any of its leaves is a secret.
    pub fn has_secrets(&self) -> bool {
        self.0.values().any(has_secrets)
    }

    /// As it is kept: each leaf is `{"leaf": true, "value": text}`, a secret one says so besides.
    pub fn to_kept(&self) -> Value {
        kept_branch(&self.0)
    }

    /// From what [`Document::to_kept`] made; `None` for anything else.
    pub fn from_kept(kept: &Value) -> Option<Self> {
        match read(kept)? {
            Node::Branch(children) => Some(Self(children)),
            Node::Leaf(_) => None,
        }
    }
}

fn has_secrets(node: &Node) -> bool {
    match node {
        Node::Leaf(leaf) => leaf.secret,
        Node::Branch(children) => children.values().any(has_secrets),
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn node(path: &str, value: &Value, keep: &dyn Fn(&str, String) -> Result<Leaf>) -> Result<Node> {
    let Value::Object(members) = value else {
        return keep(path, value.to_string()).map(Node::Leaf);
    };
    let children = members.iter().map(|(name, value)| {
        if name.is_empty() {
            return Err(Error::bad_request(
                ID,
                format!("an object below {path:?} has an empty name"),
            ));
        }
        Ok((name.clone(), node(&below(path, name), value, keep)?))
    });
    children.collect::<Result<_>>().map(Node::Branch)
}

/// The branch at an entry; a leaf gives way to one.
fn branch(entry: std::collections::btree_map::Entry<'_, String, Node>) -> &mut BTreeMap<String, Node> {
    let node = entry.or_insert_with(|| Node::Branch(BTreeMap::new()));
    if let Node::Leaf(_) = node {
        *node = Node::Branch(BTreeMap::new());
    }
    match node {
        Node::Branch(children) => children,
        Node::Leaf(_) => unreachable!("it was replaced by a branch"),
    }
}

fn merge(into: &mut BTreeMap<String, Node>, new: BTreeMap<String, Node>) {
    for (name, node) in new {
        match node {
            Node::Branch(children) => merge(branch(into.entry(name)), children),
            leaf @ Node::Leaf(_) => drop(into.insert(name, leaf)),
        }
    }
}

fn value_of(path: &str, node: &Node, show: &dyn Fn(&str, &Leaf) -> Result<Value>) -> Result<Value> {
    match node {
        Node::Leaf(leaf) => show(path, leaf),
        Node::Branch(children) => value_of_branch(path, children, show),
    }
}

fn value_of_branch(
    path: &str,
    children: &BTreeMap<String, Node>,
    show: &dyn Fn(&str, &Leaf) -> Result<Value>,
) -> Result<Value> {
    let members = children
        .iter()
        .map(|(name, node)| Ok((name.clone(), value_of(&below(path, name), node, show)?)));
    members.collect::<Result<Map<_, _>>>().map(Value::Object)
}

fn kept_branch(children: &BTreeMap<String, Node>) -> Value {
    let kept = |node: &Node| match node {
        Node::Branch(children) => kept_branch(children),
        Node::Leaf(leaf) if leaf.secret => json!({"leaf": true, "value": leaf.value, "secret": true}),
        Node::Leaf(leaf) => json!({"leaf": true, "value": leaf.value}),
    };
    Value::Object(
        children
            .iter()
            .map(|(name, node)| (name.clone(), kept(node)))
            .collect(),
    )
}

fn read(kept: &Value) -> Option<Node> {
    let members = kept.as_object()?;
    // A branch may have a child of that name, which is an object and never `true`.
    if members.get("leaf") == Some(&Value::Bool(true)) {
        return Some(Node::Leaf(Leaf {
            value: members.get("value")?.as_str()?.to_owned(),
            secret: members
                .get("secret")
                .is_some_and(|secret| *secret == Value::Bool(true)),
        }));
    }
    let children = members
        .iter()
        .map(|(name, node)| Some((name.clone(), read(node)?)));
    children.collect::<Option<_>>().map(Node::Branch)
}

/// Keeps a leaf as it is.
///
/// # Errors
///
/// Never; the type is that of [`Document::set`].
pub fn plain(_path: &str, value: String) -> Result<Leaf> {
    Ok(Leaf { value, secret: false })
}

/// Shows a leaf that is kept as it is, and masks a secret.
///
/// # Errors
///
/// 500 when the text is no JSON.
pub fn masked(path: &str, leaf: &Leaf) -> Result<Value> {
    if leaf.secret {
        return Ok(super::MASK.into());
    }
    let wrong = |error| Error::internal(ID, format!("the value at {path} cannot be read: {error}"));
    serde_json::from_str(&leaf.value).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_lies_too_deep_to_be_read_again_is_refused() {
        let mut document = Document::default();
        let path = |depth: usize| vec!["d"; depth].join(".");
        document.set(&path(DEEPEST), &json!(1), &plain).unwrap();
        for depth in [DEEPEST + 1, 100_000] {
            let refused = document.set(&path(depth), &json!(1), &plain).unwrap_err();
            assert_eq!(refused.code, 400, "{refused}");
        }
        let nested = (0..DEEPEST).fold(json!(1), |value, _| json!([{"x": value}]));
        assert_eq!(document.set("a", &nested, &plain).unwrap_err().code, 400);
        let kept = serde_json::from_str(&document.to_kept().to_string()).unwrap();
        assert_eq!(Document::from_kept(&kept), Some(document));
    }

    fn document(value: &Value) -> Document {
        let mut document = Document::default();
        document.set("", value, &plain).unwrap();
        document
    }

    fn set(before: &Value, path: &str, value: &Value) -> Value {
        let mut document = document(before);
        document.set(path, value, &plain).unwrap();
        document.get("", &masked).unwrap().unwrap()
    }

    #[test]
    fn objects_merge_and_all_else_replaces() {
        for (before, path, value, after) in [
            (json!({}), "a.b.c", json!(1), json!({"a": {"b": {"c": 1}}})),
            (
                json!({"a": {"b": 1}}),
                "a",
                json!({"c": 2}),
                json!({"a": {"b": 1, "c": 2}}),
            ),
            (
                json!({"a": {"b": {"x": 1}}}),
                "a",
                json!({"b": {"y": 2}}),
                json!({"a": {"b": {"x": 1, "y": 2}}}),
            ),
            (json!({"a": {"b": 1}}), "a", json!(7), json!({"a": 7})),
            (
                json!({"a": {"b": 1}}),
                "a",
                json!([1, {"x": 2}]),
                json!({"a": [1, {"x": 2}]}),
            ),
            (json!({"a": [1, 2, 3]}), "a", json!([4]), json!({"a": [4]})),
            (json!({"a": 7}), "a", json!({"b": 1}), json!({"a": {"b": 1}})),
            (json!({"a": 7}), "a.b.c", json!(1), json!({"a": {"b": {"c": 1}}})),
            (json!({"a": 7}), "a", json!(null), json!({"a": null})),
            (json!({"a": {"b": 1}}), "a", json!({}), json!({"a": {"b": 1}})),
            (json!({"a": 1}), "", json!({"b": 2}), json!({"a": 1, "b": 2})),
            (
                json!({}),
                "leaf",
                json!({"leaf": true, "value": "1"}),
                json!({"leaf": {"leaf": true, "value": "1"}}),
            ),
        ] {
            assert_eq!(
                set(&before, path, &value),
                after,
                "{before} with {value} at {path:?}"
            );
        }
    }

    #[test]
    fn what_is_not_there_is_nothing_and_wrong_paths_are_refused() {
        let mut document = document(&json!({"a": {"b": 1}, "c": [1]}));
        for (path, expected) in [
            ("a", Some(json!({"b": 1}))),
            ("a.b", Some(json!(1))),
            ("a.x", None),
            ("a.b.c", None),
            ("c.0", None),
            ("x", None),
        ] {
            assert_eq!(document.get(path, &masked).unwrap(), expected, "{path}");
        }
        for path in [".", "a.", ".a", "a..b"] {
            assert_eq!(document.get(path, &masked).unwrap_err().code, 400, "{path}");
            assert_eq!(
                document.set(path, &json!(1), &plain).unwrap_err().code,
                400,
                "{path}"
            );
            assert_eq!(document.delete(path).unwrap_err().code, 400, "{path}");
        }
        assert_eq!(document.set("", &json!(1), &plain).unwrap_err().code, 400);
        for path in ["c.0", "c.x.y"] {
            let refused = document.set(path, &json!(1), &plain).unwrap_err();
            assert!(refused.detail.starts_with("c is a list"), "{refused}");
        }
        assert_eq!(
            (document.delete("a.b").unwrap(), document.delete("a.b").unwrap()),
            (true, false)
        );
        assert_eq!(document.get("a", &masked).unwrap(), Some(json!({})));
    }

    #[test]
    fn a_number_is_found_to_its_last_bit() {
        let value: Value = serde_json::from_str("12e99").unwrap();
        assert_eq!(set(&json!({}), "a", &value), json!({ "a": value }));
        assert_eq!(value, json!(12e99));
    }

    fn object() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<i32>().prop_map(Value::from),
            "[a-z]{0,3}".prop_map(Value::from),
            Just(Value::Null),
            prop::collection::vec(any::<u8>(), 0..3).prop_map(Value::from),
        ];
        let tree = leaf.prop_recursive(3, 16, 3, |inner| {
            prop::collection::btree_map("leaf|value|[a-c]", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect()))
        });
        prop::collection::btree_map("leaf|value|[a-c]", tree, 0..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn what_is_kept_is_read_back(value in object()) {
            let document = document(&value);
            let text = document.to_kept().to_string();
            let kept: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(Document::from_kept(&kept), Some(document.clone()));
            prop_assert_eq!(document.get("", &masked).unwrap(), Some(value));
        }

        #[test]
        fn merging_twice_is_merging_once(before in object(), value in object()) {
            let once = set(&before, "", &value);
            prop_assert_eq!(set(&once, "", &value), once);
        }

        #[test]
        fn what_was_set_is_found(before in object(), path in "[a-c](\\.[a-c]){0,2}", number in any::<i64>()) {
            let mut document = document(&before);
            if let Err(refused) = document.set(&path, &json!(number), &plain) {
                prop_assert!(refused.detail.contains("is a list"), "{}", refused);
                return Ok(());
            }
            prop_assert_eq!(document.get(&path, &masked).unwrap(), Some(json!(number)));
            prop_assert!(document.delete(&path).unwrap());
            prop_assert_eq!(document.get(&path, &masked).unwrap(), None);
        }

        #[test]
        fn any_path_is_read_or_refused(path in "\\PC{0,20}|[.a]{0,6}") {
            let mut document = Document::default();
            let set = document.set(&path, &json!({"x": 1}), &plain);
            prop_assert_eq!(set.is_ok(), names(&path).is_ok());
        }
    }
}
