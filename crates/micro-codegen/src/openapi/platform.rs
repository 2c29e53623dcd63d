//! What is the same for every service: errors, the token, and the namespace.

use serde_json::{Map, Value, json};

/// The component that every error is.
pub const ERROR: &str = "Error";

const TOKEN: &str = "MicroAPIToken";
const NAMESPACE: &str = "MicroNamespace";

/// Errors that callers tell apart: the status, the component's name, and what it means.
const ERRORS: [(&str, &str, &str); 8] = [
    ("400", "BadRequest", "The request is wrong; `detail` says what."),
    (
        "401",
        "Unauthorized",
        "An account is needed, and none was named by a good token.",
    ),
    ("403", "Forbidden", "This account may not."),
    (
        "404",
        "NotFound",
        "There is no such service or endpoint, or not what was asked for.",
    ),
    ("408", "Timeout", "The time was up before the answer was there."),
    (
        "429",
        "TooManyRequests",
        "More calls than the limit; later ones are taken again.",
    ),
    ("500", "Internal", "A fault of the service."),
    (
        "503",
        "Unavailable",
        "The service cannot answer now; trying again later may work.",
    ),
];

/// The responses of every operation that are errors.
pub fn errors() -> Map<String, Value> {
    let reference = |name: &str| json!({"$ref": format!("#/components/responses/{name}")});
    let named = ERRORS
        .iter()
        .map(|(status, name, _)| ((*status).to_owned(), reference(name)));
    named.chain([("default".to_owned(), reference(ERROR))]).collect()
}

/// The parameters of every operation.
pub fn parameters() -> Value {
    json!([{"$ref": format!("#/components/parameters/{NAMESPACE}")}])
}

/// A token, or none: which endpoints are public is a matter of rules, and those change while the platform runs.
pub fn security() -> Value {
    json!([{TOKEN: []}, {}])
}

/// All components, with those of the contracts.
pub fn components(mut schemas: Map<String, Value>) -> Value {
    schemas.insert(ERROR.to_owned(), error());
    json!({
        "schemas": schemas,
        "responses": responses(),
        "parameters": {NAMESPACE: namespace()},
        "securitySchemes": {TOKEN: {
            "type": "http",
            "scheme": "bearer",
            "description": "The access token of an account. Public endpoints need none.",
        }},
    })
}

fn responses() -> Map<String, Value> {
    let named = ERRORS.iter().map(|(_, name, description)| (*name, *description));
    let all = named.chain([(ERROR, "Any other error.")]);
    all.map(|(name, description)| (name.to_owned(), response(description)))
        .collect()
}

fn response(description: &str) -> Value {
    let schema = json!({"$ref": format!("#/components/schemas/{ERROR}")});
    json!({"description": description, "content": {"application/json": {"schema": schema}}})
}

fn error() -> Value {
    json!({
        "type": "object",
        "description": "Why there is no answer.",
        "properties": {
            "id": {
                "type": "string",
                "description": "What failed, and where: the service, the method, and a reason if it has one.",
                "examples": ["user.Read.missing"],
            },
            "code": {
                "type": "integer",
                "format": "int32",
                "description": "The status of HTTP.",
                "examples": [404],
            },
            "detail": {
                "type": "string",
                "description": "What was wrong, for people.",
                "examples": ["no user with id 7"],
            },
            "status": {
                "type": "string",
                "description": "The code in words.",
                "examples": ["Not Found"],
            },
        },
        "required": ["id", "code", "detail", "status"],
    })
}

fn namespace() -> Value {
    json!({
        "name": "Micro-Namespace",
        "in": "header",
        "required": false,
        "description": "Where the service runs. Without it, the namespace of the token's account is meant, and without a token `micro`.",
        "schema": {"type": "string"},
    })
}
