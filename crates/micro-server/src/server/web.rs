//! Where pages are served: for people, so its address may be missing where that of programs may not.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::listen::Setting;
use super::{Config, Error};

/// The port that people know.
const PORT: u16 = 8082;

/// Listens for browsers. An address that was given has to be free. Without one it is the usual port on the gateway's
/// interface, or any port where the others take any; when something else has it, the server goes on without.
pub(super) async fn open(config: &Config, gateway: SocketAddr) -> Result<Option<TcpListener>, Error> {
    match config.web_address.as_deref() {
        Some("none") => Ok(None),
        Some(address) => setting(address).bind().await.map(Some),
        None => Ok(usual(config, gateway).await),
    }
}

async fn usual(config: &Config, gateway: SocketAddr) -> Option<TcpListener> {
    let takes_any = |address: &str| address.ends_with(":0");
    let port = match takes_any(&config.gateway_address) || takes_any(&config.proxy_address) {
        true => 0,
        false => PORT,
    };
    let address = SocketAddr::new(gateway.ip(), port).to_string();
    let setting = setting(&address);
    let opened = setting.bind().await.inspect_err(|error| {
        tracing::warn!("no pages of services are shown: {error}");
    });
    opened.ok()
}

fn setting(address: &str) -> Setting<'_> {
    Setting {
        address,
        flag: "--web_address",
        variable: "MICRO_WEB_ADDRESS",
    }
}
