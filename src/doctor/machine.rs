//! The processor and its memory.

use pipe_engine::exec::available_bytes;

use pipe_stages::byte_size::bytes_text;

use super::Check;

/// Less is not enough for the paper's network over a whole corpus.
const LITTLE_MEMORY_BYTES: u64 = 2_000_000_000;

pub fn checks() -> Vec<Check> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let features = pipe_foundation::arithmetic::description();
    let cores = match cores {
        1 => "1 core".to_owned(),
        cores => format!("{cores} cores"),
    };
    vec![
        Check::good("processor", format!("{cores}, {features}")),
        memory(available_bytes()),
    ]
}

fn memory(available: u64) -> Check {
    if available == u64::MAX {
        let advice = "give --memory, since a run cannot find out how much it may use";
        return Check::warning("memory", "the system does not say how much is free", advice);
    }
    let found = format!("{} free", bytes_text(available));
    match available < LITTLE_MEMORY_BYTES {
        true => Check::warning(
            "memory",
            found,
            "close other programs, or give fewer --jobs",
        ),
        false => Check::good("memory", found),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn little_memory_is_a_warning() {
        assert_eq!(memory(8_000_000_000).state, State::Good);
        assert_eq!(memory(1_000_000_000).state, State::Warning);
        assert_eq!(memory(u64::MAX).state, State::Warning);
    }
}
