//! A way back in for who has locked everybody out: the administrator is made anew, and the rules let him pass.

use std::fmt;
use std::sync::Arc;

use micro::auth::{Rule, RuleSet};
use micro_rpc::Result;

use super::account::StoredAccount;
use super::admin::administrator;
use super::directory;
use super::rule_book::Edit;
use super::rules_handler::{leads_to_rules, rules_error};
use super::state::{State, directory_error};
use crate::namespace::PLATFORM;

const LABEL: &str = "auth";

/// What was done. `Debug` does not show the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminReset {
    /// The new secret of the account `admin`, which is to be shown now: it is not kept.
    pub secret: String,
    /// The rules that kept the administrator out, and are gone.
    pub removed_rules: Vec<String>,
    /// Whether the default rule had to be put back.
    pub restored_default: bool,
}

impl fmt::Debug for AdminReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminReset")
            .field("removed_rules", &self.removed_rules)
            .field("restored_default", &self.restored_default)
            .finish_non_exhaustive()
    }
}

impl State {
    /// Makes the account `admin` anew, and changes the platform's rules as little as it takes to let it at them.
    pub async fn reset_admin(&self) -> Result<AdminReset> {
        let (secret, hashed) = self.make_secret(LABEL).await?;
        let mut account = StoredAccount::new(administrator(), hashed);
        match self.put(&account).await {
            Err(directory::Error::NameExists) => {
                // Somebody else has the name; the id is what counts.
                account.name = format!("admin-{}", &account.refresh_nonce[..8]);
                self.put(&account).await
            }
            other => other,
        }
        .map_err(|error| directory_error(LABEL, error))?;
        let (removed_rules, restored_default) = self.open_rules().await?;
        Ok(AdminReset {
            secret,
            removed_rules,
            restored_default,
        })
    }

    async fn put(&self, account: &StoredAccount) -> std::result::Result<(), directory::Error> {
        self.directory
            .replace(account, &self.issuer.refresh_token(account))
            .await
    }

    async fn open_rules(&self) -> Result<(Vec<String>, bool)> {
        let rules = self.current_rules().await?;
        let (removed, restores_default) = way_in(rules.rules().to_vec());
        for id in &removed {
            self.edit(Edit::Delete(id.clone())).await?;
        }
        // Deleting the last rule has put it back already.
        if restores_default && !self.current_rules().await?.rules().contains(&Rule::public()) {
            self.edit(Edit::Create(Rule::public())).await?;
        }
        Ok((removed, restores_default))
    }

    async fn current_rules(&self) -> Result<Arc<RuleSet>> {
        let followed = self.rules.follow(PLATFORM).await;
        let rules = followed.map_err(|error| rules_error(LABEL, error))?;
        let rules = Arc::clone(&rules.borrow());
        Ok(rules)
    }

    async fn edit(&self, edit: Edit) -> Result<()> {
        let edited = self.rules.edit(PLATFORM, edit, Box::new(|_| true)).await;
        edited.map_err(|error| rules_error(LABEL, error))
    }
}

/// Which rules have to go for the administrator to get in, and whether the default rule has to come back.
fn way_in(mut rules: Vec<Rule>) -> (Vec<String>, bool) {
    let mut removed = Vec::new();
    while !is_open(&rules) {
        let others = rules.iter().filter(|rule| rule.id != Rule::public().id);
        let with_default: Vec<_> = others.cloned().chain([Rule::public()]).collect();
        if is_open(&with_default) {
            let replaced = rules.iter().find(|rule| rule.id == Rule::public().id);
            removed.extend(replaced.map(|rule| rule.id.clone()));
            return (removed, true);
        }
        let Some(index) = rules.iter().position(is_in_the_way) else {
            // Not to be thought of, and still nobody is to stay locked out.
            removed.extend(rules.into_iter().map(|rule| rule.id));
            return (removed, true);
        };
        removed.push(rules.remove(index).id);
    }
    (removed, false)
}

fn is_open(rules: &[Rule]) -> bool {
    leads_to_rules(&RuleSet::new(rules.to_vec()), Some(&administrator()))
}

/// Whether a rule by itself keeps the administrator out.
fn is_in_the_way(rule: &Rule) -> bool {
    let behind = Rule {
        priority: i32::MIN,
        ..Rule::public()
    };
    !is_open(&[rule.clone(), behind])
}

#[cfg(test)]
mod tests {
    use micro::auth::{Access, Resource};

    use super::*;

    fn rule(id: &str, scope: &str, endpoint: &str, access: Access, priority: i32) -> Rule {
        Rule {
            id: id.into(),
            scope: scope.into(),
            resource: Resource::service("auth", endpoint),
            access,
            priority,
        }
    }

    #[test]
    fn as_little_as_it_takes() {
        use Access::{Denied, Granted};
        let public = Rule::public;
        let none: &[&str] = &[];
        for (rules, removed, restored) in [
            (vec![public()], none, false),
            (vec![rule("a", "admin", "*", Granted, 0)], none, false),
            (vec![], none, true),
            (vec![rule("a", "dev", "*", Granted, 0)], none, true),
            (vec![public(), rule("a", "dev", "*", Denied, 9)], none, false),
            (vec![public(), rule("a", "", "*", Denied, 9)], &["a"], false),
            (vec![rule("a", "", "*", Denied, 9)], &["a"], true),
            (
                vec![
                    public(),
                    rule("a", "admin", "Rules.Delete", Denied, 1),
                    rule("b", "", "Rules.List", Granted, 5),
                ],
                &["a"],
                false,
            ),
            (vec![rule("default", "", "*", Denied, 0)], &["default"], true),
            (
                vec![
                    rule("default", "dev", "*", Granted, 0),
                    rule("z", "dev", "*", Denied, 3),
                ],
                &["default"],
                true,
            ),
        ] {
            let (gone, back) = way_in(rules.clone());
            assert_eq!(
                (&gone[..], back),
                (
                    &removed.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>()[..],
                    restored
                ),
                "{rules:?}"
            );
        }
    }
}
