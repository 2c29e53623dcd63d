//! The binary `micro`.

/// The gateway and the proxy are mostly small allocations that one thread makes and another frees.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    micro_cli::main()
}
