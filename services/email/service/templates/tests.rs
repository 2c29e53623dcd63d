use proptest::prelude::*;

use super::*;

fn variables(given: &[(&str, &str)]) -> BTreeMap<String, String> {
    let given = given.iter();
    given
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn filled(text: &str, given: &[(&str, &str)]) -> Result<String, Mistake> {
    let template = Template {
        text: text.to_owned(),
        ..Template::default()
    };
    template.render(&variables(given)).map(|rendered| rendered.text)
}

#[test]
fn variables_are_filled_in_and_nothing_else_is_special() {
    let given = [("name", "Ann"), ("a.b-c_1", "{{name}}")];
    for (text, expected) in [
        ("", ""),
        ("no places", "no places"),
        ("{{name}}", "Ann"),
        ("Dear {{ name }}, {{name}}!", "Dear Ann, Ann!"),
        ("{ {name} }} } {", "{ {name} }} } {"),
        // What is filled in is no template.
        ("{{a.b-c_1}}", "{{name}}"),
    ] {
        assert_eq!(filled(text, &given).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn mistakes_name_the_place() {
    for text in [
        "{{",
        "{{name",
        "{{}}",
        "{{ }}",
        "{{a b}}",
        "{{{name}}}",
        "{{#if x}}",
        "{{é}}",
    ] {
        let found = filled(text, &[("name", "Ann")]);
        assert!(
            matches!(&found, Err(Mistake::Syntax(place)) if place.starts_with("{{")),
            "{found:?}"
        );
        let template = Template {
            html: text.to_owned(),
            ..Template::default()
        };
        assert!(template.check().is_err(), "{text}");
    }
    assert_eq!(
        filled("{{nam}}", &[("name", "")]),
        Err(Mistake::Missing("nam".to_owned()))
    );
}

proptest! {
    #[test]
    fn a_value_never_becomes_markup(value in "\\PC{0,20}") {
        let template = Template {
            subject: "{{v}}".to_owned(),
            html: "<a title=\"{{v}}\">{{v}}</a>".to_owned(),
            ..Template::default()
        };
        let rendered = template.render(&variables(&[("v", &value)])).unwrap();
        prop_assert_eq!(&rendered.subject, &value);
        prop_assert_eq!(rendered.html.matches(['<', '>', '"', '\'']).count(), 6);
    }

    #[test]
    fn nothing_stops_it(text in "[{}a #]{0,20}") {
        let _ = filled(&text, &[("a", "{{a}}")]);
    }
}
