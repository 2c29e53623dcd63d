//! What is written to etcd, each in one transaction.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use micro::registry::{Node, Service};
use tonic::{Code, Status};

use crate::key::{KeyRange, NodeKey, VersionKey};
use crate::lease;
use crate::link::Link;
use crate::picture::{Deletion, Plan, Rewrite};
use crate::shared::Shared;
use crate::stored;
use crate::wire::etcd::compare::{CompareResult, CompareTarget, TargetUnion};
use crate::wire::etcd::request_op::Request;
use crate::wire::etcd::{Compare, DeleteRangeRequest, PutRequest, RequestOp, TxnRequest, TxnResponse};

/// Etcd takes 128 operations at once with its usual settings; a description may come with each node.
const BATCH: usize = 60;

/// An operation that is done while its key is as it was.
struct Guarded {
    compare: Compare,
    op: RequestOp,
}

impl Shared {
    /// Writes what a registration changes; the revision at which it did.
    pub async fn write(
        &self,
        key: &VersionKey,
        service: &Service,
        plan: &Plan,
        ttl: Option<Duration>,
    ) -> Result<i64, Status> {
        let link = self.link()?;
        match self.write_once(&link, key, service, plan, ttl).await {
            // The lease ended, and nobody knew: there is a new one the second time.
            Err(status) if status.code() == Code::NotFound => {
                self.write_once(&link, key, service, plan, ttl).await
            }
            done => done,
        }
    }

    async fn write_once(
        &self,
        link: &Link,
        key: &VersionKey,
        service: &Service,
        plan: &Plan,
        ttl: Option<Duration>,
    ) -> Result<i64, Status> {
        let lease = self.lease(link, ttl.map(lease::class)).await?;
        let description = put(self.keys.version(key), stored::description(service), 0);
        let node = |node: &Node| {
            put(
                self.keys.node(&node_key(key, node)),
                stored::node(node, ttl),
                lease,
            )
        };
        let mut chunks: Vec<&[Node]> = plan.nodes.chunks(BATCH).collect();
        if chunks.is_empty() {
            chunks.push(&[]);
        }
        let mut revision = 0;
        for chunk in chunks {
            let nodes: Vec<_> = chunk.iter().map(node).collect();
            let all = [vec![description.clone()], nodes.clone()].concat();
            // A description that is known need not be written, while it is there: the last node may just have gone, and
            // its description with it.
            let request = match plan.description {
                Some(known) => TxnRequest {
                    compare: vec![unchanged(self.keys.version(key), known)],
                    success: nodes,
                    failure: all,
                },
                None => TxnRequest {
                    success: all,
                    ..TxnRequest::default()
                },
            };
            let answer = link.txn(request).await;
            revision = revision_of(&answer.inspect_err(|status| self.check_lease(status, lease))?);
        }
        Ok(revision)
    }

    fn check_lease(&self, status: &Status, lease: i64) {
        if status.code() == Code::NotFound {
            self.leases.lose(lease);
        }
    }

    /// Deletes nodes, whatever etcd has of them.
    pub async fn delete(&self, keys: &[NodeKey]) -> Result<Option<i64>, Status> {
        let link = self.link()?;
        let mut revision = None;
        for chunk in keys.chunks(BATCH) {
            let request = TxnRequest {
                success: chunk.iter().map(|key| delete(self.keys.node(key))).collect(),
                ..TxnRequest::default()
            };
            let answer = link.txn(request).await?;
            if answer.responses.iter().any(has_deleted) {
                revision = Some(revision_of(&answer));
            }
        }
        Ok(revision)
    }

    /// Deletes nodes that are as they were.
    pub async fn delete_later(&self, link: &Link, deletions: &[Deletion]) -> Result<(), Status> {
        let guarded = |it: &Deletion| Guarded {
            compare: unchanged(self.keys.node(&it.key), it.revision),
            op: delete(self.keys.node(&it.key)),
        };
        for chunk in deletions.chunks(BATCH) {
            write_guarded(link, Vec::new(), chunk.iter().map(guarded).collect()).await?;
        }
        Ok(())
    }

    /// Writes nodes again that are as they were, or gone; the revision at which the last was.
    pub async fn rewrite(&self, link: &Link, nodes: &[Rewrite]) -> Result<i64, Status> {
        let mut by_class: BTreeMap<Duration, Vec<&Rewrite>> = BTreeMap::new();
        for node in nodes {
            by_class.entry(lease::class(node.ttl)).or_default().push(node);
        }
        let mut revision = 0;
        for (class, nodes) in by_class {
            let lease = self.lease(link, Some(class)).await?;
            for chunk in nodes.chunks(BATCH) {
                let written = self.rewrite_chunk(link, chunk, lease).await;
                revision = written.inspect_err(|status| self.check_lease(status, lease))?;
            }
        }
        Ok(revision)
    }

    async fn rewrite_chunk(&self, link: &Link, nodes: &[&Rewrite], lease: i64) -> Result<i64, Status> {
        let mut descriptions = BTreeMap::new();
        for node in nodes {
            if let Some(service) = &node.description {
                let key = self.keys.version(&node.key.version);
                descriptions.insert(key.clone(), put(key, stored::description(service), 0));
            }
        }
        let guarded = |node: &&Rewrite| {
            let key = self.keys.node(&node.key);
            Guarded {
                compare: unchanged(key.clone(), node.known.revision),
                op: put(key, stored::node(&node.known.node, Some(node.ttl)), lease),
            }
        };
        let guarded = nodes.iter().map(guarded).collect();
        write_guarded(link, descriptions.into_values().collect(), guarded).await
    }

    /// Deletes a description that has no nodes.
    pub async fn delete_orphan(&self, link: &Link, key: &VersionKey) -> Result<(), Status> {
        let request = TxnRequest {
            compare: vec![is_empty(self.keys.nodes(key))],
            success: vec![delete(self.keys.version(key))],
            failure: Vec::new(),
        };
        link.txn(request).await.map(drop)
    }
}

/// All at once, or where that does not go, each alone.
async fn write_guarded(link: &Link, always: Vec<RequestOp>, guarded: Vec<Guarded>) -> Result<i64, Status> {
    let request = |guarded: &[Guarded]| TxnRequest {
        compare: guarded.iter().map(|it| it.compare.clone()).collect(),
        success: always
            .iter()
            .cloned()
            .chain(guarded.iter().map(|it| it.op.clone()))
            .collect(),
        failure: Vec::new(),
    };
    let answer = link.txn(request(&guarded)).await?;
    if answer.succeeded || guarded.len() < 2 {
        return Ok(revision_of(&answer));
    }
    let mut revision = 0;
    for alone in guarded.chunks(1) {
        revision = revision_of(&link.txn(request(alone)).await?);
    }
    Ok(revision)
}

fn node_key(version: &VersionKey, node: &Node) -> NodeKey {
    NodeKey {
        version: version.clone(),
        id: node.id.clone(),
    }
}

fn revision_of(answer: &TxnResponse) -> i64 {
    answer.header.as_ref().map_or(0, |header| header.revision)
}

fn has_deleted(response: &crate::wire::etcd::ResponseOp) -> bool {
    use crate::wire::etcd::response_op::Response;
    matches!(&response.response, Some(Response::ResponseDeleteRange(answer)) if answer.deleted > 0)
}

fn put(key: Bytes, value: Bytes, lease: i64) -> RequestOp {
    RequestOp {
        request: Some(Request::RequestPut(PutRequest { key, value, lease })),
    }
}

fn delete(key: Bytes) -> RequestOp {
    let request = DeleteRangeRequest {
        key,
        range_end: Bytes::new(),
    };
    RequestOp {
        request: Some(Request::RequestDeleteRange(request)),
    }
}

/// Holds while a key was not written since; revision 0 is that of a key that is not there.
fn unchanged(key: Bytes, revision: i64) -> Compare {
    Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Mod.into(),
        key,
        target_union: Some(TargetUnion::ModRevision(revision)),
        range_end: Bytes::new(),
    }
}

/// Holds for a range without keys, since any key was created some time.
fn is_empty(range: KeyRange) -> Compare {
    Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Create.into(),
        key: range.begin,
        target_union: Some(TargetUnion::CreateRevision(0)),
        range_end: range.end,
    }
}
