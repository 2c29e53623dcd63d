//! The rules of a namespace and how they decide.
//!
//! A rule names resources, a scope, and whether that scope is granted or denied them. Rules that name the resource are
//! asked by priority, highest first; among equals, in the order in which they are listed. The first that speaks for the
//! caller decides; when none does, the answer is no.

use micro_proto::auth as proto;
use micro_rpc::Account;

/// Whether a rule grants or denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Those whom the rule speaks for may.
    Granted,
    /// Those whom the rule speaks for may not.
    Denied,
}

/// How access travels and is stored; anything that is not `GRANTED` denies.
const GRANTED: i32 = 1;
const DENIED: i32 = 2;

impl From<i32> for Access {
    fn from(number: i32) -> Access {
        if number == GRANTED {
            Access::Granted
        } else {
            Access::Denied
        }
    }
}

impl From<Access> for i32 {
    fn from(access: Access) -> i32 {
        match access {
            Access::Granted => GRANTED,
            Access::Denied => DENIED,
        }
    }
}

/// What is to be called, or in a rule what it speaks about; there `*` stands for anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resource {
    /// `service` for RPC services.
    pub kind: String,
    /// The service's name.
    pub name: String,
    /// `Handler.Method`, or a path; in a rule also `/path/*`.
    pub endpoint: String,
}

impl Resource {
    /// An endpoint (`Handler.Method`) of a service.
    pub fn service(name: &str, endpoint: &str) -> Resource {
        Resource {
            kind: SERVICE.into(),
            name: name.into(),
            endpoint: endpoint.into(),
        }
    }
}

const SERVICE: &str = "service";

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Unique in the namespace.
    pub id: String,
    /// Whom it speaks for: empty everybody, `*` any account of the namespace, `+` any account, else the accounts of the
    /// namespace that hold this scope.
    pub scope: String,
    /// What it speaks about.
    pub resource: Resource,
    /// What it says.
    pub access: Access,
    /// Higher is asked first.
    pub priority: i32,
}

impl Rule {
    /// The rule of a namespace that has no other: everything is granted to everybody.
    pub fn public() -> Rule {
        let any = || "*".to_owned();
        Rule {
            id: "default".into(),
            scope: String::new(),
            resource: Resource {
                kind: any(),
                name: any(),
                endpoint: any(),
            },
            access: Access::Granted,
            priority: 0,
        }
    }

    fn names(&self, kind: &str, name: &str, endpoint: &str) -> bool {
        matches(&self.resource.kind, kind)
            && matches(&self.resource.name, name)
            && (matches(&self.resource.endpoint, endpoint) || is_under(&self.resource.endpoint, endpoint))
    }
}

impl From<&proto::Rule> for Rule {
    fn from(rule: &proto::Rule) -> Rule {
        let resource = rule.resource.as_ref();
        let part = |of: fn(&proto::Resource) -> &String| resource.map(of).cloned().unwrap_or_default();
        Rule {
            id: rule.id.clone(),
            scope: rule.scope.clone(),
            resource: Resource {
                kind: part(|resource| &resource.r#type),
                name: part(|resource| &resource.name),
                endpoint: part(|resource| &resource.endpoint),
            },
            access: Access::from(rule.access),
            priority: rule.priority,
        }
    }
}

impl From<&Rule> for proto::Rule {
    fn from(rule: &Rule) -> proto::Rule {
        proto::Rule {
            id: rule.id.clone(),
            scope: rule.scope.clone(),
            resource: Some(proto::Resource {
                name: rule.resource.name.clone(),
                r#type: rule.resource.kind.clone(),
                endpoint: rule.resource.endpoint.clone(),
            }),
            access: rule.access.into(),
            priority: rule.priority,
        }
    }
}

/// What the rules say about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may go on.
    Granted,
    /// It may not.
    Forbidden,
}

/// The rules of a namespace, in the order in which they are asked.
///
/// ```
/// use micro::auth::{Decision, Resource, Rule, RuleSet};
///
/// let rules = RuleSet::new(vec![Rule::public()]);
/// let decision = rules.verify(None, &Resource::service("user", "User.Read"), "micro");
/// assert_eq!(decision, Decision::Granted);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSet(Vec<Rule>);

impl RuleSet {
    /// Puts rules into the order in which they are asked.
    pub fn new(mut rules: Vec<Rule>) -> RuleSet {
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.priority));
        RuleSet(rules)
    }

    /// The rules, highest priority first.
    pub fn rules(&self) -> &[Rule] {
        &self.0
    }

    /// Decides whether `account`, or somebody without one, may use a resource of `namespace`.
    pub fn verify(&self, account: Option<&Account>, resource: &Resource, namespace: &str) -> Decision {
        self.decide(
            account,
            (&resource.kind, &resource.name, &resource.endpoint),
            namespace,
        )
    }

    /// [`RuleSet::verify`] for an endpoint of a service, without copying its name.
    pub fn verify_call(
        &self,
        account: Option<&Account>,
        service: &str,
        endpoint: &str,
        namespace: &str,
    ) -> Decision {
        self.decide(account, (SERVICE, service, endpoint), namespace)
    }

    fn decide(
        &self,
        account: Option<&Account>,
        (kind, name, endpoint): (&str, &str, &str),
        ns: &str,
    ) -> Decision {
        for rule in self.0.iter().filter(|rule| rule.names(kind, name, endpoint)) {
            if rule.scope.is_empty() {
                return rule.access.into();
            }
            let Some(account) = account else { continue };
            // A rule that is about accounts never lets one of another namespace pass, not even through a later rule.
            if rule.scope != "+" && account.issuer != ns {
                return Decision::Forbidden;
            }
            if matches!(rule.scope.as_str(), "*" | "+") || account.has_scope(&rule.scope) {
                return rule.access.into();
            }
        }
        Decision::Forbidden
    }
}

impl From<Access> for Decision {
    fn from(access: Access) -> Decision {
        match access {
            Access::Granted => Decision::Granted,
            Access::Denied => Decision::Forbidden,
        }
    }
}

fn matches(pattern: &str, value: &str) -> bool {
    pattern == "*" || pattern.eq_ignore_ascii_case(value)
}

/// Whether `pattern` is `<prefix>/*` and `value`, a path, is the prefix or below it.
fn is_under(pattern: &str, value: &str) -> bool {
    let Some(prefix) = pattern.strip_suffix("/*") else {
        return false;
    };
    let Some((head, rest)) = value.split_at_checked(prefix.len()) else {
        return false;
    };
    value.contains('/') && head.eq_ignore_ascii_case(prefix) && (rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scope type:name:endpoint access priority`; scope `-` is the empty one.
    fn rule(text: &str) -> Rule {
        let parts: Vec<_> = text.split_whitespace().collect();
        let resource: Vec<_> = parts[1].splitn(3, ':').map(str::to_owned).collect();
        Rule {
            id: text.into(),
            scope: if parts[0] == "-" {
                String::new()
            } else {
                parts[0].into()
            },
            resource: Resource {
                kind: resource[0].clone(),
                name: resource[1].clone(),
                endpoint: resource[2].clone(),
            },
            access: if parts[2] == "grant" {
                Access::Granted
            } else {
                Access::Denied
            },
            priority: parts.get(3).map_or(0, |priority| priority.parse().unwrap()),
        }
    }

    /// `issuer/scope,scope`; empty is nobody.
    fn account(text: &str) -> Option<Account> {
        let (issuer, scopes) = text.split_once('/')?;
        let scopes = scopes.split(',').map(str::to_owned).collect();
        Some(Account {
            id: "a".into(),
            issuer: issuer.into(),
            scopes,
            ..Account::default()
        })
    }

    fn check(rules: &[&str], caller: &str, endpoint: &str, expected: Decision) {
        let set = RuleSet::new(rules.iter().map(|text| rule(text)).collect());
        let resource = Resource::service("user", endpoint);
        let decision = set.verify(account(caller).as_ref(), &resource, "foo");
        assert_eq!(decision, expected, "{rules:?} for {caller:?} on {endpoint}");
    }

    #[test]
    fn the_table() {
        use Decision::{Forbidden, Granted};
        let cases: &[(&[&str], &str, &str, Decision)] = &[
            // Nothing decides.
            (&[], "", "User.Read", Forbidden),
            (&[], "foo/admin", "User.Read", Forbidden),
            // Scope "": everybody.
            (&["- *:*:* grant"], "", "User.Read", Granted),
            (&["- *:*:* grant"], "bar/x", "User.Read", Granted),
            (&["- *:*:* deny"], "foo/admin", "User.Read", Forbidden),
            // Scope "*": any account of the namespace.
            (&["* *:*:* grant"], "", "User.Read", Forbidden),
            (&["* *:*:* grant"], "foo/x", "User.Read", Granted),
            (&["* *:*:* grant"], "bar/x", "User.Read", Forbidden),
            (
                &["* *:*:* deny 1", "- *:*:* grant"],
                "foo/x",
                "User.Read",
                Forbidden,
            ),
            (&["* *:*:* deny 1", "- *:*:* grant"], "", "User.Read", Granted),
            // Scope "+": any account.
            (&["+ *:*:* grant"], "bar/x", "User.Read", Granted),
            (&["+ *:*:* grant"], "", "User.Read", Forbidden),
            (
                &["+ *:*:* deny 1", "- *:*:* grant"],
                "bar/x",
                "User.Read",
                Forbidden,
            ),
            // A held scope, and one that is not held.
            (&["dev *:*:* grant"], "foo/ops,dev", "User.Read", Granted),
            (&["dev *:*:* grant"], "foo/ops", "User.Read", Forbidden),
            (
                &["dev *:*:* deny 1", "* *:*:* grant"],
                "foo/dev",
                "User.Read",
                Forbidden,
            ),
            (
                &["dev *:*:* deny 1", "* *:*:* grant"],
                "foo/ops",
                "User.Read",
                Granted,
            ),
            // An account of another namespace is refused at the first rule about accounts.
            (
                &["dev *:*:* deny 1", "- *:*:* grant"],
                "bar/ops",
                "User.Read",
                Forbidden,
            ),
            (
                &["dev *:*:* deny", "- *:*:* grant 1"],
                "bar/ops",
                "User.Read",
                Granted,
            ),
            (
                &["dev *:*:* grant 1", "+ *:*:* grant"],
                "bar/dev",
                "User.Read",
                Forbidden,
            ),
            (
                &["+ *:*:* grant 1", "dev *:*:* deny"],
                "bar/dev",
                "User.Read",
                Granted,
            ),
            // Priority decides, then the order in the list.
            (&["- *:*:* grant", "- *:*:* deny 1"], "", "User.Read", Forbidden),
            (&["- *:*:* grant 1", "- *:*:* deny"], "", "User.Read", Granted),
            (&["- *:*:* grant -1", "- *:*:* deny"], "", "User.Read", Forbidden),
            (&["- *:*:* grant", "- *:*:* deny"], "", "User.Read", Granted),
            (&["- *:*:* deny", "- *:*:* grant"], "", "User.Read", Forbidden),
            // Which rules name the resource.
            (&["- service:user:User.Read grant"], "", "User.Read", Granted),
            (&["- SERVICE:User:user.READ grant"], "", "User.Read", Granted),
            (&["- service:user:User.Write grant"], "", "User.Read", Forbidden),
            (&["- service:users:* grant"], "", "User.Read", Forbidden),
            (&["- web:user:* grant"], "", "User.Read", Forbidden),
            (&["- service:user:User.* grant"], "", "User.Read", Forbidden),
            // Paths.
            (&["- service:user:/foo/* grant"], "", "/foo/bar", Granted),
            (&["- service:user:/FOO/* grant"], "", "/foo/bar/baz", Granted),
            (&["- service:user:/foo/* grant"], "", "/foo", Granted),
            (&["- service:user:/foo/* grant"], "", "/foobar", Forbidden),
            (&["- service:user:/* grant"], "", "/foo", Granted),
            (&["- service:user:/* grant"], "", "User.Read", Forbidden),
            (&["- service:user:User.Read/* grant"], "", "User.Read", Forbidden),
            (&["- service:user:é/* grant"], "", "é/x", Granted),
            (&["- service:user:a/* grant"], "", "é/x", Forbidden),
        ];
        for (rules, caller, endpoint, expected) in cases {
            check(rules, caller, endpoint, *expected);
        }
    }

    #[test]
    fn access_that_is_not_granted_denies() {
        for (number, expected) in [
            (0, Access::Denied),
            (1, Access::Granted),
            (2, Access::Denied),
            (7, Access::Denied),
        ] {
            assert_eq!(Access::from(number), expected);
        }
    }

    #[test]
    fn rules_survive_the_wire() {
        let rule = rule("dev service:user:User.Read deny -3");
        assert_eq!(Rule::from(&proto::Rule::from(&rule)), rule);
    }
}
