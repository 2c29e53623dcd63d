//! The rules by name, each with what breaks where it is broken.

use super::Breaks;

/// One line a rule, so that its name and what it is about cannot go apart.
macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $rule:ident $name:literal $breaks:ident,)+) => {
        /// What a change has to leave as it was; the names are buf's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(#[doc = $doc])+ $rule,)+
        }

        impl Rule {
            /// Every rule that is checked.
            pub const ALL: &[Rule] = &[$(Rule::$rule,)+];

            /// As buf spells it: `FIELD_SAME_TYPE`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Rule::$rule => $name,)+
                }
            }

            /// What no longer works where it is broken.
            pub fn breaks(self) -> Breaks {
                match self {
                    $(Rule::$rule => Breaks::$breaks,)+
                }
            }
        }
    };
}

rules! {
    /// A file stays.
    FileNoDelete "FILE_NO_DELETE" Code,
    /// A file stays in its package.
    FileSamePackage "FILE_SAME_PACKAGE" Wire,
    /// A file keeps its syntax.
    FileSameSyntax "FILE_SAME_SYNTAX" Code,
    /// The option of this name stays.
    FileSameCcEnableArenas "FILE_SAME_CC_ENABLE_ARENAS" Code,
    /// The option of this name stays.
    FileSameCcGenericServices "FILE_SAME_CC_GENERIC_SERVICES" Code,
    /// The option of this name stays.
    FileSameCsharpNamespace "FILE_SAME_CSHARP_NAMESPACE" Code,
    /// The option of this name stays.
    FileSameGoPackage "FILE_SAME_GO_PACKAGE" Code,
    /// The option of this name stays.
    FileSameJavaGenericServices "FILE_SAME_JAVA_GENERIC_SERVICES" Code,
    /// The option of this name stays.
    FileSameJavaMultipleFiles "FILE_SAME_JAVA_MULTIPLE_FILES" Code,
    /// The option of this name stays.
    FileSameJavaOuterClassname "FILE_SAME_JAVA_OUTER_CLASSNAME" Code,
    /// The option of this name stays.
    FileSameJavaPackage "FILE_SAME_JAVA_PACKAGE" Code,
    /// The option of this name stays.
    FileSameObjcClassPrefix "FILE_SAME_OBJC_CLASS_PREFIX" Code,
    /// The option of this name stays.
    FileSameOptimizeFor "FILE_SAME_OPTIMIZE_FOR" Code,
    /// The option of this name stays.
    FileSamePhpClassPrefix "FILE_SAME_PHP_CLASS_PREFIX" Code,
    /// The option of this name stays.
    FileSamePhpMetadataNamespace "FILE_SAME_PHP_METADATA_NAMESPACE" Code,
    /// The option of this name stays.
    FileSamePhpNamespace "FILE_SAME_PHP_NAMESPACE" Code,
    /// The option of this name stays.
    FileSamePyGenericServices "FILE_SAME_PY_GENERIC_SERVICES" Code,
    /// The option of this name stays.
    FileSameRubyPackage "FILE_SAME_RUBY_PACKAGE" Code,
    /// The option of this name stays.
    FileSameSwiftPrefix "FILE_SAME_SWIFT_PREFIX" Code,
    /// A message stays in its file.
    MessageNoDelete "MESSAGE_NO_DELETE" Code,
    /// A message keeps the accessor of its descriptor.
    MessageNoRemoveStandardDescriptorAccessor "MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR" Code,
    /// A field stays, even if all its traces are reserved.
    FieldNoDelete "FIELD_NO_DELETE" Code,
    /// The number of a field that goes is reserved.
    FieldNoDeleteUnlessNumberReserved "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED" Wire,
    /// The name of a field that goes is reserved.
    FieldNoDeleteUnlessNameReserved "FIELD_NO_DELETE_UNLESS_NAME_RESERVED" Wire,
    /// A number keeps its name.
    FieldSameName "FIELD_SAME_NAME" Wire,
    /// A field keeps the name that JSON calls it by.
    FieldSameJsonName "FIELD_SAME_JSON_NAME" Wire,
    /// A field keeps its type.
    FieldSameType "FIELD_SAME_TYPE" Code,
    /// A field that changes its type is still read as before, in binary and in JSON.
    FieldWireJsonCompatibleType "FIELD_WIRE_JSON_COMPATIBLE_TYPE" Wire,
    /// A field is there as often as before, and its absence is told as before.
    FieldSameCardinality "FIELD_SAME_CARDINALITY" Code,
    /// One value stays one, a list a list and a map a map.
    FieldWireJsonCompatibleCardinality "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY" Wire,
    /// A field stays in its oneof, or outside of all.
    FieldSameOneof "FIELD_SAME_ONEOF" Wire,
    /// A 64-bit integer stays what it is in JavaScript.
    FieldSameJstype "FIELD_SAME_JSTYPE" Code,
    /// A oneof stays.
    OneofNoDelete "ONEOF_NO_DELETE" Code,
    /// What a message reserves stays reserved.
    ReservedMessageNoDelete "RESERVED_MESSAGE_NO_DELETE" Wire,
    /// An enum stays in its file.
    EnumNoDelete "ENUM_NO_DELETE" Code,
    /// A value stays, even if all its traces are reserved.
    EnumValueNoDelete "ENUM_VALUE_NO_DELETE" Code,
    /// The number of a value that goes is reserved.
    EnumValueNoDeleteUnlessNumberReserved "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED" Wire,
    /// The names of a value that goes are reserved.
    EnumValueNoDeleteUnlessNameReserved "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED" Wire,
    /// A number keeps its names.
    EnumValueSameName "ENUM_VALUE_SAME_NAME" Wire,
    /// What an enum reserves stays reserved.
    ReservedEnumNoDelete "RESERVED_ENUM_NO_DELETE" Wire,
    /// A service stays in its file.
    ServiceNoDelete "SERVICE_NO_DELETE" Code,
    /// A method stays.
    RpcNoDelete "RPC_NO_DELETE" Code,
    /// A method takes the same message.
    RpcSameRequestType "RPC_SAME_REQUEST_TYPE" Wire,
    /// A method answers with the same message.
    RpcSameResponseType "RPC_SAME_RESPONSE_TYPE" Wire,
    /// A method takes one message or a stream, as before.
    RpcSameClientStreaming "RPC_SAME_CLIENT_STREAMING" Wire,
    /// A method answers with one message or a stream, as before.
    RpcSameServerStreaming "RPC_SAME_SERVER_STREAMING" Wire,
    /// A method may be called again, or not, as before.
    RpcSameIdempotencyLevel "RPC_SAME_IDEMPOTENCY_LEVEL" Wire,
}
