//! What the tasks of a registry have in common.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use micro::{Backend, Error, Result};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tonic::transport::Endpoint;
use tonic::{Code, Status as Refusal};

use crate::config::{Config, Login};
use crate::key::Keys;
use crate::lease::Leases;
use crate::link::{Link, PATIENCE, why};
use crate::picture::Picture;
use crate::requests::Counters;

const SILENT: &str = "it has not answered yet";

pub(crate) struct Shared {
    pub keys: Keys,
    pub members: Vec<Endpoint>,
    pub login: Option<Login>,
    pub backend: Backend,
    pub leases: Leases,
    pub counters: Arc<Counters>,
    /// There is something that etcd has to be told.
    pub wake: Notify,
    /// Who takes nodes back shares it; who writes lost nodes again has it alone, or it would write what was just taken back.
    pub rewriting: tokio::sync::RwLock<()>,
    picture: RwLock<Picture>,
    /// The connection, or why there is none; nothing before the first attempt has ended.
    link: watch::Sender<Option<std::result::Result<Found, Arc<str>>>>,
    applied: watch::Sender<i64>,
}

#[derive(Clone)]
struct Found {
    link: Link,
    member: Arc<str>,
}

/// How the registry does, for who operates it.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// The member of etcd that it is connected to; none while etcd is away.
    pub member: Option<String>,
    /// The revision of etcd up to which it knows all.
    pub revision: i64,
    /// Versions of services.
    pub versions: usize,
    /// Their nodes.
    pub nodes: usize,
    /// Nodes that this process keeps: it was told last that they live.
    pub kept: usize,
    /// Nodes of which etcd has to be told when it is back.
    pub unwritten: usize,
    /// Leases that this process keeps alive.
    pub leases: usize,
}

impl Shared {
    pub fn new(config: Config) -> Result<Self> {
        Ok(Self {
            keys: Keys::new(&config.prefix),
            members: config.members()?,
            login: config.login,
            backend: Backend::new("etcd"),
            leases: Leases::default(),
            counters: Arc::default(),
            wake: Notify::new(),
            rewriting: tokio::sync::RwLock::default(),
            picture: RwLock::default(),
            link: watch::Sender::new(None),
            applied: watch::Sender::new(0),
        })
    }

    pub fn look<T>(&self, look: impl FnOnce(&Picture) -> T) -> T {
        look(&self.picture.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the picture, and lets those know who wait for it.
    pub fn edit<T>(&self, edit: impl FnOnce(&mut Picture) -> T) -> T {
        let mut picture = self.picture.write().unwrap_or_else(PoisonError::into_inner);
        let edited = edit(&mut picture);
        let (revision, has_news) = (picture.revision, picture.has_news());
        // While nobody else can change it: what is said here never falls behind.
        self.applied.send_if_modified(|applied| {
            let is_new = *applied != revision;
            *applied = revision;
            is_new
        });
        drop(picture);
        if has_news {
            self.wake.notify_one();
        }
        edited
    }

    /// Waits until etcd was read for the first time, or could not be.
    pub async fn until_known(&self, endpoint: &str) -> Result<()> {
        let (mut applied, mut link) = (self.applied.subscribe(), self.link.subscribe());
        let is_known = tokio::select! {
            biased;
            known = applied.wait_for(|applied| *applied > 0) => known.is_ok(),
            _ = link.wait_for(|link| matches!(link, Some(Err(_)))) => false,
            () = tokio::time::sleep(PATIENCE) => false,
        };
        match is_known {
            true => Ok(()),
            false => Err(Error::unavailable(
                endpoint,
                format!("etcd is away: {}", self.reason()),
            )),
        }
    }

    /// Waits until the first attempt to connect has ended.
    pub async fn until_tried(&self) {
        let mut link = self.link.subscribe();
        let _ = timeout(PATIENCE, link.wait_for(Option::is_some)).await;
    }

    /// Waits until the picture has what was written at a revision.
    pub async fn until_applied(&self, endpoint: &str, revision: i64) -> Result<()> {
        let mut applied = self.applied.subscribe();
        match timeout(PATIENCE, applied.wait_for(|applied| *applied >= revision)).await {
            Ok(_) => Ok(()),
            Err(_) => {
                let what = format!(
                    "etcd took it, and has not told of it within {} ms",
                    PATIENCE.as_millis()
                );
                Err(Error::unavailable(endpoint, what))
            }
        }
    }

    /// The connection, or why there is none.
    pub fn link(&self) -> std::result::Result<Link, Refusal> {
        match &*self.link.borrow() {
            Some(Ok(found)) => Ok(found.link.clone()),
            Some(Err(why)) => Err(Refusal::unavailable(&**why)),
            None => Err(Refusal::unavailable(SILENT)),
        }
    }

    fn reason(&self) -> String {
        match &*self.link.borrow() {
            Some(Err(why)) => why.to_string(),
            _ => SILENT.to_owned(),
        }
    }

    pub fn found(&self, link: Link, member: &Endpoint) {
        let member = member.uri().to_string().into();
        drop(self.link.send_replace(Some(Ok(Found { link, member }))));
        self.backend.reached();
        self.wake.notify_one();
    }

    pub fn lost(&self, why: &str) {
        drop(self.link.send_replace(Some(Err(why.into()))));
        self.backend.lost(why);
    }

    /// The lease for nodes that live so long; 0 for those that live for ever.
    pub async fn lease(&self, link: &Link, class: Option<Duration>) -> std::result::Result<i64, Refusal> {
        let own = |id| self.edit(|picture| picture.own(id));
        match class {
            Some(class) => self.leases.get(link, class, own).await,
            None => Ok(0),
        }
    }

    pub fn status(&self) -> Status {
        let (revision, size) = self.look(|picture| (picture.revision, picture.size()));
        let link = self.link.borrow();
        Status {
            member: link.iter().flatten().next().map(|found| found.member.to_string()),
            revision,
            versions: size.versions,
            nodes: size.nodes,
            kept: size.kept,
            unwritten: size.unwritten,
            leases: self.leases.ids().len(),
        }
    }
}

/// What etcd's refusal is to who called.
pub(crate) fn refused(endpoint: &str, status: &Refusal) -> Error {
    let why = why(status);
    match status.code() {
        Code::InvalidArgument => Error::bad_request(endpoint, format!("etcd does not take it: {why}")),
        Code::PermissionDenied | Code::Unauthenticated => {
            Error::internal(endpoint, format!("etcd does not let this user: {why}"))
        }
        _ => Error::unavailable(endpoint, format!("etcd is away: {why}")),
    }
}
