//! The service that clients are tried on, as a program of its own.

fn main() -> micro::Result<()> {
    micro::run(micro_tests::echo::service)
}
