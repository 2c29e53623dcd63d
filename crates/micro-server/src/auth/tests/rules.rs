//! `auth.Rules`, and the guard that decides by them.

use micro_proto::auth::{CreateRequest, DeleteRequest, ListRequest, Resource, Rule, Rules};
use micro_rpc::Access;

use super::*;

const CREATE: &str = "auth.Rules.Create";

/// `scope type:name:endpoint access priority`; scope `-` is the empty one.
pub(super) fn rule(id: &str, text: &str) -> Rule {
    let parts: Vec<_> = text.split(' ').collect();
    let resource: Vec<_> = parts[1].split(':').map(str::to_owned).collect();
    Rule {
        id: id.into(),
        scope: parts[0].trim_matches('-').into(),
        resource: Some(Resource {
            r#type: resource[0].clone(),
            name: resource[1].clone(),
            endpoint: resource[2].clone(),
        }),
        access: if parts[2] == "grant" { 1 } else { 2 },
        priority: parts[3].parse().unwrap(),
    }
}

impl Fixture {
    pub(super) async fn create(&self, ctx: &Context, ns: &str, rule: Option<Rule>) -> Result<()> {
        self.rules
            .create(
                ctx,
                CreateRequest {
                    rule,
                    options: options(ns),
                },
            )
            .await
            .map(drop)
    }

    pub(super) async fn delete(&self, ctx: &Context, ns: &str, id: &str) -> Result<()> {
        self.rules
            .delete(
                ctx,
                DeleteRequest {
                    id: id.into(),
                    options: options(ns),
                },
            )
            .await
            .map(drop)
    }

    pub(super) async fn list(&self, ctx: &Context, ns: &str) -> Result<Vec<Rule>> {
        self.rules
            .list(ctx, ListRequest { options: options(ns) })
            .await
            .map(|response| response.rules)
    }

    async fn ids(&self, ns: &str) -> Vec<String> {
        self.list(&admin(), ns)
            .await
            .unwrap()
            .into_iter()
            .map(|rule| rule.id)
            .collect()
    }
}

#[tokio::test]
async fn what_the_rules_refuse() {
    let fixture = Fixture::new().await;
    let good = rule("a", "dev service:user:* grant 1");
    let nobody = Context::background();
    assert_error(
        fixture.create(&nobody, "", None).await,
        401,
        CREATE,
        "an account is required",
    );
    assert_error(
        fixture.create(&caller("foo/user/x/dev"), "foo", None).await,
        401,
        CREATE,
        "Unauthorized",
    );
    assert_error(
        fixture.create(&admin(), "", None).await,
        400,
        CREATE,
        "Rule missing",
    );
    for (bad, detail) in [
        (
            Rule {
                id: String::new(),
                ..good.clone()
            },
            "ID missing",
        ),
        (
            Rule {
                resource: None,
                ..good.clone()
            },
            "Resource missing",
        ),
        (
            Rule {
                access: 0,
                ..good.clone()
            },
            "Access missing",
        ),
    ] {
        assert_error(fixture.create(&admin(), "", Some(bad)).await, 400, CREATE, detail);
    }
    assert_eq!(fixture.create(&admin(), "", Some(good.clone())).await, Ok(()));
    assert_error(
        fixture.create(&admin(), "", Some(good)).await,
        400,
        CREATE,
        "A rule with this ID already exists",
    );
    let delete = "auth.Rules.Delete";
    assert_error(
        fixture.delete(&nobody, "", "").await,
        401,
        delete,
        "an account is required",
    );
    assert_error(fixture.delete(&admin(), "", "").await, 400, delete, "ID missing");
    assert_eq!(fixture.delete(&admin(), "", "missing").await, Ok(()));
    let list = "auth.Rules.List";
    assert_error(
        fixture.list(&nobody, "").await,
        401,
        list,
        "an account is required",
    );
    assert_error(
        fixture.list(&caller("bar/user/x/admin"), "foo").await,
        403,
        list,
        "access denied to namespace",
    );
    assert!(
        fixture.list(&caller("foo/user/x/dev"), "foo").await.is_ok(),
        "a member may read them"
    );
}

#[tokio::test]
async fn a_namespace_without_rules_is_given_the_default_and_rules_are_on_the_store() {
    let store = Arc::new(Memory::default());
    let fixture = Fixture::with(true, Arc::clone(&store) as Arc<dyn Store>).await;
    let default = Rule {
        id: "default".into(),
        ..rule("", "- *:*:* grant 0")
    };
    assert_eq!(fixture.list(&admin(), "foo").await, Ok(vec![default]));
    fixture
        .create(&admin(), "foo", Some(rule("a/b", "dev service:user:* deny 7")))
        .await
        .unwrap();
    fixture.delete(&admin(), "foo", "default").await.unwrap();
    let restarted = Fixture::with(true, store).await;
    assert_eq!(
        restarted.list(&admin(), "foo").await,
        Ok(vec![rule("a/b", "dev service:user:* deny 7")])
    );
    restarted.delete(&admin(), "foo", "a/b").await.unwrap();
    assert_eq!(restarted.ids("foo").await, ["default"]);
}

#[tokio::test]
async fn watchers_are_sent_all_rules_at_once_and_after_each_change() {
    let fixture = Fixture::new().await;
    let request = ListRequest {
        options: options("foo"),
    };
    let refused = fixture.rules.watch(&Context::background(), request.clone()).await;
    assert_eq!(
        refused.err().map(|error| error.id),
        Some("auth.Rules.Watch".into())
    );
    let mut lists = fixture
        .rules
        .watch(&caller("foo/service/x/service"), request)
        .await
        .unwrap();
    let mut next = async || {
        let list = lists.next().await.unwrap().unwrap();
        list.rules.into_iter().map(|rule| rule.id).collect::<Vec<_>>()
    };
    assert_eq!(next().await, ["default"]);
    fixture
        .create(&admin(), "bar", Some(rule("x", "- *:*:* grant 1")))
        .await
        .unwrap();
    fixture
        .create(&admin(), "foo", Some(rule("a", "- *:*:* grant 1")))
        .await
        .unwrap();
    assert_eq!(next().await, ["a", "default"]);
    fixture.delete(&admin(), "foo", "default").await.unwrap();
    assert_eq!(next().await, ["a"]);
}

#[tokio::test]
async fn nobody_shuts_himself_out_unless_he_insists() {
    let fixture = Fixture::new().await;
    let closing = || Some(rule("closed", "- service:auth:* deny 5"));
    let refused = fixture.create(&admin(), "", closing()).await.unwrap_err();
    assert_eq!(refused.code, 412);
    assert!(refused.detail.contains("micro-force: true"), "{}", refused.detail);
    assert_eq!(fixture.ids("").await, ["default"]);
    assert_eq!(
        fixture.create(&admin(), "foo", closing()).await,
        Ok(()),
        "only the platform's rules decide about auth"
    );
    fixture
        .create(&admin(), "", Some(rule("keep", "admin service:auth:* grant 9")))
        .await
        .unwrap();
    assert_eq!(fixture.create(&admin(), "", closing()).await, Ok(()));
    assert_eq!(fixture.delete(&admin(), "", "keep").await.unwrap_err().code, 412);
    let forced = admin().with_metadata("micro-force", "true");
    assert_eq!(fixture.delete(&forced, "", "keep").await, Ok(()));
}

#[tokio::test]
async fn the_guard_follows_the_rules_but_the_way_in_stays_open() {
    let fixture = Fixture::new().await;
    let guard = fixture.block().guard();
    let may = |account: Option<&Account>, service: &str, endpoint: &str, namespace: &str| {
        guard
            .authorise(&Access {
                account,
                service,
                endpoint,
                namespace,
            })
            .map_err(|error| error.code)
    };
    let member = Account {
        id: "x".into(),
        issuer: "foo".into(),
        scopes: vec!["dev".into()],
        ..Account::default()
    };
    assert_eq!(may(None, "user", "User.Read", "foo"), Ok(()));
    fixture
        .create(&admin(), "foo", Some(rule("dev", "dev *:*:* grant 1")))
        .await
        .unwrap();
    fixture.delete(&admin(), "foo", "default").await.unwrap();
    assert_eq!(may(None, "user", "User.Read", "foo"), Err(401));
    assert_eq!(may(Some(&member), "user", "User.Read", "foo"), Ok(()));
    assert_eq!(
        may(None, "user", "User.Read", "bar"),
        Ok(()),
        "other namespaces have their own rules"
    );
    assert_eq!(
        may(None, "registry", "Registry.GetService", "foo"),
        Ok(()),
        "the platform is under the platform's rules"
    );
    let forced = admin().with_metadata("micro-force", "true");
    fixture
        .create(&forced, "", Some(rule("closed", "- *:*:* deny 1")))
        .await
        .unwrap();
    assert_eq!(may(None, "registry", "Registry.GetService", "foo"), Err(401));
    assert_eq!(
        may(Some(&member), "registry", "Registry.GetService", ""),
        Err(403)
    );
    for endpoint in ["Auth.Token", "Auth.Inspect", "Auth.Keys"] {
        assert_eq!(may(None, "auth", endpoint, "foo"), Ok(()), "{endpoint}");
    }
    assert_eq!(may(Some(&member), "auth", "Rules.Watch", "foo"), Ok(()));
    assert_eq!(may(None, "auth", "Rules.Watch", "foo"), Err(401));
    assert_eq!(may(None, "auth", "Auth.Generate", "foo"), Err(401));
}
