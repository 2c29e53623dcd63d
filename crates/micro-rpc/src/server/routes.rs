//! From the path of a call to its handler.

use std::collections::HashMap;
use std::sync::Arc;

use super::Handler;
use crate::{Error, MethodDescriptor, ServiceDescriptor};

#[derive(Default)]
pub(super) struct Routes {
    full: HashMap<String, Arc<dyn Handler>>,
    short: HashMap<&'static str, Arc<dyn Handler>>,
}

/// A call's path in its parts: `/` service `.` handler `/` method.
pub(super) struct Target<'a> {
    pub service: &'a str,
    pub handler: &'a str,
    pub method: &'a str,
    full: &'a str,
}

impl<'a> Target<'a> {
    pub(super) fn parse(path: &'a str) -> Option<Self> {
        let (full, method) = path.strip_prefix('/')?.split_once('/')?;
        if method.contains('/') || method.is_empty() || full.is_empty() {
            return None;
        }
        let (service, handler) = full.rsplit_once('.').unwrap_or(("", full));
        Some(Self {
            service,
            handler,
            method,
            full,
        })
    }
}

impl Routes {
    pub(super) fn mount(&mut self, service: &str, handler: Arc<dyn Handler>) {
        let name = handler.descriptor().name;
        self.full.insert(format!("{service}.{name}"), handler.clone());
        self.short.entry(name).or_insert(handler);
    }

    pub(super) fn mounted(&self) -> Vec<(String, &'static ServiceDescriptor)> {
        let named = |(full, handler): (&String, &Arc<dyn Handler>)| {
            (
                full.rsplit_once('.')
                    .map_or("", |(service, _)| service)
                    .to_owned(),
                handler.descriptor(),
            )
        };
        let mut all: Vec<_> = self.full.iter().map(named).collect();
        all.sort_by_key(|(service, descriptor)| (service.clone(), descriptor.name));
        all
    }

    pub(super) fn exact(&self, target: &Target<'_>) -> Option<&Arc<dyn Handler>> {
        self.full.get(target.full)
    }

    /// A service answers whatever stands before the handler's name: callers put the name there that they resolved.
    pub(super) fn any(&self, target: &Target<'_>) -> Option<&Arc<dyn Handler>> {
        self.full
            .get(target.full)
            .or_else(|| self.short.get(target.handler))
    }
}

pub(super) fn method(
    handler: &Arc<dyn Handler>,
    target: &Target<'_>,
    id: &str,
) -> Result<&'static MethodDescriptor, Error> {
    handler.descriptor().method(target.method).ok_or_else(|| {
        Error::not_implemented(
            id,
            format!("unknown service {}.{}", target.handler, target.method),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        let cases = [
            (
                "/helloworld.Helloworld/Call",
                Some(("helloworld", "Helloworld", "Call")),
            ),
            (
                "/grpc.health.v1.Health/Check",
                Some(("grpc.health.v1", "Health", "Check")),
            ),
            ("/Health/Check", Some(("", "Health", "Check"))),
            ("/a/b/c", None),
            ("foo", None),
            ("//x", None),
            ("/a.B/", None),
        ];
        for (path, parts) in cases {
            let found = Target::parse(path).map(|target| (target.service, target.handler, target.method));
            assert_eq!(found, parts, "{path}");
        }
    }
}
