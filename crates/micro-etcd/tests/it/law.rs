//! What every registry promises.

use micro_outside::Etcd;

use crate::given::open;

#[tokio::test(flavor = "multi_thread")]
async fn etcd_keeps_the_promise() {
    let etcd = Etcd::start();
    micro::registry::conformance::run(&open(&etcd.endpoint())).await;
}
