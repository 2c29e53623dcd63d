//! Tokens as they are signed and as they are refused.

use super::*;
use base64::engine::general_purpose::STANDARD;

/// An RSA key that was made for these tests by another program, in PKCS #1.
const RSA_KEY: &str = "\
MIIEogIBAAKCAQEAmdCGuQfIfdyf3zHJOI5vDyQNRx5ryP00HL2I/HoCkQO8iWZtwdyBzPFtov1M5lnkHceMHyieuhCm9DL/UVW2KFC5EcNxfW\
0/GXIozWKZPnJkiQBYcfu1mB0k3Q0MqMqI1IaGY24HfsTloJb8hxu/mSlqqUSPDmQwCv4seRoSby08ldyBfbb/Gc2Jo1hheVgiyrU6DK4Osi1H\
Qfst3chPX9lgG/FDbbHZOG3k90Ky6qRQ+xlJ6juG2KqwPoY2vMe4E888EHfax/OqKWhN+vUevGle4SBLLxzyBGo6387L4DjbmUZfepunqMwqkP\
/1iV+okGTjAfhZ4K1eUhid+QKKTQIDAQABAoIBADyzPSdx+d4pnfHPzPADzbI08QR67eBQhCs/ZPr2D2M5DUNP58qUgajmMfUbbyiMmuhholt9\
hT46ahh+s6FeaNd6G7712Si9XyRkl9ONsJojPKeQOlcpFV3lSnHtv2wxGVR9jjVY655Mh64bR6bt/WutG4mXI7lzMj50VgqojlPO8rJ00wXLfD\
Wq67QY/63mhse9GEWRhfs+vxR+CdX98y8V/abSkb8rx9mftsAzYjdCj1DoIuqCwB3Me7Kz/pDGEc7Ku8LbOxHoYlECuAOlnOCbhrDWv+tbKTp2\
m4BcXbgejDB4oylKumTqlWvqvcOTRyVnIWS58zJougsDloA4XiUCgYEAyR5EYz7OIi8fvpkjQke56TpODPMWxkk4O6hmrKJ/D+I1PvANSAT1xI\
c03wsYOofK44bB0gwvH/jjxTb+GqvUVk1SDpys7tPCpzb6+a4vujdD8tTO9KjgbZh0YJAzLf72q4wllfKIvcpv5gzI0vI6pw9iToX2kkVQb7fl\
0XC7qicCgYEAw8m3H/O3jzalqbZK5nzGHkMMiYih2Us5sl/K5xW76w7O2nCh03ZM0E+M7/L5f8so8eOkySLQt/7IUZgHvuVNgpwCjUMaWzqz2F\
xMjkVKqId6anh987pwdTOrmJOcTw4LttimIYnB9+DTSBW1go+w0oAB8tOdDiYKAmlTAMH5tGsCgYB+5M/1Zn0c6Gq5EVpDyYmtdBIm7YGjHjOS\
wI/3wJc26Fz8Fu3qUObYVw6u5AsncuI6aJ4F75YUMC9WEXqGTYAt658ohQY/sfCRHImB27tVXOVMY6UojRz9SUG0Y4dHMCVm24gjceGBDidIGS\
zkm90R5wz5ymBmrcEwm/EvElf15QKBgG2bMoKXvQ5WyH1vCRVpirwMSyt/qyProhxC1mNx3mbkPlc5sM6iLrR7pGn8O0MYqA5qo6jabcBjyR8s\
nkF3O2JAFomgpFOoVGBuo4kOL5KTbavHUrOsjyJ9z7W2BU6YjWRKew7RgR5U5dM4HApAiPv/H5gicY0nLHlXH1mQPkuLAoGACz011P/5RJjH60\
Lyq5ZKV7PSglqj6MZhT8WLxRfFv/gfSyLQBYHv3g9FkvIxYacuUVt31Wo8Ma/xMW0ssKh4Gig4d7Bs5SPIldRrUeXCLYU6KegKXGNQOJZxpyni\
d9gIkR2p9Kpx2InsgLau1tNEAkkZTrPtYiWm1SCPn3ALNQo=";

/// What that program signed with it, without naming the key, as the original platform does.
const RSA_TOKEN: &str = "\
eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0eXBlIjoidXNlciIsInNjb3BlcyI6WyJhZG1pbiJdLCJtZXRhZGF0YSI6eyJjcmVhdGVkI\
joiMSJ9LCJuYW1lIjoiQWRhIiwiZXhwIjoxODAwMDAwMDYwLCJpc3MiOiJtaWNybyIsInN1YiI6ImFkYSJ9.lywRCZBsDxnfhmzBd4y9Q-\
ff6YRqgkM7kbxf9jxKWAUfe4bGx1Fo8_kMhenFcvQ_YnpH7_1H5KyVIII74USNYxInMCQplI-\
TmpmioJXWwg-7S1GABQ-0incGP3keqGlEd1PT1wa9h4525oDj9t0IW8RQ_mW4ha5pGS-an-HXbUOlGa618h9RVRHcVmAiwjHMYiJCXRxLbusje\
XQ01fDmgq5kMiERNpGDddr_ZPUk51v2ayoiEvgQDFcwFsPdbqyNDNK6JmkL5VX0VybFAi8YfmKtKH1JDHpXwT6s4NCZqLv2hMSYyTxo2_KNVsT\
T0heLisSlC9XJHHPVLP9s1EORug";

const NOW: u64 = 1_800_000_000;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn key() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::generate_pkcs8().unwrap()).unwrap()
}

fn claims() -> Claims {
    Claims {
        kind: "user".into(),
        scopes: vec!["admin".into()],
        metadata: BTreeMap::from([("created".into(), "1".into())]),
        name: "Ada".into(),
        sub: "ada".into(),
        iss: "micro".into(),
        exp: NOW as i64 + 60,
    }
}

fn verify(token: &str, key: &SigningKey) -> Result<Claims, Error> {
    Unverified::parse(token)?.verify(key.public_key(), now())
}

fn rsa_key() -> SigningKey {
    SigningKey::from_rsa_der(&STANDARD.decode(RSA_KEY).unwrap()).unwrap()
}

/// A token with any header, signed properly.
fn forge(key: &SigningKey, header: serde_json::Value) -> String {
    let signed = format!("{}.{}", encode(&header), encode(&claims()));
    let signature = BASE64.encode(key.signature(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}

#[test]
fn a_signed_token_gives_its_claims_back() {
    let key = key();
    let token = key.sign(&claims()).unwrap();
    assert_eq!(token.matches('.').count(), 2);
    assert_eq!(Unverified::parse(&token).unwrap().key_id(), key.public_key().id);
    assert_eq!(verify(&token, &key), Ok(claims()));
    let header: serde_json::Value = decode(token.split('.').next().unwrap()).unwrap();
    assert_eq!(
        header,
        serde_json::json!({"alg": "EdDSA", "typ": "JWT", "kid": key.public_key().id})
    );
    let payload: serde_json::Value = decode(token.split('.').nth(1).unwrap()).unwrap();
    let mut names: Vec<_> = payload.as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["exp", "iss", "metadata", "name", "scopes", "sub", "type"]);
}

#[test]
fn what_rsa_signs_is_what_others_sign() {
    let key = rsa_key();
    let unverified = Unverified::parse(RSA_TOKEN).unwrap();
    assert_eq!(
        (unverified.algorithm(), unverified.key_id()),
        (Algorithm::Rs256, "")
    );
    assert_eq!(verify(RSA_TOKEN, &key), Ok(claims()));
    let (signed, signature) = RSA_TOKEN.rsplit_once('.').unwrap();
    assert_eq!(
        BASE64.encode(key.signature(signed.as_bytes()).unwrap()),
        signature
    );
    let token = key.sign(&claims()).unwrap();
    assert_eq!(verify(&token, &key), Ok(claims()));
    let header: serde_json::Value = decode(token.split('.').next().unwrap()).unwrap();
    assert_eq!(
        header,
        serde_json::json!({"alg": "RS256", "typ": "JWT", "kid": key.public_key().id})
    );
}

#[test]
fn a_key_is_of_one_algorithm() {
    let (ed, rsa) = (key(), rsa_key());
    let (by_ed, by_rsa) = (ed.sign(&claims()).unwrap(), rsa.sign(&claims()).unwrap());
    assert_eq!(verify(&by_ed, &rsa), Err(Error::Algorithm));
    assert_eq!(verify(&by_rsa, &ed), Err(Error::Algorithm));
    // The bytes of one key, passed off as one of the other algorithm or as a shared secret.
    for (signer, algorithm) in [(&ed, Algorithm::Rs256), (&rsa, Algorithm::EdDsa)] {
        let posing = PublicKey {
            algorithm,
            ..signer.public_key().clone()
        };
        for alg in ["EdDSA", "RS256", "HS256"] {
            let header = serde_json::json!({"alg": alg, "kid": posing.id});
            let signed = format!("{}.{}", encode(&header), encode(&claims()));
            let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &posing.bytes);
            let shared = ring::hmac::sign(&secret, signed.as_bytes());
            for signature in [
                signer.signature(signed.as_bytes()).unwrap(),
                shared.as_ref().to_vec(),
            ] {
                let token = format!("{signed}.{}", BASE64.encode(signature));
                let verified =
                    Unverified::parse(&token).and_then(|unverified| unverified.verify(&posing, now()));
                assert!(verified.is_err(), "{alg} {algorithm:?}");
            }
        }
    }
}

#[test]
fn every_changed_character_is_noticed() {
    for key in [key(), rsa_key()] {
        let token = key.sign(&claims()).unwrap();
        for position in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(verify(&changed, &key).is_err(), "position {position}");
        }
    }
}

#[test]
fn another_key_does_not_fit() {
    assert_eq!(
        verify(&key().sign(&claims()).unwrap(), &key()),
        Err(Error::Signature)
    );
}

#[test]
fn a_token_ends_at_its_second() {
    let key = key();
    let at = |exp| verify(&key.sign(&Claims { exp, ..claims() }).unwrap(), &key).map(|_| ());
    assert_eq!(at(NOW as i64 + 1), Ok(()));
    assert_eq!(at(NOW as i64), Err(Error::Expired));
    assert_eq!(at(-1), Err(Error::Expired));
    assert_eq!(at(i64::MIN), Err(Error::Expired));
}

#[test]
fn the_header_chooses_nothing() {
    let key = key();
    let kid = &key.public_key().id;
    for (header, expected) in [
        (serde_json::json!({"alg": "none", "kid": kid}), Error::Algorithm),
        (serde_json::json!({"alg": "HS256", "kid": kid}), Error::Algorithm),
        (serde_json::json!({"alg": "RS256", "kid": kid}), Error::Algorithm),
        (serde_json::json!({"alg": "rs256", "kid": kid}), Error::Algorithm),
        (serde_json::json!({"alg": "eddsa", "kid": kid}), Error::Algorithm),
        (serde_json::json!({"kid": kid}), Error::Malformed),
        (
            serde_json::json!({"alg": "EdDSA", "kid": kid, "crit": ["b64"], "b64": false}),
            Error::Malformed,
        ),
    ] {
        assert_eq!(
            verify(&forge(&key, header.clone()), &key),
            Err(expected),
            "{header}"
        );
    }
}

#[test]
fn garbage_is_malformed() {
    let long = "a".repeat(MAX_TOKEN_BYTES + 1);
    for token in ["", ".", "..", "...", "a.b.c", "e30.e30.", "micro", long.as_str()] {
        assert_eq!(Unverified::parse(token).err(), Some(Error::Malformed), "{token}");
    }
    let key = key();
    assert!(verify(&format!("{}.x", key.sign(&claims()).unwrap()), &key).is_err());
}
