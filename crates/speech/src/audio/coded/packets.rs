//! Packets of a compressed recording, as a container gives them.

use symphonia::core::packet::Packet;

use super::fault::Fault;

/// Packets of a recording in their order.
pub(super) trait Packets: Send + Sync {
    /// The next packet; none at the end.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged.
    fn next(&mut self) -> Result<Option<Placed>, Fault>;

    /// Goes to a packet from which a decoder without a past has caught up before frame `at` of the recording; 0 is the
    /// start.
    ///
    /// # Errors
    /// As [`Self::next`].
    fn seek(&mut self, at: u64) -> Result<(), Fault>;

    /// Makes sure, once the last sample has been read, that no other recording follows.
    ///
    /// # Errors
    /// As [`Self::next`]; another recording.
    fn check_end(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

/// A packet and where its samples are in the recording, as far as the container tells.
pub(super) struct Placed {
    pub(super) packet: Packet,
    /// Samples of each channel that it decodes to, where the container tells.
    pub(super) frames: u64,
    /// The first frame that it decodes to; negative before the recording begins. None: the one after the packet before.
    pub(super) starts_at: Option<i64>,
    /// The frame after its last, where the container tells that.
    pub(super) ends_at: Option<i64>,
}

impl Placed {
    pub(super) fn at(packet: Packet, starts_at: i64, frames: u64) -> Self {
        Self {
            packet,
            frames,
            starts_at: Some(starts_at),
            ends_at: None,
        }
    }
}
