//! Fields: a number keeps its name, its type and its place.

use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FieldDescriptorProto};

use super::cardinality::{Cardinality, entry};
use super::declarations::{Declarations, Element, Place};
use super::message::reserved;
use super::{Breaks, Report, Rule, types};

type Message<'a> = Element<'a, DescriptorProto>;

/// A field, and all that tells what it is.
struct Field<'a> {
    declarations: &'a Declarations<'a>,
    message: &'a Message<'a>,
    descriptor: &'a FieldDescriptorProto,
    index: i32,
}

/// What to do about another number, here and in enums.
pub const RENUMBERED: &str =
    "give it its old number back, or give what is new a name of its own and reserve the old one";

pub fn compare<'a>(
    report: &mut Report,
    old: (&'a Declarations<'a>, &'a Message<'a>),
    new: (&'a Declarations<'a>, &'a Message<'a>),
) {
    let new_fields: Vec<_> = fields(new.0, new.1).collect();
    for old in fields(old.0, old.1) {
        let number = old.descriptor.number();
        match new_fields.iter().find(|new| new.descriptor.number() == number) {
            Some(new) => compare_fields(report, &old, new),
            None => removed(report, &old, new.1, &new_fields),
        }
    }
}

fn fields<'a>(
    declarations: &'a Declarations<'a>,
    message: &'a Message<'a>,
) -> impl Iterator<Item = Field<'a>> {
    let fields = message.descriptor.field.iter().zip(0..);
    fields.map(move |(descriptor, index)| Field {
        declarations,
        message,
        descriptor,
        index,
    })
}

fn removed(report: &mut Report, old: &Field<'_>, message: &Message<'_>, new: &[Field<'_>]) {
    let (name, number) = (old.descriptor.name(), old.descriptor.number());
    let open = reserved(message.descriptor).open(number, [name]);
    let rule = open.rule([
        Rule::FieldNoDeleteUnlessNumberReserved,
        Rule::FieldNoDeleteUnlessNameReserved,
        Rule::FieldNoDelete,
    ]);
    let Some(new) = new.iter().find(|new| new.descriptor.name() == name) else {
        return report.add(
            rule,
            old.place(),
            format!("{} was removed", old.text()),
            open.advice(),
        );
    };
    let what = format!(
        "field {name:?} of message {} changed its number from {number} to {}",
        message.name,
        new.descriptor.number()
    );
    report.add(rule, new.place(), what, RENUMBERED);
}

fn compare_fields(report: &mut Report, old: &Field<'_>, new: &Field<'_>) {
    names(report, old, new);
    kinds(report, old, new);
    oneofs(report, old, new);
    javascript(report, old, new);
}

fn names(report: &mut Report, old: &Field<'_>, new: &Field<'_>) {
    let (before, after) = (old.descriptor, new.descriptor);
    let is_renamed = before.name() != after.name();
    if is_renamed {
        let what = format!(
            "field {} of message {} changed its name from {:?} to {:?}",
            after.number(),
            new.message.name,
            before.name(),
            after.name()
        );
        let advice =
            "give it its old name back, which JSON goes by; something else needs a number of its own";
        report.add(Rule::FieldSameName, new.place(), what, advice);
    }
    // A name for JSON that merely follows is no second change.
    let follows = is_renamed && has_derived_json_name(before) && has_derived_json_name(after);
    if before.json_name() != after.json_name() && !follows {
        let (before, after) = (before.json_name(), after.json_name());
        let what = format!(
            "{} changed its json_name from {before:?} to {after:?}",
            new.text()
        );
        let advice = format!("say `[json_name = {before:?}]`");
        report.add(Rule::FieldSameJsonName, new.place(), what, advice);
    }
}

/// The compiler has filled in the name for JSON, or somebody has written the same.
fn has_derived_json_name(field: &FieldDescriptorProto) -> bool {
    let mut words = field.name().split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    field.json_name() == name
}

fn kinds(report: &mut Report, old: &Field<'_>, new: &Field<'_>) {
    let (before, after) = (old.cardinality(), new.cardinality());
    let change = old.type_change(new);
    // Members of oneofs and messages are optional by themselves: that it moved or is one now is told already.
    let follows = old.oneof() != new.oneof() || change == Some(Breaks::Wire);
    let rule = match before.change(after) {
        Some(Breaks::Code) if follows => None,
        Some(Breaks::Code) => Some(Rule::FieldSameCardinality),
        Some(Breaks::Wire) => Some(Rule::FieldWireJsonCompatibleCardinality),
        None => None,
    };
    if let Some(rule) = rule {
        let what = format!(
            "{} changed from {} to {}",
            new.text(),
            before.text(),
            after.text()
        );
        let advice = "leave it as it was, and add a field with a number and a name of its own";
        report.add(rule, new.place(), what, advice);
    }
    let rule = match change {
        Some(Breaks::Code) => Rule::FieldSameType,
        Some(Breaks::Wire) => Rule::FieldWireJsonCompatibleType,
        None => return,
    };
    let what = format!(
        "{} changed its type from {} to {}",
        new.text(),
        old.type_text(),
        new.type_text()
    );
    let advice = match rule {
        Rule::FieldSameType => {
            "give it its old type back, since code has another for the new one, though both are read alike"
        }
        _ => "give it its old type back, and add a field with a number and a name of its own",
    };
    report.add(rule, new.place(), what, advice);
}

fn oneofs(report: &mut Report, old: &Field<'_>, new: &Field<'_>) {
    let what = match (old.oneof(), new.oneof()) {
        (before, after) if before == after => return,
        (Some(before), Some(after)) => format!("from oneof {before:?} to oneof {after:?}"),
        (Some(before), None) => format!("out of oneof {before:?}"),
        (None, Some(after)) => format!("into oneof {after:?}"),
        (None, None) => return,
    };
    report.add(
        Rule::FieldSameOneof,
        new.place(),
        format!("{} was moved {what}", new.text()),
        "leave it where it was, since of a oneof's members only the last that was set is kept",
    );
}

fn javascript(report: &mut Report, old: &Field<'_>, new: &Field<'_>) {
    let kind = |field: &Field<'_>| {
        let is_long = matches!(
            field.descriptor.r#type(),
            Type::Int64 | Type::Uint64 | Type::Sint64 | Type::Fixed64 | Type::Sfixed64
        );
        let options = field.descriptor.options.as_ref();
        is_long.then(|| options.map(|it| it.jstype()).unwrap_or_default())
    };
    if let (Some(before), Some(after)) = (kind(old), kind(new))
        && before != after
    {
        let (before, after) = (before.as_str_name(), after.as_str_name());
        let what = format!("{} changed its jstype from {before} to {after}", new.text());
        report.add(Rule::FieldSameJstype, new.place(), what, "set it as before");
    }
}

impl<'a> Field<'a> {
    fn place(&self) -> Place {
        self.message.place(&[2, self.index])
    }

    /// `field 3 "email" of message Account`
    fn text(&self) -> String {
        let (name, number) = (self.descriptor.name(), self.descriptor.number());
        format!("field {number} {name:?} of message {}", self.message.name)
    }

    /// The name of the oneof that somebody has put it into.
    fn oneof(&self) -> Option<&'a str> {
        let index = self
            .descriptor
            .oneof_index
            .filter(|_| !self.descriptor.proto3_optional())?;
        let oneofs = &self.message.descriptor.oneof_decl;
        oneofs.get(usize::try_from(index).ok()?).map(|oneof| oneof.name())
    }

    fn cardinality(&self) -> Cardinality {
        let syntax = self.message.source.file.syntax();
        Cardinality::of(syntax, self.message.descriptor, self.descriptor)
    }

    fn entry(&self) -> Option<(&'a FieldDescriptorProto, &'a FieldDescriptorProto)> {
        entry(self.message.descriptor, self.descriptor)
    }

    /// What the other type breaks. Of maps, keys and values are compared; their entries are named after the field.
    fn type_change(&self, new: &Self) -> Option<Breaks> {
        let change = |old, other| types::change((self.declarations, old), (new.declarations, other));
        match (self.entry(), new.entry()) {
            (Some(old), Some(new)) => {
                let changes = [change(old.0, new.0), change(old.1, new.1)];
                changes.into_iter().flatten().min()
            }
            (None, None) => change(self.descriptor, new.descriptor),
            _ => None, // a map is no type of a value, and the cardinality tells
        }
    }

    fn type_text(&self) -> String {
        match self.entry() {
            Some((key, value)) => format!("map<{}, {}>", types::text(key), types::text(value)),
            None => types::text(self.descriptor),
        }
    }
}
