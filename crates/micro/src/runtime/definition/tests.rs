use super::*;

fn parse(text: &str) -> Result<Definition, Mistake> {
    Definition::parse("shop.mu", text)
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text}");
}

#[test]
fn one_line_is_a_file() {
    for text in [
        "service shop\n",
        "service shop",
        "# ours\n\nservice go.micro.service.shop # x\r\n",
    ] {
        let expected = Definition {
            name: "shop".to_owned(),
            ..Definition::default()
        };
        assert_eq!(parse(text).unwrap(), expected, "{text}");
    }
}

#[test]
fn everything_that_can_be_said() {
    let text = "service shop\n    description sells # things\n    version v2\n\tbuild pip install -r 'a b.txt'\n    build make\n\
                \x20   command python3 main.py \"say \\\"hi\\\" # no comment\" a\\ b\n    instances 2\n\n    # more\n    env A one two\n    env B \"x  y\"\n\
                \x20   secret KEY payment.stripe.key\n";
    let words = |text: &[&str]| text.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let expected = Definition {
        name: "shop".to_owned(),
        description: "sells".to_owned(),
        version: Some("v2".to_owned()),
        build: vec![words(&["pip", "install", "-r", "a b.txt"]), words(&["make"])],
        command: words(&["python3", "main.py", "say \"hi\" # no comment", "a b"]),
        instances: Some(2),
        env: vec![
            ("A".to_owned(), "one two".to_owned()),
            ("B".to_owned(), "x  y".to_owned()),
        ],
        secrets: BTreeMap::from([("KEY".to_owned(), "payment.stripe.key".to_owned())]),
    };
    assert_eq!(parse(text).unwrap(), expected);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    refused(
        "service shop\n    comand python3 main.py\n",
        "shop.mu:2:5: a service has no property comand\n2 |     comand python3 main.py\n  |     ^^^^^^\ndo you mean `command`?",
    );
    refused(
        "service shop\n\tenv A=b\n",
        "shop.mu:2:6: name and value are two words\n2 | \tenv A=b\n  | \t    ^^^\nwrite a blank: `env A b`",
    );
    refused(
        "service shop\ncommand x\n",
        "shop.mu:2:1: command is no beginning of a definition\n2 | command x\n  | ^^^^^^^\nindent it by four spaces: it is a property of the service",
    );
    refused(
        "service shop\n  command 'x\n",
        "shop.mu:2:11: this quote is not closed\n2 |   command 'x\n  |           ^\nclose it on the same line",
    );
    refused(
        "",
        "shop.mu:1:1: the file names no service\n1 | \n  | ^\nbegin it with `service NAME`",
    );
    for (text, line, column, part) in [
        ("services shop\n", 1, 1, "no beginning"),
        ("  build x\n", 1, 3, "belongs to no service"),
        ("service\n", 1, 1, "no name"),
        ("service a b\n", 1, 11, "one word"),
        ("service ../a\n", 1, 9, "must be letters"),
        ("service a\nservice b\n", 2, 1, "one service"),
        ("service a\n build\n", 2, 2, "says nothing"),
        ("service a\n command x\n command y\n", 3, 2, "said before"),
        ("service a\n instances 0\n", 2, 12, "from 1 to 100"),
        ("service a\n instances many\n", 2, 12, "from 1 to 100"),
        ("service a\n version\n", 2, 2, "says nothing"),
        ("service a\n version a/b\n", 2, 10, "must be letters"),
        ("service a\n env 1A x\n", 2, 6, "no name of a variable"),
        ("service a\n env A\n", 2, 6, "has no value"),
        ("service a\n secret KEY a..b\n", 2, 13, "empty name"),
        ("service a\n path x\n", 2, 2, "no property path"),
    ] {
        let mistake = parse(text).unwrap_err();
        assert_eq!(
            (mistake.line, mistake.column),
            (line, column),
            "{text}: {mistake}"
        );
        assert!(mistake.what.contains(part), "{text}: {mistake}");
    }
}

#[test]
fn the_file_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let shop = folder.path().join("shop");
    std::fs::create_dir(&shop).unwrap();
    let name = |service| Definition::find(&shop, service).map(|found| found.map(|(_, found)| found.name));
    assert_eq!(name(None), Ok(None));
    std::fs::write(shop.join("a.mu"), "service a").unwrap();
    assert_eq!(name(None), Ok(Some("a".to_owned())));
    std::fs::write(shop.join("b.mu"), "service b").unwrap();
    assert!(
        name(None)
            .unwrap_err()
            .starts_with("More than one .mu file found (a.mu, b.mu)")
    );
    assert_eq!(name(Some("b")), Ok(Some("b".to_owned())));
    std::fs::write(shop.join("micro.mu"), "service c").unwrap();
    assert_eq!(name(None), Ok(Some("c".to_owned())));
    std::fs::write(shop.join("shop.mu"), "servce d").unwrap();
    assert!(name(None).unwrap_err().starts_with("shop.mu:1:1: "));
}

#[test]
fn commands_are_cut_as_in_a_shell() {
    assert_eq!(
        split("a  'b c' \"d e\"f \\' # g").unwrap(),
        ["a", "b c", "d ef", "'", "#", "g"]
    );
    assert_eq!(split("''").unwrap(), [""]);
    assert!(split("a 'b").unwrap_err().contains("character 3"));
}

proptest::proptest! {
    #[test]
    fn any_text_is_survived(text in "(service a\n)?([ \t]{0,2}[a-z=.'\"#\\\\ ]{0,12}\n){0,4}|.*") {
        if let Err(mistake) = parse(&text) {
            mistake.to_string();
        }
        let _ = split(&text);
    }
}
