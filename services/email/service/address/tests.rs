use proptest::prelude::*;

use super::*;

fn check(text: &str, name: &str, address: &str) {
    let mailbox = Mailbox::parse(text).unwrap_or_else(|| panic!("{text:?} is an address"));
    let found = (mailbox.name.as_str(), AsRef::<str>::as_ref(&mailbox.address));
    assert_eq!(found, (name, address), "{text:?}");
    // What is said of it reads as the same address.
    assert_eq!(
        Mailbox::parse(address).map(|again| again.address),
        Some(mailbox.address)
    );
}

#[test]
fn the_examples_of_the_rfc_are_read() {
    // Appendix A.1.1 and A.1.2
    check(
        "John Doe <jdoe@machine.example>",
        "John Doe",
        "jdoe@machine.example",
    );
    check(
        r#""Joe Q. Public" <john.q.public@example.com>"#,
        "Joe Q. Public",
        "john.q.public@example.com",
    );
    check("Mary Smith <mary@x.test>", "Mary Smith", "mary@x.test");
    check("jdoe@example.org", "", "jdoe@example.org");
    check("Who? <one@y.test>", "Who?", "one@y.test");
    check("<boss@nil.test>", "", "boss@nil.test");
    check(
        r#""Giant; \"Big\" Box" <sysservices@example.net>"#,
        r#"Giant; "Big" Box"#,
        "sysservices@example.net",
    );
    // A.5: comments and folded lines
    check(
        r"Pete(A nice \) chap) <pete(his account)@silly.test(his host)>",
        "Pete",
        "pete@silly.test",
    );
    check(
        "Chris Jones <c@(Chris's host.)public.example>",
        "Chris Jones",
        "c@public.example",
    );
    check("joe@example.org(a (nested) one)", "", "joe@example.org");
    check(
        "John\r\n Doe\r\n\t<jdoe@machine.example>",
        "John Doe",
        "jdoe@machine.example",
    );
    // A.6.1 and A.6.3: old forms
    check(
        "Joe Q. Public <john.q.public@example.com>",
        "Joe Q. Public",
        "john.q.public@example.com",
    );
    check(
        "Mary Smith <@node.test:mary@example.net>",
        "Mary Smith",
        "mary@example.net",
    );
    check(
        "John Doe <jdoe@machine(comment).  example>",
        "John Doe",
        "jdoe@machine.example",
    );
}

#[test]
fn what_the_grammar_allows_is_read() {
    check("  ann@example.org ", "", "ann@example.org");
    check("J.R. Smith <a@b.c>", "J.R. Smith", "a@b.c");
    check("a+b/c=d!#$%&'*-?^_`{|}~@e.f", "", "a+b/c=d!#$%&'*-?^_`{|}~@e.f");
    check("ann@localhost", "", "ann@localhost");
    check("ann@[192.168.0.1]", "", "ann@[192.168.0.1]");
    check("Ann <ann@[IPv6:2001:db8::1]>", "Ann", "ann@[IPv6:2001:db8::1]");
    check(r#""john doe"@example.com"#, "", r#""john doe"@example.com"#);
    check(r#""john"."doe"@example.com"#, "", "john.doe@example.com");
    check("Jörg <jörg@exämple.org>", "Jörg", "jörg@exämple.org");
    check("用户@例子.广告", "", "用户@例子.广告");
    check("a@xn--exmple-cua.org", "", "a@xn--exmple-cua.org");
    let local = "l".repeat(LONGEST_LOCAL);
    check(&format!("{local}@b.c"), "", &format!("{local}@b.c"));
}

#[test]
fn what_is_no_mailbox_is_refused() {
    let too_long = [
        format!("{}@b.c", "l".repeat(LONGEST_LOCAL + 1)),
        format!("a@{}b.c", "label.".repeat(42)),
        format!("a@{}.c", "b".repeat(64)),
    ];
    let refused = [
        "",
        " ",
        "a",
        "@",
        "a@",
        "@b.c",
        "a@b@c.d",
        "a b@c.d",
        "a@b c.d",
        ".a@b.c",
        "a.@b.c",
        "a..b@c.d",
        "a@.b.c",
        "a@b.c.",
        "a@b..c",
        "a@-b.c",
        "a@b-.c",
        "a@[1.2.3]",
        "a@[x",
        "a@b.c, d@e.f",
        "group: a@b.c;",
        "<a@b.c",
        "a@b.c>",
        "Ann <a@b.c> x",
        "Ann <a@b.c",
        "Ann a@b.c",
        "<@x.test>",
        "<@x.test:>",
        "Ann, Bob <a@b.c>",
        "\"Ann <a@b.c>",
        "(Ann a@b.c",
        "a)@b.c",
        "a\\b@c.d",
        "a@b.c\r\nBcc: x@y.z",
        "a@b.c\nx",
        "a\0@b.c",
        "\"a\nb\"@c.d",
        "Ann\r\n<a@b.c>",
        "a\u{a0}b@c.d",
    ];
    for text in refused.into_iter().chain(too_long.iter().map(String::as_str)) {
        assert_eq!(Mailbox::parse(text), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn nothing_stops_it(text in "[a-c@.<>()\"\\\\\\[\\]:, \t\r\nä]{0,24}") {
        if let Some(mailbox) = Mailbox::parse(&text) {
            let again = Mailbox::parse(mailbox.address.as_ref());
            prop_assert_eq!(again.map(|again| again.address), Some(mailbox.address));
        }
    }

    #[test]
    fn any_name_comes_through_quotes(name in "[ -~äß]{0,12}") {
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        let mailbox = Mailbox::parse(&format!("\"{quoted}\" <a@b.c>"));
        prop_assert_eq!(mailbox.map(|mailbox| mailbox.name), Some(name));
    }
}
