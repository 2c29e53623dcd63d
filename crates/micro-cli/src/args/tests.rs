use clap::Command;
use proptest::prelude::*;

use super::*;

fn root() -> &'static Command {
    crate::app::command()
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(|word| word.replace('~', "")).collect()
}

#[track_caller]
fn check(line: &str, expected: &str) {
    let parsed = parse(root(), words(line)).unwrap_or_else(|misuse| panic!("{line}: {misuse}"));
    assert_eq!(parsed, Intent::Static(words(expected)), "{line}");
    assert!(crate::app::understands(&words(expected)), "clap takes: {expected}");
}

#[test]
fn flags_are_taken_as_scripts_write_them() {
    check("-env=platform services", "micro --env=platform services");
    check("--env platform services", "micro --env=platform services");
    check("-e platform services", "micro --env=platform services");
    check("services -env platform", "micro --env=platform services");
    check("-env=a -env=b services", "micro --env=b services");
    // A lone tilde stands for an empty word here.
    check("-auth_public_key ~ services", "micro --auth_public_key= services");
    check("logs -n=1000 greeter", "micro logs --lines=1000 -- greeter");
    check("logs greeter -n 10 -f", "micro logs --lines=10 --follow -- greeter");
    check("logs -f=false greeter", "micro logs -- greeter");
    check("logs -follow=true -follow greeter", "micro logs --follow -- greeter");
    check("run --env-vars A=b -env_vars=C=d .", "micro run --env_vars=A=b --env_vars=C=d -- .");
    check("run --args -x .", "micro run --args=-x -- .");
    check("user set password --old_password=-x", "micro user set password --old-password=-x");
    check("call svc A.B -- -1", "micro call -- svc A.B -1");
    check("--report_usage services", "micro --report_usage services");
    check("--report_usage=false services", "micro --report_usage=false services");
    check("server --proxy_address :1", "micro server --proxy_address=:1");
    check("--proxy_address h:1 services", "micro --proxy_address=h:1 services");
    check("auth create account --scopes a --scopes b alice", "micro auth create account --scopes=a --scopes=b -- alice");
}

#[test]
fn a_word_that_is_no_command_keeps_its_flags_as_typed() {
    let parsed = parse(root(), words("-env=x greeter call --env=y -z 1")).unwrap();
    let globals = words("micro --env=x");
    assert_eq!(parsed, Intent::Dynamic { globals, words: words("greeter call --env=y -z 1") });
}

#[test]
fn help_and_version() {
    for (line, path) in [
        ("--help", ""),
        ("-h", ""),
        ("help", ""),
        ("help auth list", "auth list"),
        ("auth --help", "auth"),
        ("auth help", "auth"),
        ("auth list rules -help", "auth list rules"),
        ("run . --help", "run"),
    ] {
        assert_eq!(parse(root(), words(line)).unwrap(), Intent::Help(words(path)), "{line}");
    }
    for line in ["-v", "--version", "-version"] {
        assert_eq!(parse(root(), words(line)).unwrap(), Intent::Version, "{line}");
    }
    assert_eq!(parse(root(), vec![]).unwrap(), Intent::Nothing);
    assert_eq!(parse(root(), words("--env x")).unwrap(), Intent::Nothing);
}

#[test]
fn misuse_is_named() {
    for (line, text, hint) in [
        ("services -nonsense", "Incorrect Usage: flag provided but not defined: -nonsense", "micro services --help lists the flags"),
        ("run --instance=2", "Incorrect Usage: flag provided but not defined: -instance", "did you mean --instances? micro run --help lists the flags"),
        ("services --env", "Incorrect Usage: flag needs an argument: -env", ""),
        ("services ---env", "Incorrect Usage: bad flag syntax: ---env", ""),
        ("services -=x", "Incorrect Usage: bad flag syntax: -=x", ""),
        ("logs -f=maybe x", "Incorrect Usage: invalid boolean value \"maybe\" for -f: write -f=true or -f=false", ""),
        ("auth dance", "Unrecognized subcommand for micro auth: dance. Please refer to 'micro auth --help'", ""),
        ("auth list rule", "Unrecognized subcommand for micro auth list: rule. Please refer to 'micro auth list --help'", "did you mean rules?"),
    ] {
        let misuse = parse(root(), words(line)).unwrap_err();
        assert_eq!((misuse.to_string().as_str(), misuse.hint().unwrap_or_default().as_str()), (text, hint), "{line}");
    }
}

proptest! {
    #[test]
    fn no_words_make_it_panic(words in prop::collection::vec("[-=_.a-z0-9 \\PC]{0,12}", 0..8)) {
        fuzz(words);
    }

    #[test]
    fn nor_do_words_that_look_right(words in prop::collection::vec(
        prop::sample::select(vec!["-", "--", "-env", "--env=x", "services", "auth", "list", "run", "call", "-n=1", "logs",
            "--lines", "greeter", "-f", "--help=1", "-e", "user", "config", "--output=json", "--user-name", "=", "{}"]), 0..8))
    {
        fuzz(words.into_iter().map(str::to_owned).collect());
    }
}
