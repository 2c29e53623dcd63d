//! Who knows the secret is the account.

use std::time::{Duration, Instant};

use micro_rpc::{Error, Result};

use super::account::{HashedSecret, StoredAccount};
use super::secrets;
use super::state::{State, directory_error, not_found, secrets_error};

impl State {
    /// The account with this id, or else name.
    pub async fn find_account(&self, ns: &str, id_or_name: &str, label: &str) -> Result<StoredAccount> {
        let found = self
            .directory
            .find(ns, id_or_name)
            .await
            .map_err(|error| directory_error(label, error))?;
        found.ok_or_else(|| not_found(label))
    }

    /// Compares a secret with the account's. Who fails often has to wait.
    pub async fn check_secret(&self, account: &StoredAccount, secret: &str, label: &str) -> Result<()> {
        let turn = self
            .secrets
            .turn()
            .await
            .map_err(|error| secrets_error(label, error))?;
        // Asked after waiting for the turn: of many guesses sent at once, those behind the fifth find the wait in place.
        let key = account.account_key();
        if !account.is_random {
            self.throttle
                .check(&key, Instant::now())
                .map_err(|wait| too_many(label, &account.id, wait))?;
        }
        let is_correct = secrets::verify(turn, secret, &account.secret).await;
        if is_correct.map_err(|error| secrets_error(label, error))? {
            self.throttle.succeeded(&key);
            return Ok(());
        }
        self.throttle.failed(&key, Instant::now());
        Err(Error::bad_request(label, "Secret not correct"))
    }

    /// A new secret that nobody guesses: in clear, to be shown once, and as it is kept.
    pub async fn make_secret(&self, label: &str) -> Result<(String, HashedSecret)> {
        // 122 random bits.
        let secret = uuid::Uuid::new_v4().to_string();
        let hashed = self.hash_secret(&secret, label).await?;
        let hashed = HashedSecret {
            is_random: true,
            ..hashed
        };
        Ok((secret, hashed))
    }

    /// A secret that somebody chose, as it is kept.
    pub async fn hash_secret(&self, secret: &str, label: &str) -> Result<HashedSecret> {
        if secret.len() > secrets::LONGEST_SECRET {
            let detail = format!(
                "the secret is too long: use at most {} bytes",
                secrets::LONGEST_SECRET
            );
            return Err(Error::bad_request(label, detail));
        }
        let hash = self.secrets.hash(secret).await;
        Ok(HashedSecret {
            hash: hash.map_err(|error| secrets_error(label, error))?,
            is_random: false,
        })
    }

    /// Stores a new account.
    pub async fn create_account(&self, account: &StoredAccount, label: &str) -> Result<()> {
        let refresh_token = self.issuer.refresh_token(account);
        let created = self.directory.create(account, &refresh_token).await;
        created.map_err(|error| directory_error(label, error))
    }
}

fn too_many(label: &str, account: &str, wait: Duration) -> Error {
    let seconds = wait.as_millis().div_ceil(1000);
    Error::too_many_requests(
        label,
        format!("too many failed attempts for {account}, try again in {seconds} s"),
    )
}
