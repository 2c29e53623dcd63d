mod properties;

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
                \x20   secret KEY payment.stripe.key\n    secrets MORE a.b\n    depends user go.micro.service.email\n    depends store\n\
                \x20   topics orders\n    routes GET /orders/{id}\n    routes POST /orders\n    resources memory 1GiB cpu 500m\n\
                env local # here\n    A three\nenv far\n";
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
        secrets: BTreeMap::from([
            ("KEY".to_owned(), "payment.stripe.key".to_owned()),
            ("MORE".to_owned(), "a.b".to_owned()),
        ]),
        depends: words(&["user", "email", "store"]),
        topics: words(&["orders"]),
        routes: vec![route("GET", "/orders/{id}"), route("POST", "/orders")],
        resources: Resources {
            memory_mib: Some(1024),
            cpu_millis: Some(500),
            disk_mib: None,
        },
        environments: Environments(BTreeMap::from([
            ("local".to_owned(), vec![("A".to_owned(), "three".to_owned())]),
            ("far".to_owned(), Vec::new()),
        ])),
    };
    let parsed = parse(text).unwrap();
    assert_eq!(parsed, expected);
    assert_eq!(
        parsed.environments.of("local"),
        [("A".to_owned(), "three".to_owned())]
    );
    assert_eq!(parsed.environments.of("nowhere"), []);
}

fn route(method: &str, path: &str) -> Route {
    Route {
        method: method.to_owned(),
        path: path.to_owned(),
    }
}

#[test]
fn what_is_printed_can_be_written() {
    let text = "service shop\n    description sells things\n    version v2\n    build make -j 2\n    command python3 \"a b\"\n\
                \x20   instances 2\n    depends user email\n    topics orders\n    routes GET /orders\n\
                \x20   resources memory 200MiB cpu 500m disk 1024MiB\n    env A one two\n    env B \"x  y\"\n\
                \x20   secrets KEY payment.key\n\nenv far\n    A three\n\nenv local\n    A \"\"\n";
    assert_eq!(parse(text).unwrap().to_string(), text);
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
        ("service a\n path x\n", 2, 2, "has no path"),
        ("package a\n", 1, 1, "no beginning"),
        ("env local\n A b\nservice a\n", 1, 1, "below its service"),
        ("service a\n version v1\n version v1\n", 3, 2, "said before"),
        ("service a\n env A x\n env A y\n", 3, 6, "A was said before"),
        ("service a\n env A x\n secret A y\n", 3, 9, "A was said before"),
        ("service a\n depends\n", 2, 2, "says nothing"),
        ("service a\n depends b a\n", 2, 12, "cannot wait for itself"),
        (
            "service a\n depends b\n depends c b\n",
            3,
            12,
            "b was said before",
        ),
        ("service a\n depends b/c\n", 2, 10, "must be letters"),
        ("service a\n topics 'a b'\n", 2, 9, "without blanks"),
        ("service a\n routes /orders\n", 2, 2, "a method and a path"),
        ("service a\n routes GET /a /b\n", 2, 16, "a method and a path"),
        ("service a\n routes get /a\n", 2, 9, "\"get\" is no method"),
        ("service a\n routes GET a\n", 2, 13, "no path of a route"),
        ("service a\n routes GET /a\n routes GET /a\n", 3, 9, "said before"),
        ("service a\n resources memory\n", 2, 12, "has no amount"),
        (
            "service a\n resources memory 10MB\n",
            2,
            19,
            "no amount of memory",
        ),
        (
            "service a\n resources memory 0MiB\n",
            2,
            19,
            "no amount of memory",
        ),
        (
            "service a\n resources memory 2097152GiB\n",
            2,
            19,
            "no amount of memory",
        ),
        ("service a\n resources cpu 1 cpu 2\n", 2, 18, "said before"),
        ("service a\n resources gpu 1\n", 2, 12, "no resource"),
        ("service a\nenv\n", 2, 1, "has no name"),
        ("service a\nenv GREETING hello\n", 2, 14, "one word"),
        ("service a\nenv A=b\n", 2, 5, "no dots, blanks or equals"),
        ("service a\nenv local\nenv local\n", 3, 5, "said before"),
        ("service a\nenv local\n A b\n A c\n", 4, 2, "said before"),
        ("service a\n secrets A b\nenv local\n A c\n", 4, 2, "is a secret"),
        ("service a\nenv local\n A\n", 3, 2, "has no value"),
        ("service a\n comand x\nfoo\n", 2, 2, "no property comand"),
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

#[test]
fn a_list_says_where_its_services_are() {
    let text = "service user\n    path ./user\n\nservice email\n    path mail\n    depends user\n\nenv local\n    LEVEL debug\n";
    let listing = Listing::parse("micro.mu", text).unwrap();
    let found: Vec<(&str, &str, &[String])> = listing
        .services
        .iter()
        .map(|one| (one.name.as_str(), one.path.as_str(), one.depends.as_slice()))
        .collect();
    assert_eq!(
        found,
        [
            ("user", "./user", &[][..]),
            ("email", "mail", &["user".to_owned()])
        ]
    );
    assert_eq!(listing.environments.of("local").len(), 1);
    assert_eq!(listing.to_string(), text);
    for (text, line, column, part) in [
        ("", 1, 1, "names no service"),
        ("service a\n", 1, 9, "where a is"),
        ("service a\n path b\nservice a\n path c\n", 3, 9, "said before"),
        ("service a\n path b\n path c\n", 3, 2, "said before"),
        ("service a\n path /b\n", 2, 7, "no folder below"),
        ("service a\n path ../b\n", 2, 7, "no folder below"),
        ("service a\n path b\n command c\n", 3, 2, "does not say command"),
        ("service a\n pth b\n", 2, 2, "no property pth"),
        ("env local\n A b\n", 1, 1, "below its service"),
    ] {
        let mistake = Listing::parse("micro.mu", text).unwrap_err();
        assert_eq!(
            (mistake.line, mistake.column),
            (line, column),
            "{text}: {mistake}"
        );
        assert!(mistake.what.contains(part), "{text}: {mistake}");
    }
}

#[test]
fn a_list_is_told_from_a_service_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let find = |text: &str| {
        std::fs::write(folder.path().join("micro.mu"), text).unwrap();
        Listing::find(folder.path()).map(|found| found.map(|listing| listing.services.len()))
    };
    assert_eq!(Listing::find(folder.path()), Ok(None));
    assert_eq!(find("service a\n command x\n"), Ok(None));
    assert_eq!(find("service a\n path .\n"), Ok(Some(1)));
    assert_eq!(find("service a\n path b\nservice c\n path c\n"), Ok(Some(2)));
    let missing = find("service a\nservice b\n path b\n").unwrap_err();
    assert!(missing.starts_with("micro.mu:1:9: "), "{missing}");
}
