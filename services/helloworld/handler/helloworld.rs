//! The wire of `helloworld`: checks what comes in and translates.

use micro::futures_util::stream;
use micro::{Context, Result, Streaming, async_trait};

use helloworld_proto as proto;

/// Answers the calls of `Helloworld`.
#[derive(Default)]
pub struct Helloworld {}

#[async_trait]
impl proto::Helloworld for Helloworld {
    async fn call(&self, _ctx: &Context, request: proto::Request) -> Result<proto::Response> {
        let msg = format!("Hello {}", request.name);
        Ok(proto::Response { msg })
    }

    async fn stream(
        &self,
        _ctx: &Context,
        request: proto::StreamingRequest,
    ) -> Result<Streaming<proto::StreamingResponse>> {
        let counts = (0..request.count).map(|count| Ok(proto::StreamingResponse { count }));
        Ok(Streaming::new(stream::iter(counts)))
    }

    async fn ping_pong(
        &self,
        _ctx: &Context,
        requests: Streaming<proto::Ping>,
    ) -> Result<Streaming<proto::Pong>> {
        let echo = |proto::Ping { stroke }| Ok(proto::Pong { stroke });
        Ok(requests.map(echo))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::Helloworld as _;

    fn handler() -> Helloworld {
        Helloworld::default()
    }

    #[tokio::test]
    async fn call_greets() -> Result<()> {
        let (ctx, handler) = (Context::background(), handler());
        let name = "John".to_owned();
        let response = handler.call(&ctx, proto::Request { name }).await?;
        assert_eq!(response.msg, "Hello John");
        Ok(())
    }

    #[tokio::test]
    async fn stream_counts_from_zero() -> Result<()> {
        let (ctx, handler) = (Context::background(), handler());
        let request = proto::StreamingRequest { count: 3 };
        let counts = handler.stream(&ctx, request).await?;
        let expected = [0, 1, 2].map(|count| proto::StreamingResponse { count });
        assert_eq!(counts.collect().await?, expected);
        Ok(())
    }

    #[tokio::test]
    async fn ping_pong_echoes() -> Result<()> {
        let (ctx, handler) = (Context::background(), handler());
        let pings = [7, 8].map(|stroke| proto::Ping { stroke });
        let requests = pings.into_iter().collect();
        let pongs = handler.ping_pong(&ctx, requests).await?;
        let expected = [7, 8].map(|stroke| proto::Pong { stroke });
        assert_eq!(pongs.collect().await?, expected);
        Ok(())
    }
}
