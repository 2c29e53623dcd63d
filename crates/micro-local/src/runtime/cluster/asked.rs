//! What is asked of one server about services that run at any.

use std::time::Duration;

use micro::bytes::Bytes;
use micro::runtime::{self, Key, LogRecord, LogsQuery, Query, Service, State};
use micro::{Error, Result, Streaming};

use super::super::desired::{Desired, Ledger};
use super::super::running::Running;
use super::super::status::Status;
use super::board::Board;
use super::decide::folder_of_one_machine;
use super::{Cluster, unread};

/// How long this server may take to see what it wrote down itself. What is acknowledged does not depend on it.
const SEEN: Duration = Duration::from_secs(1);
/// How long a service may take to end at its server.
const ENDED: Duration = Duration::from_secs(20);

impl Cluster {
    /// Asks for a new service, or for another in its place.
    pub async fn create(&self, ledger: &Ledger, desired: Desired, is_forced: bool) -> Result<()> {
        let key = desired.key();
        if is_forced {
            match ledger.request(&key, |_| desired.clone()).await {
                Err(error) if error == runtime::not_found() => {}
                requested => return self.seen(&requested?).await,
            }
        }
        let desired = Desired {
            request: uuid::Uuid::new_v4().to_string(),
            ..desired
        };
        ledger.add(&desired).await?;
        self.seen(&desired).await
    }

    pub async fn update(
        &self,
        ledger: &Ledger,
        key: &Key,
        change: impl Fn(&Desired) -> Desired + Send + Sync,
    ) -> Result<()> {
        let requested = ledger.request(key, change).await?;
        self.seen(&requested).await
    }

    /// Whoever asks this server next is answered accordingly.
    async fn seen(&self, desired: &Desired) -> Result<()> {
        let key = desired.key();
        let is_there = |board: &Board| {
            let there = board.services.get(&key);
            there.is_some_and(|there| there.request == desired.request)
        };
        self.until(SEEN, is_there).await;
        Ok(())
    }

    /// Waits until a service that is to run no more has ended where it ran.
    pub async fn ended(&self, key: &Key) -> Result<()> {
        let before = self.board.borrow().claims.get(key).map(|claim| claim.version);
        let address = self
            .board
            .borrow()
            .elsewhere(key)
            .map(|server| server.address.clone());
        let has_ended = |board: &Board| {
            let claim = board.claims.get(key).map(|claim| claim.version);
            (claim.is_none() || claim != before) && (claim.is_some() || !board.services.contains_key(key))
        };
        if self.until(ENDED, has_ended).await {
            return Ok(());
        }
        let place = address.map_or_else(String::new, |address| format!(" by the server {address}"));
        let detail = format!("{key} is to run no more, and will be ended{place} as soon as it can");
        Err(Error::unavailable("runtime", detail))
    }

    pub fn read(&self, running: &Running, namespace: &str, query: &Query) -> Result<Vec<Service>> {
        let board = self.board.borrow();
        if let Some(error) = unread(&board) {
            return Err(error);
        }
        let wanted = board.services.iter();
        let wanted =
            wanted.filter(|(key, desired)| key.namespace == namespace && query.matches(key, &desired.kind));
        Ok(wanted
            .map(|(key, desired)| self.service(&board, running, key, desired))
            .collect())
    }

    /// How a service is: as this server knows, or as the one says that runs it.
    fn service(&self, board: &Board, running: &Running, key: &Key, desired: &Desired) -> Service {
        let here = running.get(key).filter(|_| board.is_mine(key));
        let (mut service, request, address) = if let Some(handle) = here {
            let view = handle.view();
            (view.service, view.request, Some(self.sharing.address.clone()))
        } else if let Some(post) = board.post(key) {
            let address = board.elsewhere(key).map(|server| server.address.clone());
            (post.service.clone(), post.request.clone(), address)
        } else {
            let error = board.is_free(key).then(|| nobody(desired)).flatten();
            let status = Status {
                error,
                ..Status::new()
            };
            let address = board.elsewhere(key).map(|server| server.address.clone());
            (status.view(desired).service, desired.request.clone(), address)
        };
        if request != desired.request {
            announce(&mut service);
        }
        service
            .metadata
            .extend(address.map(|address| ("server".to_owned(), address)));
        service
    }

    pub async fn logs(&self, running: &Running, key: &Key, query: LogsQuery) -> Result<Streaming<LogRecord>> {
        match self.whereabouts(running, key, || runtime::logs_not_found(&key.name))? {
            None => match running.get(key) {
                Some(handle) => Ok(handle.log().read(query)),
                None => Err(moving(key)),
            },
            Some(server) => {
                let logs = self.sharing.peers.logs(&server, key, query).await;
                logs.map_err(|error| unasked(key, &server, &error))
            }
        }
    }

    pub async fn build(&self, running: &Running, key: &Key) -> Result<Streaming<Bytes>> {
        match self.whereabouts(running, key, runtime::build_not_found)? {
            None => {
                let program = running.get(key).and_then(|handle| handle.program());
                super::super::built::read(program.ok_or_else(runtime::build_not_found)?).await
            }
            Some(server) => self.sharing.peers.build(&server, key).await,
        }
    }

    /// The other server that runs a service; `None` when it is this one's.
    fn whereabouts(
        &self,
        running: &Running,
        key: &Key,
        missing: impl FnOnce() -> Error,
    ) -> Result<Option<String>> {
        let board = self.board.borrow();
        if let Some(error) = unread(&board) {
            return Err(error);
        }
        if !board.services.contains_key(key) {
            return Err(missing());
        }
        if board.is_mine(key) && running.get(key).is_some() {
            return Ok(None);
        }
        let elsewhere = board.elsewhere(key).map(|server| server.address.clone());
        elsewhere.map(Some).ok_or_else(|| moving(key))
    }
}

/// Why nobody runs a service, where that is known.
fn nobody(desired: &Desired) -> Option<String> {
    let folder = folder_of_one_machine(desired)?;
    Some(format!(
        "its source is the folder {folder} of one machine, and no server is there that can read it: start that machine's \
         server, or update the service with an upload, or from a repository that every server reaches"
    ))
}

/// Says that a request has not been taken up yet.
fn announce(service: &mut Service) {
    let word = State::Pending.word().to_owned();
    if service.status == State::Running as i32 {
        service.metadata.insert("update".to_owned(), word);
    } else {
        service.status = State::Pending as i32;
        service.metadata.insert("status".to_owned(), word);
        service.metadata.remove("error");
        service.metadata.remove(runtime::ERROR_COLOURED);
    }
}

fn moving(key: &Key) -> Error {
    let detail = format!("no server runs {key} right now: try again in a moment");
    Error::unavailable("runtime", detail)
}

/// An answer of the other server goes on as it is; where there was none, it is said who has the log.
fn unasked(key: &Key, server: &str, error: &Error) -> Error {
    let is_answer = !matches!(error.code, 408 | 500 | 503 | 504) || error.id.starts_with("runtime");
    if is_answer {
        return error.clone();
    }
    let detail = format!(
        "the log of {key} is at the server {server}, which cannot be asked: {}",
        error.detail
    );
    Error::unavailable("runtime.Logs", detail)
}
