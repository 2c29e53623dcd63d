//! What `Accept-Encoding` says (RFC 9110, 12.5.3), of the codings that there are here: gzip, and none.

use http::{HeaderMap, header};

/// The best quality, in thousandths.
const BEST: u16 = 1000;
/// That of an answer as it is where nothing is said of it: it is taken, but after all that is asked for.
const LAST: u16 = 1;

/// How a caller wants to have an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Plain,
    Gzip,
    /// He does not take it as it is.
    OnlyGzip,
}

/// What the caller wants; as it is, where he takes nothing that there is. An answer that is not liked is worth more than none.
pub(super) fn wanted(headers: &HeaderMap) -> Wanted {
    let mut said = Said::default();
    for line in headers.get_all(header::ACCEPT_ENCODING) {
        for one in line.to_str().unwrap_or_default().split(',') {
            said.read(one);
        }
    }
    let gzip = said.gzip.or(said.any).unwrap_or(0);
    let plain = match (said.plain, said.any) {
        (Some(quality), _) => quality,
        (None, Some(0)) => 0,
        (None, _) => LAST,
    };
    match (gzip, plain) {
        (0, _) => Wanted::Plain,
        (_, 0) => Wanted::OnlyGzip,
        (gzip, plain) if gzip >= plain => Wanted::Gzip,
        _ => Wanted::Plain,
    }
}

#[derive(Default)]
struct Said {
    gzip: Option<u16>,
    plain: Option<u16>,
    any: Option<u16>,
}

impl Said {
    /// A coding and its quality. What is not understood is passed over.
    fn read(&mut self, one: &str) {
        let mut parts = one.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let slot = match () {
            () if is("gzip") || is("x-gzip") => &mut self.gzip,
            () if is("identity") => &mut self.plain,
            () if is("*") => &mut self.any,
            () => return,
        };
        let weight = parts.find_map(|part| {
            part.split_once('=')
                .filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        });
        let quality = weight.map_or(Some(BEST), |(_, text)| quality(text.trim()));
        if quality.is_some() {
            *slot = quality;
        }
    }
}

/// `1`, `0.5`, `0.123`: at most three digits after the dot.
fn quality(text: &str) -> Option<u16> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    if rest.len() > 3 || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let parts: u16 = format!("{rest:0<3}").parse().ok()?;
    match (whole, parts) {
        ("0", parts) => Some(parts),
        ("1", 0) => Some(BEST),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn said(lines: &[&str]) -> Wanted {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::ACCEPT_ENCODING, HeaderValue::from_str(line).unwrap());
        }
        wanted(&headers)
    }

    #[test]
    fn qualities_decide() {
        use Wanted::{Gzip, OnlyGzip, Plain};
        for (line, expected) in [
            ("", Plain),
            ("gzip", Gzip),
            ("GZIP", Gzip),
            ("x-gzip", Gzip),
            ("gzip, deflate, br, zstd", Gzip),
            ("br", Plain),
            ("*", Gzip),
            ("*;q=0.1", Gzip),
            ("gzip;q=0", Plain),
            ("gzip;q=0, *", Plain),
            ("gzip; Q=0.001", Gzip),
            ("gzip;q=0.5, identity", Plain),
            ("gzip;q=0.5, identity;q=0.5", Gzip),
            ("identity;q=0.4, gzip;q=0.5", Gzip),
            ("identity", Plain),
            ("identity;q=0", Plain),
            ("identity;q=0, gzip;q=0.001", OnlyGzip),
            ("gzip, *;q=0", OnlyGzip),
            ("gzip;q=1.000, *;q=0.000", OnlyGzip),
            ("*;q=0, identity", Plain),
            ("*;q=0", Plain),
            ("gzip;q=2", Plain),
            ("gzip;q=0.1234", Plain),
            ("gzip;q=", Plain),
            ("gzip;level=9", Gzip),
        ] {
            assert_eq!(said(&[line]), expected, "{line}");
        }
        assert_eq!(said(&["identity;q=0", "gzip"]), OnlyGzip);
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_read(line in "[a-z*;=q0-9., -]{0,60}") {
            let wanted = said(&[&line]);
            let may_be = line.contains("gzip") || line.contains('*');
            prop_assert!(may_be || wanted == Wanted::Plain);
        }
    }
}
