//! The devices that tests compute on.

use std::sync::Arc;

use crate::model::DeviceError;
use crate::model::cuda::Card;

/// The first device, opened for one test; none, said aloud, where there is none.
pub fn card() -> Option<Arc<Card>> {
    opened(Card::open(0, false))
}

/// The first device, opened once for all tests that change nothing of it.
pub fn shared_card() -> Option<Arc<Card>> {
    opened(Card::shared(0, false))
}

/// A device that could be opened; none, said aloud, otherwise.
pub fn opened(card: Result<Arc<Card>, DeviceError>) -> Option<Arc<Card>> {
    card.map_err(pipe_foundation::test_support::skipped).ok()
}
