//! Forms as JSON objects.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use micro_rpc::bytes::Bytes;
use serde_json::{Map, Value};

use super::query::decode;

const FIELDS: usize = 1000;

/// `application/x-www-form-urlencoded`: strings, repeats joined by commas.
pub(super) fn urlencoded(body: &[u8]) -> Result<Map<String, Value>, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the form is not UTF-8".to_owned())?;
    let mut object = Map::new();
    for (number, pair) in text.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if number >= FIELDS {
            return Err(format!("more than {FIELDS} form fields"));
        }
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        add(&mut object, decode(key)?, decode(value)?);
    }
    Ok(object)
}

/// `multipart/form-data`: values as strings, files as base64 under the name of their field.
pub(super) async fn multipart(body: Bytes, boundary: String) -> Result<Map<String, Value>, String> {
    let once = micro_rpc::futures_util::stream::iter([Ok::<_, std::convert::Infallible>(body)]);
    let mut parts = multer::Multipart::new(once, boundary);
    let mut object = Map::new();
    while let Some(part) = parts
        .next_field()
        .await
        .map_err(|error| format!("multipart form: {error}"))?
    {
        if object.len() >= FIELDS {
            return Err(format!("more than {FIELDS} form fields"));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = part.file_name().is_some();
        let content = part
            .bytes()
            .await
            .map_err(|error| format!("multipart form: {error}"))?;
        let value = if is_file {
            STANDARD.encode(&content)
        } else {
            String::from_utf8(content.to_vec()).map_err(|_| format!("form field {name:?} is not UTF-8"))?
        };
        add(&mut object, name, value);
    }
    Ok(object)
}

fn add(object: &mut Map<String, Value>, key: String, value: String) {
    match object.get_mut(&key) {
        Some(Value::String(known)) => {
            known.push(',');
            known.push_str(&value);
        }
        _ => drop(object.insert(key, Value::String(value))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn repeats_are_joined() {
        let object = urlencoded(b"name=A+B&x=1&x=2&flag").unwrap();
        assert_eq!(
            Value::Object(object),
            json!({"name": "A B", "x": "1,2", "flag": ""})
        );
    }

    #[tokio::test]
    async fn files_are_base64() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAlice\r\n\
                    --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nhi\r\n--b--\r\n";
        let object = multipart(Bytes::from_static(body.as_bytes()), "b".to_owned())
            .await
            .unwrap();
        assert_eq!(Value::Object(object), json!({"name": "Alice", "file": "aGk="}));
        assert!(
            multipart(Bytes::from_static(b"--b\r\n"), "b".to_owned())
                .await
                .is_err()
        );
    }
}
