//! Whose data it is: the tenants of a service that many programs use.
//!
//! A domain service keeps what belongs to its callers, and one caller never sees what is another's. So every key is put in its
//! tenant's place by a [`Tenant`], and only the caller's verified account makes one: there is no way to name a tenant in a request.
//! What somebody without an account may do, who follows a link in a mail, is handed out beforehand in the tenant's name:
//! [`Grants`].

mod grants;

use std::fmt;

use micro_rpc::{Account, Context, Error, Result};

pub use grants::{Grant, Grants};

/// The metadata of an account that says for whom it acts: an API key acts for who made it.
const OWNER: &str = "owner";
/// The metadata of an account that says for which project of several it acts.
const PROJECT: &str = "project";
/// Begins the keys of tenants; no name of an entity can begin so.
const MARK: char = '@';

/// Who owns data: the namespace, and in it the owner of the caller's account, or his project where there is one.
///
/// ```
/// use std::sync::Arc;
/// use micro::{Account, Context, Tenant};
///
/// let account = Account { id: "ada".into(), issuer: "acme".into(), ..Account::default() };
/// let ctx = Context::background().with_account(Arc::new(account));
/// assert_eq!(Tenant::of(&ctx)?.to_string(), "acme/ada");
/// assert_eq!(Tenant::of(&Context::background()).unwrap_err().code, 401);
/// # micro::Result::<()>::Ok(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tenant(String);

impl Tenant {
    /// The tenant that a call is made for.
    ///
    /// # Errors
    ///
    /// 401 where the caller has no account.
    pub fn of(ctx: &Context) -> Result<Self> {
        let account = ctx
            .account()
            .ok_or_else(|| Error::unauthorized("go.micro.tenant", "an account is required"))?;
        Ok(Self::of_account(account))
    }

    fn of_account(account: &Account) -> Self {
        let noted = |name| account.metadata.get(name).filter(|value| !value.is_empty());
        let owner = noted(PROJECT).or_else(|| noted(OWNER)).unwrap_or(&account.id);
        Self(format!("{}/{}", part(&account.issuer), part(owner)))
    }

    /// What its keys begin with. No tenant's is the beginning of another's.
    pub(crate) fn prefix(&self) -> String {
        format!("{MARK}{}/", self.0)
    }

    fn restored(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name as a part of a key: what divides parts stands in none.
fn part(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F").replace('\0', "%00")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Platform;
    use crate::store::{Change, ErrorKind, Record, Scan};

    fn account(issuer: &str, id: &str, metadata: &[(&str, &str)]) -> Account {
        Account {
            id: id.into(),
            issuer: issuer.into(),
            metadata: metadata
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Account::default()
        }
    }

    fn tenant(issuer: &str, id: &str) -> Tenant {
        Tenant::of_account(&account(issuer, id, &[]))
    }

    #[test]
    fn a_key_acts_for_its_owner_and_a_project_is_its_own_tenant() {
        for (metadata, expected) in [
            (&[][..], "acme/key-1"),
            (&[("owner", "ada")], "acme/ada"),
            (&[("owner", "")], "acme/key-1"),
            (&[("owner", "ada"), ("project", "shop")], "acme/shop"),
        ] {
            let tenant = Tenant::of_account(&account("acme", "key-1", metadata));
            assert_eq!(tenant.to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn tenants_never_meet(a in ("[a%/]{0,3}", "[a%/2F\0]{0,4}"), b in ("[a%/]{0,3}", "[a%/2F\0]{0,4}")) {
            let (first, second) = (tenant(&a.0, &a.1).prefix(), tenant(&b.0, &b.1).prefix());
            prop_assert_eq!(a == b, first == second);
            prop_assert!(a == b || !first.starts_with(&second));
            prop_assert!(!first.contains('\0'));
        }
    }

    #[tokio::test]
    async fn a_tenants_part_of_a_table_is_a_table() {
        let platform = Platform::in_memory("acme");
        let whole = platform.table("user");
        let [ada, bob] = ["ada", "bob"].map(|id| whole.of(&tenant("acme", id)));
        ada.write(Record::new("1", "Ada's")).await.unwrap();
        bob.commit(vec![Change::PutNew(Record::new("1", "Bob's"))])
            .await
            .unwrap();
        assert_eq!(ada.read("1").await.unwrap().value, "Ada's");
        let seen = bob.scan(&Scan::default()).await.unwrap();
        assert_eq!((seen.len(), seen[0].key.as_str()), (1, "1"));
        let after = Scan {
            after: "0".to_owned(),
            ..Scan::default()
        };
        assert_eq!(bob.scan(&after).await.unwrap().len(), 1);
        let mut changes = ada.watch("").await.unwrap();
        bob.delete("1").await.unwrap();
        ada.delete("1").await.unwrap();
        assert_eq!(changes.next().await.unwrap().unwrap().key, "1");
        assert!(whole.scan(&Scan::default()).await.unwrap().is_empty());
        for refused in [ada.write(Record::new("", "")).await, ada.read("").await.map(drop)] {
            assert_eq!(refused.unwrap_err().kind, ErrorKind::Invalid);
        }
    }
}
