//! Answers as gzip (RFC 1952): the one coding that everything takes.
//!
//! `br` and `zstd` make some tenth less of JSON. Browsers ask for them over TLS only, and they want megabytes for each answer
//! under way, where this wants some 300 KB.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context as Task, Poll, ready};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use hyper::body::Body;
use micro_rpc::bytes::Bytes;
use micro_rpc::futures_util::Stream;
use micro_rpc::{Error, Result};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::ID;
use super::reply::Content;

/// Between what is fast and what is small.
const LEVEL: u32 = 4;
/// So many bytes are compressed before others of the same core have their turn: some tenths of a millisecond.
pub(super) const SLICE: usize = 16 * 1024;
/// As long is what is put before an answer at most, so that its length does not tell what is in it.
const PADDING: u8 = 100;

/// Starts a gzip. One that is padded says a name in its header that is as long as chance has it: what is compressed together with
/// what a request said would tell by its length whether the two are alike (BREACH).
fn encoder(is_padded: bool) -> GzEncoder<Vec<u8>> {
    let mut builder = GzBuilder::new();
    if is_padded {
        let length = Uuid::new_v4().as_bytes()[0] % PADDING;
        builder = builder.filename(vec![b'x'; length.into()]);
    }
    builder.write(Vec::new(), Compression::new(LEVEL))
}

/// Compresses at once what is no longer than a [`SLICE`].
pub(super) fn whole(bytes: &[u8], is_padded: bool) -> Option<Bytes> {
    let mut encoder = encoder(is_padded);
    encoder.write_all(bytes).ok()?;
    Some(encoder.finish().ok()?.into())
}

/// An answer that is compressed as it is taken.
pub(super) struct Gzip {
    content: Content,
    /// `None` at the end.
    encoder: Option<GzEncoder<Vec<u8>>>,
    /// Whether each piece is a message that somebody waits for.
    is_live: bool,
    /// What has come and is not compressed yet.
    rest: Bytes,
    /// Bytes since the others had their turn.
    spent: usize,
    _place: OwnedSemaphorePermit,
}

impl Gzip {
    pub(super) fn new(content: Content, is_padded: bool, place: OwnedSemaphorePermit) -> Self {
        Self {
            is_live: !matches!(content, Content::Whole(_) | Content::Sized(..)),
            content,
            encoder: Some(encoder(is_padded)),
            rest: Bytes::new(),
            spent: 0,
            _place: place,
        }
    }

    /// Compresses the next slice.
    fn advance(&mut self) -> std::io::Result<Vec<u8>> {
        let slice = self.rest.split_to(self.rest.len().min(SLICE));
        self.spent += slice.len();
        let Some(encoder) = &mut self.encoder else {
            return Ok(Vec::new());
        };
        encoder.write_all(&slice)?;
        if self.is_live && self.rest.is_empty() {
            encoder.flush()?;
        }
        Ok(std::mem::take(encoder.get_mut()))
    }

    fn end(&mut self) -> std::io::Result<Vec<u8>> {
        self.encoder.take().map_or(Ok(Vec::new()), GzEncoder::finish)
    }
}

impl Stream for Gzip {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Task<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        while this.encoder.is_some() {
            if this.rest.is_empty() {
                match ready!(Pin::new(&mut this.content).poll_frame(cx)) {
                    Some(Ok(frame)) => this.rest = frame.into_data().unwrap_or_default(),
                    Some(Err(error)) => {
                        this.encoder = None;
                        return Poll::Ready(Some(Err(error)));
                    }
                    None => return Poll::Ready(Some(this.end().map(Bytes::from).map_err(failed))),
                }
            }
            if this.spent >= SLICE {
                this.spent = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match this.advance() {
                Ok(coded) if coded.is_empty() => {}
                coded => return Poll::Ready(Some(coded.map(Bytes::from).map_err(failed))),
            }
        }
        Poll::Ready(None)
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::internal(ID, format!("the answer cannot be compressed: {error}"))
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::sync::Arc;

    use flate2::read::GzDecoder;
    use micro_rpc::Streaming;
    use micro_rpc::futures_util::{FutureExt, StreamExt, stream};
    use proptest::prelude::*;
    use tokio::sync::Semaphore;

    use super::*;

    fn gzip(content: Content) -> Gzip {
        let places = Arc::new(Semaphore::new(1));
        Gzip::new(content, false, places.try_acquire_owned().unwrap())
    }

    fn plain(coded: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        GzDecoder::new(coded).read_to_end(&mut plain).unwrap();
        plain
    }

    #[tokio::test]
    async fn what_is_large_gives_way_to_others() {
        let text = Bytes::from(vec![b'a'; 10 * SLICE]);
        let mut coded = gzip(Content::Whole(text.clone()));
        let (mut pieces, mut turns) = (Vec::new(), 0);
        loop {
            match coded.next().now_or_never() {
                Some(Some(piece)) => pieces.extend_from_slice(&piece.unwrap()),
                Some(None) => break,
                None => turns += 1,
            }
        }
        assert_eq!(turns, 9);
        assert_eq!(plain(&pieces), text);
    }

    #[tokio::test]
    async fn a_message_is_not_kept_for_the_next() {
        let (sender, messages) = Streaming::channel(1);
        let mut coded = gzip(Content::Pieces(messages));
        let mut seen = Vec::new();
        for message in ["{\"n\":1}\n", "{\"n\":2}\n"] {
            sender.send(Bytes::from_static(message.as_bytes())).await.unwrap();
            seen.extend_from_slice(&coded.next().await.unwrap().unwrap());
            let mut so_far = [0; 64];
            let mut decoder = flate2::Decompress::new_gzip(15);
            decoder
                .decompress(&seen, &mut so_far, flate2::FlushDecompress::Sync)
                .unwrap();
            let length = usize::try_from(decoder.total_out()).unwrap();
            assert!(so_far[..length].ends_with(message.as_bytes()), "{message}");
        }
        drop(sender);
        seen.extend_from_slice(&coded.next().await.unwrap().unwrap());
        assert_eq!(plain(&seen), b"{\"n\":1}\n{\"n\":2}\n");
        assert!(coded.next().await.is_none());
    }

    #[tokio::test]
    async fn what_breaks_off_breaks_off() {
        let pieces = [
            Ok(Bytes::from_static(b"one")),
            Err(Error::internal("x", "broken")),
        ];
        let mut coded = gzip(Content::Pieces(Streaming::new(stream::iter(pieces))));
        assert!(coded.next().await.unwrap().is_ok());
        assert_eq!(coded.next().await.unwrap().unwrap_err().detail, "broken");
        assert!(coded.next().await.is_none());
    }

    #[test]
    fn padding_varies_and_is_no_part_of_the_answer() {
        let text = [b'a'; 1000];
        let coded: Vec<_> = (0..50).map(|_| whole(&text, true).unwrap()).collect();
        assert!(coded.iter().any(|one| one.len() != coded[0].len()));
        assert!(coded.iter().all(|one| plain(one) == text));
    }

    proptest! {
        #[test]
        fn what_was_sent_is_read(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40_000), 0..4)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let sent: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
            let coded = gzip(Content::Pieces(Streaming::new(stream::iter(sent))));
            let coded: Vec<_> = runtime.block_on(coded.map(Result::unwrap).collect());
            prop_assert_eq!(plain(&coded.concat()), pieces.concat());
        }
    }
}
