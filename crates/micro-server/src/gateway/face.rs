//! Whom a listener speaks to, which decides what a request means and how it is said what is wrong.

use http::Response;
use micro_rpc::{Cores, Error};

use super::reply::{self, Content};
use super::{cors, request_id};
use crate::web;

/// Whom a gateway speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// Programs: paths are endpoints, answers are JSON, and pages of any origin may ask.
    Programs,
    /// Browsers: paths are pages, and only pages of this origin may ask.
    Browsers,
}

impl Face {
    /// Where requests are answered. People read slower than programs: they do with the threads that there are.
    pub(super) fn cores(self) -> Cores {
        if self == Self::Browsers {
            return Cores::current();
        }
        Cores::start("gateway").unwrap_or_else(|error| {
            tracing::warn!(%error, "no thread for each core, so requests share those that there are");
            Cores::current()
        })
    }

    /// Says what is wrong where no request was understood.
    pub(super) fn failed(self, error: &Error) -> Response<Content> {
        match self {
            Self::Programs => {
                let mut response = reply::error(error);
                response
                    .headers_mut()
                    .insert(&request_id::NAME, request_id::random());
                cors::allow(response.headers_mut(), None);
                response
            }
            Self::Browsers => web::failed(error),
        }
    }
}
