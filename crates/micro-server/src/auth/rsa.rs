//! New RSA keys, and the forms in which RSA keys travel.
//!
//! `ring` signs and verifies but makes no RSA keys. What it lacks is two primes and a handful of numbers that follow from them,
//! which are computed here once in the life of a key; nothing here ever touches a message, so there is nothing to time. `ring`
//! checks the numbers when it reads the key.

use crypto_bigint::rand_core::{Infallible, TryCryptoRng, TryRng};
use crypto_bigint::{NonZero, Odd, U1024, U2048};
use crypto_primes::hazmat::{SetBits, SmallFactorsSieveFactory};
use crypto_primes::{Flavor, is_prime, sieve_and_find};
use micro::auth::jwt::KeyError;
use ring::rand::{SecureRandom, SystemRandom};

use super::der;

/// 2048 bits are made in a fraction of a second, so that the first client that wants RS256 does not run into its deadline, and
/// are long enough for signatures that count for minutes and for keys that rotate. Longer ones are taken where they are given.
const PRIME_BITS: u32 = 1024;

const EXPONENT: u32 = 65_537;

/// Makes a key: an RSAPrivateKey of PKCS #1 in DER. Computes for a while.
pub(super) fn generate() -> Result<Vec<u8>, KeyError> {
    // Asked once beforehand: a system that has randomness does not run out of it.
    SystemRandom::new()
        .fill(&mut [0; 1])
        .map_err(|_| KeyError::Generate)?;
    loop {
        if let Some(document) = assemble(prime()?, prime()?) {
            return Ok(document);
        }
    }
}

fn prime() -> Result<U1024, KeyError> {
    // Two bits set make the product as long as it has to be.
    let sieve = SmallFactorsSieveFactory::<U1024>::new(Flavor::Any, PRIME_BITS, SetBits::TwoMsb);
    let sieve = sieve.map_err(|_| KeyError::Generate)?;
    let found = sieve_and_find(&mut System, sieve, |_, candidate| {
        is_prime(Flavor::Any, candidate)
    });
    found.ok().flatten().ok_or(KeyError::Generate)
}

/// The key of two primes; `None` for the rare two that give none.
fn assemble(p: U1024, q: U1024) -> Option<Vec<u8>> {
    let (p, q) = if p > q { (p, q) } else { (q, p) };
    let (p_less, q_less) = (p.wrapping_sub(&U1024::ONE), q.wrapping_sub(&U1024::ONE));
    let n: U2048 = p.concatenating_mul(&q);
    let totient: NonZero<U2048> = NonZero::new(p_less.concatenating_mul(&q_less)).into_option()?;
    let d = U2048::from_u32(EXPONENT).invert_mod(&totient).into_option()?;
    let d_p = d.rem(&NonZero::new(p_less).into_option()?);
    let d_q = d.rem(&NonZero::new(q_less).into_option()?);
    let q_inverse = q.invert_odd_mod(&Odd::new(p).into_option()?).into_option()?;
    let large = |number: &U2048| der::integer(number.to_be_bytes().as_ref());
    let small = |number: &U1024| der::integer(number.to_be_bytes().as_ref());
    Some(der::sequence(&[
        der::integer(&[0]),
        large(&n),
        der::integer(&EXPONENT.to_be_bytes()),
        large(&d),
        small(&p),
        small(&q),
        small(&d_p),
        small(&d_q),
        small(&q_inverse),
    ]))
}

/// The system's randomness, for who wants it in this form.
struct System;

impl TryRng for System {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_ne_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        SystemRandom::new()
            .fill(bytes)
            .expect("the system had randomness a moment ago");
        Ok(())
    }
}

impl TryCryptoRng for System {}

#[cfg(test)]
mod tests {
    use micro::auth::jwt::SigningKey;

    use super::*;

    #[test]
    fn a_new_key_is_one_that_signs() {
        let document = generate().unwrap();
        let key = SigningKey::from_rsa_der(&document).unwrap();
        let (modulus, exponent) = der::rsa_public(&key.public_key().bytes).unwrap();
        assert_eq!((modulus.len(), exponent), (256, &[1, 0, 1][..]));
        assert!(modulus[0] & 0x80 != 0, "2048 bits, not one less");
        let other = SigningKey::from_rsa_der(&generate().unwrap()).unwrap();
        assert_ne!(key.public_key().id, other.public_key().id);
    }
}
