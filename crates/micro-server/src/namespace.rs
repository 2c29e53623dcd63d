//! Who may touch what belongs to a namespace.
//!
//! A namespace is a tenant: nothing of it is seen or changed from another one, except by the platform's own
//! administrators and services. Every handler of the platform asks here first, with the name of its method as error id.

use micro_rpc::{Account, Context, Error, Result};

/// The platform's own namespace, and what an unset one means.
pub const PLATFORM: &str = "micro";

/// The platform's own services. Whatever namespace a call names, these answer from the platform's.
pub const PLATFORM_SERVICES: [&str; 11] = [
    "api", "auth", "broker", "config", "events", "network", "proxy", "registry", "router", "runtime", "store",
];

/// The scope of people who administrate a namespace.
pub const ADMIN_SCOPE: &str = "admin";

/// The scope of services, which the runtime gives them.
pub const SERVICE_SCOPE: &str = "service";

const LONGEST_NAME: usize = 128;

/// Lets an account of the namespace pass, and the platform's own administrators and services.
pub fn authorize(ctx: &Context, namespace: &str, id: &str) -> Result<()> {
    let account = ctx
        .account()
        .ok_or_else(|| Error::unauthorized(id, "an account is required"))?;
    if account.issuer == PLATFORM && is_privileged(account) {
        return Ok(());
    }
    let is_member = account.issuer == namespace && matches!(account.kind.as_str(), "user" | "service");
    is_member
        .then_some(())
        .ok_or_else(|| Error::forbidden(id, "access denied to namespace"))
}

/// Lets the administrators and services of the namespace pass, and the platform's own.
pub fn authorize_admin(ctx: &Context, namespace: &str, id: &str) -> Result<()> {
    authorize(ctx, namespace, id)?;
    let is_admin = ctx.account().is_some_and(|account| is_privileged(account));
    is_admin
        .then_some(())
        .ok_or_else(|| Error::unauthorized(id, "Unauthorized"))
}

/// Whether the caller may say for whom a message is published: services pass on whose call it was.
pub fn may_name_caller(ctx: &Context) -> bool {
    let is_service = |account: &Account| account.kind == "service" && account.has_scope(SERVICE_SCOPE);
    ctx.account().is_some_and(|account| is_service(account))
}

/// A user with the scope `admin`, or a service with the scope `service`.
pub fn is_privileged(account: &Account) -> bool {
    match account.kind.as_str() {
        "user" => account.has_scope(ADMIN_SCOPE),
        "service" => account.has_scope(SERVICE_SCOPE),
        _ => false,
    }
}

/// The namespace that a request names, else `default`, else the platform's.
///
/// Names are parts of keys, so one with a separator in it could reach into another namespace: 400.
pub fn named<'a>(requested: &'a str, default: &'a str, id: &str) -> Result<&'a str> {
    let name = [requested, default]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or(PLATFORM);
    let is_valid = name.len() <= LONGEST_NAME
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    is_valid.then_some(name).ok_or_else(|| {
        Error::bad_request(
            id,
            "invalid namespace: use up to 128 letters, digits, dashes, dots and underscores",
        )
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// `issuer type scope`; empty is nobody.
    fn context(caller: &str) -> Context {
        let parts: Vec<_> = caller.split(' ').collect();
        let [issuer, kind, scope] = parts[..] else {
            return Context::background();
        };
        Context::background().with_account(Arc::new(Account {
            id: "a".into(),
            kind: kind.into(),
            issuer: issuer.into(),
            scopes: vec![scope.into()],
            ..Account::default()
        }))
    }

    #[test]
    fn the_table_of_checks_on_namespace_foo() {
        let required = Some((401, "an account is required"));
        let denied = Some((403, "access denied to namespace"));
        let unauthorized = Some((401, "Unauthorized"));
        for (caller, member, admin) in [
            ("", required, required),
            ("micro user admin", None, None),
            ("micro service service", None, None),
            ("micro user service", denied, denied),
            ("micro service admin", denied, denied),
            ("micro user dev", denied, denied),
            ("micro robot admin", denied, denied),
            ("foo user admin", None, None),
            ("foo service service", None, None),
            ("foo user dev", None, unauthorized),
            ("foo user service", None, unauthorized),
            ("foo service admin", None, unauthorized),
            ("foo robot admin", denied, denied),
            ("bar user admin", denied, denied),
            ("bar service service", denied, denied),
        ] {
            let ctx = context(caller);
            let answer = |result: Result<()>| result.err().map(|error| (error.code, error.detail, error.id));
            let expected =
                |case: Option<(i32, &str)>| case.map(|(code, text)| (code, text.into(), "x.Y.Z".into()));
            assert_eq!(
                answer(authorize(&ctx, "foo", "x.Y.Z")),
                expected(member),
                "member: {caller}"
            );
            assert_eq!(
                answer(authorize_admin(&ctx, "foo", "x.Y.Z")),
                expected(admin),
                "admin: {caller}"
            );
        }
    }

    #[test]
    fn a_name_cannot_reach_into_another_namespace() {
        assert_eq!(named("", "", "x"), Ok("micro"));
        assert_eq!(named("", "foo", "x"), Ok("foo"));
        assert_eq!(named("foo-bar_1.x", "micro", "x"), Ok("foo-bar_1.x"));
        for name in ["a/b", "*", "a b", "é", "\0", &"a".repeat(129)] {
            assert_eq!(named(name, "", "x").unwrap_err().code, 400, "{name}");
        }
    }
}
