//! Keeps the picture as etcd is: reads everything once, then hears of each change.
//!
//! After an outage the watch goes on where it was. Where etcd has forgotten what happened since (it compacts its history),
//! everything is read again, and who watches is told of the differences.

mod pulse;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, timeout};
use tonic::transport::Endpoint;
use tonic::{Status, Streaming};

use crate::lease::PULSE;
use crate::link::{Link, PATIENCE, why};
use crate::picture::Change;
use crate::shared::Shared;
use crate::wire::etcd::event::EventType;
use crate::wire::etcd::watch_request::RequestUnion;
use crate::wire::etcd::{
    Event, LeaseKeepAliveResponse, RangeRequest, ResponseHeader, WatchCreateRequest, WatchRequest,
    WatchResponse,
};
use pulse::Pulse;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// As many keys as are read at once.
const PAGE: i64 = 5000;

/// Follows etcd for ever, from one member to the next.
pub(crate) async fn follow(shared: Arc<Shared>) {
    let mut pause = FIRST_PAUSE;
    let mut heard = None;
    for member in shared.members.iter().cycle() {
        let before = heard;
        let Err(why) = session(&shared, member, &mut heard).await;
        shared.lost(&format!("{}: {why}{}", member.uri(), hint(member, &why)));
        if heard != before {
            pause = FIRST_PAUSE;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// A certificate of ours that etcd refuses is seldom told in words: the connection ends, and whoever notices first says how.
fn hint(member: &Endpoint, why: &str) -> &'static str {
    let ended = ["operation was canceled", "connection error"];
    let is_secure = member.uri().scheme_str() == Some("https");
    match is_secure && ended.iter().any(|it| why.contains(it)) {
        true => "; does etcd ask for a client certificate, and is ours from its authority?",
        false => "",
    }
}

/// One connection from its beginning to its end, and why it ended. `heard` is when etcd last said that our leases live.
async fn session(
    shared: &Shared,
    member: &Endpoint,
    heard: &mut Option<Instant>,
) -> Result<Infallible, String> {
    let link = Link::open(member, shared.login.as_ref(), shared.counters.clone()).await?;
    let outage = heard.map_or(Duration::ZERO, |heard: Instant| heard.elapsed());
    shared.edit(|picture| picture.returned(outage));
    let is_new = shared.look(|picture| picture.revision == 0);
    let mut watch = Watch::open(shared, &link, is_new).await?;
    let mut pulse = Pulse::start(shared, &link).await?;
    shared.found(link.clone(), member);
    let mut last = Instant::now();
    let mut tick = tokio::time::interval(pulse::TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        *heard = Some(last);
        let said = tokio::select! {
            said = watch.answers.message() => Said::Changes(said),
            answer = pulse.answers.message() => Said::Alive(answer),
            _ = tick.tick() => Said::Nothing,
        };
        // Etcd was silent, or this process was held, and the connection survived it: an outage all the same.
        if last.elapsed() > PULSE + 2 * pulse::TICK {
            shared.edit(|picture| picture.returned(last.elapsed()));
        }
        match said {
            Said::Changes(said) => {
                let said = said.map_err(|status| why(&status))?;
                if !apply(shared, said.ok_or("etcd ended the watch")?)? {
                    watch = Watch::open(shared, &link, true).await?;
                }
            }
            Said::Alive(answer) => {
                pulse.hear(shared, answer.map_err(|status| why(&status))?)?;
                last = Instant::now();
            }
            Said::Nothing => pulse.beat(shared, &link).await?,
        }
    }
}

enum Said {
    Changes(Result<Option<WatchResponse>, Status>),
    Alive(Result<Option<LeaseKeepAliveResponse>, Status>),
    Nothing,
}

struct Watch {
    answers: Streaming<WatchResponse>,
    /// While it is there, etcd does not end the watch.
    _requests: mpsc::Sender<WatchRequest>,
}

impl Watch {
    /// A watch of all that happens after what the picture has, which is read anew first where that is `stale`.
    async fn open(shared: &Shared, link: &Link, mut stale: bool) -> Result<Self, String> {
        loop {
            if stale {
                load(shared, link).await?;
            }
            let (revision, cluster) = shared.look(|picture| (picture.revision, picture.cluster));
            let opened = link.watch(request(shared, revision + 1)).await;
            let (requests, mut answers) = opened.map_err(|status| why(&status))?;
            let header = created(&mut answers).await?;
            // Another etcd answers there, or one that was set back: its revisions are not those that we know.
            let is_other = header.cluster_id != cluster || header.revision < revision;
            if !is_other {
                return Ok(Self {
                    answers,
                    _requests: requests,
                });
            }
            tracing::warn!(
                member = header.member_id,
                "this is not the etcd that was there before; reading it anew"
            );
            shared.edit(|picture| picture.returned(Duration::MAX));
            stale = true;
        }
    }
}

fn request(shared: &Shared, start_revision: i64) -> WatchRequest {
    let all = shared.keys.all();
    let create = WatchCreateRequest {
        key: all.begin,
        range_end: all.end,
        start_revision,
    };
    WatchRequest {
        request_union: Some(RequestUnion::CreateRequest(create)),
    }
}

async fn created(answers: &mut Streaming<WatchResponse>) -> Result<ResponseHeader, String> {
    let first = timeout(PATIENCE, answers.message())
        .await
        .map_err(|_| "etcd opens no watch".to_owned())?
        .map_err(|status| why(&status))?
        .ok_or("etcd ended the watch")?;
    match first.header {
        Some(header) if first.created && !first.canceled => Ok(header),
        _ => Err(format!("etcd refuses the watch: {}", first.cancel_reason)),
    }
}

/// Whether the watch goes on: not when what it asked for was compacted away.
fn apply(shared: &Shared, said: WatchResponse) -> Result<bool, String> {
    if said.canceled && said.compact_revision == 0 {
        return Err(format!("etcd ended the watch: {}", said.cancel_reason));
    }
    let revision_of = |event: &Event| event.kv.as_ref().map_or(0, |kv| kv.mod_revision);
    for at_once in said.events.chunk_by(|a, b| revision_of(a) == revision_of(b)) {
        let changes = at_once.iter().filter_map(|event| {
            let is_there = event.r#type() == EventType::Put;
            Change::read(&shared.keys, event.kv.as_ref()?, is_there)
        });
        let changes = changes.collect();
        shared.edit(|picture| picture.apply(changes, revision_of(&at_once[0])));
    }
    Ok(!said.canceled)
}

/// Reads everything, page by page, as it was when the first was read.
async fn load(shared: &Shared, link: &Link) -> Result<(), String> {
    let all = shared.keys.all();
    let (mut from, mut header, mut changes) = (all.begin, None::<ResponseHeader>, Vec::new());
    loop {
        let request = RangeRequest {
            key: from,
            range_end: all.end.clone(),
            limit: PAGE,
            revision: header.as_ref().map_or(0, |header| header.revision),
        };
        let page = link.range(request).await.map_err(|status| why(&status))?;
        header = header.or(page.header);
        changes.extend(
            page.kvs
                .iter()
                .filter_map(|kv| Change::read(&shared.keys, kv, true)),
        );
        match page.kvs.last().filter(|_| page.more) {
            Some(last) => from = after(&last.key),
            None => break,
        }
    }
    let header = header.ok_or("etcd's answer has no revision")?;
    shared.edit(|picture| picture.replace(changes, header.revision, header.cluster_id));
    Ok(())
}

fn after(key: &Bytes) -> Bytes {
    [key, &b"\0"[..]].concat().into()
}
