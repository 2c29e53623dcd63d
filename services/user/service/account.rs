//! An account, and what its names may be.

use std::collections::BTreeMap;

use micro::serde;
use micro::store::model::{Entity, Index};
use serde::{Deserialize, Serialize};

use super::password::Hash;
use super::problem::{Problem, Result};

/// In bytes: ids, usernames, keys of a profile.
const LONGEST: usize = 255;
/// In bytes: all of a profile.
const LARGEST_PROFILE: usize = 64 * 1024;

/// Somebody who uses the application.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(crate = "micro::serde")]
pub struct Account {
    /// Unique within the tenant.
    pub id: String,
    /// In lower case; empty for none.
    pub username: String,
    /// In lower case; empty for none.
    pub email: String,
    pub password: Hash,
    /// Sessions are good for as long as this is what it was when they began.
    pub era: String,
    /// Unix seconds, as all times are.
    pub created: i64,
    pub updated: i64,
    pub verified: bool,
    pub verification_date: i64,
    pub profile: BTreeMap<String, String>,
}

impl Entity for Account {
    const NAME: &'static str = "account";

    fn id(&self) -> &str {
        &self.id
    }

    fn indexes(&self) -> Vec<Index> {
        let names = [("username", &self.username), ("email", &self.email)];
        let given = names.into_iter().filter(|(_, name)| !name.is_empty());
        let unique = given.map(|(index, name)| Index::unique(index, name));
        unique.chain([Index::ordered("created", self.created)]).collect()
    }
}

impl Account {
    /// All its sessions have ended.
    pub fn end_sessions(&mut self) {
        self.era = micro::secret::token();
    }
}

/// A username as it is kept.
pub fn username(text: &str) -> Result<String> {
    let name = text.trim().to_lowercase();
    let is_odd = |letter: char| letter.is_control() || letter.is_whitespace();
    if name.len() > LONGEST || name.contains(is_odd) {
        let detail = format!("a username has at most {LONGEST} bytes and no blanks");
        return Err(Problem::invalid("username", detail));
    }
    Ok(name)
}

/// An e-mail address as it is kept.
pub fn email(text: &str) -> Result<String> {
    let address = text.trim().to_lowercase();
    if !address.is_empty() && !email_address::EmailAddress::is_valid(&address) {
        let detail = format!("{text:?} is no e-mail address");
        return Err(Problem::invalid("email", detail));
    }
    Ok(address)
}

/// An id as it was given.
pub fn id(text: &str) -> Result<String> {
    if text.len() > LONGEST || text.contains(char::is_control) {
        let detail = format!("an id has at most {LONGEST} bytes and no control characters");
        return Err(Problem::invalid("id", detail));
    }
    Ok(text.to_owned())
}

/// A profile as it was given.
pub fn profile(profile: BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    let size: usize = profile.iter().map(|(key, value)| key.len() + value.len()).sum();
    if size > LARGEST_PROFILE {
        let detail = format!("a profile has at most {LARGEST_PROFILE} bytes in all, this one has {size}");
        return Err(Problem::invalid("profile", detail));
    }
    Ok(profile)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_kept_in_lower_case() {
        assert_eq!(username(" Ada ").unwrap(), "ada");
        assert_eq!(
            email("Ada.Lovelace+x@Example.ORG ").unwrap(),
            "ada.lovelace+x@example.org"
        );
        assert_eq!(
            (username("").unwrap(), email("").unwrap()),
            (String::new(), String::new())
        );
        for wrong in [
            "ada",
            "ada@",
            "@example.org",
            "a b@example.org",
            "ada@example..org",
            "<ada@example.org>",
        ] {
            assert!(email(wrong).is_err(), "{wrong}");
        }
        for wrong in ["a b", "a\nb", &"x".repeat(LONGEST + 1)] {
            assert!(username(wrong).is_err(), "{wrong:?}");
        }
        assert!(id(&"x".repeat(LONGEST + 1)).is_err() && id("a\0").is_err());
        let large = [("a".to_owned(), "x".repeat(LARGEST_PROFILE))].into();
        assert!(profile(large).is_err());
    }

    proptest! {
        #[test]
        fn what_is_kept_is_kept_as_it_is(text in "\\PC{0,20}") {
            if let Ok(name) = username(&text) {
                prop_assert_eq!(username(&name).ok(), Some(name));
            }
            if let Ok(address) = email(&text) {
                prop_assert_eq!(email(&address).ok(), Some(address));
            }
        }
    }
}
