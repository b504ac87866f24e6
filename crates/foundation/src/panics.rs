//! What to say of a panic that was caught: its message and where in the source it was.

use std::any::Any;
use std::cell::RefCell;

thread_local! {
    /// Where the last panic of this thread was.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// From now on a panic is not printed where it happens, but its place is remembered for [`describe`].
pub fn remember_places() {
    std::panic::set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            let text = format!("{}:{}", place.file(), place.line());
            // It fails only while the place is being read.
            PLACE.with(|place| place.try_borrow_mut().map(|mut place| *place = text).ok());
        }
    }));
}

/// The message of a panic that this thread has caught, with its place where that is known.
pub fn describe(panic: &(dyn Any + Send)) -> String {
    let said = (panic.downcast_ref::<&str>().copied())
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let place = PLACE.with(RefCell::take);
    match place.is_empty() {
        true => said.to_owned(),
        false => format!("{said} ({place})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_all_kinds_are_described() {
        for (panic, said) in [
            (std::panic::catch_unwind(|| panic!("plain")), "plain"),
            (std::panic::catch_unwind(|| panic!("with {}", 1)), "with 1"),
            (
                std::panic::catch_unwind(|| std::panic::panic_any(7)),
                "no message",
            ),
        ] {
            assert_eq!(describe(&*panic.unwrap_err()), said);
        }
    }
}
