//! The instances of one program.

use std::sync::Arc;
use std::time::Duration;

use micro::runtime::State;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::instance::{Event, Instance, Report};
use super::launch::Launch;

/// How long it is waited until none of those that leave is registered any more.
const PATIENCE: Duration = Duration::from_secs(3);

/// Instances that were started together and end together.
pub struct Generation {
    pub id: u64,
    members: Vec<Member>,
}

struct Member {
    instance: Instance,
    state: State,
    pid: Option<u32>,
}

impl Generation {
    pub fn start(
        id: u64,
        launch: Arc<Launch>,
        instances: usize,
        tries: u32,
        reports: &mpsc::Sender<Report>,
    ) -> Self {
        let start = |number| Instance::start(Arc::clone(&launch), id, number, tries, reports.clone());
        let member = |number| Member {
            instance: start(number),
            state: State::Pending,
            pid: None,
        };
        Self {
            id,
            members: (0..instances).map(member).collect(),
        }
    }

    /// Takes a report of one of its instances down.
    pub fn note(&mut self, instance: usize, event: &Event) {
        let Some(member) = self.members.get_mut(instance) else {
            return;
        };
        (member.state, member.pid) = match event {
            Event::Starting { pid } => (State::Starting, Some(*pid)),
            Event::Ready { pid } => (State::Running, Some(*pid)),
            Event::Ended { .. } => (State::Pending, None),
            Event::GaveUp { .. } => (State::Error, None),
        };
    }

    /// How many of them answer.
    pub fn ready(&self) -> usize {
        self.members
            .iter()
            .filter(|member| member.state == State::Running)
            .count()
    }

    /// Whether one of them answers.
    pub fn serves(&self) -> bool {
        self.ready() > 0
    }

    /// Whether all of them answer.
    pub fn is_ready(&self) -> bool {
        self.ready() == self.members.len()
    }

    /// The best of their states: one that answers is enough to be running.
    pub fn state(&self) -> State {
        let all = [State::Running, State::Starting, State::Pending];
        let has = |state: &State| self.members.iter().any(|member| member.state == *state);
        all.into_iter().find(has).unwrap_or(State::Error)
    }

    pub fn pids(&self) -> Vec<u32> {
        self.members.iter().filter_map(|member| member.pid).collect()
    }

    /// Ends all of them at once, and answers when they have ended.
    pub async fn stop(self) {
        let stops: JoinSet<()> = self
            .members
            .into_iter()
            .map(|member| member.instance.stop())
            .collect();
        stops.join_all().await;
    }

    /// Has all of them leave without a caller noticing. Answers when none is registered any more; what it answers is ready when
    /// they have ended.
    pub async fn replaced(self) -> impl Future<Output = ()> + Send + 'static {
        let leaving = self.members.into_iter().map(|member| member.instance.replaced());
        let (told, ended): (Vec<_>, Vec<_>) = leaving.unzip();
        let all_told = async {
            for withdrawn in told {
                // One that ended by itself is registered no more, and tells nothing.
                let _ = withdrawn.await;
            }
        };
        // One that waits for us to hear its report must not be waited for.
        let _ = tokio::time::timeout(PATIENCE, all_told).await;
        async move {
            for task in ended {
                let _ = task.await;
            }
        }
    }
}
