//! The account of those who join the platform through this server's machine.

use std::io;
use std::path::Path;

use micro_rpc::{Error, Result};

use super::state::{State, directory_error};
use super::{Keys, directory, issuer, private_file};
use crate::namespace::PLATFORM;

const LABEL: &str = "auth";

const JOIN: &str = "join";

impl State {
    /// The account has a new secret at each start of a server, so servers that share a store have one each. Its id stays the
    /// home's, so that a server that starts again leaves none behind.
    pub async fn join_id(&self) -> Result<String> {
        if matches!(self.config.keys, Keys::Files { .. }) {
            return Ok(JOIN.to_owned());
        }
        let file = self.config.home.join("server/id");
        let shown = file.display().to_string();
        let id = issuer::blocking(move || read_or_make(&file)).await;
        let id = id.map_err(|error| Error::internal(LABEL, format!("{shown} cannot be used: {error}")))?;
        Ok(format!("{JOIN}-{id}"))
    }

    /// Removes the account of this server alone; that of a home stays, since only one server has it.
    pub async fn forget_join_account(&self) -> Result<()> {
        if matches!(self.config.keys, Keys::Files { .. }) {
            return Ok(());
        }
        let id = self.join_id().await?;
        match self.directory.delete(PLATFORM, &id).await {
            Ok(()) | Err(directory::Error::NotFound) => Ok(()),
            Err(error) => Err(directory_error(LABEL, error)),
        }
    }
}

fn read_or_make(file: &Path) -> io::Result<String> {
    if private_file::read_if_any(file)?.is_none() {
        let id = uuid::Uuid::new_v4().simple().to_string();
        private_file::create(file, &id.as_bytes()[..12])?;
    }
    let id = String::from_utf8(private_file::read(file)?).unwrap_or_default();
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match is_id {
        true => Ok(id),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is no id of letters and digits: remove it to have one made",
        )),
    }
}
