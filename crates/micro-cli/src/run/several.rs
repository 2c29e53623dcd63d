//! `micro run` and `micro update` of a folder with several services: in the order in which they need each other.

use futures_util::stream::{self, StreamExt};

use super::order::{self, Node};
use super::update::{self, Changes};
use super::{RunArgs, answer, needs, submit};
use crate::errors::{Failure, Result};
use crate::framework;
use crate::session::{Globals, Session};
use crate::source::{Group, Source};
use crate::target;
use crate::watch::Screen;

/// So many are uploaded and waited for at a time; how many are built at once is up to the server.
const AT_ONCE: usize = 4;

/// Refuses flags that say something of one service only.
pub(super) fn refuse_what_is_for_one(args: &RunArgs) -> Result<()> {
    let given = [
        ("--name", args.name.is_some()),
        ("--args", args.args.is_some()),
        ("--instances", args.instances.is_some()),
        ("--source", args.shown.is_some()),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((flag, _)) => {
            let text = format!("{flag} is for one service, and several are in this folder");
            Err(Failure::new(1, text).with_hint("give the folder of one of them"))
        }
        None => Ok(()),
    }
}

/// Starts all services, each when those answer that it depends on. One that fails keeps only those from starting that
/// need it.
pub(super) async fn run(globals: &Globals, group: &Group, args: &RunArgs) -> Result<()> {
    let nodes = nodes(group);
    let waves = waves(&nodes)?;
    let session = Session::open(globals).await?;
    let absence = "is not in this folder and does not run";
    needs::check(&session, &order::outside(&nodes), absence).await?;
    // Several that lay it out at once would be in each other's way.
    framework::lay_out(&session.globals.home)?;
    let screen = Screen::default();
    let start = async |source: &Source| {
        // The token of before may have ended meanwhile.
        let session = Session::open(globals).await?;
        submit(&session, &screen, source, args).await?;
        let answered = answer::until(&session, &source.name, source.is_of_framework()).await;
        answered.map_err(|reason| Failure::new(1, reason))
    };
    let round = Round {
        group,
        screen: &screen,
        verb: "is running",
        failed: "did not start",
    };
    round.go(&waves, start).await
}

/// Brings new code to all services, in the same order.
pub(super) async fn update(globals: &Globals, group: &Group) -> Result<()> {
    let waves = waves(&nodes(group))?;
    let screen = Screen::default();
    let update = async |source: &Source| {
        let session = Session::open(globals).await?;
        let target = target::resolve(&session, &source.name, &source.version).await?;
        update::submit(&session, &screen, &target, Some(source), Changes::default()).await?;
        let answered = answer::until(&session, &source.name, source.is_of_framework()).await;
        answered.map_err(|reason| Failure::new(1, reason))
    };
    let round = Round {
        group,
        screen: &screen,
        verb: "is updated",
        failed: "was not updated",
    };
    round.go(&waves, update).await
}

fn nodes(group: &Group) -> Vec<Node> {
    group.services.iter().map(Source::node).collect()
}

fn waves(nodes: &[Node]) -> Result<Vec<Vec<usize>>> {
    order::waves(nodes).map_err(|cycle| {
        let text = format!("the services depend on each other in a circle: {cycle}");
        Failure::new(1, text).with_hint("remove one of these `depends`, so that one of them can be the first")
    })
}

/// One after the other, and what is said about each.
struct Round<'a> {
    group: &'a Group,
    screen: &'a Screen,
    verb: &'a str,
    failed: &'a str,
}

impl Round<'_> {
    async fn go(&self, waves: &[Vec<usize>], act: impl AsyncFn(&Source) -> Result<()>) -> Result<()> {
        let mut failed: Vec<&str> = Vec::new();
        for wave in waves {
            let (blocked, ready): (Vec<&Source>, Vec<&Source>) = wave
                .iter()
                .map(|at| &self.group.services[*at])
                .partition(|source| self.blocks(source, &failed).is_some());
            for source in blocked {
                let cause = self.blocks(source, &failed).unwrap_or_default();
                let text = format!("{}: {}: it depends on {cause}", source.name, self.failed);
                self.screen.report(&Failure::new(1, text));
                failed.push(&source.name);
            }
            let act = &act;
            let acting = ready
                .into_iter()
                .map(|source| async move { (source, act(source).await) });
            let mut done = stream::iter(acting).buffer_unordered(AT_ONCE);
            while let Some((source, result)) = done.next().await {
                failed.extend(self.tell(source, result));
            }
        }
        self.sum_up(&failed)
    }

    /// Which of those that failed a service needs.
    fn blocks<'b>(&self, source: &Source, failed: &[&'b str]) -> Option<&'b str> {
        let needs = &source.definition.depends;
        failed
            .iter()
            .copied()
            .find(|name| needs.iter().any(|need| need == name))
    }

    /// Says how it went, and answers the name of one that failed.
    fn tell<'b>(&self, source: &'b Source, result: Result<()>) -> Option<&'b str> {
        match result {
            Ok(()) => {
                self.screen.print(&format!("{} {}", source.name, self.verb));
                None
            }
            Err(failure) => {
                let text = format!("{}: {}: {failure}", source.name, self.failed);
                self.screen.report(&Failure { text, ..failure });
                Some(&source.name)
            }
        }
    }

    fn sum_up(&self, failed: &[&str]) -> Result<()> {
        if failed.is_empty() {
            return Ok(());
        }
        let text = format!(
            "{} of {} services {}: {}",
            failed.len(),
            self.group.services.len(),
            self.failed,
            failed.join(", ")
        );
        Err(Failure::new(1, text))
    }
}
