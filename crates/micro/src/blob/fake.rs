//! Blobs that do as a test tells them.

use async_trait::async_trait;
use bytes::Bytes;
use micro_rpc::{Result, Streaming};

use super::{Blobs, Info, Memory, Options};
use crate::fake::{Invocation, Script, Spy, in_order};

/// A [`Blobs`] for tests: [`Memory`], but for what its spies were told.
pub struct FakeBlobs {
    memory: Memory,
    /// [`Blobs::write`]: namespace, name and options. Told an answer, it does not take the bytes.
    pub writes: Spy<(String, String, Options), Info>,
    /// [`Blobs::read`]: namespace and name.
    pub reads: Spy<(String, String), (Info, Script<Bytes>)>,
    /// [`Blobs::list`]: namespace and prefix.
    pub lists: Spy<(String, String), Vec<Info>>,
    /// [`Blobs::delete`]: namespace and name.
    pub deletes: Spy<(String, String), ()>,
}

impl Default for FakeBlobs {
    fn default() -> Self {
        Self {
            memory: Memory::default(),
            writes: Spy::new("Blobs.Write"),
            reads: Spy::new("Blobs.Read"),
            lists: Spy::new("Blobs.List"),
            deletes: Spy::new("Blobs.Delete"),
        }
    }
}

impl FakeBlobs {
    /// No blobs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every call in the order in which they came.
    pub fn invocations(&self) -> Vec<Invocation> {
        in_order([
            self.writes.invocations(),
            self.reads.invocations(),
            self.lists.invocations(),
            self.deletes.invocations(),
        ])
    }
}

fn asked(namespace: &str, key: &str) -> (String, String) {
    (namespace.to_owned(), key.to_owned())
}

#[async_trait]
impl Blobs for FakeBlobs {
    async fn write(
        &self,
        namespace: &str,
        key: &str,
        options: Options,
        data: Streaming<Bytes>,
    ) -> Result<Info> {
        let asked = (namespace.to_owned(), key.to_owned(), options.clone());
        self.writes
            .call(asked, self.memory.write(namespace, key, options, data))
            .await
    }

    async fn read(&self, namespace: &str, key: &str) -> Result<(Info, Streaming<Bytes>)> {
        match self.reads.told(asked(namespace, key)).await {
            Some(told) => told.map(|(info, script)| (info, script.play())),
            None => self.memory.read(namespace, key).await,
        }
    }

    async fn list(&self, namespace: &str, prefix: &str) -> Result<Vec<Info>> {
        self.lists
            .call(asked(namespace, prefix), self.memory.list(namespace, prefix))
            .await
    }

    async fn delete(&self, namespace: &str, key: &str) -> Result<()> {
        self.deletes
            .call(asked(namespace, key), self.memory.delete(namespace, key))
            .await
    }
}

#[cfg(test)]
mod tests {
    use micro_rpc::Error;

    use super::*;
    use crate::blob::conformance;

    #[tokio::test(flavor = "multi_thread")]
    async fn are_blobs_where_nothing_is_told() {
        conformance::run(&FakeBlobs::new()).await;
    }

    #[tokio::test]
    async fn a_read_breaks_where_told() {
        let blobs = FakeBlobs::new();
        let script = Script::of([Bytes::from("half")]).fails(Error::unavailable("fake", "disk gone"));
        blobs.reads.returns(Ok((Info::default(), script)));
        let (_, mut pieces) = blobs.read("micro", "logo").await.unwrap();
        assert_eq!(pieces.next().await.unwrap().unwrap(), "half");
        assert!(pieces.next().await.unwrap().is_err());
        assert_eq!(blobs.reads.args_for_call(0).1, "logo");
        assert_eq!(blobs.invocations().len(), 1);
    }
}
