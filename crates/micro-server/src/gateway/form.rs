//! Forms as JSON objects.

use std::convert::Infallible;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use micro_rpc::bytes::Bytes;
use micro_rpc::futures_util::stream;
use serde_json::{Map, Value};

use super::query;

const MOST_FIELDS: usize = 1000;

/// `application/x-www-form-urlencoded`, of the body and then of the query: strings, repeats joined by commas.
pub(super) fn urlencoded<'a>(
    parts: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Map<String, Value>, String> {
    let mut object = Map::new();
    let mut fields = 0;
    for part in parts {
        let text = std::str::from_utf8(part).map_err(|_| "the form is not UTF-8".to_owned())?;
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            fields += 1;
            if fields > MOST_FIELDS {
                return Err(too_many());
            }
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            join(
                &mut object,
                query::decode(key)?.into_owned(),
                query::decode(value)?.into_owned(),
            );
        }
    }
    Ok(object)
}

/// `multipart/form-data`: values as strings, repeats joined by commas; files as base64 under the name of their field, several
/// as a list.
pub(super) async fn multipart(content_type: &str, body: Bytes) -> Result<Map<String, Value>, String> {
    let wrong = |error: multer::Error| format!("invalid multipart form: {error}");
    let boundary = multer::parse_boundary(content_type).map_err(wrong)?;
    // In one piece: given in many, a part's header without an end would be searched from its start for each.
    let mut parts = multer::Multipart::new(stream::iter([Ok::<_, Infallible>(body)]), boundary);
    let mut object = Map::new();
    let mut fields = 0;
    while let Some(part) = parts.next_field().await.map_err(wrong)? {
        fields += 1;
        if fields > MOST_FIELDS {
            return Err(too_many());
        }
        let name = part
            .name()
            .ok_or("invalid multipart form: a part has no name")?
            .to_owned();
        let is_file = part.file_name().is_some();
        let content = part.bytes().await.map_err(wrong)?;
        if is_file {
            attach(&mut object, name, STANDARD.encode(&content));
        } else {
            let text =
                std::str::from_utf8(&content).map_err(|_| format!("form field {name:?} is not UTF-8"))?;
            join(&mut object, name, text.to_owned());
        }
    }
    Ok(object)
}

fn too_many() -> String {
    format!("more than {MOST_FIELDS} form fields")
}

fn join(object: &mut Map<String, Value>, name: String, value: String) {
    match object.get_mut(&name) {
        Some(Value::String(known)) => {
            known.push(',');
            known.push_str(&value);
        }
        _ => drop(object.insert(name, Value::String(value))),
    }
}

fn attach(object: &mut Map<String, Value>, name: String, file: String) {
    match object.get_mut(&name) {
        Some(Value::Array(files)) => files.push(Value::String(file)),
        Some(known) => *known = Value::Array(vec![known.take(), Value::String(file)]),
        None => drop(object.insert(name, Value::String(file))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_strings_and_repeats_are_joined() {
        let object = urlencoded([&b"name=A+B&x=1&x=2&flag"[..], b"x=3"]).unwrap();
        assert_eq!(
            Value::Object(object),
            json!({"name": "A B", "x": "1,2,3", "flag": ""})
        );
        for form in [&b"a=%ff"[..], b"\xff=1", &b"a&".repeat(MOST_FIELDS + 1)] {
            assert!(urlencoded([form]).is_err());
        }
    }

    fn part(name: &str, file: bool, content: &str) -> String {
        let file = if file { "; filename=\"f.txt\"" } else { "" };
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n")
    }

    #[tokio::test]
    async fn files_are_base64() {
        let parts = [
            ("name", false, "Alice"),
            ("file", true, "hi"),
            ("x", false, "1"),
            ("x", false, "2"),
            ("all", true, "a"),
            ("all", true, "b"),
        ];
        let body: String = parts
            .iter()
            .map(|(name, file, content)| part(name, *file, content))
            .collect();
        let object = multipart(
            "multipart/form-data; boundary=b",
            format!("{body}--b--\r\n").into(),
        )
        .await
        .unwrap();
        let expected = json!({"name": "Alice", "file": "aGk=", "x": "1,2", "all": ["YQ==", "Yg=="]});
        assert_eq!(Value::Object(object), expected);
        let unfinished = multipart("multipart/form-data; boundary=b", Bytes::from(body)).await;
        assert!(unfinished.unwrap_err().starts_with("invalid multipart form"));
        assert!(multipart("multipart/form-data", Bytes::new()).await.is_err());
    }

    proptest! {
        #[test]
        fn any_form_is_strings_or_an_error(form in proptest::collection::vec(any::<u8>(), 0..200)) {
            super::super::fuzz::form(&form);
        }

        #[test]
        fn any_multipart_is_an_object_or_an_error(body in "b\n(--b(--)?|\r\n|\r\n\r\n|Content-Disposition: form-data; name=|\"a\"|[\\PC]{1,4}){0,20}") {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(super::super::fuzz::multipart(body.as_bytes()));
        }
    }
}
