//! What holds of every file.

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use super::super::*;

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_-]{0,6}"
}

fn variables() -> impl Strategy<Value = Vec<(String, String)>> {
    btree_map("[A-Z_][A-Z0-9_]{0,4}", ".{0,8}", 0..4).prop_map(|all| all.into_iter().collect())
}

fn command() -> impl Strategy<Value = Vec<String>> {
    (".{1,6}", vec(".{0,6}", 0..3)).prop_map(|(program, rest)| std::iter::once(program).chain(rest).collect())
}

fn environments() -> impl Strategy<Value = Environments> {
    btree_map("[^\n\\s.=]{1,6}", variables(), 0..3).prop_map(Environments)
}

fn resources() -> impl Strategy<Value = Resources> {
    let amount = || option::of(1..i32::MAX);
    (amount(), amount(), amount()).prop_map(|(memory_mib, cpu_millis, disk_mib)| Resources {
        memory_mib,
        cpu_millis,
        disk_mib,
    })
}

fn routes() -> impl Strategy<Value = Vec<Route>> {
    let route = ("GET|POST|DELETE", "/[a-z0-9/{}:*._-]{0,8}");
    btree_set(route, 0..3).prop_map(|all| {
        let route = |(method, path)| Route { method, path };
        all.into_iter().map(route).collect()
    })
}

prop_compose! {
    fn definition()(
        description in ".{0,12}",
        version in option::of("[a-z0-9][a-z0-9.-]{0,4}"),
        build in vec(command(), 0..3),
        command in prop_oneof![Just(Vec::new()), command()],
        instances in option::of(1..=crate::runtime::MOST_INSTANCES),
        env in variables(),
        secrets in btree_map("SECRET_[A-Z]{1,3}", "[a-z]{1,4}(\\.[a-z]{1,4}){0,2}", 0..3),
        depends in btree_set(name(), 0..4),
        topics in btree_set("[^\n\\s]{1,6}", 0..3),
        routes in routes(),
        resources in resources(),
        environments in environments(),
    ) -> Definition {
        Definition {
            // No name that is made up above has a capital.
            name: "Shop".to_owned(),
            description, version, build, command, instances, env, secrets, routes, resources, environments,
            depends: depends.into_iter().collect(),
            topics: topics.into_iter().collect(),
        }
    }
}

fn listing() -> impl Strategy<Value = Listing> {
    let path = "[a-z ]{1,4}(/[a-z#'\"]{1,4}){0,2}";
    let services = btree_map(name(), (path, btree_set("[A-Z]{1,3}", 0..3)), 1..4);
    (services, environments()).prop_map(|(services, environments)| Listing {
        services: services
            .into_iter()
            .map(|(name, (path, depends))| Listed {
                name,
                path,
                depends: depends.into_iter().collect(),
            })
            .collect(),
        environments,
    })
}

/// Something like a file: often one, seldom quite.
fn text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "[ \t]{1,2}(build|command|depends|description|env|instances|routes|secrets?|topics|version|path)\
         ( [a-zA-Z0-9/.='\"#\\\\]{0,6}){0,3}",
        "service [a-z./]{1,4}",
        "env [a-z.]{0,4}",
        " [A-Z]{0,2}( [a-z]{0,3}){0,2}",
        " resources( (memory|cpu|disk|x) [0-9]{1,11}(MiB|GiB|m)?){0,3}",
        ".{0,8}",
    ];
    (any::<bool>(), vec(line, 0..6), any::<bool>()).prop_map(|(is_begun, lines, is_dos)| {
        let begin = is_begun.then(|| "service a".to_owned());
        let lines: Vec<String> = begin.into_iter().chain(lines).collect();
        lines.join(if is_dos { "\r\n" } else { "\n" })
    })
}

/// A mistake points into the text.
fn check(mistake: &Mistake, text: &str) -> Result<(), TestCaseError> {
    let text = text.trim_start_matches('\u{feff}');
    let line = text.lines().nth(mistake.line - 1).unwrap_or("");
    prop_assert!(mistake.line <= text.lines().count().max(1), "{}", mistake);
    prop_assert_eq!(&mistake.text, line);
    let length = line.chars().count();
    prop_assert!((1..=length + 1).contains(&mistake.column), "{}", mistake);
    prop_assert!(mistake.column - 1 + mistake.length <= length + 1, "{}", mistake);
    let begin = format!("x.mu:{}:{}: ", mistake.line, mistake.column);
    prop_assert!(mistake.to_string().starts_with(&begin), "{}", mistake);
    Ok(())
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(definition in definition()) {
        let text = definition.to_string();
        let read = Definition::parse("x.mu", &text).map_err(|mistake| TestCaseError::fail(mistake.to_string()))?;
        prop_assert_eq!(read, definition, "{}", text);
    }

    #[test]
    fn what_is_printed_of_a_list_is_read_back(listing in listing()) {
        let text = listing.to_string();
        let read = Listing::parse("x.mu", &text).map_err(|mistake| TestCaseError::fail(mistake.to_string()))?;
        prop_assert_eq!(read, listing, "{}", text);
    }

    #[test]
    fn any_text_is_read_or_has_a_mistake_within(text in prop_oneof![text(), any::<String>()]) {
        match Definition::parse("x.mu", &text) {
            Ok(read) => prop_assert_eq!(Definition::parse("x.mu", &read.to_string()), Ok(read)),
            Err(mistake) => check(&mistake, &text)?,
        }
        match Listing::parse("x.mu", &text) {
            Ok(read) => prop_assert_eq!(Listing::parse("x.mu", &read.to_string()), Ok(read)),
            Err(mistake) => check(&mistake, &text)?,
        }
        let _ = split(&text);
    }
}
