use std::sync::Arc;

use super::conformance;
use crate::store::Memory;

#[tokio::test(flavor = "multi_thread")]
async fn conforms_in_memory() {
    conformance::run(Arc::new(Memory::new())).await;
}
