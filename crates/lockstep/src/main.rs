#[allow(dead_code, reason = "the command line that calls it comes next")]
mod sample;

fn main() {}
