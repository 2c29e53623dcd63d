//! `auth.Rules`: the access rules of a namespace.

use std::sync::Arc;

use futures_util::stream;
use micro::auth::{Decision, Rule, RuleSet};
use micro_proto::auth::{
    CreateRequest, CreateResponse, DeleteRequest, DeleteResponse, ListRequest, ListResponse, Resource, Rules,
};
use micro_rpc::{Account, Context, Error, Result, Streaming};
use tokio::sync::watch;

use super::auth_handler::namespace;
use super::rule_book::{self, Edit, Wanted};
use super::state::{State, store_error};
use crate::namespace::{PLATFORM, authorize, authorize_admin, named};

const CREATE: &str = "auth.Rules.Create";
const DELETE: &str = "auth.Rules.Delete";
const LIST: &str = "auth.Rules.List";
const WATCH: &str = "auth.Rules.Watch";

/// What somebody who changes rules must be able to call afterwards, to undo it.
const WAY_BACK: [&str; 3] = ["Rules.Create", "Rules.Delete", "Rules.List"];

/// The metadata that changes rules even so.
const FORCE: &str = "micro-force";

/// Serves `auth.Rules`.
pub struct RulesHandler {
    state: Arc<State>,
}

impl RulesHandler {
    pub(super) fn new(state: Arc<State>) -> RulesHandler {
        RulesHandler { state }
    }

    async fn edit(&self, ctx: &Context, ns: &str, edit: Edit, label: &str) -> Result<()> {
        let edited = self.state.rules.edit(ns, edit, keeps_a_way_back(ctx, ns)).await;
        edited.map_err(|error| rules_error(label, error))
    }

    async fn follow(
        &self,
        ctx: &Context,
        request: &ListRequest,
        label: &str,
    ) -> Result<watch::Receiver<Arc<RuleSet>>> {
        let ns = named(namespace(&request.options), "", label)?;
        authorize(ctx, ns, label)?;
        self.state
            .rules
            .follow(ns)
            .await
            .map_err(|error| rules_error(label, error))
    }
}

#[micro_rpc::async_trait]
impl Rules for RulesHandler {
    async fn create(&self, ctx: &Context, request: CreateRequest) -> Result<CreateResponse> {
        let ns = named(namespace(&request.options), "", CREATE)?;
        authorize_admin(ctx, ns, CREATE)?;
        let missing = |what: &str| Error::bad_request(CREATE, format!("{what} missing"));
        let rule = request.rule.as_ref().ok_or_else(|| missing("Rule"))?;
        if rule.id.is_empty() {
            return Err(missing("ID"));
        }
        if rule
            .resource
            .as_ref()
            .is_none_or(|resource| *resource == Resource::default())
        {
            return Err(missing("Resource"));
        }
        if rule.access == 0 {
            return Err(missing("Access"));
        }
        self.edit(ctx, ns, Edit::Create(Rule::from(rule)), CREATE).await?;
        Ok(CreateResponse {})
    }

    async fn delete(&self, ctx: &Context, request: DeleteRequest) -> Result<DeleteResponse> {
        let ns = named(namespace(&request.options), "", DELETE)?;
        authorize_admin(ctx, ns, DELETE)?;
        if request.id.is_empty() {
            return Err(Error::bad_request(DELETE, "ID missing"));
        }
        self.edit(ctx, ns, Edit::Delete(request.id), DELETE).await?;
        Ok(DeleteResponse {})
    }

    async fn list(&self, ctx: &Context, request: ListRequest) -> Result<ListResponse> {
        let rules = self.follow(ctx, &request, LIST).await?;
        let response = response(&rules.borrow());
        Ok(response)
    }

    async fn watch(&self, ctx: &Context, request: ListRequest) -> Result<Streaming<ListResponse>> {
        let mut rules = self.follow(ctx, &request, WATCH).await?;
        // The first list is sent at once.
        rules.mark_changed();
        Ok(Streaming::new(stream::unfold(rules, |mut rules| async move {
            rules.changed().await.ok()?;
            let response = response(&rules.borrow_and_update());
            Some((Ok(response), rules))
        })))
    }
}

fn response(rules: &RuleSet) -> ListResponse {
    let mut rules: Vec<micro_proto::auth::Rule> = rules.rules().iter().map(Into::into).collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    ListResponse { rules }
}

/// Only the platform's own rules decide about `auth`, so only they can shut the caller out of it.
fn keeps_a_way_back(ctx: &Context, ns: &str) -> Wanted {
    let is_forced = ctx.metadata().get(FORCE) == Some("true");
    let account = ctx.account().cloned();
    let is_platform = ns == PLATFORM;
    Box::new(move |rules| is_forced || !is_platform || leads_to_rules(rules, account.as_deref()))
}

/// Whether the platform's rules let the account change them.
pub(super) fn leads_to_rules(rules: &RuleSet, account: Option<&Account>) -> bool {
    let may = |endpoint| rules.verify_call(account, "auth", endpoint, PLATFORM) == Decision::Granted;
    WAY_BACK.into_iter().all(may)
}

pub(super) fn rules_error(label: &str, error: rule_book::Error) -> Error {
    match error {
        rule_book::Error::Exists => Error::bad_request(label, "A rule with this ID already exists"),
        rule_book::Error::Unwanted => Error::precondition_failed(
            label,
            "this would shut you out of auth.Rules: first create a rule of a higher priority that grants you \
             service:auth:*, or repeat the command with --force (the call with metadata micro-force: true)",
        ),
        rule_book::Error::Store(error) => store_error(label, error),
    }
}
