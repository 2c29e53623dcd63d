//! A runtime that runs nothing: for tests.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use micro_rpc::{Error, Result, Streaming};

use super::{
    Create, Key, LogRecord, LogsQuery, Query, Resource, ResourceState, Runtime, Service, State, UPLOADED,
    Update, already_exists, build_not_found, logs_not_found, not_found,
};

/// Notes what is asked of it; every service is running at once. What a service prints is up to the test.
///
/// ```
/// # use micro::runtime::{Create, Key, Memory, Query, Runtime};
/// # async fn f() -> micro::Result<()> {
/// let runtime = Memory::default();
/// let create = Create { command: vec!["serve".to_owned()], ..Create::new(Key::new("micro", "user", "")) };
/// runtime.create(create).await?;
/// assert_eq!(runtime.read("micro", &Query::of("user")).await?[0].metadata["status"], "running");
/// # Ok(()) }
/// ```
#[derive(Default)]
pub struct Memory(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    sources: BTreeMap<Key, Bytes>,
    services: BTreeMap<Key, Running>,
    resources: BTreeMap<String, Resource>,
}

struct Running {
    wanted: Create,
    build: Option<Bytes>,
    log: tokio::sync::watch::Sender<Vec<LogRecord>>,
}

impl Memory {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line to the log of a service, as if it had printed it; without effect where there is no such service.
    pub fn print(&self, key: &Key, line: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let record = LogRecord {
            timestamp: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
            message: line.to_owned(),
            ..LogRecord::default()
        };
        if let Some(running) = self.kept().services.get(key) {
            running.log.send_modify(|lines| lines.push(record));
        }
    }
}

fn describe(key: &Key, wanted: &Create) -> Service {
    let mut metadata = wanted.metadata.clone();
    let instances = wanted.instances.unwrap_or(1);
    metadata.insert("status".to_owned(), State::Running.word().to_owned());
    metadata.insert("instances".to_owned(), format!("{instances}/{instances}"));
    metadata
        .entry("source".to_owned())
        .or_insert_with(|| wanted.source.clone());
    Service {
        name: key.name.clone(),
        version: key.version.clone(),
        source: wanted.source.clone(),
        metadata,
        status: State::Running as i32,
    }
}

#[async_trait]
impl Runtime for Memory {
    async fn upload(&self, key: &Key, tar: Streaming<Bytes>) -> Result<String> {
        key.check()?;
        let whole = Bytes::from(tar.collect().await?.concat());
        self.kept().sources.insert(key.clone(), whole);
        Ok(format!("{UPLOADED}{}:{}", key.name, key.version))
    }

    async fn create(&self, create: Create) -> Result<()> {
        create.key.check()?;
        let mut kept = self.kept();
        if kept.services.contains_key(&create.key) && !create.force {
            return Err(already_exists());
        }
        let source = kept.sources.get(&create.key).cloned();
        if source.is_none() && create.command.is_empty() && create.source.starts_with(UPLOADED) {
            return Err(Error::bad_request(
                "runtime",
                "there is no source: upload it first",
            ));
        }
        let running = Running {
            build: source,
            wanted: create.clone(),
            log: tokio::sync::watch::Sender::default(),
        };
        kept.services.insert(create.key, running);
        Ok(())
    }

    async fn update(&self, key: &Key, update: Update) -> Result<()> {
        let mut kept = self.kept();
        let source = kept.sources.get(key).cloned();
        let running = kept.services.get_mut(key).ok_or_else(not_found)?;
        let wanted = &mut running.wanted;
        for (place, new) in [
            (&mut wanted.source, update.source),
            (&mut wanted.entrypoint, update.entrypoint),
        ] {
            if !new.is_empty() {
                *place = new;
            }
        }
        wanted.instances = update.instances.or(wanted.instances);
        wanted.metadata.extend(update.metadata);
        running.build = source.or(running.build.take());
        Ok(())
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        let mut kept = self.kept();
        kept.sources.remove(key);
        kept.services.remove(key).map(drop).ok_or_else(not_found)
    }

    async fn read(&self, namespace: &str, query: &Query) -> Result<Vec<Service>> {
        let kept = self.kept();
        let wanted = kept
            .services
            .iter()
            .filter(|(key, running)| key.namespace == namespace && query.matches(key, &running.wanted.kind));
        Ok(wanted
            .map(|(key, running)| describe(key, &running.wanted))
            .collect())
    }

    async fn logs(&self, key: &Key, query: LogsQuery) -> Result<Streaming<LogRecord>> {
        let mut lines = match self.kept().services.get(key) {
            Some(running) => running.log.subscribe(),
            None => return Err(logs_not_found(&key.name)),
        };
        let since = query
            .since
            .and_then(|since| since.duration_since(UNIX_EPOCH).ok());
        let since = since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
        let all = lines.borrow_and_update().clone();
        let seen = all.len();
        let recent: Vec<LogRecord> = all.into_iter().filter(|line| line.timestamp >= since).collect();
        let skipped = match query.count {
            0 => 0,
            count => recent.len().saturating_sub(count),
        };
        let first = stream::iter(recent.into_iter().skip(skipped).map(Ok));
        if !query.follow {
            return Ok(Streaming::new(first));
        }
        let rest = stream::unfold((lines, seen), |(mut lines, seen)| async move {
            let line = lines
                .wait_for(|lines| lines.len() > seen)
                .await
                .ok()
                .map(|lines| lines[seen].clone())?;
            Some((Ok(line), (lines, seen + 1)))
        });
        Ok(Streaming::new(first.chain(rest)))
    }

    async fn build(&self, key: &Key) -> Result<Streaming<Bytes>> {
        let kept = self.kept();
        let built = kept.services.get(key).and_then(|running| running.build.clone());
        built
            .map(|build| Streaming::from_iter([build]))
            .ok_or_else(build_not_found)
    }

    async fn add_resource(&self, resource: Resource) -> Result<()> {
        let mut kept = self.kept();
        if kept.resources.contains_key(&resource.id()) {
            return Err(already_exists());
        }
        kept.resources.insert(resource.id(), resource);
        Ok(())
    }

    async fn update_resource(&self, resource: Resource) -> Result<()> {
        let mut kept = self.kept();
        let place = kept.resources.get_mut(&resource.id()).ok_or_else(not_found)?;
        *place = resource;
        Ok(())
    }

    async fn delete_resource(&self, resource: Resource) -> Result<()> {
        let mut kept = self.kept();
        kept.resources.remove(&resource.id()).ok_or_else(not_found)?;
        if let Resource::Namespace(namespace) = resource {
            kept.services.retain(|key, _| key.namespace != namespace.name);
            kept.sources.retain(|key, _| key.namespace != namespace.name);
            kept.resources
                .retain(|_, other| other.namespace() != namespace.name);
        }
        Ok(())
    }

    async fn resources(&self, namespace: Option<&str>) -> Result<Vec<ResourceState>> {
        let kept = self.kept();
        let wanted = kept
            .resources
            .values()
            .filter(|resource| namespace.is_none_or(|namespace| resource.namespace() == namespace));
        Ok(wanted
            .map(|resource| ResourceState {
                resource: resource.clone(),
                note: String::new(),
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn conforms() {
        super::super::conformance::run(&Memory::default()).await;
    }

    #[tokio::test]
    async fn what_a_test_prints_is_read() {
        let runtime = Memory::default();
        let key = Key::new("micro", "user", "");
        let create = Create {
            command: vec!["serve".to_owned()],
            ..Create::new(key.clone())
        };
        runtime.create(create).await.unwrap();
        for line in ["one", "two", "three"] {
            runtime.print(&key, line);
        }
        let query = LogsQuery {
            follow: true,
            count: 2,
            since: None,
        };
        let mut lines = runtime.logs(&key, query).await.unwrap();
        runtime.print(&key, "four");
        for expected in ["two", "three", "four"] {
            assert_eq!(lines.next().await.unwrap().unwrap().message, expected);
        }
    }
}
