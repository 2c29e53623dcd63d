//! What an operator sets of the gateway.

use super::client_address::TrustedProxies;
use super::rate::Rate;

/// How the gateway treats callers. What is not set is as it always was.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How often each account may ask (`MICRO_API_RATE_LIMIT_ACCOUNT`).
    pub rate_limit_account: Option<Rate>,
    /// How often each address may ask without an account (`MICRO_API_RATE_LIMIT_ADDRESS`).
    pub rate_limit_address: Option<Rate>,
    /// Who is believed when he says for whom he asks (`MICRO_API_TRUSTED_PROXIES`).
    pub trusted_proxies: TrustedProxies,
}
