//! What an operator sets of the gateway.

use super::client_address::TrustedProxies;
use super::rate::Rate;

/// How the gateway treats callers. Unless set nobody is limited or believed, and answers are compressed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How often each account may ask (`MICRO_API_RATE_LIMIT_ACCOUNT`).
    pub rate_limit_account: Option<Rate>,
    /// How often each key, which is a token, may ask for its account (`MICRO_API_RATE_LIMIT_KEY`).
    pub rate_limit_key: Option<Rate>,
    /// How often each address may ask without an account (`MICRO_API_RATE_LIMIT_ADDRESS`).
    pub rate_limit_address: Option<Rate>,
    /// Who is believed when he says for whom he asks (`MICRO_API_TRUSTED_PROXIES`).
    pub trusted_proxies: TrustedProxies,
    /// Whether answers are compressed for who asks for that (`MICRO_API_COMPRESSION`).
    pub compression: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rate_limit_account: None,
            rate_limit_key: None,
            rate_limit_address: None,
            trusted_proxies: TrustedProxies::default(),
            compression: true,
        }
    }
}
