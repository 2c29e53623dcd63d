//! The JSON mapping of proto3, field by field.
//!
//! Generated messages derive serde and name an adaptor where plain serde says something else: 64-bit integers are
//! strings, bytes are base64, enums are names. Input is taken as leniently as it can be understood: numbers as
//! strings and strings as numbers, `null` for the default.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes as Buffer;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

/// How a type `T` is written and read.
pub trait Adaptor<T> {
    /// Writes a value.
    fn write<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error>;
    /// Reads a value.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>;
}

/// An enum of a contract: its names.
pub trait Enumeration: Sized + TryFrom<i32> {
    /// The name in the proto.
    fn name(&self) -> &'static str;
    /// The value of that name.
    fn from_name(name: &str) -> Option<Self>;
}

thread_local! {
    static CORE_ONLY: Cell<bool> = const { Cell::new(false) };
}

/// Whether what is being written is for a program that may know only the fields of the original contract, and refuses
/// others. Generated code asks, of each field that is ours.
pub fn leaves_out_extensions<T>(_: &T) -> bool {
    CORE_ONLY.get()
}

/// Writes with the original contract's fields alone.
pub(crate) fn core_only<R>(write: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            CORE_ONLY.set(self.0);
        }
    }
    let _restore = Restore(CORE_ONLY.replace(true));
    write()
}

/// What `#[serde(with = "json::As::<json::Int64>")]` names.
pub struct As<A>(PhantomData<A>);

impl<A> As<A> {
    /// Called by the derive.
    pub fn serialize<T, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
    where
        A: Adaptor<T>,
    {
        A::write(value, serializer)
    }

    /// Called by the derive.
    pub fn deserialize<'de, T, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>
    where
        A: Adaptor<T>,
    {
        A::read(deserializer)
    }
}

/// A string; numbers and booleans are taken as their text.
pub struct Text;
/// A boolean; `"true"` and `"false"` are understood.
pub struct Bool;
/// A 32-bit signed integer.
pub struct Int32;
/// A 64-bit signed integer, written as a string.
pub struct Int64;
/// A 32-bit unsigned integer.
pub struct UInt32;
/// A 64-bit unsigned integer, written as a string.
pub struct UInt64;
/// A 32-bit float; `"NaN"` and `"Infinity"` are strings.
pub struct Float;
/// A 64-bit float; `"NaN"` and `"Infinity"` are strings.
pub struct Double;
/// Bytes as base64, written in the standard alphabet, `null` when empty; read in either alphabet.
pub struct Bytes;
/// An enum as its name; a number is understood too.
pub struct Enum<E>(PhantomData<E>);
/// A message.
pub struct Msg;
/// A repeated field.
pub struct List<A>(PhantomData<A>);
/// A map field; keys are strings in JSON.
pub struct Map<K, A>(PhantomData<(K, A)>);
/// An `optional` field: `null` and absent are none.
pub struct Opt<A>(PhantomData<A>);

/// A scalar as JSON may carry it.
enum Scalar {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scalar")
    }
    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }
    fn visit_none<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Int(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Int(value.into()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Float(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }
    fn visit_string<E>(self, value: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(value))
    }
}

fn scalar<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scalar, D::Error> {
    deserializer.deserialize_any(ScalarVisitor)
}

impl Scalar {
    fn mismatch<E: de::Error>(&self, expected: &str) -> E {
        let found = match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(value) => format!("{value:?}"),
        };
        E::custom(format_args!("{found} is not {expected}"))
    }

    fn integer<T: TryFrom<i128> + Default, E: de::Error>(self, expected: &str) -> Result<T, E> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let value = match &self {
            Self::Null => return Ok(T::default()),
            Self::Int(value) => Some(*value),
            Self::Float(value) if value.fract() == 0.0 && value.abs() <= EXACT => Some(*value as i128),
            Self::Text(text) => i128::from_str(text.trim()).ok(),
            _ => None,
        };
        value
            .and_then(|value| T::try_from(value).ok())
            .ok_or_else(|| self.mismatch(expected))
    }

    fn float<E: de::Error>(self) -> Result<f64, E> {
        match &self {
            Self::Null => Ok(0.0),
            Self::Int(value) => Ok(*value as f64),
            Self::Float(value) => Ok(*value),
            Self::Text(text) => match text.as_str() {
                "NaN" => Ok(f64::NAN),
                "Infinity" => Ok(f64::INFINITY),
                "-Infinity" => Ok(f64::NEG_INFINITY),
                text => text.trim().parse().map_err(|_| self.mismatch("a number")),
            },
            Self::Bool(_) => Err(self.mismatch("a number")),
        }
    }
}

impl Adaptor<String> for Text {
    fn write<S: Serializer>(value: &String, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value)
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        Ok(match scalar(deserializer)? {
            Scalar::Null => String::new(),
            Scalar::Bool(value) => value.to_string(),
            Scalar::Int(value) => value.to_string(),
            Scalar::Float(value) => value.to_string(),
            Scalar::Text(text) => text,
        })
    }
}

impl Adaptor<bool> for Bool {
    fn write<S: Serializer>(value: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*value)
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        let found = scalar(deserializer)?;
        match &found {
            Scalar::Null => Ok(false),
            Scalar::Bool(value) => Ok(*value),
            Scalar::Text(text) => text.parse().map_err(|_| found.mismatch("true or false")),
            _ => Err(found.mismatch("true or false")),
        }
    }
}

macro_rules! integers {
    ($($adaptor:ident $type:ident $expected:literal $write:expr;)*) => {$(
        impl Adaptor<$type> for $adaptor {
            fn write<S: Serializer>(value: &$type, serializer: S) -> Result<S::Ok, S::Error> {
                let write: fn(&$type, S) -> Result<S::Ok, S::Error> = $write;
                write(value, serializer)
            }
            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                scalar(deserializer)?.integer($expected)
            }
        }
    )*};
}

integers! {
    Int32 i32 "a 32-bit integer" |value, serializer| serializer.serialize_i32(*value);
    UInt32 u32 "a 32-bit unsigned integer" |value, serializer| serializer.serialize_u32(*value);
    Int64 i64 "a 64-bit integer" |value, serializer| serializer.collect_str(value);
    UInt64 u64 "a 64-bit unsigned integer" |value, serializer| serializer.collect_str(value);
}

fn write_float<S: Serializer>(
    value: f64,
    serializer: S,
    plain: impl FnOnce(S) -> Result<S::Ok, S::Error>,
) -> Result<S::Ok, S::Error> {
    match value {
        value if value.is_nan() => serializer.serialize_str("NaN"),
        f64::INFINITY => serializer.serialize_str("Infinity"),
        f64::NEG_INFINITY => serializer.serialize_str("-Infinity"),
        _ => plain(serializer),
    }
}

impl Adaptor<f32> for Float {
    fn write<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
        write_float(f64::from(*value), serializer, |serializer| {
            serializer.serialize_f32(*value)
        })
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
        Ok(scalar(deserializer)?.float::<D::Error>()? as f32)
    }
}

impl Adaptor<f64> for Double {
    fn write<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        write_float(*value, serializer, |serializer| serializer.serialize_f64(*value))
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        scalar(deserializer)?.float()
    }
}

impl Adaptor<Buffer> for Bytes {
    fn write<S: Serializer>(value: &Buffer, serializer: S) -> Result<S::Ok, S::Error> {
        if value.is_empty() {
            return serializer.serialize_unit();
        }
        serializer.collect_str(&base64::display::Base64Display::new(value, &STANDARD))
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Buffer, D::Error> {
        let found = scalar(deserializer)?;
        match &found {
            Scalar::Null => Ok(Buffer::new()),
            Scalar::Text(text) => [STANDARD, URL_SAFE, STANDARD_NO_PAD, URL_SAFE_NO_PAD]
                .iter()
                .find_map(|alphabet| alphabet.decode(text).ok())
                .map(Buffer::from)
                .ok_or_else(|| found.mismatch("base64")),
            _ => Err(found.mismatch("base64")),
        }
    }
}

impl<E: Enumeration + Into<i32>> Adaptor<i32> for Enum<E> {
    fn write<S: Serializer>(value: &i32, serializer: S) -> Result<S::Ok, S::Error> {
        match E::try_from(*value) {
            Ok(known) => serializer.serialize_str(known.name()),
            Err(_) => serializer.serialize_i32(*value),
        }
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
        match scalar(deserializer)? {
            Scalar::Text(text) => match E::from_name(&text) {
                Some(known) => Ok(known.into()),
                None => text
                    .parse()
                    .map_err(|_| de::Error::custom(format_args!("{text:?} is no value of the enum"))),
            },
            other => other.integer("an enum value"),
        }
    }
}

impl<T: Serialize + for<'de> Deserialize<'de> + Default> Adaptor<T> for Msg {
    fn write<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
    }
}

struct Ref<'a, T, A>(&'a T, PhantomData<A>);

impl<T, A: Adaptor<T>> Serialize for Ref<'_, T, A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        A::write(self.0, serializer)
    }
}

struct Own<T, A>(T, PhantomData<A>);

impl<'de, T, A: Adaptor<T>> Deserialize<'de> for Own<T, A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        A::read(deserializer).map(|value| Self(value, PhantomData))
    }
}

impl<T, A: Adaptor<T>> Adaptor<Option<T>> for Opt<A> {
    fn write<S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        value
            .as_ref()
            .map(|value| Ref::<T, A>(value, PhantomData))
            .serialize(serializer)
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
        Ok(Option::<Own<T, A>>::deserialize(deserializer)?.map(|own| own.0))
    }
}

impl<T, A: Adaptor<T>> Adaptor<Vec<T>> for List<A> {
    fn write<S: Serializer>(values: &Vec<T>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(values.len()))?;
        for value in values {
            sequence.serialize_element(&Ref::<T, A>(value, PhantomData))?;
        }
        sequence.end()
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_any(ListVisitor::<T, A>(PhantomData))
    }
}

struct ListVisitor<T, A>(PhantomData<(T, A)>);

impl<'de, T, A: Adaptor<T>> Visitor<'de> for ListVisitor<T, A> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }
    fn visit_seq<S: SeqAccess<'de>>(self, mut sequence: S) -> Result<Vec<T>, S::Error> {
        let mut values = Vec::new();
        while let Some(own) = sequence.next_element::<Own<T, A>>()? {
            values.push(own.0);
        }
        Ok(values)
    }
}

impl<Q: Ord, T, K: Adaptor<Q>, A: Adaptor<T>> Adaptor<BTreeMap<Q, T>> for Map<K, A> {
    fn write<S: Serializer>(values: &BTreeMap<Q, T>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(values.len()))?;
        for (key, value) in values {
            map.serialize_entry(&Ref::<Q, K>(key, PhantomData), &Ref::<T, A>(value, PhantomData))?;
        }
        map.end()
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Q, T>, D::Error> {
        deserializer.deserialize_any(MapVisitor::<Q, T, K, A>(PhantomData))
    }
}

type Entry<Q, T, K, A> = PhantomData<(Q, T, K, A)>;
struct MapVisitor<Q, T, K, A>(Entry<Q, T, K, A>);

impl<'de, Q: Ord, T, K: Adaptor<Q>, A: Adaptor<T>> Visitor<'de> for MapVisitor<Q, T, K, A> {
    type Value = BTreeMap<Q, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(BTreeMap::new())
    }
    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut values = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<Own<Q, K>, Own<T, A>>()? {
            values.insert(key.0, value.0);
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Sample {
        #[serde(with = "As::<Text>")]
        text: String,
        #[serde(with = "As::<Int64>")]
        big: i64,
        #[serde(with = "As::<Bytes>")]
        raw: Buffer,
        #[serde(with = "As::<List<Int64>>")]
        list: Vec<i64>,
        #[serde(with = "As::<Map<Int32, Bool>>")]
        map: BTreeMap<i32, bool>,
        #[serde(with = "As::<Opt<Double>>", skip_serializing_if = "Option::is_none")]
        maybe: Option<f64>,
    }

    #[test]
    fn written_with_every_default() {
        let json = serde_json::to_string(&Sample::default()).unwrap();
        assert_eq!(json, r#"{"text":"","big":"0","raw":null,"list":[],"map":{}}"#);
    }

    #[test]
    fn read_leniently() {
        let sample: Sample = serde_json::from_str(
            r#"{"text":5,"big":"9007199254740993","raw":"-_8","list":["1",2],"map":{"7":true},"maybe":"NaN","other":1}"#,
        )
        .unwrap();
        assert_eq!((sample.text.as_str(), sample.big), ("5", 9_007_199_254_740_993));
        assert_eq!(
            (sample.list, sample.map),
            (vec![1, 2], BTreeMap::from([(7, true)]))
        );
        assert!(sample.maybe.unwrap().is_nan());
        let nulls = r#"{"text":null,"big":null,"raw":null,"list":null,"map":null,"maybe":null}"#;
        assert_eq!(serde_json::from_str::<Sample>(nulls).unwrap(), Sample::default());
        assert!(
            serde_json::from_str::<Sample>(r#"{"big":"x"}"#)
                .unwrap_err()
                .to_string()
                .contains("64-bit integer")
        );
    }
}
