use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::*;
use crate::{Codec, Id, Metadata, Packer, Trace};

fn all(read: &mut BytesMut) -> Vec<Frame> {
    std::iter::from_fn(|| Frame::take(read).unwrap()).collect()
}

fn frame(kind: u8, call: u64, body: &'static [u8]) -> Frame {
    let body = Bytes::from_static(body);
    Frame { kind, call, body }
}

#[test]
fn frames_are_taken_as_they_come() {
    let mut said = Vec::new();
    put(&mut said, PART, 7, &[b"a", b"b"]);
    put(&mut said, LAST, 0, &[]);
    put(&mut said, ANSWER, u64::MAX, &[b"", b"c"]);
    let expected = || {
        vec![
            frame(PART, 7, b"ab"),
            frame(LAST, 0, b""),
            frame(ANSWER, u64::MAX, b"c"),
        ]
    };
    for at in 0..=said.len() {
        let mut read = BytesMut::from(&said[..at]);
        let mut taken = all(&mut read);
        read.extend_from_slice(&said[at..]);
        taken.extend(all(&mut read));
        assert_eq!(taken, expected(), "{at}");
        assert!(read.is_empty());
    }
}

#[test]
fn what_is_too_long_or_too_short_is_no_frame() {
    for length in [0_u32, 4, 1 << 20, u32::MAX] {
        let mut read = BytesMut::from(&length.to_be_bytes()[..]);
        assert_eq!(Frame::take(&mut read), Err(Malformed), "{length}");
    }
}

fn packed(headers: &[(&str, &str)]) -> Metadata {
    let mut packer = Packer::new();
    for (name, value) in headers {
        packer.push(name, value.as_bytes());
    }
    packer.finish()
}

fn said<'a>(trace: &'a Trace, metadata: &'a Metadata) -> Said<'a> {
    Said {
        codec: Codec::Json,
        deadline: None,
        trace,
        service: "go.micro.shop",
        endpoint: "Shop.Buy",
        namespace: "micro",
        token: Some("own"),
        metadata,
    }
}

fn read(frame: Vec<u8>) -> Option<Head> {
    let mut read = BytesMut::from(&frame[..]);
    let frame = Frame::take(&mut read).unwrap().unwrap();
    assert_eq!((frame.kind, read.len()), (CALL, 0));
    Head::read(frame.body)
}

fn pairs(metadata: &Metadata) -> Vec<(&str, &str)> {
    metadata.iter().collect()
}

#[test]
fn a_head_is_read_as_it_was_said() {
    let trace = Trace::start();
    let metadata = packed(&[("a", "1"), ("te", "trailers"), ("a", "2")]);
    let mut head = read(encode(&said(&trace, &metadata), b"message").unwrap()).unwrap();
    assert_eq!(head.codec, Some(Codec::Json));
    assert_eq!(head.timeout, None);
    assert_eq!(head.trace, Some((trace.id.clone(), Some(trace.span.clone()))));
    assert_eq!(head.take_path().text(), "/go.micro.shop.Shop/Buy");
    assert_eq!(head.message, "message");
    let own = [
        ("authorization", "Bearer own"),
        ("micro-namespace", "micro"),
        ("a", "1"),
        ("a", "2"),
    ];
    assert_eq!(pairs(&head.metadata), own);
    // What the call has of its own counts.
    let metadata = packed(&[("micro-namespace", "shop"), ("authorization", "Bearer other")]);
    let head = read(encode(&said(&trace, &metadata), b"").unwrap()).unwrap();
    let others = [("authorization", "Bearer other"), ("micro-namespace", "shop")];
    assert_eq!(pairs(&head.metadata), others);
}

#[test]
fn ids_stay_what_they_are() {
    let id = |text: &str| Id::given(text);
    for (given, span) in [("4bf92f3577b34da6", "x"), ("a b", ""), ("a", "b")] {
        let trace = Trace {
            id: id(given),
            span: id(span),
            parent: None,
        };
        let head = read(encode(&said(&trace, &Metadata::default()), b"").unwrap()).unwrap();
        let parent = (!span.is_empty()).then(|| id(span));
        assert_eq!(head.trace, Some((id(given), parent)));
    }
}

#[test]
fn what_no_header_can_say_is_left_out() {
    let trace = Trace {
        id: Id::given("größe"),
        span: Id::given("\x1b[31m"),
        parent: None,
    };
    let head = read(encode(&said(&trace, &Metadata::default()), b"").unwrap()).unwrap();
    assert_eq!(head.trace, None);
}

/// A call whose path or headers are other than a client of ours says.
fn altered(from: &str, to: &str) -> Option<Head> {
    let metadata = packed(&[("x-abc", "1")]);
    let mut frame = encode(&said(&Trace::start(), &metadata), b"").unwrap();
    let at = frame
        .windows(from.len())
        .position(|part| part == from.as_bytes())
        .unwrap();
    frame[at..at + to.len()].copy_from_slice(to.as_bytes());
    read(frame)
}

#[test]
fn what_would_mean_something_else_further_on_is_refused() {
    assert!(altered("x-abc", "x-abd").is_some());
    // Of the same length as what it stands for.
    for (from, to) in [
        ("/Buy", "/B?y"),
        ("/Buy", "/B#y"),
        ("/Buy", "/B%y"),
        ("/Buy", "/B y"),
        ("x-abc", "X-abc"),
        ("x-abc", "x abc"),
    ] {
        assert!(altered(from, to).is_none(), "{to}");
    }
    for name in [
        "te",
        "host",
        "upgrade",
        "keep-alive",
        "connection",
        "micro-lane",
        "x-content-type",
    ] {
        let mut headers = Vec::new();
        crate::metadata::put(&mut headers, name, &[b"x"]);
        assert!(crate::metadata::Packed::read(headers.into()).is_none(), "{name}");
    }
}

#[test]
fn time_is_rounded_up_and_never_without_end() {
    let (trace, metadata) = (Trace::start(), Metadata::default());
    let of = |left: Duration| {
        let deadline = Some(Instant::now() + left);
        let said = Said {
            deadline,
            ..said(&trace, &metadata)
        };
        read(encode(&said, b"").unwrap()).unwrap().timeout.unwrap()
    };
    assert_eq!(of(Duration::ZERO), Duration::from_millis(1));
    assert!(of(Duration::from_secs(10)) <= Duration::from_secs(10));
    assert!(of(Duration::from_secs(10)) > Duration::from_secs(9));
    assert!(of(Duration::from_secs(1 << 40)) > Duration::from_secs(1 << 20));
}

#[test]
fn what_does_not_fit_goes_another_way() {
    let (trace, none) = (Trace::start(), Metadata::default());
    let long = "x".repeat(300);
    let of_long = Trace {
        id: Id::given(&long),
        ..trace.clone()
    };
    let huge = packed(&[("a", &"x".repeat(SMALL))]);
    let message = vec![0; SMALL];
    let whole = said(&trace, &none);
    assert!(encode(&whole, b"").is_some());
    assert!(encode(&whole, &message).is_none());
    assert!(encode(&said(&of_long, &none), b"").is_none());
    assert!(encode(&said(&trace, &huge), b"").is_none());
    for endpoint in ["Shop", "Shop.", ".Buy", "Shop.Bu y", "Shop.Bu/y", "Shop.B\u{fc}y"] {
        let odd = Said {
            endpoint,
            ..said(&trace, &none)
        };
        assert!(encode(&odd, b"").is_none(), "{endpoint:?}");
    }
}

proptest! {
    #[test]
    fn anything_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        crate::fuzz::lane(&bytes);
    }

    #[test]
    fn what_was_changed_on_the_way_is_read_or_refused(at in 0..200_usize, to in any::<u8>()) {
        let trace = Trace::start();
        let mut frame = encode(&said(&trace, &packed(&[("a", "1")])), b"message").unwrap();
        let at = at % frame.len();
        frame[at] = to;
        crate::fuzz::lane(&frame);
    }
}
