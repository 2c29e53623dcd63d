//! How the gateway treats callers, as flags and variables.

use std::str::FromStr;

use micro_server::gateway::Settings;

use crate::errors::{Failure, Result};

// No comment of clap's, which would take the place of the command's own. A variable that is set and empty counts as not set.
#[derive(clap::Args, Clone, Default)]
#[command(next_help_heading = "OPTIONS OF THE GATEWAY")]
pub(crate) struct GatewayArgs {
    /// How many requests each account may make: 100/s, 6000/m, or 100/s:200 for up to 200 at once. No limit unless given
    #[arg(
        long = "api_rate_limit_account",
        env = "MICRO_API_RATE_LIMIT_ACCOUNT",
        value_name = "RATE"
    )]
    rate_limit_account: Option<String>,
    /// The same for each key, which is a token, beside what its account may. No limit unless given
    #[arg(
        long = "api_rate_limit_key",
        env = "MICRO_API_RATE_LIMIT_KEY",
        value_name = "RATE"
    )]
    rate_limit_key: Option<String>,
    /// The same for each address from which requests come without an account, logins among them
    #[arg(
        long = "api_rate_limit_address",
        env = "MICRO_API_RATE_LIMIT_ADDRESS",
        value_name = "RATE"
    )]
    rate_limit_address: Option<String>,
    /// Proxies before the gateway that are believed in X-Forwarded-For: 10.0.0.0/8,fd00::1. None unless given
    #[arg(
        long = "api_trusted_proxies",
        env = "MICRO_API_TRUSTED_PROXIES",
        value_name = "NETWORKS"
    )]
    trusted_proxies: Option<String>,
    /// Whether answers are compressed for who asks for that: on or off. On unless given
    #[arg(
        long = "api_compression",
        env = "MICRO_API_COMPRESSION",
        value_name = "ON|OFF"
    )]
    compression: Option<String>,
}

impl GatewayArgs {
    pub(crate) fn settings(self) -> Result<Settings> {
        Ok(Settings {
            rate_limit_account: read("api_rate_limit_account", self.rate_limit_account)?,
            rate_limit_key: read("api_rate_limit_key", self.rate_limit_key)?,
            rate_limit_address: read("api_rate_limit_address", self.rate_limit_address)?,
            trusted_proxies: read("api_trusted_proxies", self.trusted_proxies)?.unwrap_or_default(),
            compression: read("api_compression", self.compression)?.is_none_or(|Switch(is_on)| is_on),
        })
    }
}

/// On or off.
struct Switch(bool);

impl FromStr for Switch {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text.trim() {
            "on" | "true" | "1" => Ok(Self(true)),
            "off" | "false" | "0" => Ok(Self(false)),
            other => Err(format!("{other:?} is neither on nor off")),
        }
    }
}

fn read<T: FromStr<Err = String>>(flag: &str, given: Option<String>) -> Result<Option<T>> {
    let given = given.filter(|text| !text.trim().is_empty());
    let read = given.map(|text| text.parse());
    read.transpose()
        .map_err(|why| Failure::new(1, format!("--{flag}: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_names_its_flag() {
        let of = |rate: &str, proxies: &str, compression: &str| {
            GatewayArgs {
                rate_limit_account: None,
                rate_limit_key: None,
                rate_limit_address: Some(rate.to_owned()),
                trusted_proxies: Some(proxies.to_owned()),
                compression: Some(compression.to_owned()),
            }
            .settings()
        };
        let settings = of("10/s:20", "10.0.0.0/8", "").unwrap();
        assert_eq!(settings.rate_limit_address.unwrap().to_string(), "10/s:20");
        assert!(settings.rate_limit_account.is_none());
        assert!(of(" ", "", "").unwrap().rate_limit_address.is_none());
        assert!(settings.compression && !of("", "", "off").unwrap().compression);
        for (rate, proxies, compression, flag) in [
            ("often", "", "", "--api_rate_limit_address"),
            ("", "x", "", "--api_trusted_proxies"),
            ("", "", "maybe", "--api_compression"),
        ] {
            let failure = of(rate, proxies, compression).err().unwrap();
            assert!(format!("{failure:?}").contains(flag), "{failure:?}");
        }
    }
}
