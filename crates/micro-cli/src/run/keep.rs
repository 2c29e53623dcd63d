//! `micro run --watch`: brings every change of the files to what runs.
//!
//! What is saved while something is built is built at once, in the place of that. A build that fails, or a program that
//! does not start, is told, and the old one serves on; the next save tries again. Of a folder with several services those are
//! built that the change concerns, a service that is new in it is started, and one whose folder is gone is stopped.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};

use super::concern::concerned;
use super::files::{Changed, Files};
use super::order::{self, Node};
use super::{Job, RunArgs, submit};
use crate::errors::{Failure, Result};
use crate::kill;
use crate::session::{Globals, Session};
use crate::source::Source;
use crate::target::{LATEST, Target};
use crate::watch::Screen;

/// So many are uploaded and waited for at a time.
const AT_ONCE: usize = 4;
/// More changed files than these are counted.
const SHOWN: usize = 3;

/// What is being watched.
pub(super) struct Keep<'a> {
    globals: &'a Globals,
    args: &'a RunArgs,
    screen: Screen,
    job: Job,
    files: Files,
}

/// What is to be done.
struct Work<'a> {
    globals: &'a Globals,
    args: &'a RunArgs,
    screen: &'a Screen,
    /// What is to be built, and whether it is new. What is left when this is dropped half-way is done the next time.
    left: RefCell<BTreeMap<Id, bool>>,
    /// The failures that were shown for this change.
    shown: RefCell<HashSet<String>>,
}

/// A service's name and version.
type Id = (String, String);

impl<'a> Keep<'a> {
    /// Looks at the files as they are before anything is built.
    pub(super) async fn begin(globals: &'a Globals, args: &'a RunArgs, job: Job) -> Result<Self> {
        let rest = Duration::from_millis(args.watch_delay);
        Ok(Self {
            globals,
            args,
            screen: Screen::quiet(),
            files: Files::below(job.roots(), rest).await?,
            job,
        })
    }

    /// Goes on until the process is ended.
    pub(super) async fn run(self) -> Result<()> {
        let Self {
            globals,
            args,
            screen,
            mut job,
            mut files,
        } = self;
        let work = Work {
            globals,
            args,
            screen: &screen,
            left: RefCell::default(),
            shown: RefCell::default(),
        };
        // Changes whose services could not be told.
        let mut open: Vec<PathBuf> = Vec::new();
        let mut changed = files.changed().await?;
        loop {
            tell_changed(&screen, job.place(), &changed);
            open.extend(std::mem::take(&mut changed.paths));
            match job.again() {
                Ok(now) => {
                    work.note(&job, &now, &std::mem::take(&mut open)).await;
                    files.move_to(now.roots()).await?;
                    job = now;
                }
                Err(failure) => screen.report(&failure),
            }
            let next = files.changed();
            tokio::pin!(next);
            changed = tokio::select! {
                next = &mut next => next,
                () = work.build(job.services(), changed.since) => next.await,
            }?;
        }
    }
}

impl Work<'_> {
    /// Notes what is to be built, and stops what is gone.
    async fn note(&self, before: &Job, now: &Job, files: &[PathBuf]) {
        let ids = |job: &Job| -> BTreeSet<Id> { job.services().iter().map(id).collect() };
        let (old, new) = (ids(before), ids(now));
        {
            let mut left = self.left.borrow_mut();
            left.retain(|id, _| new.contains(id));
            for source in concerned(now.services(), files) {
                left.entry(id(source)).or_insert(false);
            }
            left.extend(new.difference(&old).map(|id| (id.clone(), true)));
        }
        for (name, version) in old.difference(&new) {
            match self.stop(name, version).await {
                Ok(()) => self.screen.print(&format!(
                    "{} is stopped: its folder is gone",
                    called(name, version)
                )),
                Err(failure) => self.screen.report(&failure),
            }
        }
    }

    async fn stop(&self, name: &str, version: &str) -> Result<()> {
        let session = Session::open(self.globals).await?;
        let target = Target {
            name: name.to_owned(),
            version: version.to_owned(),
        };
        kill::delete(&session, &target).await
    }

    /// Builds what is left of these, in the order in which they need each other.
    async fn build(&self, services: &[Source], since: Instant) {
        let wanted: Vec<&Source> = {
            let left = self.left.borrow();
            services
                .iter()
                .filter(|source| left.contains_key(&id(source)))
                .collect()
        };
        if wanted.is_empty() {
            return;
        }
        self.shown.borrow_mut().clear();
        self.screen.print(&building(services.len(), &wanted));
        let nodes: Vec<Node> = wanted.iter().map(|source| source.node()).collect();
        // In a circle there is no order; they run already, mostly.
        let waves = order::waves(&nodes).unwrap_or_else(|_| vec![(0..nodes.len()).collect()]);
        for wave in waves {
            let wanted = &wanted;
            let building = wave
                .into_iter()
                .map(|at| async move { (at, self.bring(wanted[at]).await) });
            let mut done = stream::iter(building).buffer_unordered(AT_ONCE);
            while let Some((at, brought)) = done.next().await {
                self.tell(wanted[at], brought, since, services.len() > 1);
            }
        }
    }

    async fn bring(&self, source: &Source) -> Result<()> {
        // The token of before may have ended meanwhile.
        let session = Session::open(self.globals).await?;
        submit(&session, self.screen, source, self.args).await
    }

    fn tell(&self, source: &Source, brought: Result<()>, since: Instant, is_among_others: bool) {
        let name = called(&source.name, &source.version);
        let is_new = self.left.borrow_mut().remove(&id(source)).unwrap_or(false);
        let seconds = since.elapsed().as_secs_f64();
        let failure = match brought {
            Ok(()) if is_new => {
                return self
                    .screen
                    .print(&format!("{name} is running after {seconds:.1} s"));
            }
            Ok(()) => return self.screen.print(&format!("{name} is updated in {seconds:.1} s")),
            Err(failure) => failure,
        };
        let what = if is_new {
            "did not start"
        } else {
            "was not updated"
        };
        if !self.shown.borrow_mut().insert(failure.text.clone()) {
            let text = format!("{name} {what} either");
            return self.screen.report(&Failure::new(1, text));
        }
        let text = match is_among_others {
            true => format!("{name} {what}: {}", failure.text),
            false => failure.text.clone(),
        };
        self.screen.report(&Failure { text, ..failure });
    }
}

fn id(source: &Source) -> Id {
    (source.name.clone(), source.version.clone())
}

fn called(name: &str, version: &str) -> String {
    match version {
        LATEST => name.to_owned(),
        version => format!("{name}@{version}"),
    }
}

fn tell_changed(screen: &Screen, place: &Path, changed: &Changed) {
    for path in changed.paths.iter().take(SHOWN) {
        let within = path.strip_prefix(place).unwrap_or(path);
        screen.print(&format!("changed {}", within.display()));
    }
    if let Some(more) = changed.paths.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        screen.print(&format!("changed {more} more"));
    }
}

fn building(all: usize, wanted: &[&Source]) -> String {
    let names: Vec<&str> = wanted.iter().map(|source| source.name.as_str()).collect();
    match all {
        1 => "building".to_owned(),
        _ => format!("building {}", names.join(", ")),
    }
}
