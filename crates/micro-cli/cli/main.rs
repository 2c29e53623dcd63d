//! The binary `micro`.

fn main() -> std::process::ExitCode {
    micro_cli::main()
}
