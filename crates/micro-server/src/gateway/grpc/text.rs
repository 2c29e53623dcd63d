//! The base64 of gRPC-Web, for those who can send and read nothing but text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use micro_rpc::bytes::{Bytes, BytesMut};
use micro_rpc::{Error, Result};

use super::super::ID;

const GROUP: usize = 4;

/// Reads it as it comes. Whoever writes may encode each piece alone, so there may be padding anywhere.
#[derive(Default)]
pub(super) struct Text {
    /// The beginning of a group.
    kept: Vec<u8>,
}

impl Text {
    /// Adds what the text says to `bytes`.
    pub(super) fn read(&mut self, text: &[u8], bytes: &mut BytesMut) -> Result<()> {
        self.kept.extend_from_slice(text);
        let whole = self.kept.len() / GROUP * GROUP;
        let mut groups = &self.kept[..whole];
        while !groups.is_empty() {
            let padding = groups.iter().position(|byte| *byte == b'=');
            let (piece, rest) = match padding {
                Some(at) => groups.split_at((at / GROUP + 1) * GROUP),
                None => (groups, &[][..]),
            };
            let said = STANDARD.decode(piece);
            bytes.extend_from_slice(&said.map_err(|error| wrong(&error.to_string()))?);
            groups = rest;
        }
        self.kept.drain(..whole);
        Ok(())
    }

    /// Says what is wrong where the text ends within a group.
    pub(super) fn end(&self) -> Result<()> {
        match self.kept.is_empty() {
            true => Ok(()),
            false => Err(wrong("it ends within a group of four")),
        }
    }
}

/// The text for bytes.
pub(super) fn write(bytes: &[u8]) -> Bytes {
    STANDARD.encode(bytes).into()
}

fn wrong(why: &str) -> Error {
    Error::bad_request(ID, format!("the call's base64 cannot be read: {why}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_is_read_however_it_was_cut(
            pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..8),
            cut in 1_usize..9,
        ) {
            let text: Vec<u8> = pieces.iter().flat_map(|piece| write(piece).to_vec()).collect();
            let (mut reader, mut bytes) = (Text::default(), BytesMut::new());
            for part in text.chunks(cut) {
                reader.read(part, &mut bytes).unwrap();
            }
            reader.end().unwrap();
            prop_assert_eq!(bytes, pieces.concat());
        }

        #[test]
        fn nothing_makes_it_panic(text in proptest::collection::vec(any::<u8>(), 0..50)) {
            let (mut reader, mut bytes) = (Text::default(), BytesMut::new());
            let _ = reader.read(&text, &mut bytes);
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for (text, is_read) in [
            ("AAA=", true),
            ("AAA", false),
            ("A*A=", false),
            ("====", false),
            ("", true),
        ] {
            let mut reader = Text::default();
            let read = reader.read(text.as_bytes(), &mut BytesMut::new());
            assert_eq!(read.and_then(|()| reader.end()).is_ok(), is_read, "{text}");
        }
    }
}
