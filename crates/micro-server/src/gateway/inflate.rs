//! Bodies of requests that are sent as gzip, read in bounded steps: a kilobyte of it can stand for a megabyte.

use std::time::Duration;

use flate2::{Decompress, FlushDecompress, Status};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use hyper::body::Incoming;
use micro_rpc::bytes::{Buf, Bytes, BytesMut};
use micro_rpc::{Error, MemoryBudget, Result};

use super::reply::Content;
use super::{ID, body};

/// So much is made at once, and others of the same core have their turn.
const STEP: usize = 64 * 1024;
const WINDOW: u8 = 15;
/// What comes out may be so many times what came, or this much: text is rarely a tenth of that, and what is made to grow is not let.
const RATIO: usize = 100;
const SMALL: usize = 1 << 20;

/// How the body of a request is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Plain,
    Gzip,
}

impl Coding {
    /// 415 for one that is not known here.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self> {
        let mut lines = headers.get_all(header::CONTENT_ENCODING).iter();
        let coding = match (lines.next(), lines.next()) {
            (None, _) => return Ok(Self::Plain),
            (Some(line), None) => line.to_str().unwrap_or_default().trim(),
            (Some(_), Some(_)) => "several things",
        };
        let is = |known: &str| coding.eq_ignore_ascii_case(known);
        if is("identity") || coding.is_empty() {
            Ok(Self::Plain)
        } else if is("gzip") || is("x-gzip") {
            Ok(Self::Gzip)
        } else {
            let detail = format!(
                "the request's body is coded as {coding}: send it as it is, or with Content-Encoding: gzip"
            );
            Err(Error::new(ID, 415, detail))
        }
    }
}

/// Says what is known where a body was coded otherwise.
pub(super) fn tell(asked: &HeaderMap, response: &mut Response<Content>) {
    const KNOWN: HeaderValue = HeaderValue::from_static("gzip");
    if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE && asked.contains_key(header::CONTENT_ENCODING)
    {
        response.headers_mut().insert(header::ACCEPT_ENCODING, KNOWN);
    }
}

/// Reads a whole body as [`body::read`] does, and undoes how it is coded; 413 also for what is too large then.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Incoming,
    limit: usize,
    patience: Duration,
    bodies: &MemoryBudget,
) -> Result<Bytes> {
    let coding = Coding::of(headers)?;
    let body = body::read(body, limit, patience, bodies).await?;
    match coding {
        Coding::Plain => Ok(body),
        // Nothing at all is nothing, also for who says that it is gzip.
        Coding::Gzip if body.is_empty() => Ok(body),
        Coding::Gzip => inflate(body, limit, bodies).await,
    }
}

async fn inflate(coded: Bytes, limit: usize, bodies: &MemoryBudget) -> Result<Bytes> {
    let limit = limit.min(coded.len().saturating_mul(RATIO).max(SMALL));
    let mut inflater = Inflater::default();
    inflater.feed(coded);
    let (mut whole, mut held) = (BytesMut::new(), bodies.hold());
    while let Some(plain) = inflater.step()? {
        held.grow(whole.len() + plain.len()).map_err(body::no_room)?;
        whole.extend_from_slice(&plain);
        if whole.len() > limit {
            return Err(body::too_large(limit));
        }
        tokio::task::yield_now().await;
    }
    inflater.end()?;
    Ok(held.count(whole.freeze()))
}

/// Undoes gzip piece by piece.
pub(super) struct Inflater {
    gzip: Decompress,
    /// What has come and is not read.
    waiting: Bytes,
    is_over: bool,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            gzip: Decompress::new_gzip(WINDOW),
            waiting: Bytes::new(),
            is_over: false,
        }
    }
}

impl Inflater {
    /// Takes the next piece, once there is nothing left of the last one.
    pub(super) fn feed(&mut self, coded: Bytes) {
        self.waiting = coded;
    }

    /// Some of what it stands for, at most [`STEP`] bytes; `None` when that was all. What follows the end is an error.
    pub(super) fn step(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            if self.is_over && !self.waiting.is_empty() {
                return Err(wrong("something follows its end"));
            }
            if self.is_over {
                return Ok(None);
            }
            let mut plain = Vec::with_capacity(STEP);
            let before = self.gzip.total_in();
            let status = self
                .gzip
                .decompress_vec(&self.waiting, &mut plain, FlushDecompress::None);
            let status = status.map_err(|error| wrong(&error.to_string()))?;
            let taken = usize::try_from(self.gzip.total_in() - before).unwrap_or(usize::MAX);
            self.waiting.advance(taken.min(self.waiting.len()));
            self.is_over = status == Status::StreamEnd;
            if !plain.is_empty() {
                return Ok(Some(plain));
            }
            if taken == 0 && !self.is_over {
                return Ok(None);
            }
        }
    }

    /// What breaks off is an error.
    pub(super) fn end(&self) -> Result<()> {
        match self.is_over {
            true => Ok(()),
            false => Err(wrong("it breaks off")),
        }
    }
}

fn wrong(why: &str) -> Error {
    Error::bad_request(
        ID,
        format!("the request's body is not the gzip that it is said to be: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn room() -> MemoryBudget {
        MemoryBudget::new(usize::MAX)
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(future)
    }

    #[test]
    fn only_gzip_is_known() {
        for (lines, expected) in [
            (&[][..], Ok(Coding::Plain)),
            (&["identity"], Ok(Coding::Plain)),
            (&[""], Ok(Coding::Plain)),
            (&["gzip"], Ok(Coding::Gzip)),
            (&[" X-Gzip "], Ok(Coding::Gzip)),
            (&["br"], Err("coded as br")),
            (&["gzip, gzip"], Err("coded as gzip, gzip")),
            (&["gzip", "gzip"], Err("several")),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(line));
            }
            match (Coding::of(&headers), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{lines:?}"),
                (Err(error), Err(why)) => {
                    assert!(error.code == 415 && error.detail.contains(why), "{error}");
                }
                (found, _) => panic!("{lines:?}: {found:?}"),
            }
        }
    }

    #[test]
    fn a_bomb_is_put_out() {
        let bomb = gzip(&vec![0; 64 << 20]);
        assert!(bomb.len() < 1 << 20, "{}", bomb.len());
        let error = run(inflate(bomb.into(), 1 << 20, &room())).unwrap_err();
        assert_eq!(error.code, 413, "{error}");
    }

    #[test]
    fn each_step_is_bounded() {
        let mut inflater = Inflater::default();
        inflater.feed(gzip(&vec![0; 10 * STEP]).into());
        let mut total = 0;
        while let Some(plain) = inflater.step().unwrap() {
            assert!(plain.len() <= STEP);
            total += plain.len();
        }
        assert_eq!(total, 10 * STEP);
        inflater.end().unwrap();
    }

    #[test]
    fn what_is_no_gzip_is_said() {
        let good = gzip(b"some text that is compressed");
        let mut damaged = good.clone();
        let last = damaged.len() - 5;
        damaged[last] ^= 1;
        for (coded, why) in [
            (b"{}".to_vec(), "not the gzip"),
            (good[..good.len() - 1].to_vec(), "breaks off"),
            ([&good[..], b"x"].concat(), "follows its end"),
            (damaged, "not the gzip"),
        ] {
            let error = run(inflate(coded.into(), 1000, &room())).unwrap_err();
            assert!(error.code == 400 && error.detail.contains(why), "{error}");
        }
    }

    proptest! {
        #[test]
        fn however_it_is_cut_it_is_the_same(plain in proptest::collection::vec(any::<u8>(), 0..5000), cut in 1..200_usize) {
            let mut inflater = Inflater::default();
            let mut found = Vec::new();
            for piece in gzip(&plain).chunks(cut) {
                inflater.feed(Bytes::copy_from_slice(piece));
                while let Some(some) = inflater.step().unwrap() {
                    found.extend(some);
                }
            }
            inflater.end().unwrap();
            prop_assert_eq!(found, plain);
        }

        #[test]
        fn any_bytes_end(coded in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Err(error) = run(inflate(coded.into(), 1 << 20, &room())) {
                prop_assert!(matches!(error.code, 400 | 413));
            }
        }
    }
}
