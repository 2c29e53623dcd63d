//! Services and their methods.

use super::{Case, check_all};

pub const CASES: &[Case] = &[
    (
        "message A {} service S { rpc B(A) returns (A); }",
        "message A {}",
        &["SERVICE_NO_DELETE"],
    ),
    (
        "message A {} service S { rpc B(A) returns (A); }",
        "message A {} service S {}",
        &["RPC_NO_DELETE"],
    ),
    (
        "message A {} service S { rpc B(A) returns (A); }",
        "message A {} service S { rpc C(A) returns (A); }",
        &["RPC_NO_DELETE"],
    ),
    (
        "message A {} service S { rpc B(A) returns (A); rpc C(A) returns (A); }",
        "message A {} service T {} service S { rpc C(A) returns (A); rpc D(A) returns (A); rpc B(A) returns (A) { option deprecated = true; } }",
        &[],
    ),
    (
        "message A {} message C {} service S { rpc B(A) returns (A); }",
        "message A {} message C {} service S { rpc B(C) returns (A); }",
        &["RPC_SAME_REQUEST_TYPE"],
    ),
    (
        "message A {} service S { rpc B(A) returns (A); }",
        "message A { A b = 1; } service S { rpc B(.p.A) returns (p.A); }",
        &[],
    ),
    (
        "message A {} message C {} service S { rpc B(A) returns (A); }",
        "message A {} message C {} service S { rpc B(A) returns (C); }",
        &["RPC_SAME_RESPONSE_TYPE"],
    ),
    (
        "message A {} service S { rpc B(A) returns (A); }",
        "message A {} service S { rpc B(stream A) returns (A); }",
        &["RPC_SAME_CLIENT_STREAMING"],
    ),
    (
        "message A {} service S { rpc B(stream A) returns (stream A); }",
        "message A {} service S { rpc B(stream A) returns (A); }",
        &["RPC_SAME_SERVER_STREAMING"],
    ),
    (
        "message A {} service S { rpc B(stream A) returns (stream A); }",
        "message A {} service S { rpc B(stream A) returns (stream A) {} }",
        &[],
    ),
    (
        "message A {} service S { rpc B(A) returns (A) { option idempotency_level = IDEMPOTENT; } }",
        "message A {} service S { rpc B(A) returns (A) { option idempotency_level = NO_SIDE_EFFECTS; } }",
        &["RPC_SAME_IDEMPOTENCY_LEVEL"],
    ),
    (
        "message A {} service S { rpc B(A) returns (A); }",
        "message A {} service S { rpc B(A) returns (A) { option idempotency_level = IDEMPOTENCY_UNKNOWN; } }",
        &[],
    ),
];

#[test]
fn changes_of_services() {
    check_all(CASES);
}
