//! From the path of a call to its handler.

use std::collections::HashMap;
use std::sync::Arc;

use super::Handler;
use super::limit::Limit;
use super::pace::Pace;
use crate::{Error, MethodDescriptor, ServiceDescriptor};

/// The gRPC status of a handler or method that is not there, told in the words that callers look for.
pub(super) const UNIMPLEMENTED: u8 = 12;

#[derive(Default)]
pub(super) struct Routes {
    full: HashMap<String, Arc<Mounted>>,
    short: HashMap<&'static str, Arc<Mounted>>,
}

/// A handler, and what is known of its methods.
pub(super) struct Mounted {
    pub handler: Arc<dyn Handler>,
    methods: Vec<Known>,
}

/// What is known of a method.
struct Known {
    /// `Handler.Method`
    endpoint: String,
    /// How fast it is.
    pace: Pace,
    /// How many calls of it may be under way.
    limit: Limit,
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
        let descriptor = handler.descriptor();
        let name = descriptor.name;
        let known = |method: &MethodDescriptor| Known {
            endpoint: format!("{name}.{}", method.name),
            pace: Pace::default(),
            limit: Limit::default(),
        };
        let methods = descriptor.methods.iter().map(known).collect();
        let mounted = Arc::new(Mounted { handler, methods });
        self.full.insert(format!("{service}.{name}"), mounted.clone());
        self.short.entry(name).or_insert(mounted);
    }

    pub(super) fn mounted(&self) -> Vec<(String, &'static ServiceDescriptor)> {
        let named = |(full, mounted): (&String, &Arc<Mounted>)| {
            (
                full.rsplit_once('.')
                    .map_or("", |(service, _)| service)
                    .to_owned(),
                mounted.handler.descriptor(),
            )
        };
        let mut all: Vec<_> = self.full.iter().map(named).collect();
        all.sort_by_key(|(service, descriptor)| (service.clone(), descriptor.name));
        all
    }

    pub(super) fn exact(&self, target: &Target<'_>) -> Option<&Arc<Mounted>> {
        self.full.get(target.full)
    }

    /// A service answers whatever stands before the handler's name: callers put the name there that they resolved.
    pub(super) fn any(&self, target: &Target<'_>) -> Option<&Arc<Mounted>> {
        self.full
            .get(target.full)
            .or_else(|| self.short.get(target.handler))
    }
}

impl Mounted {
    pub(super) fn method(&self, target: &Target<'_>) -> Result<&'static MethodDescriptor, Error> {
        let Target { handler, method, .. } = target;
        let found = self.handler.descriptor().method(method);
        found.ok_or_else(|| Error::plain(UNIMPLEMENTED, format!("unknown service {handler}.{method}")))
    }

    /// How fast a method is.
    pub(super) fn pace(&self, method: &'static MethodDescriptor) -> Option<&Pace> {
        self.known(method).map(|known| &known.pace)
    }

    /// `Handler.Method`.
    pub(super) fn endpoint(&self, method: &'static MethodDescriptor) -> Option<&str> {
        self.known(method).map(|known| known.endpoint.as_str())
    }

    /// How many calls of a method may be under way.
    pub(super) fn limit(&self, method: &'static MethodDescriptor) -> Option<&Limit> {
        self.known(method).map(|known| &known.limit)
    }

    fn known(&self, method: &'static MethodDescriptor) -> Option<&Known> {
        let methods = self.handler.descriptor().methods;
        let index = methods.iter().position(|other| std::ptr::eq(other, method))?;
        self.methods.get(index)
    }
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
