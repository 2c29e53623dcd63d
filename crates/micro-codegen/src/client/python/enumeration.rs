//! Enums.

use crate::contract::Enum;

use super::docs;
use super::layout::{Expr, Source};
use super::names::Taken;

/// A value's name here, and what JSON calls it.
struct Member<'a> {
    name: String,
    json: &'a str,
}

pub fn emit(source: &mut Source, each: &Enum, class: &str) {
    let prefix = prefix(each);
    let members = members(each, &prefix);
    source.blank(2);
    if let Some(names) = json_names(&members, &prefix) {
        source.expr("@", &names, "");
    }
    source.open(&format!("class {class}(enum.IntEnum):"));
    docs::emit(source, &each.docs);
    if !each.docs.is_empty() {
        source.blank(1);
    }
    for (value, member) in each.values.iter().zip(&members) {
        source.line(&format!("{} = {}", member.name, value.number));
        docs::emit_beside(source, &value.docs);
    }
    source.close();
}

/// What the names of the values begin with: the enum's own, as its last part is written in capitals.
fn prefix(each: &Enum) -> String {
    let name = each.path.last().map(String::as_str).unwrap_or_default();
    heck::ToShoutySnakeCase::to_shouty_snake_case(name) + "_"
}

/// Without the prefix, unless what is left is no name, or is one already.
fn members<'a>(each: &'a Enum, prefix: &str) -> Vec<Member<'a>> {
    let mut taken = Taken::by_enum();
    let values = each.values.iter();
    values
        .map(|value| {
            let json = value.name.as_str();
            let short = json.strip_prefix(prefix).filter(|short| taken.is_free(short));
            let whole = json.trim_start_matches('_');
            Member {
                name: taken.take(short.unwrap_or(whole)),
                json,
            }
        })
        .collect()
}

/// How the runtime gets from the members to JSON's names; nothing where they are the same.
fn json_names(members: &[Member<'_>], prefix: &str) -> Option<Expr> {
    let is_short = |member: &Member<'_>| member.json == format!("{prefix}{}", member.name);
    let prefix = if members.iter().any(is_short) { prefix } else { "" };
    let others = members
        .iter()
        .filter(|member| member.json != format!("{prefix}{}", member.name));
    let others = others.map(|member| Expr::atom(format!("{}=\"{}\"", member.name, member.json)));
    let first = (!prefix.is_empty()).then(|| Expr::atom(format!("\"{prefix}\"")));
    let arguments: Vec<_> = first.into_iter().chain(others).collect();
    (!arguments.is_empty()).then(|| Expr::call("_micro.json_names", arguments))
}
