//! The wire of `otp`: checks what comes in and translates.

#[cfg(test)]
mod tests;

use std::time::Duration;

use micro::{Context, Error, Result, Tenant, async_trait};

use crate::service::codes::{Codes, LIVES, SIZES, USUAL_LIFE, USUAL_SIZE};

use otp_proto as proto;

/// The longest id in bytes: an address fits.
const LONGEST_ID: usize = 320;

/// Answers the calls of `Otp`.
pub struct Otp {
    codes: Codes,
}

impl Otp {
    /// Hands out these codes.
    pub fn new(codes: Codes) -> Self {
        Self { codes }
    }
}

#[async_trait]
impl proto::Otp for Otp {
    async fn generate(
        &self,
        ctx: &Context,
        request: proto::GenerateRequest,
    ) -> Result<proto::GenerateResponse> {
        let tenant = Tenant::of(ctx)?;
        check_id("otp.Generate.id", &request.id)?;
        let size = size(request.size)?;
        let life = life(request.expiry)?;
        let code = self.codes.generate(&tenant, &request.id, size, life).await?;
        Ok(proto::GenerateResponse { code })
    }

    async fn validate(
        &self,
        ctx: &Context,
        request: proto::ValidateRequest,
    ) -> Result<proto::ValidateResponse> {
        let tenant = Tenant::of(ctx)?;
        check_id("otp.Validate.id", &request.id)?;
        if request.code.is_empty() {
            return Err(Error::bad_request("otp.Validate.code", "a code is required"));
        }
        let success = self.codes.validate(&tenant, &request.id, &request.code).await?;
        Ok(proto::ValidateResponse { success })
    }
}

fn check_id(error: &str, id: &str) -> Result<()> {
    if id.is_empty() {
        return Err(Error::bad_request(error, "an id is required"));
    }
    if id.len() > LONGEST_ID || id.chars().any(char::is_control) {
        let detail = format!("an id has at most {LONGEST_ID} bytes and no control characters, not {id:?}");
        return Err(Error::bad_request(error, detail));
    }
    Ok(())
}

fn size(asked: i64) -> Result<usize> {
    if asked == 0 {
        return Ok(USUAL_SIZE);
    }
    let size = usize::try_from(asked).ok().filter(|size| SIZES.contains(size));
    size.ok_or_else(|| {
        let (least, most) = (SIZES.start(), SIZES.end());
        let detail = format!("a code has {least} to {most} digits, not {asked}");
        Error::bad_request("otp.Generate.size", detail)
    })
}

fn life(asked: i64) -> Result<Duration> {
    if asked == 0 {
        return Ok(Duration::from_secs(USUAL_LIFE));
    }
    let seconds = u64::try_from(asked)
        .ok()
        .filter(|seconds| LIVES.contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| {
        let (least, most) = (LIVES.start(), LIVES.end());
        let detail = format!("a code is good for {least} to {most} seconds, not {asked}");
        Error::bad_request("otp.Generate.expiry", detail)
    })
}
