//! Arguments, logging and exit codes live in [`skillscope::cli`]; this only hands over.

fn main() -> std::process::ExitCode {
    skillscope::cli::main()
}
