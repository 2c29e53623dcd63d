//! `/health`: whether this process answers, and which of the systems behind it do.
//!
//! It is 200 also when one of them is away: what services say to each other goes on then, and whoever takes this process out of
//! service for it would only make things worse. Why one is away, `micro status` tells to those who may ask.

use http::request::Parts;
use http::{Method, Response, StatusCode};
use micro_rpc::serde_json::{Map, Value, json};
use micro_rpc::{Error, Result};

use super::reply::{self, Content};
use super::{ID, Inner};

impl Inner {
    pub(super) fn health(&self, parts: &Parts) -> Result<Response<Content>> {
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            return Err(Error::new(ID, 405, "health is read with GET"));
        }
        let states = self.config.backends.states();
        let is_whole = states.iter().all(|(_, state)| state == "ok");
        let word = |state: &str| if state == "ok" { "ok" } else { "away" };
        let backends: Map<String, Value> = states
            .iter()
            .map(|(name, state)| ((*name).to_owned(), word(state).into()))
            .collect();
        let status = if is_whole { "ok" } else { "degraded" };
        let text = json!({ "status": status, "backends": backends }).to_string();
        Ok(reply::whole(StatusCode::OK, reply::JSON, text.into()))
    }
}
