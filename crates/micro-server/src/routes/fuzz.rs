//! What reads templates and paths from outside, without a server around it: it takes anything and panics when a promise is
//! broken.

use std::sync::Arc;

use micro_codegen::http::{Body, Segment, Template};

use super::claim::Called;
use super::rule::Rule;
use super::{Claim, Found, Table};

/// A template is read as what it is written as again, or is an error with a place; tells which.
pub fn template(text: &str) -> bool {
    micro_codegen::http::fuzz(text)
}

/// Lines: templates, and a path at last. What is found is a template whose segments the path has; tells whether one was.
pub fn matching(text: &str) -> bool {
    let (templates, path) = text.rsplit_once('\n').unwrap_or(("", text));
    let mut table = Table::default();
    for template in templates.lines().filter_map(|line| Template::parse(line).ok()) {
        let _ = table.add(Arc::new(claim(template)));
    }
    let Found::Route(claim) = table.find("GET", path) else {
        return false;
    };
    let values = claim.rule.captures(path).expect("what was found is text");
    let fixed = |segment: &&Segment| **segment != Segment::Rest;
    let at_least = claim.template.segments.iter().filter(fixed).count();
    assert!(path.split('/').count() > at_least.min(1), "{claim:?}");
    for (variable, value) in claim.template.variables.iter().zip(values) {
        let own = variable.of(&claim.template.segments);
        let is_one = matches!(own, [Segment::One | Segment::Literal(_)]);
        assert!(!is_one || !value.is_empty(), "{claim:?}");
        assert!(!matches!(value.as_str(), "." | ".."), "{claim:?}");
        let slashes = value.matches('/').count();
        assert!(
            is_one || own.contains(&Segment::Rest) || slashes + 1 == own.len(),
            "{claim:?}"
        );
    }
    true
}

fn claim(template: Template) -> Claim {
    let call = Called {
        service: "fuzz".to_owned(),
        endpoint: "Fuzz.Call".to_owned(),
        ..Called::default()
    };
    Claim {
        rule: Arc::new(Rule::new(&call, &template, Body::None, None)),
        call: Arc::new(call),
        method: "GET".to_owned(),
        template,
    }
}
