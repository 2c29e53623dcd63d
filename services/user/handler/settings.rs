//! What an operator may say: the settings below `user`.

use micro::config::Live;
use micro::{Platform, Result, serde};
use serde::Deserialize;
use tokio::sync::OnceCell;

/// Where the web gateway is unless said.
const SITE: &str = "http://localhost:8082";

/// `micro config set user.site https://example.org`, `micro config set user.session.sliding true`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(crate = "micro::serde", default)]
pub struct Settings {
    site: String,
    session: Sessions,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(crate = "micro::serde", default)]
struct Sessions {
    sliding: bool,
}

impl Settings {
    /// Where links to the pages of this service lead.
    pub fn site(&self) -> &str {
        match self.site.as_str() {
            "" => SITE,
            site => site,
        }
    }

    /// Whether a session that is used lasts on.
    pub fn is_sliding(&self) -> bool {
        self.session.sliding
    }
}

/// The settings as they are now. They are asked for when they are needed first, so that a start waits for nothing.
pub struct Follow {
    platform: Platform,
    live: OnceCell<Live>,
}

impl Follow {
    pub fn new(platform: &Platform) -> Self {
        Self {
            platform: platform.clone(),
            live: OnceCell::new(),
        }
    }

    /// The latest.
    pub async fn get(&self) -> Result<Settings> {
        let live = self
            .live
            .get_or_try_init(|| self.platform.setting("user"))
            .await?;
        Ok(live.get().unwrap_or_default())
    }
}
