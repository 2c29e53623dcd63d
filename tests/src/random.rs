//! Randomness that can be played again: the same seed, the same inputs.

use std::time::{SystemTime, UNIX_EPOCH};

/// xorshift64*: small, fast, and good enough to be surprising.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The same sequence for the same seed.
    pub fn new(seed: u64) -> Self {
        // The state must not be zero, and near seeds are to differ from the first number on.
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        random.next();
        random
    }

    /// A seed that differs from run to run; print it.
    pub fn fresh_seed() -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |since| since.as_nanos() as u64)
    }

    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "it never ends and is no iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number from 0 up to, not including, `end`; 0 for an empty range.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 {
            0
        } else {
            (self.next() % end as u64) as usize
        }
    }

    /// One of the choices.
    pub fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }

    /// So many bytes of any kind.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// Up to so many printable characters, awkward ones more often.
    pub fn text(&mut self, longest: usize) -> String {
        const AWKWARD: &str = "/%?&=.-_[]{}\"'\\:;,+#@!~*()<>|^` \u{e9}\u{4e2d}\u{1f600}\u{202e}";
        let awkward: Vec<char> = AWKWARD.chars().collect();
        let length = self.below(longest + 1);
        (0..length)
            .map(|_| match self.below(3) {
                0 => awkward[self.below(awkward.len())],
                _ => char::from(b'!' + self.below(94) as u8),
            })
            .collect()
    }

    /// The input with a few changes: flipped, cut, doubled, joined with another.
    pub fn mutate(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(6) {
                0 => bytes.insert(at, self.next() as u8),
                1 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                2 => bytes.truncate(at),
                3 => {
                    let part = bytes[at..].to_vec();
                    bytes.extend(part);
                }
                4 => {
                    let from = self.below(other.len() + 1);
                    bytes.splice(at..at, other[from..].iter().copied());
                }
                _ => bytes.extend_from_slice(self.pick(&[
                    b"%".as_slice(),
                    b"[",
                    b"]=",
                    b"{\"",
                    b"\\u00",
                    b"--",
                    b"=",
                    b"1e999",
                    b"\0",
                ])),
            }
        }
        bytes
    }
}
