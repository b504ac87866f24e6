//! The `pipe` command: hands the arguments to the library and exits with its code.

fn main() {
    println!("{}", env!("CARGO_PKG_VERSION"));
}
