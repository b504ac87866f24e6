//! The pages of an Ogg file (RFC 3533), and the packets of one of its streams.

use std::io::{Read, Seek};

use symphonia::core::checksum::Crc32;
use symphonia::core::io::Monitor;

use super::fault::Fault;
use crate::audio::source::Source;

const HEADER_BYTES: u64 = 27;

/// A packet of more bytes than this is none: headers of Vorbis have some thousands, with pictures some millions.
const MAX_PACKET_BYTES: usize = 16 << 20;

/// The header of a page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it is.
    pub offset: u64,
    /// The stream it belongs to.
    pub serial: u32,
    /// Position after the last packet that ends on it; none where no packet does.
    pub granule: Option<u64>,
    /// Pages of the stream before it.
    pub sequence: u32,
    /// It begins with the rest of a packet.
    pub is_continued: bool,
    /// It is the first of its stream.
    pub is_first: bool,
    /// It is the last of its stream.
    pub is_last: bool,
    /// Lengths of the pieces of packets; a packet ends with one below 255.
    pub lacing: Vec<u8>,
}

impl Page {
    /// The page at `offset`; none at `end`.
    pub fn at<R: Read + Seek>(
        source: &mut Source<R>,
        offset: u64,
        end: u64,
    ) -> Result<Option<Self>, Fault> {
        if offset >= end {
            return Ok(None);
        }
        let header = source.array_at::<27>(offset)?;
        let header = header.ok_or_else(|| Fault::cut(offset + HEADER_BYTES, source.len))?;
        let [b'O', b'g', b'g', b'S', 0, flags, rest @ ..] = header else {
            return Err(Fault::Damaged(format!("there is no page at byte {offset}")));
        };
        let number = |at: usize| {
            let bytes = [rest[at], rest[at + 1], rest[at + 2], rest[at + 3]];
            u32::from_le_bytes(bytes)
        };
        let granule = u64::from(number(4)) << 32 | u64::from(number(0));
        let mut lacing = vec![0; usize::from(rest[20])];
        if !source.read_at(offset + HEADER_BYTES, &mut lacing)? {
            let needed = offset + HEADER_BYTES + lacing.len() as u64;
            return Err(Fault::cut(needed, source.len));
        }
        let page = Self {
            offset,
            serial: number(8),
            // All bits are set where no packet ends; a sign makes no sense besides.
            granule: Some(granule).filter(|&granule| granule <= i64::MAX as u64),
            sequence: number(12),
            is_continued: flags & 1 != 0,
            is_first: flags & 2 != 0,
            is_last: flags & 4 != 0,
            lacing,
        };
        match page.end() <= source.len {
            true => Ok(Some(page)),
            false => Err(Fault::cut(page.end(), source.len)),
        }
    }

    /// Offset of the first byte behind its header.
    fn body(&self) -> u64 {
        self.offset + HEADER_BYTES + self.lacing.len() as u64
    }

    /// Offset of the byte after its last.
    pub fn end(&self) -> u64 {
        let bytes: u64 = self.lacing.iter().copied().map(u64::from).sum();
        self.body() + bytes
    }

    /// Packets that end on it.
    pub fn packets(&self) -> usize {
        self.lacing.iter().filter(|&&piece| piece < 255).count()
    }

    /// Its bytes, checked against their sum.
    fn read<R: Read + Seek>(&self, source: &mut Source<R>) -> Result<Vec<u8>, Fault> {
        let mut bytes = vec![0; (self.end() - self.offset) as usize];
        if !source.read_at(self.offset, &mut bytes)? {
            return Err(Fault::cut(self.end(), source.len));
        }
        let [c0, c1, c2, c3] = [22, 23, 24, 25].map(|at: usize| std::mem::take(&mut bytes[at]));
        let mut sum = Crc32::new(0);
        sum.process_buf_bytes(&bytes);
        if sum.crc() != u32::from_le_bytes([c0, c1, c2, c3]) {
            let detail = format!("the checksum of the page at byte {} is wrong", self.offset);
            return Err(Fault::Damaged(detail));
        }
        bytes.drain(..(self.body() - self.offset) as usize);
        Ok(bytes)
    }
}

/// A packet, and where it ended.
pub struct OggPacket {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Position after it, where it is the last that ends on a page that is not the last of the stream.
    pub granule: Option<u64>,
}

/// The packets of one stream in their order.
pub struct OggStream<R> {
    source: Source<R>,
    serial: u32,
    /// Where the last page ends.
    end: u64,
    /// Where the next page is.
    next_page: u64,
    page: Option<(Page, Vec<u8>)>,
    /// Pieces and bytes of the page that have been used.
    used: (usize, usize),
    /// What earlier pages had of the packet.
    unfinished: Vec<u8>,
    /// The beginning of the packet that ends next is on a page that was not read.
    is_cut: bool,
    /// The number that the next page has to have.
    sequence: Option<u32>,
}

impl<R: Read + Seek> OggStream<R> {
    /// The stream `serial` in the bytes up to `end`.
    pub fn new(source: Source<R>, serial: u32, end: u64) -> Self {
        Self {
            source,
            serial,
            end,
            next_page: 0,
            page: None,
            used: (0, 0),
            unfinished: Vec::new(),
            is_cut: false,
            sequence: None,
        }
    }

    /// Continues with the page at `offset`; the rest of a packet that it may begin with is left out.
    pub fn go_to(&mut self, offset: u64) {
        self.next_page = offset;
        self.page = None;
        self.unfinished.clear();
        self.is_cut = true;
        self.sequence = None;
    }

    /// Where the page behind the current one is.
    pub fn next_page(&self) -> u64 {
        self.next_page
    }

    /// Whether all packets that end on the current page have been taken.
    pub fn is_page_done(&self) -> bool {
        self.page
            .as_ref()
            .is_none_or(|(page, _)| page.lacing.len() == self.used.0)
    }

    /// The next packet; none at the end.
    pub fn next(&mut self) -> Result<Option<OggPacket>, Fault> {
        loop {
            let Some((page, body)) = &self.page else {
                if !self.turn_page()? {
                    return Ok(None);
                }
                continue;
            };
            let (pieces, bytes) = self.used;
            let Some(&piece) = page.lacing.get(pieces) else {
                self.page = None;
                continue;
            };
            let past = bytes + usize::from(piece);
            self.unfinished
                .extend_from_slice(body.get(bytes..past).unwrap_or_default());
            self.used = (pieces + 1, past);
            if self.unfinished.len() > MAX_PACKET_BYTES {
                let detail = format!("a packet has more than {MAX_PACKET_BYTES} bytes");
                return Err(Fault::Damaged(detail));
            }
            if piece == 255 {
                continue;
            }
            let is_last_on_page = page.lacing[pieces + 1..].iter().all(|&piece| piece == 255);
            let granule = page.granule.filter(|_| is_last_on_page && !page.is_last);
            let bytes = std::mem::take(&mut self.unfinished);
            if !std::mem::take(&mut self.is_cut) {
                return Ok(Some(OggPacket { bytes, granule }));
            }
        }
    }

    /// Reads the next page of the stream; false at the end.
    fn turn_page(&mut self) -> Result<bool, Fault> {
        while let Some(page) = Page::at(&mut self.source, self.next_page, self.end)? {
            self.next_page = page.end();
            if page.serial != self.serial {
                continue;
            }
            if self
                .sequence
                .is_some_and(|sequence| sequence != page.sequence)
            {
                let detail = format!("pages are missing before byte {}", page.offset);
                return Err(Fault::Damaged(detail));
            }
            self.sequence = Some(page.sequence.wrapping_add(1));
            if !page.is_continued {
                // What was unfinished is not continued.
                self.unfinished.clear();
                self.is_cut = false;
            }
            let body = page.read(&mut self.source)?;
            self.page = Some((page, body));
            self.used = (0, 0);
            return Ok(true);
        }
        Ok(false)
    }
}
