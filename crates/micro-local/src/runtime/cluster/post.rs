//! Tells the other servers how the services are that run here.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use micro::runtime::Key;
use tracing::warn;

use super::super::Shared;
use super::super::running::Running;
use super::super::status::View;
use super::Cluster;
use super::board::Post;

/// At most four times a second, whatever happens: a build says more than anybody reads.
const PACE: Duration = Duration::from_millis(250);
/// After a store that did not answer.
const AGAIN: Duration = Duration::from_secs(1);

/// Tells until it is dropped.
pub async fn run(cluster: Arc<Cluster>, shared: Arc<Shared>, running: Arc<Running>) {
    let mut told: HashMap<Key, View> = HashMap::new();
    loop {
        shared.shown.notified().await;
        loop {
            let news = news(&cluster, &running, &mut told);
            let posts: Vec<(Key, Post)> = news.iter().map(|(key, view)| post(&cluster, key, view)).collect();
            match cluster.claims.post(&posts).await {
                Ok(()) => {
                    told.extend(news);
                    break tokio::time::sleep(PACE).await;
                }
                Err(error) => {
                    warn!(%error, "cannot tell the other servers how services are; trying again");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }
}

/// How those are that have changed, or of which others say something else.
fn news(cluster: &Cluster, running: &Running, told: &mut HashMap<Key, View>) -> Vec<(Key, View)> {
    let board = cluster.board.borrow();
    let mine: HashMap<Key, View> = running
        .all()
        .into_iter()
        .filter(|(key, _)| board.is_mine(key))
        .map(|(key, handle)| (key, handle.view()))
        .collect();
    told.retain(|key, _| mine.contains_key(key));
    let is_overwritten = |key: &Key| {
        let post = board.posts.get(key);
        post.is_none_or(|post| post.server != cluster.claims.me)
    };
    let is_news = |(key, view): &(Key, View)| told.get(key) != Some(view) || is_overwritten(key);
    mine.into_iter().filter(is_news).collect()
}

fn post(cluster: &Cluster, key: &Key, view: &View) -> (Key, Post) {
    let post = Post {
        server: cluster.claims.me.clone(),
        request: view.request.clone(),
        service: view.service.clone(),
    };
    (key.clone(), post)
}
